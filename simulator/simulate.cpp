#include "simulator/simulate.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "simulator/provider.h"
#include "simulator/receiver.h"

namespace outaged::simulator {
namespace {

constexpr int failed = 1, bad_input = 2;

// SIGTERM and SIGINT as a descriptor. Blocked before any thread starts, so that every thread inherits it.
class StopSignals {
 public:
  StopSignals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, &before_);
    fd_ = signalfd(-1, &set, SFD_CLOEXEC);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals() {
    if (fd_ >= 0) close(fd_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  /// True once a signal came; takes it. nullopt: waits for ever.
  bool wait(std::optional<Duration> at_most) const {
    pollfd ready{fd_, POLLIN, 0};
    const auto timeout = at_most ? static_cast<int>(std::min<Duration>(*at_most, 1h).count()) : -1;
    if (poll(&ready, 1, timeout) <= 0) return false;
    signalfd_siginfo taken;
    return read(fd_, &taken, sizeof taken) > 0;
  }

 private:
  sigset_t before_{};
  int fd_ = -1;
};

bool write_port(const std::string& path, int port) {
  if (path.empty()) return true;
  const auto temporary = path + ".new";
  std::ofstream out(temporary);
  out << port << '\n';
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(temporary, path, error);
  if (out && !error) return true;
  fmt::print(stderr, "cannot write {}\n", path);
  return false;
}

// As asked for, with the port that was got.
std::string url_of(const std::string& address, int port) {
  const auto host = address.substr(0, address.rfind(':'));
  return fmt::format("http://{}:{}", host.empty() ? "127.0.0.1" : host, port);
}

bool announce(const std::string& address, int port, const std::string& port_file) {
  if (!write_port(port_file, port)) return false;
  fmt::print("listening on {}\n", url_of(address, port));
  std::fflush(stdout);
  return true;
}

}  // namespace

Result<Scenario> find_scenario(const std::string& name_or_path) {
  const auto text = scenario_text(name_or_path);
  if (!text) return Error{text.error()};
  auto loaded = load_scenario(*text, name_or_path);
  if (loaded.scenario) return *std::move(loaded.scenario);
  std::string all;
  for (const auto& problem : loaded.problems) all += (all.empty() ? "" : "\n") + config::to_string(problem);
  return Error{all};
}

int run_simulation(const SimulateOptions& options) {
  auto scenario = find_scenario(options.scenario);
  if (!scenario) {
    fmt::print(stderr, "{}\n", scenario.error());
    return bad_input;
  }
  const double speed = options.speed.value_or(scenario->speed);
  if (!std::isfinite(speed) || speed <= 0 || speed > 10'000) {
    fmt::print(stderr, "the speed must be above 0 and up to 10000\n");
    return bad_input;
  }
  const StopSignals signals;
  Provider provider(*std::move(scenario), speed);
  // Probes of many targets, controls and readers of the page all come from one host.
  web::Limits limits;
  limits.connections_per_peer = limits.connections = 4096;
  const auto server = web::Server::create(limits);
  provider.install(*server);
  provider.begin();
  if (const auto started = server->start(options.listen_address); !started) {
    fmt::print(stderr, "{}\n", started.error());
    return failed;
  }
  if (!announce(options.listen_address, server->port(), options.port_file)) return failed;
  if (!options.until_end) {
    while (!signals.wait(std::nullopt)) {
    }
  } else {
    while (!provider.ended() && !signals.wait(provider.real_time_left() + 1ms)) {
    }
  }
  server->stop();
  return 0;
}

int run_receiver(const ReceiveOptions& options) {
  std::vector<ReceiverFault> faults;
  if (!options.scenario.empty()) {
    auto scenario = find_scenario(options.scenario);
    if (!scenario) {
      fmt::print(stderr, "{}\n", scenario.error());
      return bad_input;
    }
    faults = scenario->receivers;
  }
  const StopSignals signals;
  Receiver receiver(std::move(faults), options.log_file);
  if (const auto started = receiver.start(options.listen_address); !started) {
    fmt::print(stderr, "{}\n", started.error());
    return failed;
  }
  if (!announce(options.listen_address, receiver.port(), options.port_file)) return failed;
  while (!signals.wait(std::nullopt)) {
  }
  receiver.stop();
  return 0;
}

}  // namespace outaged::simulator
