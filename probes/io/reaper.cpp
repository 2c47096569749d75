#include "probes/io/reaper.h"

#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <thread>

namespace outaged::probes {
namespace {

/// Whether it is gone; `status` is set if it was ours to collect.
bool collected(pid_t pid, std::optional<int>& status) {
  int raw = 0;
  const pid_t got = waitpid(pid, &raw, WNOHANG);
  if (got == pid) status = raw;
  return got == pid || (got < 0 && errno != EINTR);
}

}  // namespace

Reaper::~Reaper() {
  const auto end = std::chrono::steady_clock::now() + last_wait;
  for (reap(); !dying_.empty() && std::chrono::steady_clock::now() < end; reap()) std::this_thread::sleep_for(1ms);
}

std::optional<int> Reaper::bury(pid_t leader) {
  kill(-leader, SIGKILL);
  std::optional<int> status;
  if (!collected(leader, status)) dying_.push_back(leader);
  return status;
}

void Reaper::reap() {
  std::optional<int> ignored;
  std::erase_if(dying_, [&](pid_t pid) { return collected(pid, ignored); });
}

}  // namespace outaged::probes
