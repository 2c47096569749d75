#include "daemon/metrics.h"

#include <algorithm>
#include <array>
#include <locale>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "core/text.h"
#include "daemon/naming.h"
#include "daemon/process_stats.h"

namespace outaged {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using MetricLabels = std::vector<ClientMetric::Label>;
using Value = std::optional<double>;  // nullopt: no series

constexpr std::string_view scale =
    "0 unknown, 1 operational, 2 under maintenance, 3 degraded performance, 4 partial outage, 5 major outage";

double unix_seconds(Timestamp t) { return static_cast<double>(to_millis(t)) / 1000.0; }
double seconds_of(Micros t) { return static_cast<double>(t.count()) / 1e6; }
Value when(const std::optional<Timestamp>& t) { return t ? Value(unix_seconds(*t)) : std::nullopt; }

/// One file line of /metrics per call of add; a family without series is left out.
class Family {
 public:
  Family(std::vector<MetricFamily>& out, MetricType type, std::string_view name, std::string_view help) : out_(out) {
    family_.name = name;
    family_.help = help;
    family_.type = type;
  }
  ~Family() {
    if (!family_.metric.empty()) out_.push_back(std::move(family_));
  }
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;

  void reserve(std::size_t count) { family_.metric.reserve(count); }
  void add(MetricLabels labels, Value value) {
    if (!value) return;
    ClientMetric& metric = family_.metric.emplace_back();
    metric.label = std::move(labels);
    (family_.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = *value;
  }
  void add(Value value) { add({}, value); }

 private:
  std::vector<MetricFamily>& out_;
  MetricFamily family_;
};

MetricLabels with(const MetricLabels& base, std::string name, std::string value) {
  MetricLabels labels;
  labels.reserve(base.size() + 1);
  labels = base;
  labels.push_back({std::move(name), std::move(value)});
  return labels;
}

/// A user's label name as Prometheus takes it: [a-zA-Z_][a-zA-Z0-9_]*, not beginning with "__".
std::string label_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = c >= '0' && c <= '9';
    out += letter || digit ? c : '_';
  }
  if (out.empty() || (out.front() >= '0' && out.front() <= '9') || out.starts_with("__")) out.insert(0, "label_");
  return out;
}

/// The user's labels beside ours, renamed only where they clash: two labels of one name would cost the whole scrape.
void add_user_labels(MetricLabels& labels, const Labels& own) {
  std::set<std::string, std::less<>> taken = {"service", "component", "target", "class", "phase", "le", "quantile"};
  for (const auto& [name, value] : own) {
    std::string unique = label_name(name);
    while (!taken.insert(unique).second) unique.insert(0, "label_");
    labels.push_back({std::move(unique), clean_utf8(value)});
  }
}

MetricLabels component_labels(const ShortNames& names) {
  return {{"service", clean_utf8(names.service)}, {"component", clean_utf8(names.component)}};
}

class Picture final : public prometheus::Collectable {
 public:
  Picture(const Published& published, std::string_view version, const std::vector<PageReportRow>& pages)
      : p_(published), version_(version), pages_(pages) {
    static const Topology none;
    const Topology& topology = p_.topology ? *p_.topology : none;
    // The lists are parallel; should one ever be shorter, what has no counterpart is left out.
    const std::size_t targets = std::min(p_.targets.size(), topology.targets.size());
    target_labels_.reserve(targets);
    for (std::size_t i = 0; i < targets; ++i) {
      const TargetSpec& spec = topology.targets[i];
      const ShortNames names = short_names(topology, spec);
      MetricLabels labels = component_labels(names);
      labels.push_back({"target", clean_utf8(names.target)});
      add_user_labels(labels, spec.labels);
      target_labels_.push_back(std::move(labels));
    }
    const std::size_t components = std::min(p_.components.size(), topology.components.size());
    for (std::size_t i = 0; i < components; ++i) {
      const ComponentSpec& spec = topology.components[i];
      components_.push_back({component_labels(short_names(topology, spec)), &p_.components[i], spec.page.has_value(), spec.probed});
    }
    const std::size_t controls = std::min(p_.controls.size(), topology.controls.size());
    for (std::size_t i = 0; i < controls; ++i) {
      control_labels_.push_back({{"control", clean_utf8(name_below(topology.controls[i].name, "control"))}});
    }
  }

