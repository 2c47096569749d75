#include <fmt/format.h>

#include <cstdio>

#include <nlohmann/json.hpp>

#include "core/text.h"
#include "daemon/api_json.h"
#include "daemon/commands.h"
#include "daemon/plan.h"
#include "daemon/url_target.h"
#include "probes/registry.h"

namespace outaged::commands {
namespace {

struct Subject {
  std::shared_ptr<const Probe> probe;
  probes::LoopOptions options;
  std::string name;
};

/// A URL stands for itself, with defaults; anything else names a target of the configuration.
Result<Subject> find_subject(const std::string& what, const Source& source) {
  if (what.find("://") != std::string::npos) {
    const auto target = target_of_url(what);
    if (!target) return Error{target.error()};
    auto probe = probes::make_probe(*target, {});
    if (!probe) return Error{probe.error()};
    return Subject{std::move(*probe), {}, what};
  }
  const auto config = load(source);
  if (!config) return Error{config.error()};
  std::vector<std::string> known;
  for (const config::Service& service : config->services) {
    for (const config::Component& component : service.components) {
      for (const config::Target& target : component.targets) {
        if (target.name == what) {
          auto probe = probes::make_probe(target, config->egress);
          if (!probe) return Error{probe.error()};
          return Subject{std::move(*probe), loop_options(*config), what};
        }
        known.push_back(target.name);
      }
    }
  }
  const std::string_view near = nearest(what, known);
  return Error{fmt::format("no target \"{}\" in {}{}", what, source.config_file,
                           near.empty() ? "; give a URL, or service/component/target" : fmt::format("; did you mean \"{}\"?", near))};
}

/// What a right answer said, where the class alone does not tell.
std::vector<std::string> answer_lines(const Response& response) {
  std::vector<std::string> out;
  constexpr std::size_t most = 10;
  for (const DnsRecord& record : response.records) {
    if (out.size() == most) {
      out.push_back(fmt::format("and {} more", response.records.size() - most));
      break;
    }
    out.push_back(clean_line(fmt::format("{} {}  (ttl {} s)", record.type, record.value, record.ttl)));
  }
  if (response.cert_expiry) out.push_back("certificate until " + format_time(*response.cert_expiry));
  return out;
}

}  // namespace

int probe(const ProbeOptions& options, const Source& source) {
  const auto subject = find_subject(options.what, source);
  if (!subject) {
    fmt::print(stderr, "{}\n", subject.error());
    return 2;
  }
  const auto result = probes::run_once(subject->options, subject->probe);
  if (!result) {
    fmt::print(stderr, "{}\n", result.error());
    return 2;
  }
  const Finding& finding = result->finding;
  const ClassInfo& cls = info(finding.cls);
  const Response& response = result->response;
  const Timings& timings = response.timings;
  const auto millis = [](Micros t) { return static_cast<double>(t.count()) / 1000.0; };
  if (options.json) {
    Json out = {{"target", subject->name}, {"class", cls.name}, {"fault", to_string(cls.fault)}, {"counts", to_string(cls.counts)},
                {"http_status", response.status}, {"duration_seconds", to_seconds(result->took)},
                {"phases_seconds", {{"resolve", millis(timings.resolve) / 1000}, {"connect", millis(timings.connect) / 1000},
                                    {"tls", millis(timings.tls) / 1000}, {"processing", millis(timings.processing) / 1000},
                                    {"transfer", millis(timings.transfer) / 1000}}},
                {"remote", response.remote}};
    if (finding.evidence) {
      out["request_id"] = finding.evidence->request_id;
      out["detail"] = finding.evidence->detail;
    }
    if (!response.rcode.empty()) {
      out["rcode"] = response.rcode;
      out["records"] = Json::array();
      for (const DnsRecord& record : response.records)
        out["records"].push_back({{"type", record.type}, {"value", clean_line(record.value)}, {"ttl", record.ttl}});
    }
    if (response.exit_code) out["exit_code"] = *response.exit_code;
    if (response.cert_expiry) out["cert_expiry"] = format_time(*response.cert_expiry);
    fmt::print("{}", to_text(out));
  } else {
    fmt::print("{}\n  {} ({}; fault: {})\n", subject->name, cls.name, cls.sentence, to_string(cls.fault));
    if (finding.evidence && !finding.evidence->detail.empty()) {
      fmt::print("  {}\n", finding.evidence->detail);
    } else if (response.status != 0) {
      fmt::print("  HTTP {}\n", response.status);
    }
    if (finding.evidence && !finding.evidence->request_id.empty()) fmt::print("  request id {}\n", finding.evidence->request_id);
    for (const std::string& line : answer_lines(response)) fmt::print("  {}\n", line);
    if (!response.remote.empty()) fmt::print("  from {}\n", response.remote);
    fmt::print("  resolve {:.1f} ms  connect {:.1f} ms  tls {:.1f} ms  processing {:.1f} ms  transfer {:.1f} ms  total {:.1f} ms\n",
               millis(timings.resolve), millis(timings.connect), millis(timings.tls), millis(timings.processing),
               millis(timings.transfer), millis(response.total));
  }
  return finding.cls == Class::ok ? 0 : 1;
}

}  // namespace outaged::commands
