#include "storage/rows.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "core/codec.h"
#include "storage/compress.h"

namespace outaged::storage {
namespace {

constexpr std::array<Micros Timings::*, 5> phases = {&Timings::resolve, &Timings::connect, &Timings::tls,
                                                     &Timings::processing, &Timings::transfer};

}  // namespace

std::string pack(const Timings& timings) {
  std::string out;
  std::size_t used = 0;
  for (const auto phase : phases) {
    const std::int64_t count = (timings.*phase).count();
    auto rest = static_cast<std::uint64_t>(count > 0 ? count : 0);
    const bool zero = rest == 0;
    for (; rest >= 0x80; rest >>= 7) out.push_back(static_cast<char>(0x80 | (rest & 0x7f)));
    out.push_back(static_cast<char>(rest));
    if (!zero) used = out.size();
  }
  out.resize(used);
  return out;
}

Timings unpack(std::string_view packed) {
  Timings timings;
  std::size_t at = 0;
  for (const auto phase : phases) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; at < packed.size() && shift < 63; shift += 7) {
      const auto byte = static_cast<unsigned char>(packed[at++]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    timings.*phase = Micros{static_cast<std::int64_t>(value)};
  }
  return timings;
}

RecordedObservation read_observation(const Rows& rows) {
  RecordedObservation out;
  Observation& o = out.observation;
  o.target = rows.as<TargetId>(0);
  out.at = rows.time(1);
  out.seq = rows.as<Seq>(2);
  // A later version may know more classes than we do.
  const std::int64_t cls = rows.integer(3);
  o.cls = cls >= 0 && cls < static_cast<std::int64_t>(class_count) ? static_cast<Class>(cls) : Class::probe_error;
  out.disposition = rows.as<Disposition>(4);
  o.base_schedule = rows.integer(5) != 0;
  o.http_status = rows.as<std::uint16_t>(6);
  o.took = Duration{rows.integer(7)};
  o.timings = unpack(rows.bytes(8));
  if (!rows.null(9)) o.cert_expiry = Timestamp{std::chrono::seconds{rows.integer(9)}};
  if (!rows.null(10)) {
    // Evidence that cannot be read is no reason to lose the observation.
    if (auto evidence = decode_evidence(rows.bytes(10))) {
      o.evidence = std::make_shared<const Evidence>(std::move(*evidence));
    }
  }
  o.count = rows.as<std::uint32_t>(11);
  o.age = Duration{rows.integer(12)};
  return out;
}

RecordedClaim read_claim(const Rows& rows) {
  RecordedClaim out;
  out.claim.component = rows.as<ComponentId>(0);
  out.at = rows.time(1);
  out.seq = rows.as<Seq>(2);
  out.claim.status = rows.as<Status>(3);
  out.claim.red = rows.integer(4) != 0;
  out.claim.text = rows.text(5);
  out.claim.incident = rows.text(6);
  out.claim.url = rows.text(7);
  out.claim.document = rows.text(8);
  return out;
}

RecordedVerdict read_verdict(const Rows& rows) {
  RecordedVerdict out;
  Verdict& v = out.verdict;
  v.component = rows.as<ComponentId>(0);
  out.at = rows.time(1);
  out.seq = rows.as<Seq>(2);
  v.health = rows.as<Status>(3);
  v.claim = rows.as<Status>(4);
  v.agreement = rows.as<Agreement>(5);
  v.since = rows.time(6);
  v.called = rows.integer(7) != 0;
  v.unchecked = rows.integer(8) != 0;
  v.why = rows.text(9);
  return out;
}

Result<OutboxRow> read_outbox(const Rows& rows) {
  OutboxRow row;
  row.id = rows.as<std::uint64_t>(0);
  row.receiver = rows.text(1);
  row.group = rows.text(2);
  row.state = rows.as<OutboxState>(3);
  row.attempts = rows.as<std::uint32_t>(4);
  row.created = rows.time(5);
  row.next_attempt = rows.maybe_time(6);
  row.delivered = rows.maybe_time(7);
  row.error = rows.text(8);
  auto notification = decode_notification(rows.bytes(9));
  if (!notification)
    return Error{fmt::format("notification {} for {}: {}", row.id, row.receiver, notification.error())};
  row.notification = std::move(*notification);
  return row;
}

Result<Snapshot> read_snapshot(const Rows& rows) {
  Snapshot snapshot{rows.as<Seq>(0), rows.time(1), rows.text(2), {}};
  auto document = decompress(rows.bytes(3));
  if (!document) return Error{fmt::format("snapshot {}: {}", snapshot.seq, document.error())};
  snapshot.document = std::move(*document);
  return snapshot;
}

std::shared_ptr<const Topology> read_topology(Database& database, const std::string& hash) {
  Statement statement = database.prepare("SELECT body FROM topologies WHERE hash = ?1");
  Rows rows = statement.query(hash);
  if (!rows.next()) return nullptr;
  auto text = decompress(rows.bytes(0));
  if (!text) return nullptr;
  auto topology = decode_topology(*text);
  return topology ? std::make_shared<const Topology>(std::move(*topology)) : nullptr;
}

std::optional<std::int64_t> read_meta(Database& database, std::string_view key) {
  Statement statement = database.prepare("SELECT value FROM meta WHERE key = ?1");
  Rows rows = statement.query(key);
  if (!rows.next()) return std::nullopt;
  return rows.integer(0);
}

}  // namespace outaged::storage