  std::vector<MetricFamily> Collect() const override {
    std::vector<MetricFamily> out;
    collect_last_probe(out);
    collect_targets(out);
    collect_components(out);
    collect_incidents(out);
    collect_pages(out);
    collect_network(out);
    collect_receivers(out);
    collect_ledgers(out);
    collect_flow(out);
    collect_process(out);
    return out;
  }

 private:
  using Families = std::vector<MetricFamily>;
  struct ComponentRow {
    MetricLabels labels;
    const ComponentStatus* status;
    bool has_page, probed;
  };

  template <class Get>
  void per_target(Families& out, MetricType type, std::string_view name, std::string_view help, Get get) const {
    Family family(out, type, name, help);
    family.reserve(target_labels_.size());
    for (std::size_t i = 0; i < target_labels_.size(); ++i) family.add(target_labels_[i], Value(get(p_.targets[i])));
  }
  bool is_reported(std::size_t target) const { return !p_.topology->targets[target].source.empty(); }
  template <class Get>
  void per_probed(Families& out, MetricType type, std::string_view name, std::string_view help, Get get, bool reported = false) const {
    Family family(out, type, name, help);
    for (std::size_t i = 0; i < target_labels_.size(); ++i) {
      if (is_reported(i) == reported) family.add(target_labels_[i], Value(get(p_.targets[i])));
    }
  }
  void count_by_class(Families& out, std::string_view name, std::string_view help, bool reported) const;
  /// Of the last probe: nothing before the first.
  template <class Get>
  void per_last_probe(Families& out, std::string_view name, std::string_view help, Get get) const {
    per_probed(out, MetricType::Gauge, name, help,
               [&](const TargetStatus& t) { return t.last_at ? Value(get(t.last)) : std::nullopt; });
  }
  template <class Get>
  void per_component(Families& out, MetricType type, std::string_view name, std::string_view help, Get get) const {
    Family family(out, type, name, help);
    for (const ComponentRow& row : components_) family.add(row.labels, Value(get(row)));
  }
  template <class Get>
  void per_receiver(Families& out, MetricType type, std::string_view name, std::string_view help, Get get) const {
    Family family(out, type, name, help);
    for (const ReceiverStatus& receiver : p_.receivers) {
      family.add({{"receiver", clean_utf8(receiver.name)}, {"kind", clean_utf8(receiver.kind)}}, Value(get(receiver)));
    }
  }
  static void gauge(Families& out, std::string_view name, std::string_view help, Value value) {
    Family(out, MetricType::Gauge, name, help).add(value);
  }
  template <class Number>
  static void counter(Families& out, std::string_view name, std::string_view help, Number value) {
    Family(out, MetricType::Counter, name, help).add(static_cast<double>(value));
  }

  void collect_last_probe(Families& out) const;
  void collect_targets(Families& out) const;
  void collect_components(Families& out) const;
  void collect_pages(Families& out) const;
  void collect_incidents(Families& out) const;
  void collect_network(Families& out) const;
  void collect_receivers(Families& out) const;
  void collect_ledgers(Families& out) const;
  void collect_flow(Families& out) const;
  void collect_process(Families& out) const;

  const Published& p_;
  const std::string_view version_;
  const std::vector<PageReportRow>& pages_;
  std::vector<MetricLabels> target_labels_, control_labels_;
  std::vector<ComponentRow> components_;
};

