#include "storage/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/codec.h"
#include "storage/compress.h"
#include "storage/header_list.h"
#include "storage/rows.h"

namespace outaged::storage {
namespace {

constexpr std::size_t most_known = 10'000;  // entries of each memory; beyond, it starts anew

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

std::string evidence_text(const Evidence& evidence) {
  const auto refused = [](const auto& header) { return !may_keep_header(header.first); };
  if (std::none_of(evidence.headers.begin(), evidence.headers.end(), refused)) return encode(evidence);
  Evidence permitted = evidence;
  std::erase_if(permitted.headers, refused);
  return encode(permitted);
}

bool tells_nothing(const Evidence& e) {
  return e.request_id.empty() && e.detail.empty() && e.remote.empty() && e.headers.empty();
}

[[noreturn]] const char* misplaced(Seq seq, std::string_view list) {
  throw std::invalid_argument(fmt::format("input {} belongs into Batch::{}, with what was made of it", seq, list));
}

const char* kind_of(const Input& input) {
  return std::visit(Overloaded{[](const Tick&) -> const char* { return "tick"; },
                               [&](const Observation&) -> const char* { return misplaced(input.seq, "observations"); },
                               [&](const Claim&) -> const char* { return misplaced(input.seq, "claims"); },
                               [](const ConfigChange&) -> const char* { return "config"; },
                               [](const DeliveryReport&) -> const char* { return "delivery"; },
                               [](const ClockStep&) -> const char* { return "clock"; },
                               [](const OperatorAction&) -> const char* { return "operator"; },
                               [](const Reporting&) -> const char* { return "reporting"; }},
                    input.what);
}

}  // namespace

Writer::Writer(Database& db)
    : name_(db.prepare("INSERT OR REPLACE INTO names (kind, id, name) VALUES (?1, ?2, ?3)")),
      // Numbers of meta only ever rise: a batch tried again must not turn them back.
      meta_(db.prepare("INSERT INTO meta (key, value) VALUES (?1, ?2) "
                       "ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)")),
      observation_(
          db.prepare("INSERT OR REPLACE INTO observations (target, at, seq, class, disposition, base_schedule, "
                     "http_status, took, timings, cert_expiry, count, age) "
                     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")),
      evidence_(db.prepare("INSERT OR REPLACE INTO evidence (target, at, seq, body) VALUES (?1, ?2, ?3, ?4)")),
      proof_(db.prepare("INSERT OR IGNORE INTO proofs (seq, incident) VALUES (?1, ?2)")),
      claim_(db.prepare("INSERT OR REPLACE INTO claims (component, at, seq, status, red, words, document) "
                        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")),
      new_words_(db.prepare("INSERT INTO claim_words (text, incident, url, used) VALUES (?1, ?2, ?3, ?4) "
                            "ON CONFLICT (text, incident, url) DO UPDATE SET used = max(used, excluded.used)")),
      find_words_(db.prepare("SELECT id FROM claim_words WHERE text = ?1 AND incident = ?2 AND url = ?3")),
      document_(db.prepare(
          "INSERT INTO documents (hash, url, fetched, http_status, etag, last_modified, served_by, used, kept, body) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?3, 0, ?8) ON CONFLICT (hash) DO UPDATE SET url = excluded.url, "
          "fetched = excluded.fetched, http_status = excluded.http_status, etag = excluded.etag, "
          "last_modified = excluded.last_modified, served_by = excluded.served_by, used = max(used, excluded.used), "
          "body = excluded.body WHERE body IS NULL")),
      find_document_(db.prepare("SELECT id, body IS NULL FROM documents WHERE hash = ?1")),
      new_document_(db.prepare(
          "INSERT INTO documents (hash, url, fetched, http_status, etag, last_modified, served_by, used, kept) "
          "VALUES (?1, '', ?2, 0, '', '', '', ?2, 0) ON CONFLICT (hash) DO UPDATE SET used = max(used, "
          "excluded.used)")),
      keep_document_(db.prepare("UPDATE documents SET kept = 1 WHERE id = ?1 AND kept = 0")),
      verdict_(db.prepare(fmt::format(
          "INSERT OR REPLACE INTO verdicts ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", verdict_columns))),
      incident_(db.prepare("INSERT INTO incidents (id, component, onset, recovered, body) VALUES (?1, ?2, ?3, ?4, ?5) "
                           "ON CONFLICT (id) DO UPDATE SET component = excluded.component, onset = excluded.onset, "
                           "recovered = excluded.recovered, body = excluded.body")),
      outbox_(db.prepare(
          "INSERT INTO outbox (id, receiver, grp, incident, key, state, attempts, created, next_attempt, delivered, "
          "error, "
          "body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (id) DO UPDATE SET "
          "receiver = excluded.receiver, grp = excluded.grp, incident = excluded.incident, key = excluded.key, "
          "state = excluded.state, attempts = excluded.attempts, created = excluded.created, "
          "next_attempt = excluded.next_attempt, delivered = excluded.delivered, error = excluded.error, "
          "body = excluded.body")),
      input_(db.prepare("INSERT OR REPLACE INTO inputs (seq, at, kind, config, body) VALUES (?1, ?2, ?3, ?4, ?5)")),
      topology_(db.prepare("INSERT INTO topologies (hash, body) VALUES (?1, ?2) "
                           "ON CONFLICT (hash) DO UPDATE SET body = excluded.body")),
      snapshot_(db.prepare("INSERT OR REPLACE INTO snapshots (seq, at, config, body) VALUES (?1, ?2, ?3, ?4)")),
      // The newest three, since one may be broken, and the first of each day, from which a replay can start.
      thin_snapshots_(
          db.prepare("DELETE FROM snapshots WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT 3) "
                     "AND seq NOT IN (SELECT min(seq) FROM snapshots GROUP BY at / 86400000)")),
      spent_(db.prepare("INSERT OR REPLACE INTO spent (ledger, day, requests, tokens, told) VALUES (?1, ?2, ?3, ?4, ?5)")),
      old_spent_(db.prepare("DELETE FROM spent WHERE ledger = ?1 AND day < ?2 - 40")),
      // What we saw once stays seen, also where a post was forgotten meanwhile and comes back.
      post_(db.prepare(
          "INSERT INTO page_posts (page, kind, id, name, status, impact, url, open, components, created, updated, started, "
          "ended, first_seen, last_seen, absent, gone, seen_open, backdated, resolved_only, document) VALUES (?1, ?2, ?3, "
          "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21) "
          "ON CONFLICT (page, kind, id) DO UPDATE SET name = excluded.name, status = excluded.status, "
          "impact = excluded.impact, url = excluded.url, open = excluded.open, components = excluded.components, "
          "created = excluded.created, updated = excluded.updated, started = excluded.started, ended = excluded.ended, "
          "absent = CASE WHEN excluded.first_seen < first_seen THEN excluded.absent ELSE absent END, "
          "first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen), "
          "gone = excluded.gone, seen_open = max(seen_open, excluded.seen_open), "
          "backdated = CASE WHEN excluded.first_seen > first_seen THEN backdated ELSE excluded.backdated END, "
          "resolved_only = excluded.resolved_only AND NOT seen_open, document = excluded.document")),
      update_(db.prepare("INSERT INTO page_updates (page, kind, post, at, status, nth, text, seen) "
                         "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (page, kind, post, at, status, nth) "
                         "DO UPDATE SET text = excluded.text, seen = min(seen, excluded.seen)")) {}

void Writer::write(const Batch& batch) {
  for (const auto& document_ptr : batch.documents) {
    if (document_ptr) document(*document_ptr);
  }
  for (const auto& row : batch.observations) observation(row);
  for (const auto& row : batch.claims) claim(row);
  for (const auto& row : batch.inputs) input(row);
  for (const auto& row : batch.verdicts) verdict(row);
  for (const auto& row : batch.incidents) incident(row);
  for (const auto& row : batch.outbox) outbox(row);
  for (const auto& row : batch.spent) spent(row);
  for (const auto& row : batch.posts) post(row);
  if (batch.snapshot) snapshot(*batch.snapshot);
}

void Writer::name(Names::Kind kind, std::uint32_t id, const std::string& text) { name_.run(kind, id, text); }
void Writer::meta(std::string_view key, std::int64_t value) { meta_.run(key, value); }

void Writer::forget() {
  words_.clear();
  documents_.clear();
}

void Writer::observation(const RecordedObservation& row) {
  const Observation& o = row.observation;
  const std::string timings = pack(o.timings);
  std::optional<std::int64_t> expiry;
  if (o.cert_expiry) expiry = std::chrono::floor<std::chrono::seconds>(*o.cert_expiry).time_since_epoch().count();
  observation_.run(o.target, row.at, row.seq, o.cls, row.disposition, o.base_schedule, o.http_status, o.took,
                   timings.empty() ? std::nullopt : std::optional<Blob>(Blob{timings}), expiry, o.count, o.age);
  if (o.evidence && !tells_nothing(*o.evidence)) evidence_.run(o.target, row.at, row.seq, evidence_text(*o.evidence));
}

void Writer::claim(const RecordedClaim& row) {
  const Claim& c = row.claim;
  std::optional<std::int64_t> document;
  if (!c.document.empty()) document = document_id(c.document, row.at);
  claim_.run(c.component, row.at, row.seq, c.status, c.red, words_id(c, row.at), document);
}

std::int64_t Writer::words_id(const Claim& claim, Timestamp at) {
  if (words_.size() > most_known) words_.clear();
  Known& known = words_[{claim.text, claim.incident, claim.url}];
  if (known.id == 0 || at - known.used >= used_precision) {
    new_words_.run(claim.text, claim.incident, claim.url, at);
    Rows rows = find_words_.query(claim.text, claim.incident, claim.url);
    rows.next();
    known = {rows.integer(0), at};
  }
  return known.id;
}

std::int64_t Writer::document_id(const std::string& hash, Timestamp at) {
  if (documents_.size() > most_known) documents_.clear();
  Known& known = documents_[hash];
  if (known.id == 0 || at - known.used >= used_precision) {
    new_document_.run(hash, at);
    Rows rows = find_document_.query(hash);
    rows.next();
    known = {rows.integer(0), at};
  }
  return known.id;
}

void Writer::document(const PageDocument& d) {
  {
    Rows rows = find_document_.query(d.hash);
    if (rows.next() && rows.integer(1) == 0) return;  // kept once per hash; claims that name it renew `used`
  }
  if (!d.body) return;
  const std::string body = compress(*d.body);
  document_.run(d.hash, d.url, d.fetched, d.http_status, d.etag, d.last_modified, d.served_by, Blob{body});
}

void Writer::verdict(const RecordedVerdict& row) {
  const Verdict& v = row.verdict;
  verdict_.run(v.component, row.at, row.seq, v.health, v.claim, v.agreement, v.since, v.called, v.unchecked, v.why);
}

void Writer::input(const Input& input) {
  const char* kind = kind_of(input);
  std::optional<std::string> config;
  if (const auto* change = std::get_if<ConfigChange>(&input.what)) {
    if (!change->topology)
      throw std::invalid_argument(fmt::format("input {} changes to no configuration at all", input.seq));
    config = change->topology->hash;
    const std::string body = compress(encode(*change->topology));
    topology_.run(*config, Blob{body});
  }
  input_.run(input.seq, input.at, kind, config, encode_input(input));
}

void Writer::incident(const Incident& incident) {
  incident_.run(incident.id, incident.component, incident.onset, incident.recovered, encode(incident));
  for (const Proof& proof : incident.proof) {
    if (proof.seq != 0) proof_.run(proof.seq, incident.id);
  }
  if (!incident.page.document.empty()) {
    keep_document_.run(document_id(incident.page.document, incident.page.fetched.value_or(incident.onset)));
  }
}

void Writer::outbox(const OutboxRow& row) {
  outbox_.run(row.id, row.receiver, row.group, row.notification.incident, row.notification.key, row.state, row.attempts,
              row.created, row.next_attempt, row.delivered, row.error, encode(row.notification));
}

void Writer::snapshot(const Snapshot& snapshot) {
  const std::string body = compress(snapshot.document);
  snapshot_.run(snapshot.seq, snapshot.at, snapshot.config, Blob{body});
  thin_snapshots_.run();
}

void Writer::spent(const Spent& row) {
  spent_.run(row.ledger, row.day, row.requests, row.tokens, row.told);
  old_spent_.run(row.ledger, row.day);
}

void Writer::post(const PagePost& p) {
  std::optional<std::int64_t> document;
  if (!p.document.empty()) document = document_id(p.document, p.last_seen);
  const auto replace = nlohmann::json::error_handler_t::replace;
  post_.run(p.page, p.kind, p.id, p.name, p.status, p.impact, p.url, p.open, nlohmann::json(p.components).dump(-1, ' ', false, replace),
            p.created, p.updated, p.started, p.ended, p.first_seen, p.last_seen, p.absent, p.gone, p.seen_open, p.backdated,
            p.resolved_only, document);
  std::map<std::pair<std::int64_t, std::string>, int> nth;
  for (const PageUpdate& u : p.updates) {
    const std::int64_t at = u.at ? to_millis(*u.at) : 0;
    update_.run(p.page, p.kind, p.id, at, u.status, nth[{at, u.status}]++, u.text, p.last_seen);
  }
}

}  // namespace outaged::storage
