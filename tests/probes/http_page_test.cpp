// Pages for people: what a visitor would call broken although the server says 200.
#include <doctest/doctest.h>

#include <map>

#include "probes/kinds/page_check.h"
#include "tests/probes/ask_support.h"
#include "tests/support/raw_server.h"

namespace outaged::probes {
namespace {

const std::string lorem(600, 'w');

Response page(std::string body, std::string type = "text/html; charset=utf-8") {
  Response out;
  out.status = 200;
  out.url = "https://www.tidewater.example/shop/";
  out.headers = {{"content-type", std::move(type)}};
  out.body = std::move(body);
  return out;
}

PageLook look(const std::string& body) { return look_at_page(page(body), "https://www.tidewater.example/shop/"); }

std::vector<std::string> assets(const std::string& body) {
  std::vector<std::string> out;
  for (const auto& asset : look(body).assets) out.push_back((asset.script ? "js " : "css ") + asset.url);
  return out;
}

/// A server of a few documents.
struct Site {
  struct Document {
    std::string body, type = "text/html", status = "200 OK", headers = {};
  };
  std::map<std::string, Document> documents;
  std::vector<std::string> asked;
  test::RawServer server{[this](test::Connection& c) {
    const std::string head = c.read_head();
    const std::string path = head.substr(head.find(' ') + 1, head.find(" HTTP/") - head.find(' ') - 1);
    asked.push_back(path);
    const auto found = documents.find(path);
    if (found == documents.end()) return void(c.respond("gone", "404 Not Found", "Content-Type: text/plain\r\n"));
    const Document& d = found->second;
    c.respond(d.body, d.status, "Content-Type: " + d.type + "\r\n" + d.headers);
  }};