/// Under the names of the blackbox exporter, so that existing dashboards and alerts work.
void Picture::collect_last_probe(Families& out) const {
  per_last_probe(out, "probe_success", "Whether the last probe got a right answer",
                 [](const Observation& o) { return o.cls == Class::ok; });
  per_last_probe(out, "probe_duration_seconds", "How long the last probe took, from its start to its verdict",
                 [](const Observation& o) { return to_seconds(o.took); });
  {
    Family family(out, MetricType::Gauge, "probe_http_duration_seconds",
                  "How long each phase of the last probe took; a phase that did not happen is 0");
    family.reserve(target_labels_.size() * 5);
    for (std::size_t i = 0; i < target_labels_.size(); ++i) {
      if (!p_.targets[i].last_at || is_reported(i)) continue;
      const Timings& t = p_.targets[i].last.timings;
      const std::array<std::pair<const char*, Micros>, 5> phases = {
          {{"resolve", t.resolve}, {"connect", t.connect}, {"tls", t.tls}, {"processing", t.processing}, {"transfer", t.transfer}}};
      for (const auto& [phase, took] : phases) family.add(with(target_labels_[i], "phase", phase), seconds_of(took));
    }
  }
  per_last_probe(out, "probe_dns_lookup_time_seconds", "How long the last probe waited for name resolution",
                 [](const Observation& o) { return seconds_of(o.timings.resolve); });
  per_last_probe(out, "probe_http_status_code", "HTTP status of the last probe; 0 if there was no answer",
                 [](const Observation& o) { return o.http_status; });
  per_last_probe(out, "probe_ssl_earliest_cert_expiry",
                 "When the first certificate of the chain expires, in seconds since 1970, as the last probe saw it",
                 [](const Observation& o) { return when(o.cert_expiry); });
}

void Picture::count_by_class(Families& out, std::string_view name, std::string_view help, bool reported) const {
  Family family(out, MetricType::Counter, name, help);
  for (std::size_t i = 0; i < target_labels_.size(); ++i) {
    if (is_reported(i) != reported) continue;
    bool any_ok = false;
    for (const auto& [cls, count] : p_.targets[i].by_class) {
      any_ok = any_ok || cls == Class::ok;
      family.add(with(target_labels_[i], "class", std::string(to_string(cls))), static_cast<double>(count));
    }
    // A rate of successes must be 0, not absent, for what never worked.
    if (!any_ok) family.add(with(target_labels_[i], "class", "ok"), 0.0);
  }
}

void Picture::collect_targets(Families& out) const {
  const auto voided = [](const TargetStatus& t) { return static_cast<double>(t.voided); };
  const auto seconds = [](const TargetStatus& t) { return t.seconds; };
  count_by_class(out, "outaged_probes_total", "Probes made, by what happened", false);
  per_probed(out, MetricType::Counter, "outaged_probes_voided_total",
             "Probes that counted neither for nor against the provider", voided);
  per_probed(out, MetricType::Counter, "outaged_probe_seconds_total", "Time spent in probes", seconds);
  count_by_class(out, "outaged_reported_requests_total", "Real requests that a source reported, by what happened", true);
  per_probed(out, MetricType::Counter, "outaged_reported_requests_voided_total",
             "Reported requests that counted neither for nor against the provider", voided, true);
  per_probed(out, MetricType::Counter, "outaged_reported_seconds_total", "Time that reported requests took, where it was told", seconds, true);
  per_target(out, MetricType::Gauge, "outaged_target_last_probe_timestamp_seconds", "When the last probe ended",
             [](const TargetStatus& t) { return when(t.last_at); });
  per_target(out, MetricType::Gauge, "outaged_target_blind", "Whether we cannot observe it: no usable probe in three intervals",
             [](const TargetStatus& t) { return t.view.blind; });
  per_target(out, MetricType::Gauge, "outaged_target_proven",
             "Whether it has been ok at least once; if not, its URL or key may be wrong and it opens no incident",
             [](const TargetStatus& t) { return t.view.proven; });
  per_target(out, MetricType::Gauge, "outaged_target_firing", "Whether its failures are decided to be an outage",
             [](const TargetStatus& t) { return t.view.firing; });
  per_target(out, MetricType::Gauge, "outaged_target_suspicion", "How near its failures are to a decision: 0 calm, 1 fires",
             [](const TargetStatus& t) { return t.view.suspicion; });
  per_target(out, MetricType::Gauge, "outaged_target_baseline_ratio", "Share of failures that is normal here, as learned",
             [](const TargetStatus& t) { return t.view.baseline; });
}

