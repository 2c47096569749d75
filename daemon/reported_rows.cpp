#include "daemon/reported_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/text.h"

namespace outaged {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 12> keys = {"component", "target",     "source", "at",    "outcome", "class",
                                                   "status",    "latency_ms", "model",  "region", "request_id", "count"};
constexpr std::size_t shown_bytes = 60, most_name_bytes = 300;
constexpr double most_latency_ms = 24 * 3600 * 1000.0;
// A number this large is milliseconds since 1970: as seconds it would be the year 5138.
constexpr double milliseconds_from = 1e11, latest_milliseconds = 1e14;

std::string in_quotes(std::string_view text) { return '"' + clean_line(text, shown_bytes) + '"'; }

bool plain(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || more.find(c) != more.npos;
  });
}

/// One pass over the text, without a tree: rows come out as their objects close.
class Rows final : public nlohmann::json_sax<json> {
 public:
  Rows(Class (*class_of_status)(int), const TakeRow& take, RowsRead& out)
      : class_of_status_(class_of_status), take_(take), out_(out) {}

  /// An object, or an array of them. False: nothing more is to be read.
  bool read(std::string_view text, bool array_allowed) {
    array_allowed_ = array_allowed;
    in_array_ = in_row_ = false;
    depth_ = 0;
    broken_.clear();
    const bool done = json::sax_parse(text.begin(), text.end(), this);
    if (!done && !stopped_) refuse(broken_.empty() ? "not JSON" : broken_);
    return !stopped_;
  }
  bool full() {
    if (rows_ < most_rows) return false;
    if (!stopped_) {
      stopped_ = true;
      ++rows_;
      refuse(fmt::format("more than {} rows in one request: this one and what follows were not read", most_rows));
    }
    return true;
  }

  bool null() override { return value("null", [](auto) { return false; }); }
  bool boolean(bool) override { return value("true or false", [](auto) { return false; }); }
  bool number_integer(number_integer_t number) override { return number_float(static_cast<double>(number), {}); }
  bool number_unsigned(number_unsigned_t number) override { return number_float(static_cast<double>(number), {}); }
  bool number_float(number_float_t number, const string_t&) override {
    return value("a number", [&](std::string_view key) { return take_number(key, number); });
  }
  bool string(string_t& text) override {
    return value("text", [&](std::string_view key) { return take_text(key, text); });
  }
  bool binary(binary_t&) override { return false; }

