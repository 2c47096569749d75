// What a Nagios plugin prints, taken apart: its line for people, and its performance data (Nagios plugin guidelines,
// "Performance data"). Pure; takes any bytes, bounded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace outaged::probes {

struct Measurement {
  std::string label, value;  // value with its unit and limits as printed: "0.12s;1;2;0"
};
inline constexpr std::size_t max_measurements = 16;

struct PluginOutput {
  std::string line;  // the first, without performance data
  std::vector<Measurement> measurements;
};
PluginOutput read_plugin_output(std::string_view output);

}  // namespace outaged::probes
