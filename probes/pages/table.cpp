// Every page format we know, in the order of detection: those that must be recognised by more stand before those that
// take what is left. To add one: its file, its name in core/page_formats.h, its line in formats.h, and one here.
#include "probes/pages/formats.h"
#include "probes/registry.h"

namespace outaged::probes {

const std::vector<PageFormat>& page_formats() {
  static const std::vector<PageFormat> table = {
      {"incidentio", read_incidentio, incidentio_documents},
      {"openstatus", read_openstatus, openstatus_documents},
      {"statuspage", read_statuspage, statuspage_documents},
      {"instatus", read_instatus, instatus_documents},
      {"betterstack", read_betterstack, betterstack_documents},
      {"statusio", read_statusio, statusio_documents},
      {"datadog", read_datadog, datadog_documents},
      {"flashduty", read_flashduty, flashduty_documents},
      {"cstate", read_cstate, cstate_documents},
      {"uptimekuma", read_uptimekuma, uptimekuma_documents, true},
      {"ilert", read_ilert, ilert_documents},
      {"sorry", read_sorry, sorry_documents, true},
      {"cachet", read_cachet, cachet_documents, true},
      {"incidentio_native", read_incidentio_native, incidentio_native_documents},
      {"checkly", read_checkly, checkly_documents, true},
      {"uptimerobot", read_uptimerobot, uptimerobot_documents, true},
      {"zendesk", read_zendesk, zendesk_documents},
      {"google_cloud", read_google_cloud, google_cloud_documents},
      {"google_workspace", read_google_workspace, google_workspace_documents},
      {"aws", read_aws, aws_documents},
      {"aws_datajson", read_aws_datajson, aws_datajson_documents},
      {"azure_devops", read_azure_devops, azure_devops_documents},
      {"slack", read_slack, slack_documents},
      {"heroku", read_heroku, heroku_documents},
      {"salesforce", read_salesforce, salesforce_documents},
      {"apple", read_apple, apple_documents},
      {"stripe", read_stripe, stripe_documents},
      {"upptime", read_upptime, upptime_documents},
      {"gatus", read_gatus, gatus_documents},
      {"statuspage_feed", read_statuspage_feed, statuspage_feed_documents},
      {"incidentio_feed", read_incidentio_feed, incidentio_feed_documents},
      {"betterstack_feed", read_betterstack_feed, betterstack_feed_documents},
      {"checkly_feed", read_checkly_feed, checkly_feed_documents},
      {"slack_feed", read_slack_feed, slack_feed_documents},
      {"hund", read_hund, hund_documents},
      {"aws_rss", read_aws_rss, aws_rss_documents},
      {"azure_rss", read_azure_rss, azure_rss_documents},
      {"xai_rss", read_xai_rss, xai_rss_documents},
      {"rss", read_rss, rss_documents},
      {"atom", read_atom, atom_documents},
  };
  return table;
}

const PageFormat* page_format(std::string_view name) {
  for (const PageFormat& format : page_formats())
    if (format.name == name) return &format;
  return nullptr;
}

}  // namespace outaged::probes