void Picture::collect_components(Families& out) const {
  per_component(out, MetricType::Gauge, "outaged_health", "What we observe: " + std::string(scale),
                [](const ComponentRow& c) { return static_cast<double>(c.status->verdict.health); });
  per_component(out, MetricType::Gauge, "outaged_claim", "What its status page says: " + std::string(scale),
                [](const ComponentRow& c) {
                  return c.has_page ? Value(static_cast<double>(c.status->verdict.claim)) : std::nullopt;
                });
  {
    Family family(out, MetricType::Gauge, "outaged_agreement",
                  "Health and claim side by side: 1 for the agreement that holds, 0 for the others");
    for (const ComponentRow& row : components_) {
      for (auto i = static_cast<unsigned>(Agreement::blind); i <= static_cast<unsigned>(Agreement::no_page); ++i) {
        const auto each = static_cast<Agreement>(i);
        family.add(with(row.labels, "agreement", std::string(to_string(each))), row.status->verdict.agreement == each ? 1 : 0);
      }
    }
  }
  {
    Family family(out, MetricType::Gauge, "outaged_mismatch",
                  "1 if its page is called wrong in this way: the difference passed the severity gate");
    for (const ComponentRow& row : components_) {
      if (!row.has_page) continue;
      for (const Agreement kind : {Agreement::page_silent, Agreement::page_too_early, Agreement::page_understates,
                                   Agreement::page_overstates}) {
        const Verdict& verdict = row.status->verdict;
        family.add(with(row.labels, "kind", std::string(to_string(kind))), verdict.called && verdict.agreement == kind ? 1 : 0);
      }
    }
  }
  per_component(out, MetricType::Gauge, "outaged_people_reporting", "Different people who reported within the last hour that it fails for them",
                [](const ComponentRow& c) { return static_cast<double>(c.status->people.last_hour); });
  per_component(out, MetricType::Gauge, "outaged_people_normal", "How many people an hour are normal here, as learned",
                [](const ComponentRow& c) { return c.status->people.normal; });
  per_component(out, MetricType::Gauge, "outaged_claim_timestamp_seconds", "When its status page was last read",
                [](const ComponentRow& c) { return when(c.status->claim_at); });
  per_component(out, MetricType::Counter, "outaged_claims_read_total", "Readings of its status page", [](const ComponentRow& c) {
    return c.has_page ? Value(static_cast<double>(c.status->claims_read)) : std::nullopt;
  });
  per_component(out, MetricType::Counter, "outaged_claims_unreadable_total",
                "Readings of its status page that gave no claim", [](const ComponentRow& c) {
                  return c.has_page ? Value(static_cast<double>(c.status->claims_unreadable)) : std::nullopt;
                });
  per_component(out, MetricType::Counter, "outaged_claim_changes_total",
                "How often what its status page says changed, from one readable claim to another", [](const ComponentRow& c) {
                  return c.has_page ? Value(static_cast<double>(c.status->claim_changes)) : std::nullopt;
                });
  per_component(out, MetricType::Gauge, "outaged_claim_flapping",
                "Whether its status page turns red and green so often that it is held red", [](const ComponentRow& c) {
                  return c.has_page ? Value(c.status->steadiness.flapping) : std::nullopt;
                });
}

