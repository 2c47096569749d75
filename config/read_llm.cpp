// The keys of kind `llm`. What a completion may cost is bounded here: its length always, its number by a budget that is
// on unless it is set higher.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/sections.h"
#include "config/values.h"
#include "core/text.h"

namespace outaged::config {
namespace {

enum Need : unsigned { none = 0, region = 1, project = 2, deployment = 4, version = 8, url = 16, aws = 32 };

/// What each wire wants to know. The requests themselves are probes/llm/requests.cpp; a test holds the two together.
struct WireKeys {
  std::string_view name, provider;
  unsigned takes;            // Need; all but `version` and `aws` are required then
  bool key = true;           // false: it may be asked without one
  bool counts = false;       // has a rung `count`
  bool lists = true;         // has a rung `models`
  int least_tokens = 1;      // fewer are refused
  bool own = false;          // a server of one's own: nothing is paid
};
constexpr WireKeys wires[] = {
    {"anthropic", "anthropic", version, true, true},
    {"openai", "openai", none},
    {"openai-responses", "openai", none, true, false, true, 16},
    {"gemini", "google", none, true, true},
    {"vertex", "google", region | project, true, true, false},
    {"vertex-anthropic", "google", region | project, true, true, false},
    {"bedrock", "aws", region | aws, true, true, false},
    {"bedrock-anthropic", "aws", region | aws, true, true, false},
    {"azure-openai", "azure", url | deployment | version},
    {"mistral", "mistral", none},
    {"groq", "groq", none},
    {"openrouter", "openrouter", none},
    {"openai-compatible", "", url, false},
    {"ollama", "ollama", none, false, false, true, 1, true},
    {"llamacpp", "llamacpp", none, false, true, true, 1, true},
    {"vllm", "vllm", none, false, false, true, 1, true},
};

constexpr int most_tokens = 1024;
/// About 60,000 tokens a day are a few cents with most models; 2,000 requests are one paid run a minute, and a quarter
/// in reserve for when something is wrong.
constexpr std::int64_t default_requests = 2000, default_tokens = 60'000;
constexpr std::int64_t own_requests = 14'400, own_tokens = 1'000'000;
constexpr std::int64_t most_budget = 1'000'000'000;
constexpr Duration default_timeout = 60s, default_slow_floor = 10s;
constexpr const char* default_azure_version = "2024-10-21";

bool number(Section& section, std::string_view key, std::int64_t& out) {
  std::string text;
  if (!section.text(key, text)) return false;
  const auto value = parse_integer(text);
  if (!value || *value < 1 || *value > most_budget) {
    section.reader().problem(section.place(key),
                             fmt::format("{} must be a whole number from 1 to {}; a budget cannot be switched off", key, most_budget));
    return false;
  }
  out = *value;
  return true;
}

void read_place(Section& section, const WireKeys& wire, LlmCheck& check) {
  Reader& reader = section.reader();
  section.url("url", check.url);
  if ((wire.takes & url) != 0 && !section.has("url"))
    reader.problem(section.at(), fmt::format("wire {} needs the key url{}", wire.name,
                                             (wire.takes & deployment) != 0 ? ": https://NAME.openai.azure.com" : ""));
  struct Place {
    std::string_view key;
    Need need;
    bool required;
    std::string& out;
  };
  for (const Place& place : {Place{"region", region, true, check.region}, Place{"project", project, true, check.project},
                             Place{"deployment", deployment, true, check.deployment},
                             Place{"api_version", version, false, check.api_version}}) {
    const bool given = section.text(place.key, place.out);
    if ((wire.takes & place.need) == 0 && section.has(place.key))
      reader.problem(section.place(place.key), fmt::format("wire {} takes no {}; remove it", wire.name, place.key));
    if ((wire.takes & place.need) != 0 && place.required && !given && !section.has(place.key))
      reader.problem(section.at(), fmt::format("wire {} needs the key {}", wire.name, place.key));
  }
  if (check.api_version.empty() && (wire.takes & deployment) != 0) check.api_version = default_azure_version;
}

/// True: there is something to authenticate with.
bool read_keys(Section& section, const WireKeys& wire, LlmCheck& check) {
  Reader& reader = section.reader();
  section.secret("api_key", check.api_key);
  const bool id = section.secret("access_key_id", check.access_key_id);
  const bool secret = section.secret("secret_access_key", check.secret_access_key);
  const bool token = section.secret("session_token", check.session_token);
  if ((wire.takes & aws) == 0 && (id || secret || token))
    reader.problem(section.at(), fmt::format("wire {} takes an api_key, not an AWS key; remove access_key_id, "
                                             "secret_access_key and session_token", wire.name));
  else if (id != secret)
    reader.problem(section.at(), fmt::format("{} is missing: an AWS key is access_key_id and secret_access_key together",
                                             id ? "secret_access_key" : "access_key_id"));
  else if (id && !check.api_key.empty())
    reader.problem(section.place("api_key"), "give either api_key or an AWS key, not both");
  return !check.api_key.empty() || (id && secret);
}

void read_models(Section& section, const WireKeys& wire, LlmCheck& check) {
  Reader& reader = section.reader();
  const bool one = section.text("model", check.model), many = section.texts("models", check.models);
  if (section.has("model") && section.has("models"))
    reader.problem(section.place("models"), "give either model or models, not both");
  const bool optional = wire.name == "llamacpp" || (wire.takes & deployment) != 0;  // the server, or the deployment, has one
  if (many && (wire.takes & deployment) != 0)
    reader.problem(section.place("models"), "a deployment has one model; make a target of each deployment");
  if (many && check.models.empty()) reader.problem(section.place("models"), "models is empty; name at least one");
  if (!one && !many && !optional && !section.has("model") && !section.has("models"))
    reader.problem(section.at(), fmt::format("wire {} needs the key model, or models for several", wire.name));
  std::set<std::string> seen;
  for (const std::string& model : check.models)
    if (!seen.insert(model).second)
      reader.problem(section.place("models"), fmt::format("model {} is named twice", in_quotes(model)));
}

void read_tokens(Section& section, const WireKeys& wire, LlmCheck& check) {
  std::string text;
  if (!section.text("max_tokens", text)) return;
  const auto value = parse_integer(text);
  if (value && *value >= wire.least_tokens && *value <= most_tokens) {
    check.max_tokens = static_cast<int>(*value);
  } else if (value && *value >= 1 && *value < wire.least_tokens) {
    section.reader().problem(section.place("max_tokens"),
                             fmt::format("wire {} refuses fewer than {} tokens", wire.name, wire.least_tokens));
  } else {
    section.reader().problem(section.place("max_tokens"),
                             fmt::format("max_tokens must be a whole number from {} to {}, not {}: an uncapped completion "
                                         "is refused, for one could cost more than a month of probes",
                                         wire.least_tokens, most_tokens, in_quotes(text)));
  }
}

void read_ladder(Section& section, const WireKeys& wire, bool keyed, LlmCheck& check) {
  Reader& reader = section.reader();
  section.boolean("stream", check.stream);
  section.choice("ladder", check.ladder, {"auto", "canary", "models", "count", "completion", "stream"});
  const auto impossible = [&](std::string_view why) {
    reader.problem(section.place("ladder"), fmt::format("ladder: {} {}", check.ladder, why));
  };
  if (check.ladder == "stream" && !check.stream) impossible("needs stream: true");
  if (check.ladder == "canary" && !wire.key) impossible(fmt::format("is for APIs that refuse a request without a key; wire {} answers it", wire.name));
  if (check.ladder == "count" && !wire.counts) impossible(fmt::format("is nothing that wire {} has", wire.name));
  if (check.ladder == "models" && !wire.lists) impossible(fmt::format("is nothing that wire {} has", wire.name));
  if (wire.key && !keyed) {
    if (check.ladder != "auto" && check.ladder != "canary") impossible("needs a key; add api_key_file");
    if (check.ladder == "auto") reader.note(section.at(), "edge only: cannot see failing completions; add api_key_file");
  }
}

void read_budget(Section& section, const WireKeys& wire, const Target& target, LlmCheck& check) {
  Reader& reader = section.reader();
  check.requests_per_day = wire.own ? own_requests : default_requests;
  check.tokens_per_day = wire.own ? own_tokens : default_tokens;
  const Node* node = section.get("budget");
  if (node != nullptr) {
    Section budget(reader, *node, "a budget");
    number(budget, "tokens_per_day", check.tokens_per_day);
    number(budget, "requests_per_day", check.requests_per_day);
    budget.finish();
  }
  check.ledger = target.name.substr(0, target.name.find('/'));
  if (std::string ledger; section.text("ledger", ledger)) {
    if (is_name(ledger))
      check.ledger = ledger;
    else
      reader.problem(section.place("ledger"), "ledger must be of a-z, 0-9, _ and -, and begin with a letter or digit");
  }
  if (check.ladder != "completion" && check.ladder != "stream") return;
  const std::int64_t needed = std::chrono::ceil<Duration>(24h) / target.rules.interval;
  if (needed > check.requests_per_day)
    reader.problem(section.place("ladder"),
                   fmt::format("ladder: {} asks {} paid requests a day at the interval {}, and the budget is {}; raise the "
                               "interval or budget.requests_per_day, or leave the ladder to outaged",
                               check.ladder, needed, format_duration(target.rules.interval), check.requests_per_day));
}

/// As a part of a target's name.
std::string name_of(std::string_view model) {
  std::string out = lower_ascii(model);
  for (char& c : out) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (!plain) c = '-';
  }
  return out;
}

}  // namespace

