#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "probes/kinds/perfdata.h"
#include "tests/probes/ask_support.h"
#include "tests/probes/loop_support.h"

using namespace std::chrono_literals;
using outaged::Class;
using outaged::Command;
using outaged::config::ExecCheck;
using outaged::config::Secret;
using outaged::config::Target;
using outaged::probes::read_plugin_output;
using test::contains;
using test::detail;
using test::probe_target;

namespace {

/// A shell script as the program: the kind itself has no shell.
Target exec(const std::string& script, outaged::Duration timeout = 10s) {
  Target target;
  target.name = "s/c/t";
  target.kind = "exec";
  target.timeout = timeout;
  target.check.emplace<ExecCheck>().command = {"/bin/sh", "-c", script};
  return target;
}
ExecCheck& check_of(Target& target) { return std::get<ExecCheck>(target.check); }

class TempDir {
 public:
  TempDir() {
    char path[] = "/tmp/outaged-test-exec-XXXXXX";
    REQUIRE(mkdtemp(path) != nullptr);
    path_ = path;
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string slurp(const std::string& path) {
  std::ifstream in{path};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

pid_t pid_in(const std::string& path) { return static_cast<pid_t>(std::atoi(slurp(path).c_str())); }

/// Gone, or dead and not yet collected by whoever it was given to.
bool is_dead(pid_t pid) {
  if (kill(pid, 0) != 0) return true;
  const std::string stat = slurp("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = stat.rfind(')');
  return name_end == std::string::npos || stat.substr(name_end, 3) == ") Z";
}

/// Of this process, zombies too. Collects none.
bool has_children() {
  siginfo_t info{};
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

}  // namespace

TEST_CASE("exec: exit codes as Nagios plugins mean them") {
  CHECK(probe_target(exec("exit 0")).finding.cls == Class::ok);
  CHECK_FALSE(probe_target(exec("exit 0")).finding.evidence);
  CHECK(probe_target(exec("exit 1")).finding.cls == Class::ok);
  Target strict = exec("echo WARNING: so so; exit 1");
  check_of(strict).warning_is_ok = false;
  const auto warning = probe_target(strict);
  CHECK(warning.finding.cls == Class::unexpected_status);
  CHECK(detail(warning) == "exit code 1: WARNING: so so");
  CHECK(probe_target(exec("exit 2")).finding.cls == Class::unexpected_status);
  CHECK(probe_target(exec("exit 3")).finding.cls == Class::probe_error);
  CHECK(probe_target(exec("exit 77")).finding.cls == Class::probe_error);
  const auto killed = probe_target(exec("kill -SEGV $$"));
  CHECK(killed.finding.cls == Class::probe_error);
  CHECK(contains(detail(killed), "signal 11"));
  CHECK(probe_target(exec("echo why >&2; exit 2")).finding.evidence->detail == "exit code 2: why");
}

TEST_CASE("exec: a program that cannot be run is nobody's outage") {
  Target target = exec("");
  check_of(target).command = {"/nonexistent/check_it"};
  const auto missing = probe_target(target);
  CHECK(missing.finding.cls == Class::probe_error);
  CHECK(detail(missing) == "cannot run /nonexistent/check_it: No such file or directory");
  check_of(target).command = {"/etc/passwd"};
  CHECK(contains(detail(probe_target(target)), "Permission denied"));
  check_of(target).command = {"true"};  // found in $PATH
  CHECK(probe_target(target).finding.cls == Class::ok);
}

TEST_CASE("exec: no shell, an empty input, no terminal, no descriptor and no environment of ours") {
  TempDir dir;
  Target target = exec("");
  check_of(target).command = {"/bin/echo", "$HOME; `id` * 'x'"};
  CHECK(probe_target(target).response.body == "$HOME; `id` * 'x'\n");
  CHECK(probe_target(exec("cat; echo end")).response.body == "end\n");

  const int ours = open("/etc/passwd", O_RDONLY);  // without O_CLOEXEC
  REQUIRE(ours >= 0);
  setenv("OUTAGED_TEST_SECRET", "from our own environment", 1);
  const auto seen = probe_target(exec("ls /proc/self/fd; env; pwd; ps -o pgid= -p $$ 2>/dev/null; echo $$"));
  unsetenv("OUTAGED_TEST_SECRET");
  close(ours);
  CHECK(seen.response.body.starts_with("0\n1\n2\n3\n"));  // 3 is the directory that ls reads
  CHECK_FALSE(contains(seen.response.body, "\n4\n"));
  CHECK_FALSE(contains(seen.response.body, "from our own environment"));
  CHECK(contains(seen.response.body, "PATH="));
  CHECK(contains(seen.response.body, "\n/\n"));
}

TEST_CASE("exec: signals are as a new program expects them") {
  // The loop's thread has them all blocked.
  const auto result = probe_target(exec("grep -E 'SigBlk|SigIgn' /proc/self/status"));
  CHECK(contains(result.response.body, "SigBlk:\t0000000000000000"));
  const std::size_t at = result.response.body.find("SigIgn:\t");
  REQUIRE(at != std::string::npos);
  const auto ignored = std::strtoull(result.response.body.c_str() + at + 8, nullptr, 16);
  CHECK((ignored & 0x7fffffff) == 0);  // 32 and 33 are the C library's own
}

TEST_CASE("exec: the time-out kills the whole group, one that ignores SIGTERM and its grandchild too") {
  TempDir dir;
  const auto begun = std::chrono::steady_clock::now();
  const auto result = probe_target(exec("trap '' TERM; echo $$ > " + (dir / "leader") +
                                            "; echo partly; (trap '' TERM; sh -c 'echo $$ > " + (dir / "grandchild") +
                                            "; sleep 1000') & sleep 1000",
                                        500ms));
  CHECK(result.finding.cls == Class::timeout_before_first_byte);
  CHECK(contains(detail(result), "killed, as it did not end in time: partly"));
  CHECK(std::chrono::steady_clock::now() - begun < 3s);
  const pid_t leader = pid_in(dir / "leader"), grandchild = pid_in(dir / "grandchild");
  REQUIRE(leader > 1);
  REQUIRE(grandchild > 1);
  CHECK(test::eventually([&] { return is_dead(leader) && is_dead(grandchild); }));
}

TEST_CASE("exec: a grandchild that holds the pipe delays nobody, and is not left behind") {
  TempDir dir;
  const auto result = probe_target(exec("sleep 1000 & echo $! > " + (dir / "grandchild") + "; echo OK; exit 0"));
  CHECK(result.finding.cls == Class::ok);
  CHECK(result.response.body == "OK\n");
  CHECK(result.took < 5s);
  const pid_t grandchild = pid_in(dir / "grandchild");
  REQUIRE(grandchild > 1);
  CHECK(test::eventually([&] { return is_dead(grandchild); }));
  CHECK(test::eventually([&] { return !has_children(); }));  // no zombie of ours
}

TEST_CASE("exec: output is kept up to a bound, and one that prints without end is killed") {
  Target target = exec("echo first; head -c 1000000 /dev/zero | tr '\\0' x; exit 2");
  check_of(target).max_output = 2000;
  const auto large = probe_target(target);
  CHECK(large.finding.cls == Class::unexpected_status);
  CHECK(large.response.body.size() == 2000);
  CHECK(detail(large) == "exit code 2: first");

  const auto flood = probe_target(exec("exec yes", 30s));
  CHECK(flood.finding.cls == Class::probe_error);
  CHECK(contains(detail(flood), "killed, as it printed more than 4 MiB"));
  CHECK(flood.took < 20s);
  CHECK(test::eventually([] { return !has_children(); }));
}

TEST_CASE("exec: a program that closes its output is waited for all the same") {
  const auto result = probe_target(exec("echo early; exec >&- 2>&-; sleep 0.3; exit 2"));
  CHECK(result.finding.cls == Class::unexpected_status);
  CHECK(result.took >= 290ms);
  CHECK(detail(result) == "exit code 2: early");
}

TEST_CASE("exec: secrets go through the environment and come back redacted") {
  Target target = exec("echo \"CRITICAL: $TOKEN refused | a=1;$TOKEN\"; exit 2");
  check_of(target).environment = {{"TOKEN", Secret{"tok-12345"}}, {"LANG", Secret{"C"}}};
  const auto result = probe_target(target);
  CHECK(detail(result) == "exit code 2: CRITICAL: [redacted] refused");
  REQUIRE(result.finding.evidence->headers.size() == 1);
  CHECK(result.finding.evidence->headers[0].second == "1;[redacted]");
  // Where the line is cut, no half of it stays.
  check_of(target).command.back() = "printf '%0245d' 0; echo \"$TOKEN\"; exit 2";
  CHECK_FALSE(contains(detail(probe_target(target)), "tok"));
}

TEST_CASE("exec: performance data is kept, of good runs too") {
  const auto result = probe_target(
      exec("printf \"DISK OK - free 3326 MB | /=2643MB;5948;5958;0;5968\\nmore\\ntext | '/var log'=1%%\\n\""));
  CHECK(result.finding.cls == Class::ok);
  REQUIRE(result.finding.evidence);
  CHECK(detail(result) == "exit code 0: DISK OK - free 3326 MB");
  const auto& kept = result.finding.evidence->headers;
  REQUIRE(kept.size() == 2);
  CHECK(kept[0] == std::pair<std::string, std::string>{"perfdata /", "2643MB;5948;5958;0;5968"});
  CHECK(kept[1] == std::pair<std::string, std::string>{"perfdata /var log", "1%"});
}

TEST_CASE("perfdata: quoted, broken and too much of it") {
  CHECK(read_plugin_output("").line.empty());
  CHECK(read_plugin_output("OK\n").line == "OK");
  const auto quoted = read_plugin_output("OK | 'it''s = odd'=1s b=U c= =3 d x=abc e=-2.5");
  REQUIRE(quoted.measurements.size() == 3);
  CHECK(quoted.measurements[0].label == "it's = odd");
  CHECK(quoted.measurements[0].value == "1s");
  CHECK(quoted.measurements[1].label == "b");
  CHECK(quoted.measurements[2].label == "e");
  CHECK(read_plugin_output("x|'open=1").measurements.empty());
  std::string many = "OK |";
  for (int i = 0; i < 1000; ++i) many += " l" + std::to_string(i) + "=1";
  CHECK(read_plugin_output(many).measurements.size() == outaged::probes::max_measurements);
  CHECK(read_plugin_output("a\033[31mb\x01 | x=1").line == "a [31mb");
}

TEST_CASE("exec: many at once, hanging ones delay nobody, and a stop leaves none behind") {
  test::Collector sink;
  auto loop = std::move(outaged::probes::Loop::create({}, sink)).value();
  outaged::probes::Plan plan;
  Command hangs, quick;
  hangs.argv = {"/bin/sleep", "1000"};
  hangs.timeout = 60s;
  quick.argv = {"/bin/echo", "ok"};
  for (std::uint32_t id = 100; id < 140; ++id)
    plan.push_back(test::job(id, std::make_shared<test::OneAsk>(hangs), 100ms));
  for (std::uint32_t id = 0; id < 5; ++id) plan.push_back(test::job(id, std::make_shared<test::OneAsk>(quick), 200ms));
  loop->replace(plan);
  loop->start();
  CHECK(test::eventually([&] { return loop->stats().in_flight >= 40; }));
  CHECK(sink.wait_for(20));
  for (const auto& result : sink.results()) {
    CHECK(result.response.exit_code == 0);
    CHECK(result.response.body == "ok\n");
  }
  // A reload that drops them all: dropped runs are collected while the loop goes on.
  loop->replace({test::job(0, std::make_shared<test::OneAsk>(quick), 200ms)});
  CHECK(test::eventually([&] { return loop->stats().in_flight <= 1; }));
  loop->stop();
  loop.reset();
  CHECK(test::eventually([] { return !has_children(); }));
}
