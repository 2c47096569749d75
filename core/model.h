// The vocabulary (docs/glossary.md) as types. Plain data: no behaviour, no clock, no I/O.
// Everything that is stored or leaves the process is built from these.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/classes.h"
#include "core/time.h"

namespace outaged {

// Ids are small dense numbers given once per name by the database and never reused (storage/names), or in order
// of appearance where there is no database (a trace). Names are what people and other machines see.
enum class TargetId : std::uint32_t {};
enum class ComponentId : std::uint32_t {};
enum class ServiceId : std::uint32_t {};
enum class PageId : std::uint32_t {};
template <class Id>
constexpr std::uint32_t index(Id id) { return static_cast<std::uint32_t>(id); }

/// The global sequence number of an input, given as it enters. Starts at 1; 0 is "none".
using Seq = std::uint64_t;

/// Health (what we observe) and claim (what the page says), on one scale. Persisted: append only.
enum class Status : std::uint8_t {
  unknown = 0,
  operational,
  under_maintenance,
  degraded_performance,
  partial_outage,
  major_outage,
};
std::string_view to_string(Status status);
std::optional<Status> status_from_string(std::string_view name);
/// "operational", "degraded performance": for sentences.
std::string_view spell(Status status);
/// How bad, for comparing health with claim: operational 0, degraded 1, partial 2, major 3; maintenance and unknown 0.
int level(Status status);

/// Health and claim side by side. Persisted: append only.
enum class Agreement : std::uint8_t {
  blind = 0,
  agrees,
  pending,
  page_silent,
  page_too_early,
  page_understates,
  page_overstates,
  page_only,
  page_unreadable,
  no_page,  // no status page is configured: there is nothing to compare with
};
std::string_view to_string(Agreement agreement);
std::optional<Agreement> agreement_from_string(std::string_view name);
/// page_silent, page_too_early, page_understates or page_overstates.
bool is_mismatch(Agreement agreement);

/// How much the user cares, per service.
enum class Importance : std::uint8_t { page, notify, record };
std::string_view to_string(Importance importance);
std::optional<Importance> importance_from_string(std::string_view name);

using Labels = std::map<std::string, std::string>;

/// How long each phase of a probe took. A phase that did not happen is zero.
struct Timings {
  Micros resolve{}, connect{}, tls{}, processing{}, transfer{};
};

/// What is kept of one probe beside its class. Only allow-listed headers; texts are cut and sanitised where they are made.
struct Evidence {
  std::string request_id;                    // the provider's own, the proof that the application answered
  std::string detail;                        // one line: "HTTP 500 api_error: Internal server error"
  std::string remote;                        // "192.0.2.1:443"
  std::vector<std::pair<std::string, std::string>> headers;  // allow-listed
};

/// The outcome of one probe, or of many real requests that a client reported and that met the same. When it was known is
/// the input's time, given by the inbox.
struct Observation {
  TargetId target{};
  Class cls = Class::ok;
  bool base_schedule = true;                 // false: asked out of turn; does not teach the baseline
  std::uint16_t http_status = 0;             // 0: no answer
  Duration took{};                           // start to known; started = at - took
  bool at_start = false;                     // a trace's time is that of the start
  Timings timings{};
  std::optional<Timestamp> cert_expiry;      // earliest of the chain
  std::shared_ptr<const Evidence> evidence;  // null where there is nothing to tell
  std::uint32_t count = 1;                   // reported: how many requests met this; `took` is their mean
  Duration age{};                            // reported: how long they had ended when we were told
};

/// What the engine made of an observation. Persisted: append only.
enum class Disposition : std::uint8_t {
  good = 0,
  bad,
  void_class,       // the class says nothing about the provider
  void_refractory,  // within the refractory window after a counted failure
  void_controls,    // our own network was down
  void_unproven,    // bad, but the target has never once been ok
  void_uncorroborated,
  control,          // a control's own
  ignored,          // a target that is not (any more) configured
};
std::string_view to_string(Disposition disposition);

/// What a status page says of one component, as read at one moment.
struct Claim {
  ComponentId component{};
  Status status = Status::unknown;  // unknown: could not be read; `text` says why
  bool red = false;                 // degraded or worse, or an unresolved incident touches it (monitoring too)
  std::string text;                 // the page's own words: "All Systems Operational"
  std::string incident;             // the name of the open incident that touches it, if any
  std::string document;             // hash of the raw document (storage: documents)
  std::string url;                  // of the page, for people
};

struct Verdict {
  ComponentId component{};
  Status health = Status::unknown;
  Status claim = Status::unknown;
  Agreement agreement = Agreement::blind;
  Timestamp since{};      // of this agreement
  bool called = false;    // a mismatch that passed the severity gate; milder ones are listed, not called
  bool unchecked = false; // fewer than two controls have a vote
  std::string why;        // a sentence with the numbers
};

/// One observation that carried a decision.
struct Proof {
  Seq seq = 0;
  TargetId target{};
  Timestamp at{};
  Class cls = Class::ok;
  std::uint16_t http_status = 0;
  Duration took{};
  std::string request_id;
  std::string detail;
};

/// What the page said at the moment of a decision.
struct PageProof {
  Status claim = Status::unknown;
  std::string text;
  std::string document;  // hash
  std::string url;
  std::optional<Timestamp> fetched;
};

/// When the page first admitted it, as an interval: our poll gap is ours, not theirs.
struct Admission {
  Timestamp last_green{};  // our last green sample before (or onset of watching)
  Timestamp first_red{};
  bool already_red = false;  // red since more than an hour before onset: no lag
  std::string text;
};

/// What the paid probes of one ledger (one account at one LLM provider) have used on one UTC day.
struct Spent {
  std::string ledger;
  std::int64_t day = 0;  // since 1970-01-01
  std::int64_t requests = 0, tokens = 0;
  bool told = false;     // that the day's budget has ended
};

using IncidentId = std::string;  // "claude.api-20260413T140300000Z": component and onset

/// One period in which we saw a component unhealthy. Everything a report needs.
struct Incident {
  IncidentId id;
  ComponentId component{};
  Timestamp onset{}, detected{};
  std::optional<Admission> admitted;
  std::optional<Timestamp> recovered, cleared;
  Timestamp last_failure{};
  Status worst = Status::degraded_performance;
  Status health = Status::degraded_performance;  // now; operational once recovered
  std::uint64_t failures = 0, probes = 0;        // since onset, pooled over the component's targets
  double baseline = 0.001;                       // normal error rate at onset
  double false_alarms_per_year = 1;              // the promise under which it was called
  bool unchecked = false;
  std::uint32_t reopened = 0;
  bool slow = false;                             // opened by slow answers, not by failures
  std::uint64_t slow_answers = 0;                // since onset; good answers, but slower than normal
  bool from_page = false;                        // nothing of ours watches it: opened by what its page says
  std::vector<std::string> together_with;        // services that began to fail within the same five minutes: a likely common cause
  std::optional<Timestamp> mismatch_since;       // first time a mismatch was called
  Agreement mismatch = Agreement::agrees;        // the worst called
  std::vector<TargetId> affected, unaffected;
  std::vector<Proof> proof;                      // at the moment of the decision, newest last
  PageProof page;                                // at the moment of the decision
  std::uint32_t told = 0;                        // notifications made so far: numbers the idempotency keys
};

}  // namespace outaged