void default_llm_pace(Pace& pace) {
  if (pace.timeout_at.level < 0) pace.timeout = default_timeout;
  if (pace.slow_at.level < 0) {
    pace.rules.slow_floor = default_slow_floor;
    pace.rules.slow_cap = std::max(pace.rules.slow_cap, default_slow_floor);
  }
}

void read_llm_check(Section& section, Target& target) {
  Reader& reader = section.reader();
  LlmCheck& check = target.check.emplace<LlmCheck>();
  std::vector<std::string_view> names;
  for (const WireKeys& wire : wires) names.push_back(wire.name);
  section.require("wire", fmt::format("which API it speaks: {}", fmt::join(names, ", ")));
  const bool known = section.choice("wire", check.wire, names);
  const auto* found = std::find_if(std::begin(wires), std::end(wires), [&](const WireKeys& wire) { return wire.name == check.wire; });
  // Of an unknown wire all keys are read, so that none is called unknown for it.
  static constexpr WireKeys unknown{"", "", region | project | deployment | version | aws, false, true, true};
  const WireKeys& wire = known && found != std::end(wires) ? *found : unknown;
  const std::size_t before = reader.problems.size();
  read_place(section, wire, check);
  const bool keyed = read_keys(section, wire, check);
  read_models(section, wire, check);
  read_tokens(section, wire, check);
  read_ladder(section, wire, keyed, check);
  read_budget(section, wire, target, check);
  if (!known) reader.problems.erase(reader.problems.begin() + static_cast<std::ptrdiff_t>(before), reader.problems.end());
  read_headers(section, check.headers);

  check.first_token = std::min(check.first_token, target.timeout);
  check.max_gap = std::min(check.max_gap, target.timeout);
  for (const auto& [key, out] : {std::pair{"first_token", &check.first_token}, std::pair{"max_gap", &check.max_gap}}) {
    if (section.duration(key, *out, 10ms, 1h) && *out > target.timeout)
      reader.problem(section.place(key), fmt::format("{} {} is longer than the timeout {}, so it can never be reached", key,
                                                     format_duration(*out), format_duration(target.timeout)));
  }
  std::string provider(wire.provider);
  section.text("provider", provider);
  if (!provider.empty()) target.labels.emplace("provider", clean_line(provider, 200));
  if (!check.region.empty()) target.labels.emplace("region", clean_line(check.region, 200));
  const std::string& model = check.model.empty() ? check.deployment : check.model;
  if (!model.empty()) target.labels.emplace("model", clean_line(model, 200));
}