/// Each page's record: never a share without the counts beside it, nor below five events.
void Picture::collect_pages(Families& out) const {
  Family incidents(out, MetricType::Gauge, "outaged_page_incidents", "Our incidents of the last 90 days by which its page is judged");
  Family lag(out, MetricType::Gauge, "outaged_page_median_lag_seconds",
             "Median from onset to the page's admission: between min and max; low and high bound max at 90 %");
  Family count(out, MetricType::Gauge, "outaged_page_record_cases", "How many of outaged_page_record_of were so");
  Family of(out, MetricType::Gauge, "outaged_page_record_of", "Events that could have been so");
  Family ratio(out, MetricType::Gauge, "outaged_page_record_ratio",
               "The share, with its 90 % interval; absent below five events");
  for (const PageReportRow& row : pages_) {
    const PageRecord& r = row.record;
    const MetricLabels labels = {{"service", clean_utf8(row.service)}};
    const auto seconds = [](const std::optional<Duration>& d) { return d ? Value(to_seconds(*d)) : std::nullopt; };
    incidents.add(labels, static_cast<double>(r.incidents));
    lag.add(with(labels, "bound", "min"), seconds(r.lag_least));
    lag.add(with(labels, "bound", "max"), seconds(r.lag_most));
    lag.add(with(labels, "bound", "low"), seconds(r.lag_low));
    lag.add(with(labels, "bound", "high"), seconds(r.lag_high));
    const std::pair<const char*, const CountedShare*> kinds[] = {
        {"never_admitted", &r.never},           {"understated", &r.understated},
        {"cleared_too_early", &r.cleared_early}, {"cleared_too_late", &r.cleared_late},
        {"resolved_only", &r.resolved_only},     {"backdated", &r.backdated}};
    for (const auto& [kind, share] : kinds) {
      const MetricLabels each = with(labels, "kind", kind);
      count.add(each, static_cast<double>(share->count));
      of.add(each, static_cast<double>(share->of));
      if (!share->share) continue;
      ratio.add(with(each, "bound", "value"), share->share->value);
      ratio.add(with(each, "bound", "low"), share->share->low);
      ratio.add(with(each, "bound", "high"), share->share->high);
    }
  }
}

void Picture::collect_incidents(Families& out) const {
  const auto open = [](const ComponentRow& c) { return c.status->incident && !c.status->incident->recovered; };
  per_component(out, MetricType::Gauge, "outaged_incident_open", "Whether we see an outage of it now", open);
  per_component(out, MetricType::Counter, "outaged_incidents_total", "Incidents opened",
                [](const ComponentRow& c) { return static_cast<double>(c.status->incidents); });
  const auto of_incident = [](auto get) {
    return [get](const ComponentRow& c) { return c.status->incident ? Value(get(*c.status->incident)) : std::nullopt; };
  };
  per_component(out, MetricType::Gauge, "outaged_incident_onset_timestamp_seconds",
                "First counted failure of the current or last incident",
                of_incident([](const Incident& i) { return unix_seconds(i.onset); }));
  per_component(out, MetricType::Gauge, "outaged_incident_detected_timestamp_seconds",
                "When the current or last incident was decided",
                of_incident([](const Incident& i) { return unix_seconds(i.detected); }));
  {
    Family family(out, MetricType::Gauge, "outaged_page_lag_seconds",
                  "From the onset of the current or last incident to its admission by the page, between two readings of the "
                  "page; negative if the page was first; absent until admitted, and if the page was red long before");
    for (const ComponentRow& row : components_) {
      const auto& incident = row.status->incident;
      if (!incident || !incident->admitted || incident->admitted->already_red) continue;
      family.add(with(row.labels, "bound", "min"), to_seconds(incident->admitted->last_green - incident->onset));
      family.add(with(row.labels, "bound", "max"), to_seconds(incident->admitted->first_red - incident->onset));
    }
  }
  per_component(out, MetricType::Gauge, "outaged_page_unadmitted_seconds",
                "How long an open incident has gone on without its page admitting it; 0 if there is none",
                [&](const ComponentRow& c) {
                  if (!c.has_page || !c.probed) return Value();
                  const bool unadmitted = open(c) && !c.status->incident->admitted;
                  return Value(unadmitted ? std::max(0.0, to_seconds(p_.at - c.status->incident->onset)) : 0.0);
                });
}

