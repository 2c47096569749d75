#include "probes/web_answer.h"

#include <doctest/doctest.h>

#include "probes/edge.h"

namespace outaged::probes {
namespace {

Attribution judge(int status, std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  response.headers = std::move(headers);
  return attribute_web(response);
}

const std::string page =
    "<html><head><title>Shop</title><script src=/a.js></script></head><body>Buy things here</body></html>";

}  // namespace

TEST_CASE("web: pages that are right, blank, under maintenance, or a login's") {
  CHECK(judge(200, page).cls == Class::ok);
  CHECK(judge(0, page).cls == Class::ok);
  CHECK(judge(200, "").cls == Class::unexpected_content);
  CHECK(judge(200, "<html><body><div id=root></div></body></html>").cls == Class::unexpected_content);
  CHECK(judge(200, "<html><body><h1>Shop will return soon</h1></body></html>").cls == Class::server_error);
  CHECK(judge(0, "Shop will return soon").cls == Class::server_error);
  CHECK(judge(503, "<html><body>Shop is undergoing maintenance</body></html>").cls == Class::server_error);
  const Attribution login = judge(200, "<html><body><form><input type=\"password\"></form>Sign in</body></html>");
  CHECK(login.cls == Class::unexpected_content);
  CHECK(fault_of(login) == Fault::path);
  CHECK(counts_of(login) == Counts::nothing);
  // Whoever writes about maintenance at length has none.
  CHECK(judge(200, "<html><body>" + std::string(3000, 'x') + " undergoing maintenance</body></html>").cls == Class::ok);
}

TEST_CASE("web: refusals and failures") {
  CHECK(judge(403, "Forbidden").cls == Class::access_blocked);
  CHECK(judge(403, "Forbidden", {{"cf-mitigated", "challenge"}}).cls == Class::bot_challenge);
  CHECK(counts_of(judge(429, "Rate exceeded.")) == Counts::maybe);
  CHECK(judge(404, "nothing here").cls == Class::not_found);
  CHECK(judge(500, "oh").cls == Class::server_error);
  CHECK(judge(503, "oh").cls == Class::server_error);
  CHECK(judge(503, "<html><hr><center>nginx</center></html>").cls == Class::edge_error);
  CHECK(judge(530, "error code: 1033").cls == Class::edge_error);
  const Attribution astray = judge(302, "", {{"location", "/login"}});
  CHECK(astray.cls == Class::unexpected_content);
  CHECK(fault_of(astray) == Fault::path);
  CHECK(judge(301, "", {{"location", "/de/"}}).cls == Class::redirected);
}

TEST_CASE("web: what a person sees of a page") {
  CHECK(visible_text("<p>a<b>b</b></p>\n <!-- c --><script>d</script><style>e</style> f") == "a b f");
  CHECK(visible_text("<script>never ends").empty());
  CHECK(visible_text("plain").size() == 5);
}

}  // namespace outaged::probes
