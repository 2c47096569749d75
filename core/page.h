// What a status page's document says, in one form for every format. Made by probes/pages, read by storage and daemon.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model.h"

namespace outaged {

struct PageComponent {
  std::string id, name;  // id may be empty: then the name is all there is
  Status claim = Status::unknown;
  std::string raw = {};  // the document's own word
  bool group = false;
  std::string group_id = {};
  std::string group_name = {};  // where the document's containers are no records of their own
  bool silent = false;          // its page does not watch it (paused, not monitored): it says nothing either way
};

/// One post of an incident, as the page tells it.
struct PageUpdate {
  std::optional<Timestamp> at = {};
  std::string status = {}, text = {};  // lower-case word of the document; its text without markup
};

struct PageIncident {
  std::string id, name, status, impact;  // status and impact: the document's own words in lower case
  bool open = false;
  std::optional<Timestamp> created, updated, resolved;  // created: first published
  std::optional<Timestamp> started = {};     // when the provider says it began: may be long before it was published
  std::vector<std::string> components = {};  // page components it touches: ids; ids and names where the page lists none
  std::string url = {}, latest = {};         // shortlink; text of the latest update
  std::optional<Status> claim = {};      // for the formats in which the incident itself is the claim, while it is open
  std::vector<PageUpdate> updates = {};  // oldest first; at most max_page_updates, the newest
};
inline constexpr std::size_t max_page_updates = 50;

struct PageMaintenance {
  std::string id, name, status;
  bool active = false, scheduled = false;  // in progress / still to come, at the reader's clock
  std::optional<Timestamp> starts, ends;
  std::vector<std::string> components;
};

/// One reading of one document.
struct PageReport {
  std::string format;  // "statuspage"
  bool readable = false;
  std::string problem;              // why not, for people
  std::optional<Status> indicator;  // the page's own summary; nullopt: the format or endpoint has none
  std::string description;          // "All Systems Operational"
  bool has_components = false;      // the document carries a component list at all
  bool has_incidents = false;       // it lists what is open: further documents add only what is closed
  bool silent_is_green = false;     // a vendor's document in which "nothing open" is the all-clear
  std::vector<PageComponent> components;
  std::vector<PageIncident> incidents;
  std::vector<PageMaintenance> maintenances;
  std::optional<Timestamp> document_time;
  std::string stale;               // why its claim is too old to be believed; empty: it is not
  int pages = 1;                   // the list goes on: "?page=2" to "?page=<pages>" carry the rest
  std::string moved;               // for people, once: "the page moved from … to …"; the format is another now
  Status claim = Status::unknown;  // worst of indicator, leaves and incidents that claim, lifted by open ones
};

/// The raw document: evidence, kept once per hash.
struct PageDocument {
  std::string url;   // what was fetched
  std::string hash;  // SHA-256, hex
  std::shared_ptr<const std::string> body;
  Timestamp fetched{};
  int http_status = 0;
  std::string etag, last_modified, served_by;  // served_by: final host
};

}  // namespace outaged
