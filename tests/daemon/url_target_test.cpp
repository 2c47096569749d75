#include "daemon/url_target.h"

#include <doctest/doctest.h>

namespace outaged {

TEST_CASE("probe: a URL stands for a target") {
  const auto target = [](const std::string& url) {
    auto made = target_of_url(url);
    REQUIRE(made);
    return std::move(made).value();
  };
  CHECK(target("https://example.com/x").http().url == "https://example.com/x");
  CHECK(target("HTTP://example.com/").kind == "http");

  const auto tcp = std::get<config::TcpCheck>(target("tcp://[::1]:25").check);
  CHECK(tcp.host == "::1");
  CHECK(tcp.port == 25);
  CHECK(tcp.tls == config::TcpCheck::Tls::none);
  CHECK(std::get<config::TcpCheck>(target("tls://example.com:443").check).tls == config::TcpCheck::Tls::direct);
  CHECK(std::get<config::TcpCheck>(target("tls://example.com:25?starttls=smtp").check).tls ==
        config::TcpCheck::Tls::smtp);
  CHECK(target("tls://example.com:443").kind == "tls");

  const auto dns = std::get<config::DnsCheck>(target("dns://192.0.2.53:5353/example.com?type=mx").check);
  CHECK(dns.server == "192.0.2.53:5353");
  CHECK(dns.name == "example.com");
  CHECK(dns.type == "MX");
  CHECK(std::get<config::DnsCheck>(target("dns:///example.com").check).server.empty());
  CHECK(std::get<config::DnsCheck>(target("dns:///example.com").check).type == "A");
  CHECK(std::get<config::IcmpCheck>(target("icmp://2001:db8::1").check).host == "2001:db8::1");
}

TEST_CASE("probe: a URL that is none of ours says which form is meant") {
  for (const std::string url : {"ftp://example.com/", "tcp://example.com", "tcp://example.com:25/x",
                                "tls://example.com:25?starttls=ftp", "tls://example.com:25?x=y", "dns://192.0.2.53",
                                "dns://192.0.2.53/a?type=A&b=c", "icmp://example.com:1", "tcp://:1"}) {
    const auto made = target_of_url(url);
    REQUIRE_FALSE(made);
    CHECK(made.error().starts_with(url));
  }
}

}  // namespace outaged
