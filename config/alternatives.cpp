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
        const bool own = each.name == component.name;
        if (!own && is_one(each.name)) return false;
        if (std::find(entries.begin(), entries.end(), each.at.file) != entries.end()) return true;
        const auto near = nearest(each.name, names);
        reader.problem(each.at, own ? fmt::format("component {} cannot be its own alternative", in_quotes(each.name))
                                : near.empty()
                                    ? fmt::format("no component {}; alternatives are named service/component",
                                                  in_quotes(each.name))
                                    : fmt::format("no component {}; did you mean {}?", in_quotes(each.name), near));
        return true;
      });
}

}  // namespace outaged::config
