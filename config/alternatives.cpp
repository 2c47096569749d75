#include "config/alternatives.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace outaged::config {

void check_alternatives(Reader& reader, const std::vector<std::string>& entries, std::vector<Service>& services) {
  std::vector<std::string_view> names;
  for (const Service& service : services)
    for (const Component& component : service.components) names.push_back(component.name);
  const auto is_one = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (Service& service : services)
    for (Component& component : service.components)
      std::erase_if(component.alternatives, [&](const Alternative& each) {
        if (each.name == component.name) {
          reader.problem(each.at, fmt::format("component {} cannot be its own alternative", in_quotes(each.name)));
        } else if (!is_one(each.name) && std::find(entries.begin(), entries.end(), each.at.file) == entries.end()) {
          const auto near = nearest(each.name, names);
          reader.problem(each.at, fmt::format("no component {}; {}", in_quotes(each.name),
                                              near.empty() ? "alternatives are named service/component"
                                                           : fmt::format("did you mean {}?", near)));
        }
        return !is_one(each.name);
      });
}

}  // namespace outaged::config
