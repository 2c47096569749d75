// The schema, version by version. This file is its documentation: what stands here is what is on disk.
// A version that was released never changes; a later one is one more entry of `migrations()`.
#include "storage/migrations.h"

namespace outaged::storage {
namespace {

constexpr std::string_view version_1 = R"sql(
-- Times are UTC in milliseconds since 1970, durations in milliseconds. Numbers of enumerations are those of the
-- headers in core/, which are append only. `seq` is the global number of an input in the log (0: none); it rises with
-- time, so that a range of `at` is a range of `seq`. Samples are keyed by who and when: a history is one range scan.

-- Where we stand. last_seq, last_at, last_outbox_id: the highest ever stored. kept_from: inputs before it may be gone
-- (retention). swept: rows before it are kept on purpose, retention need not look at them again.
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a number stands for. Append only: a name keeps its number for ever. kind: Names::Kind.
CREATE TABLE names (
  kind INTEGER NOT NULL,
  id   INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (kind, id),
  UNIQUE (kind, name)
) STRICT, WITHOUT ROWID;

-- One row per probe (or reported request), controls included; about 50 bytes with the slack of its pages.
CREATE TABLE observations (
  target        INTEGER NOT NULL,  -- names, kind target
  at            INTEGER NOT NULL,  -- when it was known; it started `took` before
  seq           INTEGER NOT NULL,
  class         INTEGER NOT NULL,  -- Class
  disposition   INTEGER NOT NULL,  -- Disposition: what the engine made of it
  base_schedule INTEGER NOT NULL,  -- 0: asked out of turn
  http_status   INTEGER NOT NULL,  -- 0: no answer
  took          INTEGER NOT NULL,
  timings       BLOB,              -- microseconds of resolve, connect, tls, processing, transfer, each as LEB128,
                                   -- without the zeros at the end; null: all zero
  cert_expiry   INTEGER,           -- seconds since 1970: certificates know no fractions
  PRIMARY KEY (target, at, seq)
) STRICT, WITHOUT ROWID;

-- What is known of an observation beside its numbers; only for those that have it.
CREATE TABLE evidence (
  target INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  seq    INTEGER NOT NULL,
  body   TEXT NOT NULL,            -- JSON: request_id, detail, remote, headers (allow-listed)
  PRIMARY KEY (target, at, seq)
) STRICT, WITHOUT ROWID;

-- Observations that carried a decision: they and their evidence outlive the retention.
CREATE TABLE proofs (
  seq      INTEGER PRIMARY KEY,
  incident TEXT NOT NULL
) STRICT;

-- Every sample of what a page said of a component.
CREATE TABLE claims (
  component INTEGER NOT NULL,      -- names, kind component
  at        INTEGER NOT NULL,
  seq       INTEGER NOT NULL,
  status    INTEGER NOT NULL,      -- Status
  red       INTEGER NOT NULL,
  words     INTEGER NOT NULL,      -- claim_words
  document  INTEGER,               -- documents
  PRIMARY KEY (component, at, seq)
) STRICT, WITHOUT ROWID;

-- The words of claims, once each: pages repeat themselves.
CREATE TABLE claim_words (
  id       INTEGER PRIMARY KEY,
  text     TEXT NOT NULL,
  incident TEXT NOT NULL,
  url      TEXT NOT NULL,
  used     INTEGER NOT NULL,       -- when a claim last named it, to within a day; for retention
  UNIQUE (text, incident, url)
) STRICT;

-- Raw page documents, once per hash. A row without body is a hash whose document was never seen.
CREATE TABLE documents (
  id            INTEGER PRIMARY KEY,
  hash          TEXT NOT NULL UNIQUE,  -- SHA-256, hex
  url           TEXT NOT NULL,
  fetched       INTEGER NOT NULL,      -- first
  http_status   INTEGER NOT NULL,
  etag          TEXT NOT NULL,
  last_modified TEXT NOT NULL,
  served_by     TEXT NOT NULL,
  used          INTEGER NOT NULL,      -- when it was last fetched or named by a claim, to within a day
  kept          INTEGER NOT NULL,      -- 1: an incident's proof, outlives the retention
  body          BLOB                   -- zstd
) STRICT;
CREATE INDEX documents_by_used ON documents (used) WHERE kept = 0;

-- Health and claim side by side, at each change.
CREATE TABLE verdicts (
  component INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  seq       INTEGER NOT NULL,
  health    INTEGER NOT NULL,      -- Status
  claim     INTEGER NOT NULL,      -- Status
  agreement INTEGER NOT NULL,      -- Agreement
  since     INTEGER NOT NULL,
  called    INTEGER NOT NULL,
  unchecked INTEGER NOT NULL,
  why       TEXT NOT NULL,
  PRIMARY KEY (component, at, seq)
) STRICT, WITHOUT ROWID;

-- Incidents, kept for ever. The body is the whole of it; the columns are there to find it.
CREATE TABLE incidents (
  id        TEXT PRIMARY KEY,
  component INTEGER NOT NULL,
  onset     INTEGER NOT NULL,
  recovered INTEGER,               -- null: open
  body      TEXT NOT NULL          -- JSON
) STRICT;
CREATE INDEX incidents_by_onset ON incidents (onset);
CREATE INDEX incidents_by_component ON incidents (component, onset);
CREATE INDEX incidents_by_recovered ON incidents (recovered);

-- Notifications, each written in the transaction of the change that caused it, and sent from here.
CREATE TABLE outbox (
  id           INTEGER PRIMARY KEY,  -- rises; never used again
  receiver     TEXT NOT NULL,
  grp          TEXT NOT NULL,        -- order holds within (receiver, grp)
  incident     TEXT NOT NULL,        -- "" for our own troubles
  key          TEXT NOT NULL,        -- idempotency key
  state        INTEGER NOT NULL,     -- OutboxState
  attempts     INTEGER NOT NULL,
  created      INTEGER NOT NULL,
  next_attempt INTEGER,
  delivered    INTEGER,
  error        TEXT NOT NULL,        -- of the last attempt
  body         TEXT NOT NULL         -- JSON: the notification
) STRICT;
CREATE INDEX outbox_pending ON outbox (id) WHERE state = 0;
CREATE INDEX outbox_by_incident ON outbox (incident, id);

-- Inputs that are neither observation nor claim. Together with those two tables they are the log.
CREATE TABLE inputs (
  seq    INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  kind   TEXT NOT NULL,            -- config, delivery, clock, operator, tick
  config TEXT,                     -- of kind config: topologies
  body   TEXT NOT NULL             -- JSON
) STRICT;
CREATE INDEX inputs_by_at ON inputs (at);

-- What the engine knew of the configuration, for replays.
CREATE TABLE topologies (
  hash TEXT PRIMARY KEY,
  body BLOB NOT NULL               -- zstd of JSON
) STRICT;

-- The engine's whole state after input `seq`.
CREATE TABLE snapshots (
  seq    INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  config TEXT NOT NULL,            -- topologies
  body   BLOB NOT NULL             -- zstd of Engine::save()
) STRICT;
)sql";

constexpr std::string_view version_2 = R"sql(
-- Real traffic that clients report: one row stands for `count` requests of one source that met the same, `age` before
-- `at` (which is when we were told). `took` is their mean. For probes count is 1 and age 0.
ALTER TABLE observations ADD COLUMN count INTEGER NOT NULL DEFAULT 1;
ALTER TABLE observations ADD COLUMN age INTEGER NOT NULL DEFAULT 0;
-- inputs.kind may be `reporting`: from here on a source reports of a component, or no more. Retention keeps these.
)sql";

