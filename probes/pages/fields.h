// Reading a status page's JSON field by field: whatever is missing or of another type is simply not there.
// Used by every format in probes/pages. Pure; any thread; never throws. Texts come out clean and cut.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/page.h"

namespace outaged::probes {

inline constexpr std::size_t max_page_text = 1000;       // bytes of one name or text
inline constexpr std::size_t max_page_records = 5000;  // components, incidents or maintenances of one document

/// The member, whatever it is; nullptr if there is none or `object` is no object.
const nlohmann::json* find(const nlohmann::json& object, std::string_view key);
/// The member at the end of the path; nullptr if any step is missing.
const nlohmann::json* find(const nlohmann::json& object, std::initializer_list<std::string_view> path);
const nlohmann::json* list_at(const nlohmann::json& object, std::string_view key);
const nlohmann::json* object_at(const nlohmann::json& object, std::string_view key);
/// A list of objects and nothing else; an empty one too.
bool all_objects(const nlohmann::json& list);

/// One clean line, or "".
std::string text_at(const nlohmann::json& object, std::string_view key);
/// As it is, line breaks too: for names in which a vendor writes them.
std::string lines_at(const nlohmann::json& object, std::string_view key);
/// In lower case.
std::string word_at(const nlohmann::json& object, std::string_view key);
/// Ids are compared and shown, never interpreted; some pages number them.
std::string id_at(const nlohmann::json& object, std::string_view key);
std::string id_of(const nlohmann::json& value);
/// A text of any form that read_time() knows, or a number of seconds or milliseconds.
std::optional<Timestamp> time_at(const nlohmann::json& object, std::string_view key);
/// The first of these that holds a time.
std::optional<Timestamp> time_at(const nlohmann::json& object, std::initializer_list<std::string_view> keys);
bool flag_at(const nlohmann::json& object, std::string_view key);
/// Also from "20"; nullopt if it is no whole number.
std::optional<std::int64_t> number_at(const nlohmann::json& object, std::string_view key);
/// An http(s) link, or "".
std::string link_at(const nlohmann::json& object, std::string_view key);

/// "a, b, c, …", for messages.
std::string keys_of(const nlohmann::json& object);

void add_unique(std::vector<std::string>& list, std::string value);
/// Adds id and name of each object in the list, or the texts themselves.
void add_touched(std::vector<std::string>& out, const nlohmann::json* list, std::string_view id = "id",
                 std::string_view name = "name");

/// Sorts the updates by their times (never by position: pages differ in that), keeps the newest, and sets `latest`.
void settle_updates(PageIncident& incident);
/// By what the page says, and by the clock where it says nothing: active if it has begun and is not over.
void place(PageMaintenance& maintenance, Timestamp now);

}  // namespace outaged::probes