void Picture::collect_network(Families& out) const {
  gauge(out, "outaged_network_down", "Whether our own network is down: nothing counts against anyone meanwhile", p_.network_down);
  gauge(out, "outaged_unchecked", "Whether fewer than two controls have a vote: nothing tells our own network's failures from theirs",
        p_.unchecked);
  const auto per_control = [&](std::string_view name, std::string_view help, auto get) {
    Family family(out, MetricType::Gauge, name, help);
    for (std::size_t i = 0; i < control_labels_.size(); ++i) family.add(control_labels_[i], Value(get(p_.controls[i])));
  };
  per_control("outaged_control_up", "Whether the control was ok at its last probe", [](const ControlView& c) { return c.ok; });
  per_control("outaged_control_vote", "Whether the control has a vote on our own network",
              [](const ControlView& c) { return c.vote; });
  per_control("outaged_control_last_probe_timestamp_seconds", "When the control's last probe ended",
              [](const ControlView& c) { return when(c.at); });
}

void Picture::collect_receivers(Families& out) const {
  per_receiver(out, MetricType::Gauge, "outaged_outbox_pending", "Notifications not yet delivered",
               [](const ReceiverStatus& r) { return static_cast<double>(r.pending); });
  per_receiver(out, MetricType::Gauge, "outaged_outbox_oldest_age_seconds", "Age of the oldest notification not yet delivered; 0 if none",
               [&](const ReceiverStatus& r) { return r.oldest ? std::max(0.0, to_seconds(p_.at - *r.oldest)) : 0.0; });
  per_receiver(out, MetricType::Gauge, "outaged_outbox_dead", "Notifications given up",
               [](const ReceiverStatus& r) { return static_cast<double>(r.dead); });
  per_receiver(out, MetricType::Counter, "outaged_notifications_delivered_total", "Notifications delivered",
               [](const ReceiverStatus& r) { return static_cast<double>(r.delivered); });
  per_receiver(out, MetricType::Counter, "outaged_notification_failures_total", "Attempts at a delivery that failed",
               [](const ReceiverStatus& r) { return static_cast<double>(r.failed_attempts); });
}

void Picture::collect_ledgers(Families& out) const {
  const auto each = [&](MetricType type, std::string_view name, std::string_view help, auto get) {
    Family family(out, type, name, help);
    for (const auto& ledger : p_.ledgers) family.add({{"ledger", clean_utf8(ledger.name)}}, Value(get(ledger)));
  };
  const auto left = [](std::int64_t limit, std::int64_t used) {
    return limit > 0 ? Value(static_cast<double>(std::max<std::int64_t>(0, limit - used))) : std::nullopt;
  };
  using Status = probes::llm::LedgerStatus;
  each(MetricType::Counter, "outaged_llm_requests_total", "Paid requests asked of LLM APIs",
       [](const Status& s) { return static_cast<double>(s.requests); });
  each(MetricType::Counter, "outaged_llm_tokens_total", "Tokens that they used, as counted by the provider or else estimated",
       [](const Status& s) { return static_cast<double>(s.tokens); });
  each(MetricType::Gauge, "outaged_llm_budget_requests_remaining", "Paid requests left of today's budget (UTC)",
       [&](const Status& s) { return left(s.limits.requests_per_day, s.requests_today); });
  each(MetricType::Gauge, "outaged_llm_budget_tokens_remaining", "Tokens left of today's budget (UTC)",
       [&](const Status& s) { return left(s.limits.tokens_per_day, s.tokens_today); });
  each(MetricType::Gauge, "outaged_llm_confidence_reduced",
       "Whether only free requests are asked for now, which cannot see failing completions",
       [](const Status& s) { return s.reduced ? 1.0 : 0.0; });
}