constexpr std::string_view version_3 = R"sql(
-- What the paid probes of one ledger (one account at one LLM provider) used on one UTC day. Kept for forty days: the
-- budget asks for today's row only.
CREATE TABLE spent (
  ledger   TEXT NOT NULL,
  day      INTEGER NOT NULL,        -- since 1970-01-01
  requests INTEGER NOT NULL,
  tokens   INTEGER NOT NULL,        -- as the provider counted, or estimated where it did not say
  told     INTEGER NOT NULL,        -- 1: `self` was told that the day's budget has ended
  PRIMARY KEY (ledger, day)
) STRICT, WITHOUT ROWID;
)sql";

constexpr std::string_view version_4 = R"sql(
-- What pages posted: incidents and maintenances, by the provider's own id. Times of the page's are its own words; seen,
-- absent and gone are our readings. Kept until they were listed nowhere for the retention.
CREATE TABLE page_posts (
  page          INTEGER NOT NULL,  -- names, kind page
  kind          INTEGER NOT NULL,  -- PagePost::Kind
  id            TEXT NOT NULL,
  name          TEXT NOT NULL,
  status        TEXT NOT NULL,
  impact        TEXT NOT NULL,
  url           TEXT NOT NULL,
  open          INTEGER NOT NULL,
  components    TEXT NOT NULL,     -- JSON: list of page components
  created       INTEGER,           -- by the page: first published
  updated       INTEGER,
  started       INTEGER,           -- by the page: the trouble's beginning, or the maintenance's window
  ended         INTEGER,
  first_seen    INTEGER NOT NULL,
  last_seen     INTEGER NOT NULL,  -- to within a day while nothing changes
  absent        INTEGER,           -- the last reading before first_seen, which did not list it
  gone          INTEGER,           -- open when last listed, and then listed no more
  seen_open     INTEGER NOT NULL,
  backdated     INTEGER NOT NULL,
  resolved_only INTEGER NOT NULL,
  document      INTEGER,           -- documents: the first that had it as it stands here
  PRIMARY KEY (page, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX page_posts_by_last_seen ON page_posts (last_seen);
CREATE INDEX page_posts_by_document ON page_posts (document) WHERE document IS NOT NULL;

-- Their updates. nth: of those with the same time and status.
CREATE TABLE page_updates (
  page   INTEGER NOT NULL,
  kind   INTEGER NOT NULL,
  post   TEXT NOT NULL,
  at     INTEGER NOT NULL,         -- by the page; 0: it does not say
  status TEXT NOT NULL,
  nth    INTEGER NOT NULL,
  text   TEXT NOT NULL,            -- as last read: providers edit
  seen   INTEGER NOT NULL,         -- our first reading that had it
  PRIMARY KEY (page, kind, post, at, status, nth)
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace

const std::vector<std::string_view>& migrations() {
  static const std::vector<std::string_view> steps = {version_1, version_2, version_3, version_4};
  return steps;
}

}  // namespace outaged::storage
