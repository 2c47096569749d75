#include "core/json.h"

#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/fields.h"
#include "core/text.h"

namespace outaged {
namespace {

using nlohmann::json;

template <class T>
concept Described = requires(T& value) { fields::each([](const char*, auto&) {}, value); };
template <class T>
concept Enum = std::is_enum_v<T>;
template <class T>
concept Id = std::same_as<T, TargetId> || std::same_as<T, ComponentId> || std::same_as<T, ServiceId> ||
             std::same_as<T, PageId>;
template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool>;

// Enums by name: the readers, by overload.
std::optional<Class> named(std::string_view name, Class) { return class_from_string(name); }
std::optional<Status> named(std::string_view name, Status) { return status_from_string(name); }
std::optional<Agreement> named(std::string_view name, Agreement) { return agreement_from_string(name); }
std::optional<Importance> named(std::string_view name, Importance) { return importance_from_string(name); }
std::optional<NotificationKind> named(std::string_view name, NotificationKind) {
  return notification_kind_from_string(name);
}
std::optional<UpdateReason> named(std::string_view name, UpdateReason) { return update_reason_from_string(name); }
std::optional<OutboxState> named(std::string_view name, OutboxState) { return outbox_state_from_string(name); }

// Writing. Declared before they are defined, because containers and structs hold one another.
template <Described T>
json write(const T& value);
template <class T>
json write(const std::vector<T>& list);

json write(const std::string& value) { return value; }
json write(bool value) { return value; }
json write(const Labels& value) { return value; }
json write(const std::pair<std::string, std::string>& value) { return json::array({value.first, value.second}); }
template <Integer T>
json write(T value) { return value; }
template <Id T>
json write(T value) { return index(value); }
template <Enum T>
  requires(!Id<T>)
json write(T value) { return std::string(to_string(value)); }
template <class Rep, class Period>
json write(std::chrono::duration<Rep, Period> value) { return value.count(); }
json write(Timestamp value) { return to_millis(value); }
json write(double value) {
  // JSON has no word for these; null would be read back as something else.
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}
json write(const std::shared_ptr<const Evidence>& value) { return value ? write(*value) : json(); }

template <class T>
json write(const std::vector<T>& list) {
  json out = json::array();
  for (const T& item : list) out.push_back(write(item));
  return out;
}

template <Described T>
json write(const T& value) {
  json out = json::object();
  const auto put = [&]<class Field>(const char* key, const Field& field) {
    if constexpr (requires { field.has_value(); }) {
      if (field) out[key] = write(*field);
    } else {
      out[key] = write(field);
    }
  };
  fields::each(put, value);
  return out;
}

// Reading.
[[noreturn]] void expected(std::string_view what, const json& in) {
  constexpr std::size_t enough = 60;
  const bool scalar = !in.is_structured();
  throw Malformed(fmt::format("expected {}, found {}", what,
                              scalar ? clean_line(dump_json(in), enough) : in.is_array() ? "a list" : "an object"));
}

template <Described T>
void read(const json& in, T& value);
template <class T>
void read(const json& in, std::vector<T>& list);

void read(const json& in, std::string& value) {
  if (!in.is_string()) expected("text", in);
  value = in.get_ref<const std::string&>();
}
void read(const json& in, bool& value) {
  if (!in.is_boolean()) expected("true or false", in);
  value = in.get<bool>();
}
template <Integer T>
void read(const json& in, T& value) {
  // get<T>() would cut a number that does not fit, and a fraction, without a word.
  if (in.is_number_unsigned() && std::in_range<T>(in.get<std::uint64_t>())) {
    value = static_cast<T>(in.get<std::uint64_t>());
  } else if (in.is_number_integer() && !in.is_number_unsigned() && std::in_range<T>(in.get<std::int64_t>())) {
    value = static_cast<T>(in.get<std::int64_t>());
  } else {
    expected(fmt::format("a whole number from {} to {}", std::numeric_limits<T>::min(), std::numeric_limits<T>::max()),
             in);
  }
}
void read(const json& in, double& value) {
  if (in.is_number()) {
    value = in.get<double>();
  } else if (in == "NaN") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (in == "Infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (in == "-Infinity") {
    value = -std::numeric_limits<double>::infinity();
  } else {
    expected("a number", in);
  }
}
template <class Rep, class Period>
void read(const json& in, std::chrono::duration<Rep, Period>& value) {
  Rep count = 0;
  read(in, count);
  value = std::chrono::duration<Rep, Period>{count};
}
void read(const json& in, Timestamp& value) {
  std::int64_t ms = 0;
  read(in, ms);
  value = from_millis(ms);
}
template <Id T>
void read(const json& in, T& value) {
  std::uint32_t number = 0;
  read(in, number);
  value = T{number};
}
template <Enum T>
  requires(!Id<T>)
void read(const json& in, T& value) {
  if (!in.is_string()) expected("a name", in);
  const auto found = named(in.get_ref<const std::string&>(), value);
  if (!found) throw Malformed(fmt::format("unknown name {}", clean_line(dump_json(in), 60)));
  value = *found;
}
void read(const json& in, Labels& value) {
  if (!in.is_object()) expected("an object", in);
  value.clear();
  for (const auto& [key, item] : in.items()) {
    try {
      read(item, value[key]);
    } catch (Malformed& malformed) {
      malformed.inside(key);
      throw;
    }
  }
}
void read(const json& in, std::pair<std::string, std::string>& value) {
  if (!in.is_array() || in.size() != 2 || !in[0].is_string() || !in[1].is_string()) expected("[name, value]", in);
  value = {in[0].get<std::string>(), in[1].get<std::string>()};
}
void read(const json& in, std::shared_ptr<const Evidence>& value) {
  if (in.is_null()) {
    value = nullptr;
    return;
  }
  auto evidence = std::make_shared<Evidence>();
  read(in, *evidence);
  value = std::move(evidence);
}
template <class T>
void read(const json& in, std::optional<T>& value) {
  if (in.is_null()) {
    value.reset();
  } else {
    read(in, value.emplace());
  }
}
template <class T>
void read(const json& in, std::vector<T>& list) {
  if (!in.is_array()) expected("a list", in);
  list.clear();
  list.reserve(in.size());
  for (const json& item : in) {
    try {
      read(item, list.emplace_back());
    } catch (Malformed& malformed) {
      malformed.inside(list.size() - 1);
      throw;
    }
  }
}
template <Described T>
void read(const json& in, T& value) {
  if (!in.is_object()) expected("an object", in);
  const auto take = [&](const char* key, auto& field) {
    const auto found = in.find(key);
    if (found == in.end()) return;
    try {
      read(*found, field);
    } catch (Malformed& malformed) {
      malformed.inside(key);
      throw;
    }
  };
  fields::each(take, value);
}

/// How deep the brackets nest. Exact for JSON; for anything else the parser has the last word.
bool deeper_than(std::string_view text, std::size_t max_depth) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_depth) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace

const char* Malformed::what() const noexcept {
  try {
    what_ = path_.empty() ? problem_ : path_ + ": " + problem_;
  } catch (...) {
    return problem_.c_str();
  }
  return what_.c_str();
}

void Malformed::inside(std::string_view key) {
  const bool dot = !path_.empty() && path_.front() != '[';
  path_ = std::string(key) + (dot ? "." : "") + path_;
}

void Malformed::inside(std::size_t position) {
  const bool dot = !path_.empty() && path_.front() != '[';
  path_ = fmt::format("[{}]{}{}", position, dot ? "." : "", path_);
}

Result<json> parse_json(std::string_view text, std::size_t max_depth) {
  if (deeper_than(text, max_depth)) return Error{fmt::format("not taken: nested deeper than {} levels", max_depth)};
  try {
    return json::parse(text);
  } catch (const json::exception& exception) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: …": the first part tells a person nothing.
    std::string_view what = exception.what();
    if (const auto end = what.find("] "); what.starts_with('[') && end != what.npos) what.remove_prefix(end + 2);
    return Error{"not JSON: " + clean_line(what)};
  }
}

