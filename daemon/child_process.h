// A child process of the demo: started from this very program, ended with it. Main thread only.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace outaged {

class ChildProcess {
 public:
  ChildProcess() = default;
  ~ChildProcess() { stop(); }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Runs `program` with these arguments, its output to `log_file`. The child dies with its parent.
  Result<void> start(const std::string& program, const std::vector<std::string>& arguments, const std::string& log_file);
  bool running();
  /// SIGTERM, then SIGKILL if it does not end within two seconds.
  void stop();

 private:
  int pid_ = -1;
};

/// Waits until the file holds a port number. 0: not in time.
int wait_for_port(const std::string& port_file, Duration patience);

}  // namespace outaged
