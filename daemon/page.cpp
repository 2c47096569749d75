#include "daemon/page.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "alerts/words.h"
#include "core/text.h"
#include "core/words.h"
#include "daemon/naming.h"

namespace outaged {
namespace {

namespace words = alerts::words;

constexpr std::string_view style = R"css(
:root { color-scheme: light dark; --line: #8884; --soft: #666; --good: #1a7f37; --bad: #c62828; --warn: #9a6700; --none: #6e7781; }
@media (prefers-color-scheme: dark) { :root { --soft: #aaa; --good: #3fb950; --bad: #ff7b72; --warn: #d29922; --none: #8b949e; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-top: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); border-top: 0; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; } .warn { color: var(--warn); } .none { color: var(--none); }
.banner { border-left: .3rem solid var(--bad); padding: .4rem .8rem; background: #8881; margin: .5rem 0; }
.soft, footer { color: var(--soft); } footer { margin-top: 3rem; font-size: .9rem; } code { overflow-wrap: anywhere; }
)css";

std::string document(std::string_view title, std::string_view body, bool refresh) {
  return fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">{}\n"
                     "<title>{}</title>\n<style>{}</style></head>\n<body>\n{}</body></html>\n",
                     refresh ? "\n<meta http-equiv=\"refresh\" content=\"30\">" : "", escape_html(title), style, body);
}

/// "2026-04-13 14:03:00"
std::string day_and_clock(Timestamp at) { return format_time(at).substr(0, 10) + " " + format_clock(at, true); }

/// A link to somebody else's page; only the text where the address is not one for a browser.
std::string link_out(std::string_view url, std::string_view text) {
  if (!url.starts_with("https://") && !url.starts_with("http://")) return escape_html(text);
  return fmt::format("<a rel=\"noreferrer noopener\" href=\"{}\">{}</a>", escape_html(url), escape_html(text));
}

std::string_view colour(Status status) {
  switch (status) {
    case Status::unknown: return "none";
    case Status::operational: return "good";
    case Status::under_maintenance:
    case Status::degraded_performance: return "warn";
    case Status::partial_outage:
    case Status::major_outage: return "bad";
  }
  return "none";
}

std::string badge(Status status, std::string_view unknown) {
  return fmt::format("<span class=\"{}\">{}</span>", colour(status), status == Status::unknown ? unknown : spell(status));
}

std::string what_we_see(const ComponentSpec& spec, const ComponentStatus& status) {
  if (!spec.probed) return "<span class=\"none\">not watched by us</span>";
  return badge(status.verdict.health, "we cannot see");
}

std::string what_they_say(const ComponentSpec& spec, const ComponentStatus& status) {
  if (!spec.page) return "<span class=\"none\">no page</span>";
  std::string html = badge(status.verdict.claim, "cannot be read");
  if (!status.claim) return html;
  const std::string& text = status.claim->incident.empty() ? status.claim->text : status.claim->incident;
  // Of a page that cannot be read the text is ours: why it cannot.
  const bool theirs = status.claim->status != Status::unknown || !status.claim->incident.empty();
  if (!text.empty()) html += "<br>" + link_out(status.claim->url, theirs ? "“" + clean_line(text) + "”" : clean_line(text));
  if (status.claim_at) html += fmt::format("<br><span class=\"soft\">read {}</span>", format_clock(*status.claim_at, true));
  return html;
}

std::string banners(const Published& picture) {
  std::string html;
  if (picture.network_down) {
    html += "<p class=\"banner\">Our own network is down: our control sites fail too. Nothing counts against anyone meanwhile.</p>\n";
  } else if (picture.unchecked) {
    html += "<p class=\"banner\">Fewer than two control sites work: nothing tells a failure of our own network from one of theirs.</p>\n";
  }
  if (!picture.config_error.empty()) {
    html += "<p class=\"banner\">The new configuration was refused and the old one runs on: " + escape_html(picture.config_error) + "</p>\n";
  }
  return html;
}

/// "9 of 20 requests (45 %; normal 0.1 %) fail", "… are slow, 2 fail", "their page reports a partial outage".
std::string what_happens(const Incident& i, bool open) {
  if (i.from_page) return open ? "their page reports " + words::reported(i.health) : "their page reported " + words::reported(i.worst);
  if (!i.slow) return spell_failures(i.failures, i.probes, i.baseline) + (open ? " fail" : " failed");
  std::string text = spell_failures(i.slow_answers, i.probes, i.baseline) + (open ? " are answered slowly" : " were answered slowly");
  return i.failures == 0 ? text : text + fmt::format(" and {} {}", i.failures, open ? "fail" : "failed");
}

std::string also_failing(const Incident& i) {
  return i.together_with.empty() ? "" : fmt::format("Also failing since then: {}: a common cause is likely", fmt::join(i.together_with, ", "));
}

std::string open_incidents(const Published& picture) {
  std::string rows;
  for (std::size_t i = 0; i < picture.components.size(); ++i) {
    const auto& incident = picture.components[i].incident;
    if (!incident || incident->recovered) continue;
    rows += fmt::format("<li><a href=\"incidents/{}\">{}</a>: {} since {} ({}){}</li>\n", escape_html(incident->id),
                        escape_html(picture.topology->components[i].title),
                        escape_html(what_happens(*incident, true)), format_clock(incident->onset),
                        words::about(picture.at - incident->onset),
                        incident->together_with.empty() ? "" : "<br><span class=\"soft\">" + escape_html(also_failing(*incident)) + "</span>");
  }
  return rows.empty() ? "<p class=\"good\">No open incident.</p>\n" : "<h2>Open incidents</h2>\n<ul>\n" + rows + "</ul>\n";
}

/// A wrong URL or key is no outage, but somebody has to be told where they look first.
std::string never_worked(const Published& picture, ComponentId component) {
  std::string html;
  for (std::size_t i = 0; i < picture.targets.size(); ++i) {
    const TargetSpec& spec = picture.topology->targets[i];
    const TargetStatus& target = picture.targets[i];
    if (spec.component != component || target.view.proven || !target.last_at || target.last.cls == Class::ok) continue;
    const Evidence* evidence = target.last.evidence.get();
    const std::string what = evidence && !evidence->detail.empty() ? clean_line(evidence->detail, 200) : std::string(info(target.last.cls).sentence);
    html += fmt::format("<br><span class=\"warn\">{} has never worked yet: check its configuration</span> <span class=\"soft\">({})</span>",
                        escape_html(spec.name), escape_html(what));
  }
  return html;
}

std::string service_table(const Published& picture, const ServiceSpec& service) {
  std::string html = fmt::format("<h2><a href=\"api/v1/services/{0}\">{1}</a></h2>\n<div class=\"wide\"><table>\n"
                                 "<tr><th>Component</th><th>What we see</th><th>What their page says</th><th>In a sentence</th></tr>\n",
                                 escape_html(service.name), escape_html(service.title.empty() ? service.name : service.title));
  for (std::size_t i = 0; i < picture.components.size(); ++i) {
    const ComponentSpec& spec = picture.topology->components[i];
    if (spec.service != service.id) continue;
    const ComponentStatus& status = picture.components[i];
    const std::string mismatch = status.verdict.called ? "<br><span class=\"bad\">they disagree</span>" : "";
    html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}{}</td><td>{}{}</td></tr>\n",
                        escape_html(spec.title.empty() ? spec.name : spec.title), what_we_see(spec, status),
                        what_they_say(spec, status), mismatch, escape_html(status.verdict.why), never_worked(picture, spec.id));
  }
  return html + "</table></div>\n";
}

// ---- one incident ---------------------------------------------------------------------------------------------------

struct Event {
  Timestamp at{};
  std::string html;
};

std::vector<Event> story(const Incident& i, const std::vector<storage::RecordedVerdict>& verdicts) {
  std::vector<Event> events;
  const auto add = [&](Timestamp at, std::string html) { events.push_back({at, std::move(html)}); };
  if (i.from_page) {
    const std::string own = i.admitted ? i.admitted->text : i.page.text;
    add(i.onset, "Their page turned red" + (own.empty() ? own : ": “" + escape_html(own) + "”"));
  } else {
    add(i.onset, i.slow ? "First slow answer" : "First counted failure");
    add(i.detected, fmt::format("We decided that it is {}, {} later", i.slow ? "slow" : "down", words::about(i.detected - i.onset)));
  }
  for (const auto& row : verdicts) {
    if (!row.verdict.why.empty()) add(row.at, fmt::format("<span class=\"soft\">{}</span>", escape_html(row.verdict.why)));
  }
  if (i.mismatch_since) {
    add(*i.mismatch_since, fmt::format("<span class=\"bad\">Their page is called wrong</span> ({})", to_string(i.mismatch)));
  }
  if (i.admitted && !i.from_page) {
    std::string text = "Their page admits it";
    if (!i.admitted->text.empty()) text += ": “" + escape_html(i.admitted->text) + "”";
    add(i.admitted->first_red, fmt::format("{}, {}", text, escape_html(words::lag(*i.admitted, i.onset, i.slow))));
  }
  if (i.recovered) {
    const char* news = i.from_page ? "Their page says it is over" : i.slow ? "It is as fast as usual again" : "It works again";
    add(*i.recovered, fmt::format("<span class=\"good\">{}</span>, after {}", news, words::about(*i.recovered - i.onset)));
  }
  if (i.cleared && !i.from_page) add(*i.cleared, "Their page gives the all-clear");
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.at < b.at; });
  return events;
}

