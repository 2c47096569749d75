#include "probes/web_answer.h"

#include <fmt/format.h>

#include "core/text.h"
#include "probes/bounded_json.h"
#include "probes/edge.h"
#include "probes/kinds/page_check.h"

namespace outaged::probes {
namespace {

/// What the page says to those who look at it; nothing if all is well.
void look(const Response& page, Attribution& out) {
  const PageLook seen = look_at_page(page, page.url);
  if (seen.cls == Class::ok) return;
  out.cls = seen.cls;
  out.evidence.detail = clean_line(fmt::format("{}, {}", out.evidence.detail, seen.problem));
  if (seen.cls == Class::unexpected_content && asks_for_password(page)) {
    // A captive portal or a proxy: it is not the service that asks.
    out.fault = Fault::path;
    out.counts = Counts::nothing;
  }
}

}  // namespace

Attribution attribute_web(const Response& response) {
  Response page = response;
  if (page.status == 0 && page.error == TransportError::none) page.status = 200;
  Expectation expectation;
  expectation.content = true;
  Attribution out = attribute(page, expectation);
  if (response.status == 0 && out.cls == Class::ok) out.evidence.detail = "a page";
  const bool markup = page.header("content-type").find("html") != std::string::npos || first_byte(page.body) == '<';
  if (out.cls == Class::ok && markup) look(page, out);
  // Some serve the notice with a status of its own, or as bare text.
  if ((out.cls == Class::unexpected_status || out.cls == Class::ok) && is_maintenance_page(page)) {
    out.cls = Class::server_error;
    out.evidence.detail += ": a maintenance page";
  }
  // A page is for everybody: it asks nobody for a key, and one that refuses for its rate may well refuse all.
  if (out.cls == Class::rate_limited) out.counts = Counts::maybe;
  if (out.cls == Class::auth && page.status == 403) out.cls = Class::access_blocked;
  return out;
}

}  // namespace outaged::probes
