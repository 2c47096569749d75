#include "probes/probe.h"

namespace outaged {

const std::string& Response::header(std::string_view name) const {
  static const std::string none;
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return none;
}

}  // namespace outaged
