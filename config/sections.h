// The readers of the configuration's sections, one file each. Called by config.cpp only, which joins the files first.
#pragma once

#include <string>
#include <string_view>
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
  Origin interval_at, timeout_at, refractory_at, failures_at, successes_at, fast_at, down_at, slow_at;
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
void read_llm_check(Section& section, Target& target);
/// Before settle_pace: what a completion may take is not what a page may take.
void default_llm_pace(Pace& pace);
/// The target, or one for each of its models.
void spread_models(Section& section, const Pace& pace, Target target, std::vector<Target>& out);
/// After settle_pace: its interval is how often it must report, and not how often we look.
void read_push_check(Section& section, Target& target);
/// A map of header names to values that may be secrets.
void read_headers(Section& section, std::vector<std::pair<std::string, Secret>>& headers,
                  std::string_view map = "headers");
/// The key `proxy`, a secret; `or_none`: "none" is accepted, and leaves `out` empty.
bool read_proxy(Section& section, std::string& out, bool or_none = false);
/// One regular expression (RE2) or a list of them, each reported at its place if it is none.
bool read_patterns(Section& section, std::string_view key, std::vector<std::string>& out);

/// A path, seen from the configuration's own file; reported, and false, if nobody can read it.
bool read_file_path(Section& section, std::string_view key, std::string& out);
/// The keys ca_file, cert_file and key_file.
void read_tls_files(Section& section, std::string& ca_file, std::string& cert_file, std::string& key_file);
/// Kinds `tcp` and `tls`.
void read_tcp_check(Section& section, Target& target);
void read_dns_check(Section& section, Target& target);
void read_icmp_check(Section& section, Target& target);
void read_exec_check(Section& section, Target& target);
void read_grpc_check(Section& section, Target& target);
void read_feed_check(Section& section, Target& target);

/// The key `path` of `catalog`; it stays as it is where it is set already, by the command line.
void read_catalog(Reader& reader, const Node& node, std::string& path);
void read_egress(Reader& reader, const Node& node, Egress& out);
void read_web(Reader& reader, const Node& node, Web& out);
void read_probing(Reader& reader, const Node& node, Probing& out);
void read_ingest(Reader& reader, const Node& node, Ingest& out);
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
