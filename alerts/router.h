// Who is told what. Turns the engine's effects into outbox rows; pure but for its own counters, which are rebuilt from
// the outbox at start. Runs on the pipeline thread, inside the transaction of the change that caused it.
// It never sends, and never takes a row back: only delivery knows whether one was tried (see delivery.h, withdrawal).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "alerts/context.h"
#include "config/config.h"
#include "core/engine.h"
#include "core/notification.h"

namespace outaged::alerts {

class Router {
 public:
  explicit Router(const config::Config& config);

  /// New configuration. Fires already told stay owed their resolve, to the same receivers.
  void reconfigure(const config::Config& config);

  /// Rebuilds what is owed from stored rows: all pending ones, and every row, delivered or not, of incidents that are
  /// open or may still be re-opened or cleared. `last_id` is the highest id ever given.
  void restore(const std::vector<OutboxRow>& rows, std::uint64_t last_id);

  /// Rows for these effects. `engine` is the state after the step. An effect routed twice gives no second row.
  void route(const Effects& effects, const Engine& engine, std::vector<OutboxRow>& out);
  void route(const Effects& effects, const Context& context, std::vector<OutboxRow>& out);

  /// A delivery worker's report: the row as it is now, to be stored. Empty if the row is unknown.
  std::optional<OutboxRow> report(const DeliveryReport& report, Timestamp at);

  /// Rows not yet delivered, and how old the oldest is.
  struct Depth { std::size_t pending = 0, dead = 0; std::optional<Timestamp> oldest; };
  Depth depth(const std::string& receiver) const;

 private:
  struct Recipient {
    std::string name;
    bool send_resolved = true;
    config::Updates updates = config::Updates::all;
  };
  struct Told {                        // one row, as far as deciding needs it
    std::uint32_t number = 0;          // Incident.told: the story's own order
    std::uint64_t id = 0;
    NotificationKind kind = NotificationKind::fire;
    OutboxState state = OutboxState::pending;
  };
  struct Story {                       // one incident, as told
    Notification names;                // its names, should the configuration forget them
    std::map<std::string, std::vector<Told>> told;  // by receiver
    std::set<std::string> keys;
  };
  enum class Standing : std::uint8_t { untold, failing, working };  // what a receiver believes

  void opened(const Incident& incident, Timestamp at, bool again, const Context& context, std::vector<OutboxRow>& out);
  void recovered(const Incident& incident, Timestamp at, const Context& context, std::vector<OutboxRow>& out);
  void updated(const Incident& incident, UpdateReason reason, Timestamp at, const Context& context, std::vector<OutboxRow>& out);
  void trouble(std::string_view subject, std::string_view title, std::string_view text, bool over, Timestamp at,
               std::vector<OutboxRow>& out);

  Notification describe(const Incident& incident, NotificationKind kind, Timestamp at, const Context& context) const;
  void tell(const Incident& incident, Notification notification, const std::string& receiver, std::vector<OutboxRow>& out);
  OutboxRow& append(Notification notification, const std::string& receiver, const std::string& group, std::vector<OutboxRow>& out);
  void remember(Story& story, const OutboxRow& row);
  void forget_older(const Incident& incident, const Notification& notification);

  std::vector<const Recipient*> recipients(const std::string& service) const;
  const Recipient* recipient(const std::string& name) const;
  static Standing standing(const Story& story, const std::string& receiver, std::uint32_t number);

  std::vector<Recipient> recipients_;
  std::vector<config::Route> routes_;
  std::string external_url_;

  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, OutboxRow> pending_;
  std::map<std::string, Story> stories_;       // by incident
  std::map<std::string, std::size_t> dead_;    // by receiver
};

}  // namespace outaged::alerts
