// The names of the status-page formats, once for all: the configuration offers them, the readers' table
// (probes/registry) has one row for each, in this order; a test compares the two. Plain data.
#pragma once

#include <string_view>

namespace outaged {

/// Which of them it is, is found out from what the page serves.
inline constexpr std::string_view automatic_page_format = "auto";

/// Those that must be recognised by more stand before those that take what is left: this is the order of detection.
// clang-format off
inline constexpr std::string_view page_format_names[] = {
    "incidentio", "openstatus", "statuspage", "instatus", "betterstack", "statusio", "datadog", "flashduty", "cstate",
    "uptimekuma", "ilert", "sorry", "cachet", "incidentio_native", "checkly", "uptimerobot", "zendesk",
    "google_cloud", "google_workspace", "aws", "aws_datajson", "azure_devops", "slack", "heroku", "salesforce",
    "apple", "stripe", "upptime", "gatus", "statuspage_feed", "incidentio_feed", "betterstack_feed", "checkly_feed",
    "slack_feed", "hund", "aws_rss", "azure_rss", "xai_rss", "rss", "atom",
};
// clang-format on

}  // namespace outaged