void spread_models(Section& section, const Pace& pace, Target target, std::vector<Target>& out) {
  Reader& reader = section.reader();
  auto& check = std::get<LlmCheck>(target.check);
  if (check.models.empty()) return out.push_back(std::move(target));
  const std::vector<std::string> models = std::exchange(check.models, {});
  // Each model is asked in its turn: what all of them cost together is what one would.
  Pace slower = pace;
  slower.rules.interval = std::min<Duration>(target.rules.interval * static_cast<int>(models.size()), 24h);
  Duration timeout{};
  settle_pace(reader, slower, target.rules, timeout);
  target.timeout = std::min(target.timeout, timeout);
  std::set<std::string> names;
  for (const std::string& model : models) {
    Target each = target;
    each.name = target.name + "/" + name_of(model);
    if (!names.insert(each.name).second)
      reader.problem(section.place("models"),
                     fmt::format("two models would have the name {}; make a target of each", in_quotes(each.name)));
    std::get<LlmCheck>(each.check).model = model;
    each.labels["model"] = clean_line(model, 200);
    out.push_back(std::move(each));
  }
}

void read_probing(Reader& reader, const Node& node, Probing& out) {
  Section section(reader, node, "probing");
  section.integer("max_per_host", out.max_per_host, 1, 100'000);
  if (const Node* budget = section.get("budget")) {
    Section all(reader, *budget, "a budget");
    number(all, "tokens_per_day", out.tokens_per_day);
    number(all, "requests_per_day", out.requests_per_day);
    all.finish();
  }
  section.finish();
}

}  // namespace outaged::config
