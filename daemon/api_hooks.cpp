#include "daemon/api_hooks.h"

#include <fmt/format.h>

#include "core/clock.h"
#include "daemon/api_support.h"
#include "daemon/log.h"
#include "probes/pages/webhook.h"

namespace outaged {
namespace {

web::Reply called(PageHooks& hooks, const std::function<void(const std::string&)>& read_now, const web::Request& request) {
  const PageHooks::Called call = hooks.call(request.captures.at(0), system_clock().steady());
  // No word of whether there are any hooks at all: the path is the secret.
  if (call.answer == PageHooks::Answer::unknown) throw Refused{404, "no such hook"};
  const auto said = probes::read_page_webhook(request.body);
  log_info(fmt::format("{}: its status page calls{}", call.page, said ? ": " + probes::sentence(*said) : ""));
  if (call.answer == PageHooks::Answer::read) read_now(call.page);
  return json_reply({{"page", call.page}, {"reading", true}}, 202);
}

}  // namespace

void mount_hooks(web::Server& server, PageHooks& hooks, std::function<void(const std::string& page)> read_now) {
  server.route("POST", "/hooks/page/{token}", refusing([&hooks, read_now = std::move(read_now)](const web::Request& request) {
                 return called(hooks, read_now, request);
               }));
}

}  // namespace outaged