void Picture::collect_flow(Families& out) const {
  counter(out, "outaged_probe_runs_started_total", "Runs started by the probe loop: targets, controls and pages", p_.loop.started);
  counter(out, "outaged_probe_runs_finished_total", "Runs finished by the probe loop", p_.loop.finished);
  counter(out, "outaged_probes_skipped_total", "Runs not started: the one before was still in flight, or the loop was full or late", p_.loop.skipped);
  gauge(out, "outaged_probes_in_flight", "Runs in flight", static_cast<double>(p_.loop.in_flight));
  gauge(out, "outaged_probe_jobs", "Targets, controls and pages that are asked regularly", static_cast<double>(p_.loop.jobs));
  counter(out, "outaged_schedule_lag_seconds_total", "How late runs started, summed over all of them", p_.loop.lag_sum_seconds);
  gauge(out, "outaged_schedule_lag_max_seconds", "How late the latest run of about the last second started", to_seconds(p_.loop.lag_max));
  counter(out, "outaged_inputs_total", "Inputs taken by the engine: observations, claims and all else", p_.inputs);
  {
    Family family(out, MetricType::Counter, "outaged_ingest_rows_total", "Rows reported over HTTP, by what became of them");
    family.add({{"result", "accepted"}}, static_cast<double>(p_.ingest.rows - p_.ingest.rows_refused));
    family.add({{"result", "refused"}}, static_cast<double>(p_.ingest.rows_refused));
  }
  counter(out, "outaged_ingest_put_off_total", "Requests that report, answered with \"later\": too fast, or no room", p_.ingest.put_off);
  counter(out, "outaged_inbox_dropped_total", "Observations dropped because the inbox was full", p_.inbox_dropped);
  gauge(out, "outaged_inbox_depth", "Inputs waiting for the pipeline", static_cast<double>(p_.inbox_depth));
  gauge(out, "outaged_pipeline_lag_seconds", "From entering the inbox to stored, for the oldest input of the last batch",
        to_seconds(p_.pipeline_lag));
  gauge(out, "outaged_picture_timestamp_seconds", "The engine's time when this picture was made", unix_seconds(p_.at));
  counter(out, "outaged_clock_steps_total", "Steps of the wall clock of a second or more", p_.clock_steps);
  counter(out, "outaged_storage_commits_total", "Transactions committed", p_.store.commits);
  counter(out, "outaged_storage_errors_total", "Transactions that failed", p_.store.errors);
  gauge(out, "outaged_storage_bytes", "Size of the database file", static_cast<double>(p_.store.bytes));
  {
    Family family(out, MetricType::Counter, "outaged_config_reloads_total", "Reloads asked for, by result");
    family.add({{"result", "success"}}, static_cast<double>(p_.reloads));
    family.add({{"result", "failure"}}, static_cast<double>(p_.reloads_failed));
  }
  gauge(out, "outaged_config_reload_successful", "Whether the last reload, if any, was taken; if not, the old configuration runs on",
        p_.config_error.empty());
}

void Picture::collect_process(Families& out) const {
  Family(out, MetricType::Gauge, "outaged_build_info", "The version that runs; always 1")
      .add({{"version", clean_utf8(version_)}}, 1);
  gauge(out, "process_start_time_seconds", "When this process started, in seconds since 1970", unix_seconds(p_.started));
  const ProcessStats stats = read_process_stats();
  const auto number = [](const std::optional<std::uint64_t>& n) { return n ? Value(static_cast<double>(*n)) : std::nullopt; };
  Family(out, MetricType::Counter, "process_cpu_seconds_total", "CPU time used, user and system").add(stats.cpu_seconds);
  gauge(out, "process_resident_memory_bytes", "Resident memory", number(stats.resident_bytes));
  gauge(out, "process_open_fds", "Open file descriptors", number(stats.open_fds));
  gauge(out, "process_max_fds", "Most file descriptors allowed", number(stats.max_fds));
}

}  // namespace

std::string render_metrics(const Published& published, std::string_view version, const std::vector<PageReportRow>& pages) {
  const Picture picture(published, version, pages);
  std::ostringstream out;
  out.imbue(std::locale::classic());
  prometheus::TextSerializer().Serialize(out, picture.Collect());
  return std::move(out).str();
}

}  // namespace outaged
