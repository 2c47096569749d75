// Compares a report, as `outaged page --json` prints it, with a row of ground truth (see the README beside the rows):
// a list in place of a scalar, or at `components`, means "any of these".
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace outaged::test {

class RowCheck {
 public:
  RowCheck(const nlohmann::json& row, const nlohmann::json& actual) : row_(row), actual_(actual) {
    readable();
    if (actual.at("readable") == true) {
      one_of("format", row.at("format"), actual.at("format"));
      one_of("page", row.at("page"), actual.at("page"));
      components();
      incidents(row.at("incidents"), actual.at("incidents"));
      for (const char* key : {"active", "scheduled"})
        one_of(std::string("maintenance.") + key, row.at("maintenance").at(key), actual.at("maintenance").at(key));
      one_of("document_time", row.at("document_time"), actual.at("document_time"));
    }
  }
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  using Json = nlohmann::json;

  void fail(const std::string& where, const Json& expected, const Json& actual) {
    problems_.push_back(where + ": " + actual.dump() + ", expected " + expected.dump());
  }
  static bool matches(const Json& expected, const Json& actual) {
    if (!expected.is_array()) return expected == actual;
    for (const Json& value : expected)
      if (value == actual) return true;
    return false;
  }
  void one_of(const std::string& where, const Json& expected, const Json& actual) {
    if (!matches(expected, actual)) fail(where, expected, actual);
  }
  void readable() {
    one_of("readable", row_.at("readable"), actual_.at("readable"));
    one_of("claim", row_.at("claim"), actual_.at("claim"));
    // An "unknown" that is not the preferred answer is right for readers that refuse, and for them alone.
    const Json& claim = row_.at("claim");
    const bool refuses = row_.at("readable").is_array() && actual_.at("readable") == false;
    if (claim.is_array() && claim.at(0) != "unknown" && actual_.at("claim") == "unknown" && !refuses &&
        row_.at("readable").is_array())
      fail("claim", claim, actual_.at("claim"));
  }
  static std::string differs(const Json& expected, const Json& actual) {
    if (expected.is_null()) return {};
    if (!actual.is_object()) return "no list of components";
    for (const char* key : {"total", "groups", "leaves"})
      if (!matches(expected.at(key), actual.at(key))) return std::string(key) + " " + actual.at(key).dump();
    for (const auto& [claim, count] : actual.at("by_claim").items())
      if (!matches(expected.at("by_claim").value(claim, Json(0)), count)) return claim + " " + count.dump();
    for (const auto& [claim, count] : expected.at("by_claim").items())
      if (!matches(count, actual.at("by_claim").value(claim, Json(0)))) return "not so many " + claim;
    for (const Json& named : expected.at("named")) {
      const Json* found = nullptr;
      for (const Json& candidate : actual.at("named"))
        if (named.at("id").is_null() ? candidate.at("name") == named.at("name") : candidate.at("id") == named.at("id"))
          found = &candidate;
      if (!found) return "no " + named.dump();
      if (!matches(named.at("claim"), found->at("claim"))) return found->dump();
      if (!named.at("name").is_null() && !matches(named.at("name"), found->at("name"))) return found->dump();
    }
    return {};
  }
  void components() {
    const Json& expected = row_.at("components");
    const Json& actual = actual_.at("components");
    std::string first;
    for (const Json& each : expected.is_array() ? expected : Json::array({expected})) {
      const std::string problem = differs(each, actual);
      if (problem.empty()) return;
      if (first.empty()) first = problem;
    }
    problems_.push_back("components: " + first);
  }
  void incidents(const Json& expected, const Json& actual) {
    one_of("incidents.open", expected.at("open"), actual.at("open"));
    one_of("incidents.resolved", expected.at("resolved"), actual.at("resolved"));
    for (const Json& want : expected.at("named")) {
      const Json* have = nullptr;
      for (const Json& candidate : actual.at("named")) {
        const bool by_id = !want.at("id").is_null() && matches(want.at("id"), candidate.at("id"));
        const bool by_name = matches(want.at("name"), candidate.at("name"));
        // Some documents give several incidents one id.
        if ((by_id && (by_name || !have)) || (by_name && !have)) have = &candidate;
      }
      if (!have) {
        if (matches(expected.at("open"), actual.at("open")) &&
            actual.at("named").size() < expected.at("named").size() &&
            (expected.at("open").is_array() || expected.at("resolved").is_array()))
          continue;  // fewer are right too
        fail("incidents.named", want, actual.at("named"));
        continue;
      }
      if (!want.at("id").is_null()) one_of("incident id", want.at("id"), have->at("id"));
      for (const char* key : {"name", "status", "impact", "created_at", "open"})
        if (!want.at(key).is_null())
          one_of("incident " + want.at("id").dump() + " " + key, want.at(key), have->at(key));
      if (!want.at("resolved_at").is_null() || want.at("open") == true)
        one_of("incident " + want.at("id").dump() + " resolved_at", want.at("resolved_at"), have->at("resolved_at"));
    }
  }

  const Json &row_, &actual_;
  std::vector<std::string> problems_;
};

}  // namespace outaged::test