std::string proof_table(const Incident& incident, const Directory& names) {
  if (incident.proof.empty()) return "";
  std::string html = "<h2>Proof</h2>\n<div class=\"wide\"><table>\n"
                     "<tr><th>UTC</th><th>Target</th><th>What happened</th><th>Took</th><th>Request id</th></tr>\n";
  for (const Proof& proof : incident.proof) {
    const std::string what = proof.detail.empty() ? std::string(info(proof.cls).sentence) : proof.detail;
    html += fmt::format("<tr><td>{}</td><td>{}</td><td>{} <span class=\"soft\">({})</span></td><td>{}</td><td><code>{}</code></td></tr>\n",
                        format_clock(proof.at, true), escape_html(names.target(proof.target)), escape_html(what),
                        to_string(proof.cls), spell_duration(proof.took), escape_html(proof.request_id));
  }
  return html + "</table></div>\n";
}

std::string page_words(const Incident& incident) {
  const PageProof& page = incident.page;
  if (page.url.empty() && page.text.empty() && page.claim == Status::unknown) return "";
  std::string html = "<h2>What their page said when we decided</h2>\n<p>" + badge(page.claim, "it could not be read");
  if (!page.text.empty()) html += ": " + link_out(page.url, "“" + clean_line(page.text) + "”");
  if (page.fetched) html += fmt::format(" <span class=\"soft\">read {} UTC</span>", format_clock(*page.fetched, true));
  if (!page.document.empty()) html += fmt::format(" <a href=\"../api/v1/documents/{}\">the document itself</a>", escape_html(page.document));
  return html + "</p>\n";
}