  bool start_object(std::size_t) override {
    if (in_row_) return nested();
    if (full()) return false;
    in_row_ = true;
    ++rows_;
    row_ = {};
    problem_.clear();
    key_ = {};
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ > 0) return true;
    const auto known = std::find(keys.begin(), keys.end(), name);
    key_ = known == keys.end() ? std::string_view() : *known;
    if (!key_.empty()) return true;
    const std::string_view meant = nearest(name, keys);
    fault(fmt::format("unknown key {}{}", in_quotes(name), meant.empty() ? fmt::format("; known are {}", fmt::join(keys, ", "))
                                                                      : fmt::format(", did you mean \"{}\"?", meant)));
    return true;
  }
  bool end_object() override {
    if (depth_ > 0) return --depth_, true;
    in_row_ = false;
    finish();
    return true;
  }
  bool start_array(std::size_t) override {
    if (in_row_) return nested();
    if (in_array_ || !array_allowed_) return broken_ = "each row must be an object", false;
    in_array_ = true;
    return true;
  }
  bool end_array() override {
    if (depth_ > 0) --depth_;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const json::exception&) override {
    if (!in_row_) ++rows_;
    broken_ = fmt::format("not JSON at byte {}{}", position, in_array_ ? "; what follows could not be read" : "");
    return false;
  }

 private:
  /// A list or an object inside a row: wrong, but what it holds is passed over, so that the next row can be read.
  bool nested() {
    if (depth_ == 0 && !key_.empty()) fault(fmt::format("{}: expected a plain value", key_));
    if (++depth_ <= 16) return true;
    broken_ = "nested too deep; what follows could not be read";
    return false;
  }

  template <class Take>
  bool value(std::string_view found, Take take) {
    if (depth_ > 0) return true;
    if (!in_row_) return ++rows_, broken_ = "each row must be an object", false;
    if (key_.empty()) return true;  // reported
    if (!take(key_)) fault(fmt::format("{}: {} does not belong here", key_, found));
    return true;
  }

  bool take_number(std::string_view key, double number) {
    if (key == "status") {
      if (number < 100 || number > 599 || number != std::floor(number)) {
        return fault(fmt::format("status: expected an HTTP status from 100 to 599, found {}", number)), true;
      }
      row_.status = static_cast<std::uint16_t>(number);
    } else if (key == "latency_ms") {
      if (!(number >= 0 && number <= most_latency_ms)) return fault(fmt::format("latency_ms: {} cannot be", number)), true;
      row_.latency_ms = number;
    } else if (key == "count") {
      if (number < 1 || number > most_count || number != std::floor(number)) {
        return fault(fmt::format("count: expected a whole number from 1 to {}, found {}", most_count, number)), true;
      }
      row_.count = static_cast<std::uint32_t>(number);
    } else if (key == "at") {
      const double ms = number < milliseconds_from ? number * 1000 : number;
      if (!(ms > 0 && ms < latest_milliseconds)) return fault(fmt::format("at: {} is no time of these days", number)), true;
      row_.at = from_millis(static_cast<std::int64_t>(ms));
    } else {
      return false;
    }
    return true;
  }

  bool take_text(std::string_view key, std::string& text) {
    if (key == "component") return name(key, text, row_.component);
    if (key == "target") return name(key, text, row_.target);
    if (key == "source") return word(key, text, most_source_bytes, "._-", row_.source);
    if (key == "model") return word(key, text, most_label_bytes, "._-:/@+", row_.model);
    if (key == "region") return word(key, text, most_label_bytes, "._-:/@+", row_.region);
    if (key == "request_id") return row_.request_id = clean_line(text, most_request_id_bytes), true;
    if (key == "at") {
      row_.at = parse_time(text);
      if (!row_.at) fault(fmt::format("at: expected a time such as 2026-04-13T14:03:00Z, or seconds since 1970, found {}", in_quotes(text)));
      return true;
    }
    if (key == "outcome" || key == "class") {
      row_.cls = text == "fail" ? Class::reported_bad : class_from_string(text);
      if (!row_.cls) fault(fmt::format("{}: expected ok, fail or the name of a class, found {}", key, in_quotes(text)));
      return true;
    }
    return false;
  }

  bool name(std::string_view key, std::string& text, std::string& out) {
    if (text.size() > most_name_bytes) return fault(fmt::format("{}: longer than any name", key)), true;
    out = std::move(text);
    return true;
  }
  bool word(std::string_view key, std::string& text, std::size_t most, std::string_view more, std::string& out) {
    if (text.size() > most || !plain(text, more)) {
      fault(fmt::format("{}: expected at most {} letters, digits and {}, found {}", key, most, more, in_quotes(text)));
      return true;
    }
    out = std::move(text);
    return true;
  }

  void fault(std::string what) {
    if (problem_.empty()) problem_ = std::move(what);
  }
  void refuse(std::string what) {
    ++out_.refused;
    out_.problems.push_back({rows_, std::move(what)});
  }

  void finish() {
    if (row_.component.empty() == row_.target.empty()) fault("give either component or target");
    if (row_.source.empty()) fault("source is missing: who reports this, such as \"litellm-eu\"");
    if (!row_.cls && row_.status == 0) fault("give outcome, class or status");
    if (!problem_.empty()) return refuse(std::move(problem_));
    if (!row_.cls) row_.cls = row_.status >= 200 && row_.status <= 299 ? Class::ok : class_of_status_(row_.status);
    if (std::string why = take_(row_); !why.empty()) return refuse(std::move(why));
    ++out_.accepted;
  }

  Class (*class_of_status_)(int);
  const TakeRow& take_;
  RowsRead& out_;
  ReportedRow row_;
  std::string problem_, broken_;
  std::string_view key_;
  std::size_t rows_ = 0;
  int depth_ = 0;
  bool array_allowed_ = false, in_array_ = false, in_row_ = false, stopped_ = false;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto first = text.find_first_not_of(space);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

}  // namespace

RowsRead read_reported_rows(std::string_view body, Class (*class_of_status)(int status), const TakeRow& take) {
  RowsRead out;
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  body = trimmed(body);
  if (body.empty()) {
    out.refused = 1;
    out.problems.push_back({1, "the body is empty: send a row, a list of rows, or a row a line"});
    return out;
  }
  Rows rows(class_of_status, take, out);
  // A row a line, unless the first line is not a whole one: an array, or an object spread over many lines.
  const std::string_view first = trimmed(body.substr(0, body.find('\n')));
  if (body.front() == '[' || !first.ends_with('}')) {
    rows.read(body, true);
    return out;
  }
  while (!body.empty()) {
    const auto end = std::min(body.find('\n'), body.size());
    const std::string_view line = trimmed(body.substr(0, end));
    body.remove_prefix(std::min(end + 1, body.size()));
    if (!line.empty() && !rows.read(line, false)) break;
  }
  return out;
}

}  // namespace outaged
