#include "probes/pages/fields.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/markup.h"
#include "probes/pages/times.h"
#include "probes/pages/words.h"

namespace outaged::probes {

using nlohmann::json;

const json* find(const json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

const json* find(const json& object, std::initializer_list<std::string_view> path) {
  const json* at = &object;
  for (const std::string_view key : path)
    if (at) at = find(*at, key);
  return at;
}

const json* list_at(const json& object, std::string_view key) {
  const json* value = find(object, key);
  return value && value->is_array() ? value : nullptr;
}

const json* object_at(const json& object, std::string_view key) {
  const json* value = find(object, key);
  return value && value->is_object() ? value : nullptr;
}

bool all_objects(const json& list) {
  return list.is_array() && std::all_of(list.begin(), list.end(), [](const json& each) { return each.is_object(); });
}

std::string text_at(const json& object, std::string_view key) {
  const json* value = find(object, key);
  return value && value->is_string() ? clean_line(value->get_ref<const std::string&>(), max_page_text) : std::string{};
}

std::string lines_at(const json& object, std::string_view key) {
  const json* value = find(object, key);
  if (!value || !value->is_string()) return {};
  std::string text = clean_utf8(value->get_ref<const std::string&>());
  return text.size() > max_page_text ? clean_line(text, max_page_text) : text;
}

std::string word_at(const json& object, std::string_view key) { return lower_ascii(text_at(object, key)); }

std::string id_of(const json& value) {
  if (value.is_number_integer()) return value.dump();
  return value.is_string() ? clean_line(value.get_ref<const std::string&>(), max_page_text) : std::string{};
}

std::string id_at(const json& object, std::string_view key) {
  const json* value = find(object, key);
  return value ? id_of(*value) : std::string{};
}

std::optional<Timestamp> time_at(const json& object, std::string_view key) {
  const json* value = find(object, key);
  if (!value) return std::nullopt;
  if (value->is_number()) return epoch_time(value->get<double>());
  return value->is_string() ? read_time(value->get_ref<const std::string&>()) : std::nullopt;
}

std::optional<Timestamp> time_at(const json& object, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys)
    if (const auto time = time_at(object, key)) return time;
  return std::nullopt;
}

bool flag_at(const json& object, std::string_view key) {
  const json* value = find(object, key);
  return value && value->is_boolean() && value->get<bool>();
}

std::optional<std::int64_t> number_at(const json& object, std::string_view key) {
  const json* value = find(object, key);
  if (!value) return std::nullopt;
  if (value->is_number_unsigned() && value->get<std::uint64_t>() > std::uint64_t{1} << 62) return std::nullopt;
  if (value->is_number_integer()) return value->get<std::int64_t>();
  if (!value->is_string()) return std::nullopt;
  const std::string& text = value->get_ref<const std::string&>();
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::string link_at(const json& object, std::string_view key) {
  std::string url = text_at(object, key);
  return url.starts_with("https://") || url.starts_with("http://") ? url : std::string{};
}

std::string keys_of(const json& object) {
  std::string out;
  int count = 0;
  for (const auto& [key, value] : object.items()) {
    if (++count > 6) return out + ", …";
    out += (out.empty() ? "" : ", ") + clean_line(key, 40);
  }
  return out.empty() ? "none" : out;
}

void add_unique(std::vector<std::string>& list, std::string value) {
  constexpr std::size_t most = 400;  // of one incident; the search is linear
  if (!value.empty() && list.size() < most && std::find(list.begin(), list.end(), value) == list.end())
    list.push_back(std::move(value));
}

void add_touched(std::vector<std::string>& out, const json* list, std::string_view id, std::string_view name) {
  if (!list || !list->is_array()) return;
  for (const json& each : *list) {
    if (!each.is_object()) {
      add_unique(out, id_of(each));
      continue;
    }
    add_unique(out, id_at(each, id));
    if (!name.empty()) add_unique(out, text_at(each, name));
  }
}

void settle_updates(PageIncident& incident) {
  std::stable_sort(incident.updates.begin(), incident.updates.end(), [](const PageUpdate& a, const PageUpdate& b) {
    return a.at.value_or(never_past) < b.at.value_or(never_past);
  });
  if (incident.updates.size() > max_page_updates)
    incident.updates.erase(incident.updates.begin(), incident.updates.end() - max_page_updates);
  if (!incident.updates.empty() && !incident.updates.back().text.empty())
    incident.latest = incident.updates.back().text;
}

void place(PageMaintenance& maintenance, Timestamp now) {
  const bool over = maintenance.ends && *maintenance.ends <= now;
  const bool begun = maintenance.starts && *maintenance.starts <= now;
  switch (stage_of(maintenance.status)) {
    case Stage::in_progress:
    case Stage::monitoring:
      maintenance.active = true;  // work that overruns its end is still in progress: their word first
      break;
    case Stage::resolved:
    case Stage::completed:
      break;
    case Stage::scheduled:
      // Announced but not begun may begin late: only a window with both ends is believed to be on.
      maintenance.active = begun && maintenance.ends && !over;
      maintenance.scheduled = !begun && !over;
      break;
    case Stage::none:
    case Stage::open:
    case Stage::information:
      maintenance.active = begun && !over;
      maintenance.scheduled = !begun && !over && maintenance.starts.has_value();
      break;
  }
}

}  // namespace outaged::probes
