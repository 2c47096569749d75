// Takes a receiver's secrets out of a text before anyone sees it: an answer may echo what it was sent. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace outaged::alerts {

class Scrubber {
 public:
  Scrubber() = default;
  /// Knows the receiver's url, its parts, its headers' values and its signing secret.
  explicit Scrubber(const config::Receiver& receiver);
  /// The same for a bare URL.
  explicit Scrubber(std::string_view url);
  /// The text with each of them replaced by "[secret]".
  std::string operator()(std::string text) const;

 private:
  void add(std::string_view secret);
  void add_url(std::string_view url);
  std::vector<std::string> secrets_;  // longest first
};

}  // namespace outaged::alerts
