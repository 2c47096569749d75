// SQLite, the read side: short read transactions on a read-only connection of its own. Used by web threads, the command
// line and replay. One object per thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/store.h"

namespace outaged::storage {

struct Name {
  Names::Kind kind{};
  std::uint32_t id = 0;
  std::string name;
};

class History {
 public:
  /// Errors: no such file, not an outaged database, a newer schema.
  static Result<std::unique_ptr<History>> open(const std::string& path);
  virtual ~History() = default;

  /// Why the last question was answered with nothing, or with less than there is; empty: it went well.
  virtual const std::string& last_error() const = 0;

  virtual std::vector<Name> names() = 0;
  /// A target's observations in [from, to), newest first, with their evidence.
  virtual std::vector<RecordedObservation> observations(TargetId target, Timestamp from, Timestamp to, std::size_t limit) = 0;
  /// Newest first by onset; component nullopt: all.
  virtual std::vector<Incident> incidents(std::optional<ComponentId> component, Timestamp from, std::size_t limit) = 0;
  virtual std::optional<Incident> incident(const IncidentId& id) = 0;
  /// Changes of a component's claim (status, red or text) in [from, to), oldest first.
  virtual std::vector<RecordedClaim> claim_changes(std::optional<ComponentId> component, Timestamp from, Timestamp to, std::size_t limit) = 0;
  /// Changes in [from, to), oldest first.
  virtual std::vector<RecordedVerdict> verdicts(std::optional<ComponentId> component, Timestamp from, Timestamp to, std::size_t limit) = 0;
  /// What that page posted, last seen at or after `since`, with its updates: what is open first, then the newest.
  virtual std::vector<PagePost> page_posts(PageId page, Timestamp since, std::size_t limit) = 0;
  /// In order of id.
  virtual std::vector<OutboxRow> notifications(const IncidentId& incident) = 0;
  /// The raw document of that hash, decompressed.
  virtual std::optional<std::string> document(const std::string& hash) = 0;
  virtual std::shared_ptr<const Topology> topology(const std::string& hash) = 0;
  /// The topology in force at that time; null if it is not known (any more).
  virtual std::shared_ptr<const Topology> topology_at(Timestamp at) = 0;
  /// Who reports at that time: every input of kind Reporting before it, in order of seq.
  virtual std::vector<Input> reporting_before(Timestamp at) = 0;
  /// The newest snapshot that can be read.
  virtual std::optional<Snapshot> newest_snapshot() = 0;
  /// The oldest snapshot whose inputs are all still kept.
  virtual std::optional<Snapshot> oldest_snapshot() = 0;
  /// Every stored input with at >= from (and seq > after), in order of seq, streamed in bounded memory.
  virtual Result<void> replay(Timestamp from, Seq after, const std::function<void(const Input&)>& each) = 0;
};

}  // namespace outaged::storage