std::string notification_table(const std::vector<OutboxRow>& rows) {
  if (rows.empty()) return "";
  std::string html = "<h2>Who was told</h2>\n<div class=\"wide\"><table>\n"
                     "<tr><th>UTC</th><th>Receiver</th><th>What</th><th>State</th><th>Attempts</th></tr>\n";
  for (const OutboxRow& row : rows) {
    const auto reason = row.notification.reason == UpdateReason::none ? std::string() : fmt::format(" ({})", to_string(row.notification.reason));
    const auto error = row.error.empty() ? std::string() : ": " + escape_html(row.error);
    html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}{}</td><td>{}{}</td><td>{}</td></tr>\n", format_clock(row.created, true),
                        escape_html(row.receiver), to_string(row.notification.kind), reason, to_string(row.state), error, row.attempts);
  }
  return html + "</table></div>\n";
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : clean_utf8(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string render_overview(const Published* picture, std::string_view version) {
  std::string body = "<h1>outaged</h1>\n";
  if (picture == nullptr || !picture->topology) {
    body += "<p>outaged has just started and has nothing to show yet.</p>\n";
  } else {
    body += banners(*picture) + open_incidents(*picture);
    for (const ServiceSpec& service : picture->topology->services) body += service_table(*picture, service);
    if (picture->topology->services.empty()) body += "<p>No service is configured.</p>\n";
  }
  body += "<footer>";
  if (picture != nullptr) body += fmt::format("As of {}. Times are UTC. ", format_time(picture->at));
  body += fmt::format("For machines: <a href=\"api/v1/services\">services</a>, <a href=\"api/v1/targets\">targets</a>, "
                      "<a href=\"api/v1/incidents\">incidents</a>, <a href=\"api/v1/claims\">claims</a>, "
                      "<a href=\"api/v1/verdicts\">verdicts</a>, <a href=\"metrics\">metrics</a>. outaged {}</footer>\n",
                      escape_html(version));
  return document("outaged", body, true);
}

std::string render_incident(const Incident& incident, const Directory& names, const std::vector<storage::RecordedVerdict>& verdicts,
                            const std::vector<OutboxRow>& notifications, Timestamp now) {
  const Directory::Component component = names.component(incident.component);
  const std::string title = component.title.empty() ? component.name : component.title;
  const bool open = !incident.recovered;
  std::string body = fmt::format("<p><a href=\"../\">All services</a></p>\n<h1>{}: {}</h1>\n", escape_html(title),
                                 open ? badge(incident.health, "open") : incident.from_page ? "<span class=\"good\">over</span>" : "<span class=\"good\">works again</span>");
  const std::string when = open ? fmt::format("since {}", day_and_clock(incident.onset))
                                : fmt::format("from {} to {}", day_and_clock(incident.onset), day_and_clock(*incident.recovered));
  const std::string promise = incident.from_page ? "Nothing of ours watches it."
                                                 : fmt::format("By chance alone this would happen {} here.", spell_budget(incident.false_alarms_per_year));
  body += fmt::format("<p>{} {} UTC ({}). {}</p>\n", escape_html(what_happens(incident, open)), when,
                      words::about(incident.recovered.value_or(now) - incident.onset), promise);
  if (!incident.together_with.empty()) body += "<p>" + escape_html(also_failing(incident)) + ".</p>\n";
  if (incident.unchecked) body += "<p class=\"banner\">Unchecked: too few control sites worked to rule out our own network.</p>\n";
  if (open && !incident.admitted) body += "<p class=\"warn\">Their page has not admitted it so far.</p>\n";

  body += "<h2>Time line</h2>\n<div class=\"wide\"><table>\n";
  for (const Event& event : story(incident, verdicts)) {
    body += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", format_clock(event.at, true), event.html);
  }
  body += "</table></div>\n" + proof_table(incident, names) + page_words(incident) + notification_table(notifications);

  const auto list = [&](std::string_view heading, const std::vector<TargetId>& ids) {
    if (ids.empty()) return;
    body += fmt::format("<h2>{}</h2>\n<ul>", heading);
    for (const TargetId id : ids) body += "<li>" + escape_html(names.target(id)) + "</li>";
    body += "</ul>\n";
  };
  list("Affected", incident.affected);
  list("Not affected", incident.unaffected);
  body += fmt::format("<footer><code>{0}</code> · <a href=\"../api/v1/incidents/{0}\">for machines</a> · times are UTC</footer>\n",
                      escape_html(incident.id));
  return document(title + " · outaged", body, open);
}

std::string render_problem(std::string_view message) {
  return document("outaged", fmt::format("<p><a href=\"../\">All services</a></p>\n<p>{}</p>\n", escape_html(message)), false);
}

}  // namespace outaged
