#include "config/sections.h"

namespace outaged::config {

void read_ingest(Reader& reader, const Node& node, Ingest& out) {
  Section section(reader, node, "ingest");
  int streams = static_cast<int>(out.max_streams);
  if (section.integer("max_streams", streams, 0, 100'000)) out.max_streams = static_cast<std::size_t>(streams);
  section.number("rows_per_second", out.rows_per_second, 0, 10e6);
  section.number("reports_per_minute", out.reports_per_minute, 0, 6000);
  if (const Node* item = section.get("detection")) {
    // What a probe's interval decides has no meaning here: nobody asks.
    Section detection(reader, *item, "detection of reported traffic");
    DetectionRules& rules = out.traffic;
    detection.number("false_alarms_per_year", rules.false_alarms_per_year, 0, 1000);
    detection.duration("min_outage", rules.min_outage, 0ms, 24h);
    detection.duration("refractory", rules.refractory, 1s, 24h);
    detection.duration("recovery_cap", rules.recovery_cap, 1ms, 24h);
    detection.duration("baseline_half_life", rules.baseline_half_life, 1s, 10 * 365 * 24h);
    detection.rate("expected_error_rate", rules.expected_error_rate);
    detection.finish();
  }
  section.finish();
}

}  // namespace outaged::config
