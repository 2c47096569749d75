#include "core/codec.h"

#include <fmt/format.h>

#include "core/json.h"
#include "core/text.h"

namespace outaged {
namespace {

using nlohmann::json;

template <class T>
Result<T> decode(std::string_view text, std::string_view what) {
  auto parsed = parse_json(text);
  if (!parsed) return Error{fmt::format("{}: {}", what, parsed.error())};
  try {
    T value;
    from_json(*parsed, value);
    return value;
  } catch (const Malformed& malformed) {
    return Error{fmt::format("{}: {}", what, malformed.what())};
  }
}

template <class T>
std::string encode_any(const T& value) {
  json out;
  to_json(out, value);
  return dump_json(out);
}

// The kinds of input by name. The stored name, so append only.
struct Kind {
  std::string_view operator()(const Tick&) const { return "tick"; }
  std::string_view operator()(const Observation&) const { return "observation"; }
  std::string_view operator()(const Claim&) const { return "claim"; }
  std::string_view operator()(const ConfigChange&) const { return "config"; }
  std::string_view operator()(const DeliveryReport&) const { return "delivery"; }
  std::string_view operator()(const ClockStep&) const { return "clock_step"; }
  std::string_view operator()(const OperatorAction&) const { return "operator"; }
  std::string_view operator()(const Reporting&) const { return "reporting"; }
};

struct Body {
  json operator()(const Tick&) const { return json::object(); }
  json operator()(const ConfigChange& change) const {
    return {{"topology", change.topology ? change.topology->hash : std::string()}};
  }
  template <class T>
  json operator()(const T& value) const {
    json out;
    to_json(out, value);
    return out;
  }
};

template <class T>
T from(const json& in) {
  T value;
  from_json(in, value);
  return value;
}

}  // namespace

std::string encode(const Evidence& evidence) { return encode_any(evidence); }
std::string encode(const Claim& claim) { return encode_any(claim); }
std::string encode(const Verdict& verdict) { return encode_any(verdict); }
std::string encode(const Incident& incident) { return encode_any(incident); }
std::string encode(const Notification& notification) { return encode_any(notification); }
std::string encode(const Topology& topology) { return encode_any(topology); }

std::string encode_input(const Input& input) {
  json out = std::visit(Body{}, input.what);
  out["kind"] = std::visit(Kind{}, input.what);
  return dump_json(out);
}

Result<Evidence> decode_evidence(std::string_view text) { return decode<Evidence>(text, "evidence"); }
Result<Claim> decode_claim(std::string_view text) { return decode<Claim>(text, "claim"); }
Result<Verdict> decode_verdict(std::string_view text) { return decode<Verdict>(text, "verdict"); }
Result<Incident> decode_incident(std::string_view text) { return decode<Incident>(text, "incident"); }
Result<Notification> decode_notification(std::string_view text) { return decode<Notification>(text, "notification"); }
Result<Topology> decode_topology(std::string_view text) { return decode<Topology>(text, "topology"); }

Result<Input> decode_input(std::string_view text, Seq seq, Timestamp at,
                           const std::function<std::shared_ptr<const Topology>(const std::string&)>& topology_of) {
  const auto problem = [&](std::string_view what) { return Error{fmt::format("input {}: {}", seq, what)}; };
  const auto parsed = parse_json(text);
  if (!parsed) return problem(parsed.error());
  const json& in = *parsed;
  if (!in.is_object()) return problem("expected an object");
  const auto text_at = [&](const char* key) {
    const auto found = in.find(key);
    return found != in.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const std::string kind = text_at("kind");
  Input input{seq, at, Tick{}};
  try {
    if (kind == Kind{}(Tick{})) return input;
    if (kind == Kind{}(Observation{})) return input.what = from<Observation>(in), input;
    if (kind == Kind{}(Claim{})) return input.what = from<Claim>(in), input;
    if (kind == Kind{}(DeliveryReport{})) return input.what = from<DeliveryReport>(in), input;
    if (kind == Kind{}(ClockStep{})) return input.what = from<ClockStep>(in), input;
    if (kind == Kind{}(OperatorAction{})) return input.what = from<OperatorAction>(in), input;
    if (kind == Kind{}(Reporting{})) return input.what = from<Reporting>(in), input;
  } catch (const Malformed& malformed) {
    return problem(fmt::format("{}: {}", kind, malformed.what()));
  }
  if (kind == Kind{}(ConfigChange{})) {
    const std::string hash = text_at("topology");
    auto topology = topology_of ? topology_of(hash) : nullptr;
    if (!topology) return problem(fmt::format("config: unknown topology \"{}\"", clean_line(hash, 100)));
    input.what = ConfigChange{std::move(topology)};
    return input;
  }
  return problem(fmt::format("unknown kind \"{}\"", clean_line(kind, 100)));
}

}  // namespace outaged
