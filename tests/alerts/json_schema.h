// As much of JSON Schema (2020-12) as docs/webhook.schema.json uses. An unknown keyword is an error, so that the schema
// cannot promise what is not checked.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace outaged::test {

class JsonSchema {
 public:
  explicit JsonSchema(nlohmann::json root) : root_(std::move(root)) {}
  /// "" or the first thing that is wrong, with its place.
  std::string check(const nlohmann::json& value) const { return check(root_, value, "$"); }

 private:
  using Json = nlohmann::json;

  static bool is(const Json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_boolean();
    return type == "null" && value.is_null();
  }

  std::string check(const Json& schema, const Json& value, const std::string& at) const {
    static const std::set<std::string> ignored = {"$schema", "$id", "$defs", "title", "description", "format"};
    for (const auto& [keyword, rule] : schema.items()) {
      if (ignored.contains(keyword)) continue;
      std::string wrong;
      if (keyword == "$ref") {
        const std::string name = rule.get<std::string>();
        wrong = check(root_.at(Json::json_pointer(name.substr(1))), value, at);
      } else if (keyword == "type") {
        bool fits = false;
        if (rule.is_array()) for (const auto& type : rule) fits = fits || is(value, type);
        else fits = is(value, rule);
        if (!fits) wrong = at + ": is not " + rule.dump();
      } else if (keyword == "const") {
        if (value != rule) wrong = at + ": is not " + rule.dump();
      } else if (keyword == "enum") {
        bool fits = false;
        for (const auto& one : rule) fits = fits || one == value;
        if (!fits) wrong = at + ": " + value.dump() + " is not one of " + rule.dump();
      } else if (keyword == "required") {
        for (const auto& name : rule) if (value.is_object() && !value.contains(name)) wrong = at + ": lacks " + name.dump();
      } else if (keyword == "properties") {
        if (value.is_object()) for (const auto& [name, sub] : rule.items())
          if (value.contains(name) && wrong.empty()) wrong = check(sub, value.at(name), at + "." + name);
      } else if (keyword == "additionalProperties") {
        if (value.is_object()) for (const auto& [name, member] : value.items())
          if (!schema.at("properties").contains(name)) wrong = at + ": has an undocumented " + name;
      } else if (keyword == "items") {
        if (value.is_array()) for (std::size_t i = 0; i < value.size() && wrong.empty(); ++i) wrong = check(rule, value[i], at + "[" + std::to_string(i) + "]");
      } else if (keyword == "minItems") {
        if (value.is_array() && value.size() < rule.get<std::size_t>()) wrong = at + ": too few";
      } else if (keyword == "maxItems") {
        if (value.is_array() && value.size() > rule.get<std::size_t>()) wrong = at + ": too many";
      } else if (keyword == "oneOf") {
        int fits = 0;
        std::string why;
        for (const auto& sub : rule) {
          const std::string one = check(sub, value, at);
          fits += one.empty() ? 1 : 0;
          why += " | " + one;
        }
        if (fits != 1) wrong = at + ": fits " + std::to_string(fits) + " of oneOf" + why;
      } else {
        wrong = at + ": the schema uses " + keyword + ", which is not checked";
      }
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

  Json root_;
};

}  // namespace outaged::test
