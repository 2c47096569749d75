#include "daemon/service_manager.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <ctime>
#include <string>

using namespace outaged;

namespace {

/// What systemd holds: a datagram socket, and the environment that names it.
class Systemd {
 public:
  explicit Systemd(std::string watchdog_usec = "") {
    char name[] = "/tmp/outaged-notify-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    directory_ = name;
    path_ = directory_ + "/socket";
    fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    REQUIRE(fd_ >= 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    setenv("NOTIFY_SOCKET", path_.c_str(), 1);
    if (!watchdog_usec.empty()) {
      setenv("WATCHDOG_USEC", watchdog_usec.c_str(), 1);
      setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
    }
  }
  ~Systemd() {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
    close(fd_);
    unlink(path_.c_str());
    rmdir(directory_.c_str());
  }

  /// The next message; "" if there is none. A datagram to a local socket has arrived once send returns.
  std::string next() const {
    char buffer[4096];
    const ssize_t size = recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
    return size < 0 ? "" : std::string(buffer, static_cast<std::size_t>(size));
  }

 private:
  std::string directory_, path_;
  int fd_ = -1;
};

}  // namespace

TEST_CASE("service manager: start, reload and stop as systemd expects them") {
  const Systemd systemd;
  ServiceManager manager;
  CHECK(manager.present());
  manager.ready("Watching 3 services");
  CHECK(systemd.next() == "READY=1\nSTATUS=Watching 3 services");
  manager.status("One incident is open");
  CHECK(systemd.next() == "STATUS=One incident is open");

  timespec before{}, after{};
  clock_gettime(CLOCK_MONOTONIC, &before);
  manager.reloading();
  clock_gettime(CLOCK_MONOTONIC, &after);
  const std::string reloading = systemd.next();
  REQUIRE(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="));
  const auto micros = std::stoll(reloading.substr(reloading.find("USEC=") + 5));
  const auto usec = [](const timespec& t) { return t.tv_sec * 1000000LL + t.tv_nsec / 1000; };
  CHECK(micros >= usec(before));
  CHECK(micros <= usec(after));

  manager.stopping();
  CHECK(systemd.next() == "STOPPING=1\nSTATUS=Stopping");
  CHECK(systemd.next() == "");
}

TEST_CASE("service manager: a status cannot smuggle in a variable") {
  const Systemd systemd;
  ServiceManager manager;
  manager.status("bad\nMAINPID=1\nREADY=1");
  CHECK(systemd.next() == "STATUS=bad MAINPID=1 READY=1");
}

TEST_CASE("service manager: the watchdog is fed at half its interval, and only while healthy") {
  const Systemd systemd("4000000");
  ServiceManager manager;
  REQUIRE(manager.feeding_interval() == Duration(2s));
  const SteadyTime start = std::chrono::steady_clock::now();
  CHECK(manager.next_feeding() <= start);
  manager.feed(start, true);
  CHECK(systemd.next() == "WATCHDOG=1");
  CHECK(manager.next_feeding() == start + 2s);
  manager.feed(start + 1s, true);  // too early
  CHECK(systemd.next() == "");
  manager.feed(start + 2s, false);
  CHECK(systemd.next() == "");
  manager.feed(start + 3s, true);  // healthy again: at once
  CHECK(systemd.next() == "WATCHDOG=1");
}

TEST_CASE("service manager: no watchdog, or another process', is not fed") {
  {
    const Systemd systemd;
    ServiceManager manager;
    CHECK(!manager.feeding_interval());
    CHECK(manager.next_feeding() == SteadyTime::max());
    manager.feed(SteadyTime::clock::now(), true);
    CHECK(systemd.next() == "");
  }
  const Systemd systemd("4000000");
  setenv("WATCHDOG_PID", "1", 1);
  const ServiceManager manager;
  CHECK(!manager.feeding_interval());
}

TEST_CASE("service manager: without systemd it is silent") {
  unsetenv("NOTIFY_SOCKET");
  ServiceManager manager;
  CHECK(!manager.present());
  CHECK(!manager.feeding_interval());
  manager.ready("x");
  manager.reloading();
  manager.feed(SteadyTime::clock::now(), true);
  manager.stopping();
}
