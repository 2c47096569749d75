// The status-page formats, one file each; listed in registry.cpp. All are pure and take any bytes without harm
// (tests/fuzz). The shapes and their meanings are the vendors': each file names its anchor, without which a document
// is a stranger's, and what is peculiar to it.
// read_… fills the report and sets `readable`, or sets `problem`; format and claim are added by read_page().
// …_documents gives the URLs to fetch for a page, in order: the first carries the claim, the rest add to it. A URL that
// is already that of a document is kept.
#pragma once

#include <string>
#include <vector>

#include "core/page.h"
#include "probes/pages/document.h"

namespace outaged::probes {

#define OUTAGED_PAGE_FORMAT(name)                                 \
  void read_##name(const Document& document, PageReport& report); \
  std::vector<std::string> name##_documents(const std::string& url)

OUTAGED_PAGE_FORMAT(statuspage);
OUTAGED_PAGE_FORMAT(incidentio);         // incident.io's API in the shape of Statuspage's
OUTAGED_PAGE_FORMAT(incidentio_native);  // incident.io's proxy document and widget
OUTAGED_PAGE_FORMAT(instatus);
OUTAGED_PAGE_FORMAT(betterstack);
OUTAGED_PAGE_FORMAT(checkly);
OUTAGED_PAGE_FORMAT(statusio);
OUTAGED_PAGE_FORMAT(sorry);
OUTAGED_PAGE_FORMAT(ilert);
OUTAGED_PAGE_FORMAT(openstatus);
OUTAGED_PAGE_FORMAT(datadog);
OUTAGED_PAGE_FORMAT(flashduty);
OUTAGED_PAGE_FORMAT(uptimerobot);
OUTAGED_PAGE_FORMAT(zendesk);
OUTAGED_PAGE_FORMAT(stripe);
OUTAGED_PAGE_FORMAT(cachet);  // v1, v2 and v3
OUTAGED_PAGE_FORMAT(cstate);
OUTAGED_PAGE_FORMAT(uptimekuma);
OUTAGED_PAGE_FORMAT(upptime);
OUTAGED_PAGE_FORMAT(gatus);
OUTAGED_PAGE_FORMAT(google_cloud);
OUTAGED_PAGE_FORMAT(google_workspace);
OUTAGED_PAGE_FORMAT(aws);  // current events
OUTAGED_PAGE_FORMAT(aws_datajson);
OUTAGED_PAGE_FORMAT(azure_devops);
OUTAGED_PAGE_FORMAT(slack);
OUTAGED_PAGE_FORMAT(heroku);
OUTAGED_PAGE_FORMAT(salesforce);
OUTAGED_PAGE_FORMAT(apple);
// Feeds.
OUTAGED_PAGE_FORMAT(statuspage_feed);
OUTAGED_PAGE_FORMAT(incidentio_feed);
OUTAGED_PAGE_FORMAT(betterstack_feed);
OUTAGED_PAGE_FORMAT(checkly_feed);
OUTAGED_PAGE_FORMAT(slack_feed);
OUTAGED_PAGE_FORMAT(hund);
OUTAGED_PAGE_FORMAT(aws_rss);
OUTAGED_PAGE_FORMAT(azure_rss);
OUTAGED_PAGE_FORMAT(xai_rss);
OUTAGED_PAGE_FORMAT(rss);
OUTAGED_PAGE_FORMAT(atom);

#undef OUTAGED_PAGE_FORMAT

}  // namespace outaged::probes
