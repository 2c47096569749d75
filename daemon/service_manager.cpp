#include "daemon/service_manager.h"

#include <systemd/sd-daemon.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>

#include <fmt/format.h>

#include "core/text.h"

namespace outaged {

ServiceManager::ServiceManager() {
  const char* socket = std::getenv("NOTIFY_SOCKET");
  present_ = socket != nullptr && *socket != '\0';
  if (!present_) return;
  std::uint64_t micros = 0;
  if (sd_watchdog_enabled(0, &micros) > 0) {
    interval_ = std::chrono::duration_cast<Duration>(Micros(micros) / 2);
    next_ = SteadyTime::min();
  }
}

void ServiceManager::ready(std::string_view text) { send("READY=1\nSTATUS=" + clean_line(text)); }

// Each line of a message is a variable of its own: a line break in a status could say anything.
void ServiceManager::status(std::string_view text) { send("STATUS=" + clean_line(text)); }

void ServiceManager::reloading() {
  // systemd pairs it with the READY that follows by the time (its Type=notify-reload); it is CLOCK_MONOTONIC's, which is
  // what steady_clock reads on Linux.
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=Reloading the configuration",
                   std::chrono::duration_cast<Micros>(now).count()));
}

void ServiceManager::stopping() { send("STOPPING=1\nSTATUS=Stopping"); }

void ServiceManager::feed(SteadyTime now, bool healthy) {
  if (!interval_ || !healthy || now < next_) return;
  send("WATCHDOG=1");
  next_ = now + *interval_;
}

void ServiceManager::send(const std::string& state) const {
  // Nothing to be done if it fails: systemd is gone, or will find out by its own deadlines.
  if (present_) sd_notify(0, state.c_str());
}

}  // namespace outaged