std::string dump_json(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

void to_json(json& out, Class value) { out = write(value); }
void to_json(json& out, Fault value) { out = write(value); }
void to_json(json& out, Counts value) { out = write(value); }
void to_json(json& out, Status value) { out = write(value); }
void to_json(json& out, Agreement value) { out = write(value); }
void to_json(json& out, Importance value) { out = write(value); }
void to_json(json& out, Disposition value) { out = write(value); }
void to_json(json& out, NotificationKind value) { out = write(value); }
void to_json(json& out, UpdateReason value) { out = write(value); }
void to_json(json& out, OutboxState value) { out = write(value); }

void from_json(const json& in, Class& value) { read(in, value); }
void from_json(const json& in, Status& value) { read(in, value); }
void from_json(const json& in, Agreement& value) { read(in, value); }
void from_json(const json& in, Importance& value) { read(in, value); }
void from_json(const json& in, NotificationKind& value) { read(in, value); }
void from_json(const json& in, UpdateReason& value) { read(in, value); }
void from_json(const json& in, OutboxState& value) { read(in, value); }

void to_json(json& out, const Timings& value) { out = write(value); }
void to_json(json& out, const Evidence& value) { out = write(value); }
void to_json(json& out, const Observation& value) { out = write(value); }
void to_json(json& out, const Claim& value) { out = write(value); }
void to_json(json& out, const Verdict& value) { out = write(value); }
void to_json(json& out, const Proof& value) { out = write(value); }
void to_json(json& out, const PageProof& value) { out = write(value); }
void to_json(json& out, const Admission& value) { out = write(value); }
void to_json(json& out, const Incident& value) { out = write(value); }
void to_json(json& out, const NotificationProof& value) { out = write(value); }
void to_json(json& out, const Notification& value) { out = write(value); }
void to_json(json& out, const DeliveryReport& value) { out = write(value); }
void to_json(json& out, const ClockStep& value) { out = write(value); }
void to_json(json& out, const OperatorAction& value) { out = write(value); }
void to_json(json& out, const Reporting& value) { out = write(value); }
void to_json(json& out, const TargetSpec& value) { out = write(value); }
void to_json(json& out, const Topology& value) { out = write(value); }

void from_json(const json& in, Timings& value) { read(in, value); }
void from_json(const json& in, Evidence& value) { read(in, value); }
void from_json(const json& in, Observation& value) { read(in, value); }
void from_json(const json& in, Claim& value) { read(in, value); }
void from_json(const json& in, Verdict& value) { read(in, value); }
void from_json(const json& in, Proof& value) { read(in, value); }
void from_json(const json& in, PageProof& value) { read(in, value); }
void from_json(const json& in, Admission& value) { read(in, value); }
void from_json(const json& in, Incident& value) { read(in, value); }
void from_json(const json& in, NotificationProof& value) { read(in, value); }
void from_json(const json& in, Notification& value) { read(in, value); }
void from_json(const json& in, DeliveryReport& value) { read(in, value); }
void from_json(const json& in, ClockStep& value) { read(in, value); }
void from_json(const json& in, OperatorAction& value) { read(in, value); }
void from_json(const json& in, Reporting& value) { read(in, value); }
void from_json(const json& in, TargetSpec& value) { read(in, value); }
void from_json(const json& in, Topology& value) { read(in, value); }

}  // namespace outaged
