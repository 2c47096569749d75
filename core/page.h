// What a status page's document says, in one form for every format. Made by probes/pages, read by storage and daemon.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model.h"

namespace outaged {

struct PageComponent {
  std::string id, name;        // id may be empty: then the name is all there is
  Status claim = Status::unknown;
  std::string raw;             // the document's own word
  bool group = false;
  std::string group_id;
};

struct PageIncident {
  std::string id, name, status, impact;  // status and impact: the document's own words in lower case
  bool open = false;
  std::optional<Timestamp> created, updated, resolved;
  std::vector<std::string> components;   // ids of page components it touches
  std::string url, latest;               // shortlink; text of the latest update
};

struct PageMaintenance {
  std::string id, name, status;
  bool active = false, scheduled = false;  // in progress / still to come, at the reader's clock
  std::optional<Timestamp> starts, ends;
  std::vector<std::string> components;
};

/// One reading of one document.
struct PageReport {
  std::string format;                  // "statuspage"
  bool readable = false;
  std::string problem;                 // why not, for people
  std::optional<Status> indicator;     // the page's own summary; nullopt: the format or endpoint has none
  std::string description;             // "All Systems Operational"
  bool has_components = false;         // the document carries a component list at all
  std::vector<PageComponent> components;
  std::vector<PageIncident> incidents;
  std::vector<PageMaintenance> maintenances;
  std::optional<Timestamp> document_time;
  Status claim = Status::unknown;      // worst of indicator and leaves, lifted by open incidents (design, section 8)
};

/// The raw document: evidence, kept once per hash.
struct PageDocument {
  std::string url;                              // what was fetched
  std::string hash;                             // SHA-256, hex
  std::shared_ptr<const std::string> body;
  Timestamp fetched{};
  int http_status = 0;
  std::string etag, last_modified, served_by;   // served_by: final host
};

}  // namespace outaged