  probes::Result probe(const std::string& path = "/") {
    asked.clear();
    config::Target t;
    t.http().url = server.url(path);
    t.http().page = true;
    t.http().follow_redirects = true;
    return test::probe_target(t);
  }
};

}  // namespace

TEST_CASE("page: blank, or not a page, or a notice") {
  CHECK(look("<html><body><h1>Hello</h1></body></html>").cls == Class::ok);
  CHECK(look("<html><head><title>The Shop</title></head><body> <div id=a></div></body></html>").cls ==
        Class::unexpected_content);  // nobody looks at the window's frame
  CHECK(look("<html><head></head><body></body></html>").problem == "but it is a blank page");
  CHECK(look("<html><body><!-- text --><style>a{}</style></body></html>").cls == Class::unexpected_content);
  CHECK(look("<html><body><img src=a.png></body></html>").cls == Class::ok);
  CHECK(look("<html><body><script>draw()</script></body></html>").cls == Class::ok);
  CHECK(look_at_page(page("{}", "application/json"), "https://a.example/").problem ==
        "but it is no page (application/json)");
  CHECK(look("<html><body>We are down for maintenance</body></html>").cls == Class::server_error);
}

TEST_CASE("page: a login form where the page belongs") {
  const std::string form = "<form><input name=u><input type=\"password\" name=p></form>";
  CHECK(look("<html><body>Please identify yourself" + form + "</body></html>").problem == "but it is a login form");
  CHECK(look("<html><title>Sign in</title><body>" + std::string(5000, 'x') + form + "</body></html>").cls ==
        Class::unexpected_content);
  // A full page with a form in its corner, and a page that is a login.
  CHECK(look("<html><title>Shop</title><body>" + std::string(5000, 'x') + form + "</body></html>").cls == Class::ok);
  CHECK(
      look_at_page(page("<html><body>Sign in" + form + "</body></html>"), "https://www.tidewater.example/login").cls ==
      Class::ok);
}

TEST_CASE("page: which scripts and styles it needs") {
  const std::string origin = "https://www.tidewater.example";
  using Urls = std::vector<std::string>;
  CHECK(assets("<script src=\"/app.js?v=1&amp;w=2\"></script>") == Urls{"js " + origin + "/app.js?v=1&w=2"});
  CHECK(assets("<SCRIPT SRC='app.js' defer></SCRIPT>") == Urls{"js " + origin + "/shop/app.js"});
  CHECK(assets("<base href=/><script type=module src=main.js></script>") == Urls{"js " + origin + "/main.js"});
  CHECK(assets("<link rel=stylesheet href=/a.css><link rel=icon href=/i.ico><script src=/a.js></script>") ==
        Urls{"js " + origin + "/a.js", "css " + origin + "/a.css"});
  CHECK(assets("<script src=/1.js></script><script src=/2.js></script><script src=/3.js></script><script src=/4.js>")
            .size() == max_assets);
  CHECK(assets("<script src=/1.js></script><script src=/1.js></script>").size() == 1);
  // Neither in comments, nor data, nor old browsers' copies, nor what is written inside a script.
  CHECK(assets(
            "<!-- <script src=/no.js></script> --><script nomodule src=/old.js></script><script type=\"text/template\" "
            "src=/t.js></script><script>x = '<script src=/no.js>'</script><script src=\"data:text/javascript,1\">")
            .empty());
  // Others' only where the page lives by its scripts, and never what merely counts visitors.
  const std::string cdn =
      "<script src=https://cdn.example/lib.js></script><script async src=https://stats.example/s.js></script>";
  CHECK(assets(cdn) == Urls{"js https://cdn.example/lib.js"});
  CHECK(assets(cdn + "<p>" + lorem + "</p>").empty());
  CHECK(assets("<script src=http://www.tidewater.example/plain.js></script>").empty());  // no browser would load it
}

TEST_CASE("page: hostile markup ends") {
  for (const std::string piece : {"<script ", "<a b='", "<!--", "<script>", "<base href=",
                                  "<link rel=stylesheet href=x>", "<script src=x>", "<\0a", "<a a=a a=a "}) {
    std::string body;
    while (body.size() < 1'000'000) body += piece;
    const auto begun = std::chrono::steady_clock::now();
    CHECK(look(body).assets.size() <= max_assets);
    CHECK(std::chrono::steady_clock::now() - begun < 5s);
  }
}

TEST_CASE("page: what is wrong with an asset") {
  const PageLook::Asset script{"https://a.example/app.js?token=secret", true}, style{"https://a.example/a.css", false};
  const auto answer = [](int status, std::string body, std::string type) {
    Response out;
    out.status = status;
    out.body = std::move(body);
    out.headers = {{"content-type", std::move(type)}};
    return out;
  };
  CHECK_FALSE(broken_asset(script, answer(200, "run()", "text/javascript")));
  CHECK(*broken_asset(script, answer(404, "", "text/plain")) ==
        "its script https://a.example/app.js is dead: HTTP 404 with an empty body");
  CHECK(*broken_asset(script, answer(200, "<!doctype html><html>", "text/javascript")) ==
        "its script https://a.example/app.js is an HTML page");
  CHECK(*broken_asset(style, answer(200, "<html>", "text/html")) ==
        "its style https://a.example/a.css is an HTML page");
  CHECK(broken_asset(style, answer(503, "", "text/plain")));
  CHECK(broken_asset(style, answer(403, "", "text/plain")));
  Response lost;
  lost.error = TransportError::connect_refused;
  CHECK(broken_asset(script, lost));
  // What tells nothing of what a visitor sees.
  Response ours;
  ours.error = TransportError::local;
  CHECK_FALSE(broken_asset(script, ours));
  CHECK_FALSE(broken_asset(script, answer(429, "", "text/plain")));
  Response large = answer(200, "run()", "text/javascript");
  large.error = TransportError::too_large;
  CHECK_FALSE(broken_asset(script, large));
}

TEST_CASE("page: a whole visit") {
  const std::string shell = "<html><body><div id=app></div><script src=/app.js></script></body></html>";
  Site site;
  SUBCASE("a shell whose script is there") {
    site.documents = {{"/", {shell}}, {"/app.js", {"run()", "text/javascript"}}};
    const probes::Result result = site.probe();
    CHECK(result.finding.cls == Class::ok);
    CHECK(site.asked == std::vector<std::string>{"/", "/app.js"});
    CHECK(result.response.url == site.server.url());  // what is shown is the page's answer, not the script's
  }
  SUBCASE("a shell whose script is gone") {
    site.documents = {{"/", {shell}}};
    const probes::Result result = site.probe();
    CHECK(result.finding.cls == Class::unexpected_content);
    CHECK(test::detail(result) == "HTTP 200, but its script " + site.server.url("/app.js") + " is dead: HTTP 404");
  }
  SUBCASE("a shell whose script is the shell again") {
    site.documents = {{"/", {shell}}, {"/app.js", {shell}}};
    CHECK(test::contains(test::detail(site.probe()), "is an HTML page"));
  }
  SUBCASE("a redirect to a login, and one to the page") {
    site.documents = {{"/", {"", "text/html", "302 Found", "Location: /login?next=/\r\n"}},
                      {"/old", {"", "text/html", "301 Moved", "Location: /new\r\n"}},
                      {"/new", {"<html><body>here</body></html>"}}};
    const probes::Result login = site.probe();
    CHECK(login.finding.cls == Class::redirected);
    CHECK(test::contains(test::detail(login), "a login where the page belongs"));
    CHECK(site.asked.size() == 1);
    CHECK(site.probe("/old").finding.cls == Class::ok);
  }
  SUBCASE("a login form, a blank page, a page too slow to have its assets asked") {
    site.documents = {{"/", {"<html><body>Hello<form><input type=password></form></body></html>"}},
                      {"/blank", {"<html></html>"}}};
    CHECK(site.probe().finding.cls == Class::unexpected_content);
    CHECK(test::detail(site.probe("/blank")) == "HTTP 200, but it is a blank page");
  }
}

}  // namespace outaged::probes
