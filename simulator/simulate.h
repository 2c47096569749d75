// `outaged simulate`: plays a scenario, or a receiver, as a process of its own, until told to stop. Called on the main
// thread, before any other thread exists: it takes SIGTERM and SIGINT for itself while it runs. Problems go to stderr.
#pragma once

#include <optional>
#include <string>

#include "simulator/scenario.h"

namespace outaged::simulator {

struct SimulateOptions {
  std::string scenario;                         // a built-in one's name, or a file
  std::string listen_address = "127.0.0.1:0";
  std::optional<double> speed;                  // in place of the scenario's own
  std::string port_file;                        // gets the port as text, whole or not at all; empty: none
  bool until_end = false;                       // return when the scenario has been played
};

struct ReceiveOptions {
  std::string scenario;                         // whose `receivers` say how it fails; empty: it never does
  std::string listen_address = "127.0.0.1:0";
  std::string log_file;                         // JSON Lines, appended
  std::string port_file;
};

/// Prints "listening on http://HOST:PORT" when ready. 0: stopped or ended; 1: could not serve; 2: a bad scenario or option.
int run_simulation(const SimulateOptions& options);
int run_receiver(const ReceiveOptions& options);

/// By name or file. The error holds every problem, one a line.
Result<Scenario> find_scenario(const std::string& name_or_path);

}  // namespace outaged::simulator
