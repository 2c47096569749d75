// The demo's configuration: the April scenario on loopback, every duration of the rules divided by its speed.
#pragma once

#include <string>

namespace outaged {

struct DemoPlaces {
  int provider_port = 0, receiver_port = 0;
  std::string listen_address, database;
  double speed = 60;
};
/// YAML, as a user would write it.
std::string demo_config(const DemoPlaces& places);

}  // namespace outaged
