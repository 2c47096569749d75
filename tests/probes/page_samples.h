// Hand-made documents, invented data in the vendors' shapes: for each format one in which all is well, one in which it is
// not, and, where the format has words for states, one with a word that nobody knows. Used by the tests that hold for
// every format, by detection and as seeds of the fuzzers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model.h"

namespace outaged::test {

struct PageSample {
  std::string format;
  std::string page;       // as people open it
  std::string document;   // where the first document is served
  std::string green, red, strange;  // strange: "" where the format has no such words
  Status worst;           // the claim of `red`
  bool by_itself = true;  // recognised without its address
};

/// All of them by a clock of 2031-05-06T12:00:00Z.
inline const char* sample_clock = "2031-05-06T12:00:00Z";

inline std::vector<PageSample> page_samples() {
  const auto statuspage = [](const std::string& page, const std::string& indicator, const std::string& id,
                             const std::string& state, const std::string& more = "") {
    return R"({"page":{)" + page + R"(},"status":{"indicator":")" + indicator + R"(","description":"so"},"components":[{)" +
           id + R"("name":"Harbour","status":")" + state + R"("}],"incidents":[])" + more + "}";
  };
  const auto rss = [](const std::string& head, const std::string& items) {
    return R"(<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>)" + head + items + "</channel></rss>";
  };
  const auto item = [](const std::string& id, const std::string& title, const std::string& time, const std::string& text,
                       const std::string& more = "") {
    return "<item><title>" + title + "</title><link>https://status.tidewater.example/i/" + id + "</link><guid>" + id +
           "</guid><pubDate>" + time + "</pubDate><description><![CDATA[" + text + "]]></description>" + more + "</item>";
  };
  const auto atom = [](const std::string& head, const std::string& entries) {
    return R"(<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">)" + head + entries + "</feed>";
  };
  const auto entry = [](const std::string& id, const std::string& title, const std::string& time, const std::string& html) {
    return "<entry><id>" + id + "</id><title>" + title + "</title><published>" + time + "</published><updated>" + time +
           "</updated><link rel=\"alternate\" href=\"https://status.tidewater.example/incidents/7\"/><content type=\"html\">" +
           "<![CDATA[" + html + "]]></content></entry>";
  };
  const std::string today = "Tue, 06 May 2031 11:00:00 GMT", now = "2031-05-06T11:00:00Z";
  const std::string sp = R"("id":"a1b2c3d4e5f6","name":"Tidewater","time_zone":"Etc/UTC")";
  const std::string ulid = R"("id":"01JT1DEWATER0000000000000A","name":"Tidewater","url":"https://status.tidewater.example/")";
  const std::string os = R"("name":"Tidewater","url":"https://tidewater.openstatus.dev")";
  const std::string ours = "https://status.tidewater.example";
  const std::string g = R"("begin":"2031-05-06T10:00:00Z","created":"2031-05-06T10:30:00Z")";
  std::vector<PageSample> out;
  out.push_back({"statuspage", ours, ours + "/api/v2/summary.json", statuspage(sp, "none", R"("id":"c1",)", "operational"),
                 statuspage(sp, "major", R"("id":"c1",)", "major_outage"),
                 statuspage(sp, "none", R"("id":"c1",)", "becalmed"), Status::major_outage});
  out.push_back({"incidentio", ours, ours + "/api/v2/summary.json", statuspage(ulid, "none", R"("id":"c1",)", "operational"),
                 statuspage(ulid, "minor", R"("id":"c1",)", "full_outage"),
                 statuspage(ulid, "becalmed", R"("id":"c1",)", "operational"), Status::major_outage});
  out.push_back({"openstatus", "https://tidewater.openstatus.dev", "https://tidewater.openstatus.dev/api/status/summary.json",
                 statuspage(os, "none", "", "operational"), statuspage(os, "minor", "", "degraded"),
                 statuspage(os, "none", "", "becalmed"), Status::degraded_performance});
  out.push_back({"incidentio_native", ours, ours + "/proxy/status.tidewater.example",
                 R"({"summary":{"id":"s","components":[{"id":"c1","name":"Harbour"}],"affected_components":[],"ongoing_incidents":[]}})",
                 R"({"summary":{"id":"s","components":[{"id":"c1","name":"Harbour"}],"affected_components":[{"component_id":"c1","status":"partial_outage"}],"ongoing_incidents":[{"id":"i1","name":"Fog","status":"identified"}]}})",
                 R"({"summary":{"id":"s","components":[{"id":"c1","name":"Harbour"}],"affected_components":[{"component_id":"c1","status":"becalmed"}],"ongoing_incidents":[]}})",
                 Status::partial_outage});
  out.push_back({"instatus", "https://tidewater.instatus.com", "https://tidewater.instatus.com/summary.json",
                 R"({"page":{"name":"Tidewater","status":"UP"}})",
                 R"({"page":{"name":"Tidewater","status":"HASISSUES"},"activeIncidents":[{"id":"i1","name":"Fog","started":"2031-05-06T11:00:00Z","status":"INVESTIGATING","impact":"MAJOROUTAGE"}]})",
                 R"({"page":{"name":"Tidewater","status":"BECALMED"},"activeIncidents":[]})", Status::degraded_performance});
  out.push_back({"betterstack", ours, ours + "/index.json",
                 R"({"data":{"id":"1","type":"status_page","attributes":{"aggregate_state":"operational"}},"included":[{"id":"5","type":"status_page_resource","attributes":{"public_name":"Harbour","status":"operational"}},{"id":"6","type":"status_page_resource","attributes":{"public_name":"Quay","status":"not_monitored"}}]})",
                 R"({"data":{"id":"1","type":"status_page","attributes":{"aggregate_state":"downtime"}},"included":[{"id":"5","type":"status_page_resource","attributes":{"public_name":"Harbour","status":"downtime"}}]})",
                 R"({"data":{"id":"1","type":"status_page","attributes":{"aggregate_state":"operational"}},"included":[{"id":"5","type":"status_page_resource","attributes":{"public_name":"Harbour","status":"becalmed"}}]})",
                 Status::major_outage});
  out.push_back({"checkly", "https://status.mistral.ai", "https://status.mistral.ai/api/status-page/mistral/unresolved-incidents",
                 R"({"incidents":[]})",
                 R"({"incidents":[{"id":"i1","name":"Fog","severity":"MEDIUM","created_at":"2031-05-06T11:00:00Z","lastUpdateStatus":"INVESTIGATING","services":[{"id":"s1","name":"Harbour"}]}]})",
                 R"({"incidents":[{"id":"i1","name":"Fog","severity":"BECALMED","created_at":"2031-05-06T11:00:00Z","lastUpdateStatus":"MONITORING","services":[{"id":"s1","name":"Harbour"}]}]})",
                 Status::degraded_performance, false});
  out.push_back({"statusio", "https://status.tidewater.example", "https://api.status.io/1.0/status/0123456789abcdef01234567",
                 R"({"result":{"status_overall":{"status":"Operational","status_code":100},"status":[{"id":"c1","name":"Harbour","status":"Operational","status_code":100,"containers":[]}],"incidents":[],"maintenance":{"active":[],"upcoming":[]}}})",
                 R"({"result":{"status_overall":{"status":"Operational","status_code":100},"status":[{"id":"c1","name":"Harbour","status":"Service Disruption","status_code":500,"containers":[]}],"incidents":[]}})",
                 R"({"result":{"status_overall":{"status":"Operational","status_code":100},"status":[{"id":"c1","name":"Harbour","status":"Becalmed","status_code":777,"containers":[]}],"incidents":[]}})",
                 Status::major_outage});
  out.push_back({"sorry", ours, ours + "/api/v1/status", R"({"page":{"name":"Tidewater","state":"operational"}})",
                 R"({"page":{"name":"Tidewater","state":"degraded"}})", R"({"page":{"name":"Tidewater","state":"becalmed"}})",
                 Status::degraded_performance});
  out.push_back({"ilert", ours, ours + "/api/summary",
                 R"({"pageTitle":"Tidewater","status":"OPERATIONAL","services":[{"id":5,"name":"Harbour","status":"OPERATIONAL"}],"incidents":[]})",
                 R"({"pageTitle":"Tidewater","status":"PARTIAL_OUTAGE","services":[{"id":5,"name":"Harbour","status":"PARTIAL_OUTAGE"}],"incidents":[]})",
                 R"({"pageTitle":"Tidewater","status":"OPERATIONAL","services":[{"id":5,"name":"Harbour","status":"BECALMED"}],"incidents":[]})",
                 Status::partial_outage});
  out.push_back({"datadog", "https://tidewater.statuspage.datadoghq.com", "https://tidewater.statuspage.datadoghq.com/config.json",
                 R"({"domainPrefix":"tidewater","components":[{"id":"g","name":"Port","type":"ComponentGroup","components":[{"id":"c1","name":"Harbour","type":"Component","status":"operational"}]}],"incidents":[],"maintenances":null})",
                 R"({"domainPrefix":"tidewater","components":[{"id":"g","name":"Port","type":"ComponentGroup","components":[{"id":"c1","name":"Harbour","type":"Component","status":"degraded"}]}],"incidents":[]})",
                 R"({"domainPrefix":"tidewater","components":[{"id":"c1","name":"Harbour","type":"Component","status":"becalmed"}],"incidents":[]})",
                 Status::degraded_performance});
  out.push_back({"flashduty", "https://status.tidewater.example", "https://status.tidewater.example/api/status-page/77001/summary/active",
                 R"({"data":{"page":{"components":[{"component_id":"c1","name":"Harbour"}]},"active_changes":[]}})",
                 R"({"data":{"page":{"components":[{"component_id":"c1","name":"Harbour"}]},"active_changes":[{"change_id":7,"type":"incident","title":"Fog","status":"identified","affected_components":[{"component_id":"c1","status":"full_outage"}],"start_at_seconds":1935918000}]}})",
                 R"({"data":{"page":{"components":[{"component_id":"c1","name":"Harbour"}]},"active_changes":[{"change_id":7,"type":"incident","title":"Fog","status":"monitoring","affected_components":[{"component_id":"c1","status":"becalmed"}]}]}})",
                 Status::major_outage});
  out.push_back({"uptimerobot", ours, ours + "/api/getMonitorList/abCD1234",
                 R"({"status":"ok","psp":{"perPage":30,"totalMonitors":2,"monitors":[{"monitorId":1,"name":"Harbour","statusClass":"success"},{"monitorId":2,"name":"Quay","statusClass":"black"}]},"statistics":{"counts":{"up":1,"down":0,"paused":1}}})",
                 R"({"status":"ok","psp":{"monitors":[{"monitorId":1,"name":"Harbour","statusClass":"danger"},{"monitorId":2,"name":"Quay","statusClass":"success"}]},"statistics":{"counts":{"up":1,"down":1,"paused":0}}})",
                 R"({"status":"ok","psp":{"monitors":[{"monitorId":1,"name":"Harbour","statusClass":"becalmed"}]},"statistics":{}})",
                 Status::major_outage});
  out.push_back({"zendesk", "https://status.zendesk.com", "https://status.zendesk.com/api/incidents/active", R"({"data":[],"included":[]})",
                 R"({"data":[{"id":"9","type":"incident","attributes":{"title":"Fog","status":"investigating"},"relationships":{"incident_services":{"data":[{"id":"s1","type":"service"}]}}}],"included":[{"id":"s1","type":"service","attributes":{"name":"Harbour"}}]})",
                 "", Status::degraded_performance, false});
  out.push_back({"stripe", "https://status.stripe.com", "https://status.stripe.com/current",
                 R"({"largestatus":"up","message":"fine","time":"May 06, 2031 @ 11:58AM +00:00","statuses":{"api":"up"}})",
                 R"({"largestatus":"degraded","time":"May 06, 2031 @ 11:58AM +00:00","statuses":{"api":"down"}})",
                 R"({"largestatus":"becalmed","time":"May 06, 2031 @ 11:58AM +00:00"})", Status::major_outage});
  out.push_back({"cachet", ours, ours + "/api/v1/components",
                 R"({"meta":{"pagination":{"total_pages":1}},"data":[{"id":1,"name":"Harbour","status":1,"status_name":"Operational"}]})",
                 R"({"meta":{"pagination":{"total_pages":1}},"data":[{"id":1,"name":"Harbour","status":3,"status_name":"Partial Outage"}]})",
                 R"({"meta":{"pagination":{"total_pages":1}},"data":[{"id":1,"name":"Harbour","status":17,"status_name":"Becalmed"}]})",
                 Status::partial_outage});
  out.push_back({"cstate", ours, ours + "/index.json",
                 R"({"is":"index","cStateVersion":"6.0","summaryStatus":"ok","systems":[{"name":"Harbour","category":"Port","status":"ok","unresolvedIssues":[]}]})",
                 R"({"is":"index","cStateVersion":"6.0","summaryStatus":"down","systems":[{"name":"Harbour","category":"Port","status":"down","unresolvedIssues":[]}]})",
                 R"({"is":"index","cStateVersion":"6.0","summaryStatus":"ok","systems":[{"name":"Harbour","status":"becalmed"}]})",
                 Status::major_outage});
  out.push_back({"uptimekuma", "https://status.tidewater.example/status/port", "https://status.tidewater.example/api/status-page/heartbeat/port",
                 R"({"heartbeatList":{"1":[{"status":1,"time":"2031-05-06 11:59:00.123"}]},"uptimeList":{"1_24":1}})",
                 R"({"heartbeatList":{"1":[{"status":1,"time":"2031-05-06 11:58:00"},{"status":0,"time":"2031-05-06 11:59:00"}]},"uptimeList":{}})",
                 R"({"heartbeatList":{"1":[{"status":9,"time":"2031-05-06 11:59:00"}]},"uptimeList":{}})", Status::major_outage});
  out.push_back({"upptime", "https://raw.githubusercontent.com/tidewater/port/main/history/summary.json",
                 "https://raw.githubusercontent.com/tidewater/port/main/history/summary.json",
                 R"([{"name":"Harbour","slug":"harbour","status":"up","uptime":"99.99%"}])",
                 R"([{"name":"Harbour","slug":"harbour","status":"degraded","uptime":"99.99%"}])",
                 R"([{"name":"Harbour","slug":"harbour","status":"becalmed","uptime":"99.99%"}])", Status::degraded_performance});
  out.push_back({"gatus", ours, ours + "/api/v1/endpoints/statuses",
                 R"([{"name":"Harbour","group":"port","key":"port_harbour","results":[{"success":false,"timestamp":"2031-05-06T11:58:00Z"},{"success":true,"timestamp":"2031-05-06T11:59:00Z"}]}])",
                 R"([{"name":"Harbour","group":"port","key":"port_harbour","results":[{"success":false,"timestamp":"2031-05-06T11:59:00Z"}]}])",
                 R"([{"name":"Harbour","group":"port","key":"port_harbour","results":[{"success":"becalmed"}]}])", Status::major_outage});
  out.push_back({"google_cloud", "https://status.cloud.google.com", "https://status.cloud.google.com/incidents.json",
                 R"([{"id":"i1",)" + g + R"(,"end":"2031-05-06T11:00:00Z","external_desc":"Fog","status_impact":"SERVICE_OUTAGE","affected_products":[{"title":"Cloud Harbour","id":"h1"}]}])",
                 R"([{"id":"i1",)" + g + R"(,"end":"","external_desc":"Fog","status_impact":"SERVICE_DISRUPTION","affected_products":[{"title":"Cloud Harbour","id":"h1"}]}])",
                 "", Status::partial_outage});
  out.push_back({"google_workspace", "https://www.google.com/appsstatus/dashboard", "https://www.google.com/appsstatus/dashboard/incidents.json",
                 R"([{"id":"i1",)" + g + R"(,"end":"2031-05-06T11:00:00Z","external_desc":"Fog","status_impact":"SERVICE_OUTAGE","affected_products":[{"title":"Gmail","id":"m1"}]}])",
                 R"([{"id":"i1",)" + g + R"(,"end":null,"external_desc":"Fog","status_impact":"SERVICE_INFORMATION","affected_products":[{"title":"Gmail","id":"m1"}]}])",
                 "", Status::degraded_performance});
  out.push_back({"aws", "https://health.aws.amazon.com", "https://health.aws.amazon.com/public/currentevents", "[]",
                 R"([{"arn":"arn:aws:health:eu-west-9::event/HARBOUR/i1","service":"harbour-eu-west-9","service_name":"Amazon Harbour","region_name":"Tidewater","status":"2","summary":"Fog","date":"1935918000"}])",
                 R"([{"arn":"arn:aws:health:eu-west-9::event/HARBOUR/i1","service":"harbour-eu-west-9","service_name":"Amazon Harbour","status":"becalmed","summary":"Fog"}])",
                 Status::degraded_performance, false});
  out.push_back({"aws_datajson", "https://status.aws.amazon.com", "https://status.aws.amazon.com/data.json",
                 R"({"archive":[{"service":"harbour","service_name":"Amazon Harbour","summary":"[RESOLVED] Fog","status":"2","date":"1935818000"}],"current":[]})",
                 R"({"archive":[],"current":[{"service":"harbour","service_name":"Amazon Harbour","summary":"Fog","status":"3","date":"1935918000"}]})",
                 "", Status::partial_outage});
  out.push_back({"azure_devops", "https://status.dev.azure.com", "https://status.dev.azure.com/_apis/status/health?api-version=7.1-preview.1",
                 R"({"status":{"health":"healthy","message":"fine"},"services":[{"id":"Harbour","geographies":[{"id":"EU","name":"Europe","health":"healthy"}]}]})",
                 R"({"status":{"health":"healthy","message":"fine"},"services":[{"id":"Harbour","geographies":[{"id":"EU","name":"Europe","health":"degraded"}]}]})",
                 R"({"status":{"health":"healthy","message":"fine"},"services":[{"id":"Harbour","geographies":[{"id":"EU","name":"Europe","health":"becalmed"}]}]})",
                 Status::degraded_performance});
  out.push_back({"slack", "https://slack-status.com", "https://slack-status.com/api/v2.0.0/current",
                 R"({"status":"ok","date_created":"2031-05-06T04:00:00-07:00","active_incidents":[]})",
                 R"({"status":"active","active_incidents":[{"id":7,"date_created":"2031-05-06T04:00:00-07:00","title":"Fog","type":"outage","status":"active","services":["Harbour"],"notes":[]}]})",
                 R"({"status":"becalmed","active_incidents":[]})", Status::major_outage});
  out.push_back({"heroku", "https://status.heroku.com", "https://status.heroku.com/api/v4/current-status",
                 R"({"status":[{"system":"Apps","status":"green"}],"incidents":[],"scheduled":[]})",
                 R"({"status":[{"system":"Apps","status":"red"}],"incidents":[],"scheduled":[]})",
                 R"({"status":[{"system":"Apps","status":"mauve"}],"incidents":[],"scheduled":[]})", Status::major_outage});
  out.push_back({"salesforce", "https://status.salesforce.com/instances/TW9", "https://api.status.salesforce.com/v1/instances/TW9/status",
                 R"({"key":"TW9","status":"OK","Services":[{"key":"Harbour"}],"Incidents":[]})",
                 R"({"key":"TW9","status":"MAJOR_INCIDENT_CORE","Services":[{"key":"Harbour"}],"Incidents":[{"id":7,"createdAt":"2031-05-06T11:00:00Z","IncidentImpacts":[{"startTime":"2031-05-06T10:00:00Z","endTime":"","severity":"major"}],"serviceKeys":["Harbour"]}]})",
                 R"({"key":"TW9","status":"BECALMED","Services":[{"key":"Harbour"}],"Incidents":[]})", Status::major_outage});
  out.push_back({"apple", "https://www.apple.com/support/systemstatus", "https://www.apple.com/support/systemstatus/data/system_status_en_US.js",
                 R"(jsonCallback({"services":[{"serviceName":"Harbour","events":[]}]});)",
                 R"(jsonCallback({"services":[{"serviceName":"Harbour","events":[{"messageId":"7","statusType":"Outage","eventStatus":"ongoing","epochStartDate":1935918000000}]}]});)",
                 R"({"services":[{"serviceName":"Harbour","events":[{"messageId":"7","statusType":"Becalmed","eventStatus":"ongoing"}]}]})",
                 Status::major_outage});
  out.push_back({"statuspage_feed", ours, ours + "/history.atom",
                 atom("<id>tag:status.tidewater.example,2005:/history</id><title>Tidewater Status</title>",
                      entry("tag:status.tidewater.example,2005:Incident/7", "Fog", now,
                            "<p><small>May <var data-var='date'> 6</var>, <var data-var='time'>11:00</var> UTC</small><br><strong>Resolved</strong> - over</p><p><small>May <var data-var='date'> 6</var>, <var data-var='time'>10:00</var> UTC</small><br><strong>Investigating</strong> - thick</p>")),
                 atom("<id>tag:status.tidewater.example,2005:/history</id><title>Tidewater Status</title>",
                      entry("tag:status.tidewater.example,2005:Incident/7", "Fog", now,
                            "<p><small>May <var data-var='date'> 6</var>, <var data-var='time'>11:00</var> UTC</small><br><strong>Update</strong> - thicker</p><p><small>May <var data-var='date'> 6</var>, <var data-var='time'>10:00</var> UTC</small><br><strong>Investigating</strong> - thick</p>")),
                 "", Status::degraded_performance});
  out.push_back({"incidentio_feed", ours, ours + "/history.atom",
                 atom("<title>Tidewater status</title><generator>incident.io</generator>",
                      entry("x7", "Fog", now, "<b>Status: Resolved</b><br/>over<ul><li>Harbour (Operational)</li></ul>")),
                 atom("<title>Tidewater status</title><generator>incident.io</generator>",
                      entry("x7", "Fog", now, "<b>Status: Identified</b><br/>thick<ul><li>Harbour (Degraded)</li></ul>")),
                 "", Status::degraded_performance});
  const std::string bs = "<title>Incidents | Tidewater</title><description>Incidents reported on status page for Tidewater</description>";
  out.push_back({"betterstack_feed", ours, ours + "/feed", rss(bs, item("7#u1", "Fog resolved", today, "This has been resolved.")),
                 rss(bs, item("7#u1", "Fog", today, "Ships are late.")), "", Status::degraded_performance});
  out.push_back({"checkly_feed", ours, ours + "/feed.rss",
                 rss("<title>Tidewater Page</title>", item("7", "Fog", today, "Status: Resolved<br/>over<br/>Affected services<ul><li>Harbour</li></ul>")),
                 rss("<title>Tidewater Page</title>", item("7", "Fog", today, "Status: Investigating<br/>thick<br/>Affected services<ul><li>Harbour</li></ul>")),
                 "", Status::degraded_performance});
  out.push_back({"slack_feed", "https://slack-status.com/feed/atom", "https://slack-status.com/feed/atom",
                 atom("<id>https://status.slack.com</id><title>Slack System Status</title>", entry("s7", "Incident: Fog", now, "This issue is now resolved.&amp;nbsp;Sorry.")),
                 atom("<id>https://status.slack.com</id><title>Slack System Status</title>", entry("s7", "Incident: Fog", now, "Ships are late.")),
                 "", Status::degraded_performance});
  out.push_back({"hund", ours, ours + "/state_feed/feed.atom",
                 atom("<id>tag:status.tidewater.example,2005:/state_feed/feed</id><title>Tidewater</title>", entry("h7", "[Gelöst] Nebel", now, "vorbei")),
                 atom("<id>tag:status.tidewater.example,2005:/state_feed/feed</id><title>Tidewater</title>", entry("h7", "[Nebulös] Nebel", now, "dicht")),
                 "", Status::degraded_performance});
  out.push_back({"aws_rss", "https://status.aws.amazon.com/rss/harbour.rss", "https://status.aws.amazon.com/rss/harbour.rss",
                 rss("<title>Amazon Harbour (Tidewater) Service Status</title>", ""),
                 rss("<title>Amazon Harbour (Tidewater) Service Status</title>",
                     item("http://status.aws.amazon.com/#harbour_1935918000", "Service disruption: Fog", "Tue, 6 May 2031 04:00:00 PDT", "thick")),
                 "", Status::partial_outage});
  out.push_back({"azure_rss", "https://azure.status.microsoft", "https://azure.status.microsoft/en-us/status/feed/",
                 rss("<title>Azure Status</title><lastBuildDate>Tue, 06 May 2031 11:59:00 Z</lastBuildDate>", ""),
                 rss("<title>Azure Status</title>", item("7", "Fog in Tidewater", "Tue, 06 May 2031 11:00:00 Z", "We are investigating.", "<category>Harbour</category>")),
                 "", Status::degraded_performance});
  out.push_back({"xai_rss", "https://status.x.ai", "https://status.x.ai/feed.xml",
                 rss("<title>xAI System Status</title>", item("INC7", "[API] Fog", today, "<h3>Status: RESOLVED</h3><p>Severity: available</p><p>Resolved: Tue, 06 May 2031 11:30:00 GMT</p>")),
                 rss("<title>xAI System Status</title>", item("INC7", "[API] Fog", today, "<h3>Status: INVESTIGATING</h3><p>Severity: unavailable</p>")),
                 "", Status::major_outage});
  out.push_back({"rss", ours, ours + "/rss", rss("<title>Tidewater Status</title>", item("7", "Fog", today, "<strong>RESOLVED</strong> - over")),
                 rss("<title>Tidewater Status</title>", item("7", "Fog", today, "<strong>IDENTIFIED</strong> - thick", "<category>major_outage</category>")),
                 "", Status::degraded_performance});
  out.push_back({"atom", ours, ours + "/feed/atom", atom("<title>Tidewater Status</title>", entry("a7", "Resolved: Fog", now, "over")),
                 atom("<title>Tidewater Status</title>", entry("a7", "Fog", now, "Ships are late.")), "", Status::degraded_performance});
  return out;
}

}  // namespace outaged::test
