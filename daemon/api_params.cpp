#include "daemon/api_params.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/text.h"

namespace outaged {
namespace {

constexpr std::size_t shown_bytes = 80;  // of a wrong value

}  // namespace

Params::Params(const web::Request& request, std::initializer_list<std::string_view> known) : request_(request) {
  for (const auto& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      std::string message = fmt::format("unknown parameter \"{}\"", clean_line(name, shown_bytes));
      if (const auto meant = nearest(name, known); !meant.empty()) {
        message += fmt::format("; did you mean \"{}\"?", meant);
      } else if (known.size() == 0) {
        message += "; this takes none";
      } else {
        message += fmt::format("; known are {}", fmt::join(known, ", "));
      }
      throw Refused{400, std::move(message)};
    }
    if (request.query.count(name) > 1) throw Refused{400, fmt::format("parameter \"{}\" is given twice", name)};
  }
}

const std::string* Params::find(std::string_view name) const {
  const auto found = request_.query.find(std::string(name));
  return found == request_.query.end() ? nullptr : &found->second;
}

std::string Params::text(std::string_view name) const {
  const std::string* value = find(name);
  return value == nullptr ? std::string() : *value;
}

std::size_t Params::number(std::string_view name, std::size_t fallback, std::size_t min, std::size_t max) const {
  const std::string* value = find(name);
  if (value == nullptr) return fallback;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc() || end != value->data() + value->size() || number < min || number > max) {
    throw Refused{400, fmt::format("{}: expected a whole number from {} to {}, found \"{}\"", name, min, max,
                                   clean_line(*value, shown_bytes))};
  }
  return number;
}

Timestamp Params::time(std::string_view name, Timestamp fallback, Timestamp now) const {
  const std::string* value = find(name);
  if (value == nullptr) return fallback;
  if (const auto time = parse_time(*value)) return *time;
  if (const auto ago = parse_duration(*value)) return now - *ago;
  // A "+" in a query means a space: the one mistake everybody makes with offsets.
  const char* hint = value->find(' ') != std::string::npos ? " (a \"+\" must be written %2B)" : "";
  throw Refused{400, fmt::format("{}: expected a time such as 2026-04-13T14:03:00Z, or how long ago, such as 6h, found \"{}\"{}",
                                 name, clean_line(*value, shown_bytes), hint)};
}

std::optional<Status> Params::status(std::string_view name) const {
  const std::string* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (const auto status = status_from_string(*value)) return status;
  throw Refused{400, fmt::format("{}: expected unknown, operational, under_maintenance, degraded_performance, partial_outage or "
                                 "major_outage, found \"{}\"", name, clean_line(*value, shown_bytes))};
}

}  // namespace outaged
