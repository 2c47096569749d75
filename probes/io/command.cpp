// One child process: started without a shell in a process group of its own, with /dev/null as its input, our pipes as
// its output, and no other descriptor of ours. Its end is an event of its pidfd, so that no SIGCHLD is needed. When it
// has ended, the time is up or the run is dropped, the whole group is killed: a grandchild that holds the pipe open
// delays nobody. What leaves the group (setsid) escapes; a service manager's control group is the fence for that.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/text.h"
#include "probes/io/exchange.h"
#include "probes/io/reaper.h"

namespace outaged::probes {
namespace {

/// Read and thrown away beyond what is kept, before the child counts as mad and is killed.
constexpr std::size_t max_discarded = 4 * 1024 * 1024;
/// Read from one pipe before the others have their turn.
constexpr std::size_t at_once = 64 * 1024;
/// Of our own environment, which holds secrets, a child gets these alone.
constexpr const char* inherited[] = {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"};

struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

/// glibc 2.36 has the function, but its header declares it for C alone. Closed on exec.
int open_pidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// 0 and the pid, or an errno.
int spawn(const Command& what, int out, int err, pid_t& pid) {
  SpawnSettings settings;
  posix_spawn_file_actions_addopen(&settings.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&settings.actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&settings.actions, err, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&settings.actions, STDERR_FILENO + 1);
  posix_spawn_file_actions_addchdir_np(&settings.actions, "/");
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &all);
  posix_spawnattr_setpgroup(&settings.attributes, 0);
  posix_spawnattr_setflags(&settings.attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> arguments = what.argv, environment;
  const auto set = [&](std::string_view name) {
    for (const auto& [given, value] : what.environment)
      if (given == name) return true;
    return false;
  };
  for (const char* name : inherited)
    if (const char* value = std::getenv(name); value && !set(name))
      environment.push_back(fmt::format("{}={}", name, value));
  for (const auto& [name, value] : what.environment) environment.push_back(fmt::format("{}={}", name, value));
  return posix_spawnp(&pid, arguments.front().c_str(), &settings.actions, &settings.attributes,
                      pointers(arguments).data(), pointers(environment).data());
}

class CommandExchange final : public Exchange {
 public:
  CommandExchange(ExchangeHost& host, Command&& what)
      : Exchange(host, what.timeout, what.argv.empty() ? "exec:" : "exec:" + what.argv.front()),
        what_(std::move(what)) {}
  ~CommandExchange() override {
    if (pid_ > 0) host_.reaper().bury(pid_);
  }
  void on_event(int fd, std::uint32_t events) override;

 private:
  struct Pipe {
    WatchedFd fd;
    std::string text;
  };
  void start(std::vector<std::string> addresses) override;
  void expired() override {
    drain();
    conclude(TransportError::timeout_body, "killed, as it did not end in time");
  }
  /// False if it floods us.
  bool read(Pipe& pipe, std::size_t most);
  void drain();
  void child_ended();
  void conclude(TransportError error, std::string text = {});

  const Command what_;
  pid_t pid_ = -1;
  WatchedFd child_;  // pidfd
  Pipe out_, err_;
  std::size_t discarded_ = 0;
};

void CommandExchange::start(std::vector<std::string>) {
  if (what_.argv.empty() || what_.argv.front().empty()) return conclude(TransportError::local, "no program is named");
  std::array<int, 2> out{-1, -1}, err{-1, -1};
  if (pipe2(out.data(), O_CLOEXEC) != 0) return conclude(TransportError::local, std::strerror(errno));
  const WatchedFd out_write{host_, out[1]};
  out_.fd = WatchedFd{host_, out[0]};
  if (pipe2(err.data(), O_CLOEXEC) != 0) return conclude(TransportError::local, std::strerror(errno));
  const WatchedFd err_write{host_, err[1]};
  err_.fd = WatchedFd{host_, err[0]};
  // Our ends only: a child that finds its output non-blocking may lose some of it.
  for (const Pipe* pipe : {&out_, &err_}) fcntl(pipe->fd.get(), F_SETFL, O_NONBLOCK);

  if (const int error = spawn(what_, out[1], err[1], pid_); error != 0) {
    pid_ = -1;
    return conclude(TransportError::local, fmt::format("cannot run {}: {}", what_.argv.front(), std::strerror(error)));
  }
  child_ = WatchedFd{host_, open_pidfd(pid_)};
  if (!child_ || !child_.watch(*this, EPOLLIN) || !out_.fd.watch(*this, EPOLLIN) || !err_.fd.watch(*this, EPOLLIN))
    conclude(TransportError::local, fmt::format("cannot watch {}: {}", what_.argv.front(), std::strerror(errno)));
}

void CommandExchange::on_event(int fd, std::uint32_t) {
  if (ended()) return;
  for (Pipe* pipe : {&out_, &err_})
    if (pipe->fd.get() == fd && !read(*pipe, at_once))
      return conclude(TransportError::too_large,
                      fmt::format("killed, as it printed more than {} MiB", (what_.max_output + max_discarded) >> 20));
  if (child_.get() == fd) child_ended();
}

bool CommandExchange::read(Pipe& pipe, std::size_t most) {
  char bytes[16 * 1024];
  for (std::size_t total = 0; total < most;) {
    const ssize_t got = ::read(pipe.fd.get(), bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (got <= 0) {  // every holder has closed it: it would be readable for ever
      pipe.fd.reset();
      return true;
    }
    const auto count = static_cast<std::size_t>(got);
    total += count;
    const std::size_t kept = std::min(count, what_.max_output - std::min(what_.max_output, pipe.text.size()));
    pipe.text.append(bytes, kept);
    discarded_ += count - kept;
    if (discarded_ > max_discarded) return false;
  }
  return true;
}

/// What it wrote before it ended is all in the pipes; what a grandchild may still write is not waited for.
void CommandExchange::drain() {
  for (Pipe* pipe : {&out_, &err_})
    if (pipe->fd) read(*pipe, at_once);
}

void CommandExchange::child_ended() {
  siginfo_t state{};
  // Looked at, not collected: the group is killed first, as its id is only ours until then.
  if (waitid(P_PID, static_cast<id_t>(pid_), &state, WEXITED | WNOHANG | WNOWAIT) != 0 || state.si_pid != pid_) return;
  drain();
  conclude(TransportError::none);
}

void CommandExchange::conclude(TransportError error, std::string text) {
  if (ended()) return;
  if (pid_ > 0) {
    const auto status = host_.reaper().bury(std::exchange(pid_, -1));
    if (error == TransportError::none && status) {
      if (WIFEXITED(*status)) response_.exit_code = WEXITSTATUS(*status);
      if (WIFSIGNALED(*status))
        text = fmt::format("ended by signal {} ({})", WTERMSIG(*status), sigdescr_np(WTERMSIG(*status)));
    }
  }
  response_.body = std::move(out_.text.empty() ? err_.text : out_.text);
  response_.timings.processing = since_asked();
  finish(error, std::move(text));
}

}  // namespace

std::unique_ptr<Exchange> make_command(ExchangeHost& host, Command&& what) {
  return std::make_unique<CommandExchange>(host, std::move(what));
}

}  // namespace outaged::probes
