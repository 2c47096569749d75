// The readers of the configuration's sections, one file each. Called by config.cpp only, which joins the files first.
#pragma once

#include <vector>

#include "config/config.h"
#include "config/reader.h"

namespace outaged::config {

/// How often and by which rules a target is judged, as known so far: the defaults, then each level's own keys.
struct Pace {
  struct Origin {
    Position at;
    int level = -1;  // -1: not given anywhere
  };
  Duration timeout = 10s;
  DetectionRules rules;
  Origin interval_at, timeout_at, refractory_at, failures_at, successes_at, fast_at, down_at;
};
enum PaceLevel : int { pace_defaults, pace_service, pace_component, pace_target };

/// interval, timeout and detection of one level.
void read_pace(Section& section, Pace& pace, PaceLevel level);
/// What holds for one target, completed and checked.
void settle_pace(Reader& reader, const Pace& pace, DetectionRules& rules, Duration& timeout);
/// The key `mismatch`.
void read_mismatch(Section& section, AgreementRules& rules);

/// The kind's own keys of a target.
void read_http_check(Section& section, HttpCheck& check, Duration timeout);
/// A map of header names to values that may be secrets.
void read_headers(Section& section, std::vector<std::pair<std::string, Secret>>& headers);

void read_egress(Reader& reader, const Node& node, Egress& out);
void read_web(Reader& reader, const Node& node, Web& out);
void read_storage(Reader& reader, const Node& node, Storage& out);
void read_log(Reader& reader, const Node& node, Log& out);

struct Defaults {
  Pace pace;
  AgreementRules mismatch;
};
void read_defaults(Reader& reader, const Node& node, Defaults& out);
void read_services(Reader& reader, const std::vector<const Node*>& nodes, const Defaults& defaults,
                   std::vector<Service>& out);
/// `node` null: the built-in anchors.
void read_controls(Reader& reader, const Node* node, Config& out);
void read_receivers(Reader& reader, const std::vector<const Node*>& nodes, std::vector<Receiver>& out);
/// After services and receivers, whose names routes refer to.
void read_routes(Reader& reader, const std::vector<const Node*>& nodes, Config& config);

}  // namespace outaged::config
