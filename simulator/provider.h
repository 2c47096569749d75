// A provider that plays a scenario: endpoints that fail on cue, a status page that says what it was told to, controls.
// install() and begin() by the owner; the handlers it installs run on the web server's threads. Opens no socket itself.
//   any endpoint of the scenario         GET /status/api/v2/summary.json, …/incidents.json, /status (HTML)
//   GET /control/1, 2, 3: 204            GET /-/time, /-/requests: where it stands, what was asked
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "simulator/scenario.h"
#include "web/server.h"

namespace outaged::simulator {

class Provider {
 public:
  /// `clock` must outlive it.
  Provider(Scenario scenario, double speed, const Clock& clock = system_clock());

  /// Adds its routes; it must outlive the server.
  void install(web::Server& server);
  /// The scenario's time starts now. Call when serving starts; until then it stands at 0.
  void begin();

  const Scenario& scenario() const { return scenario_; }
  double speed() const { return speed_; }
  Duration now() const;                        // scenario time
  bool ended() const { return now() >= scenario_.duration; }
  Duration real_time_left() const;

 private:
  struct Count {
    std::uint64_t requests = 0, failed = 0, dropped = 0;
    std::uint64_t healthy = 0;                 // answered well
    std::vector<std::uint64_t> per_trouble;    // asked while it lasted
  };

  bool network_down() const { return scenario_.network_down_at(now()); }
  web::Reply endpoint(std::size_t index, const web::Request& request);
  web::Reply answer(const Behaviour& behaviour, std::size_t endpoint, std::uint64_t number, std::uint64_t seed, std::uint64_t n) const;
  web::Reply page(const web::Request& request, const std::string& document);
  web::Reply control(const web::Request& request);
  web::Reply time() const;
  web::Reply requests() const;

  const Scenario scenario_;
  const double speed_;
  const Clock& clock_;

  mutable std::mutex mutex_;  // guards all below
  std::optional<SteadyTime> began_;
  Timestamp started_{};
  std::vector<Count> counts_;                  // by endpoint
  std::uint64_t page_requests_ = 0, page_unchanged_ = 0, control_requests_ = 0;
};

}  // namespace outaged::simulator
