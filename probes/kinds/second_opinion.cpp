#include "probes/kinds/second_opinion.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/text.h"

namespace outaged::probes {
namespace {

/// A resolver that is well answers in milliseconds; this much more the run may take.
constexpr Duration patience = 2s;

struct Held {
  std::shared_ptr<void> inner;     // the wrapped probe's own state
  std::optional<Finding> finding;  // what it found, while the second is asked
  std::string host;
  bool asked_six = false;
};

class SecondOpinion final : public Probe {
 public:
  SecondOpinion(std::shared_ptr<const Probe> probe, std::string server, Family family)
      : probe_(std::move(probe)), server_(std::move(server)), family_(family) {}
  Ask first() const override { return probe_->first(); }
  Step next(const Response& response, Run& run) const override;

 private:
  Step hear(const Response& response, Held& held) const;
  DnsQuery question(const Held& held) const;

  std::shared_ptr<const Probe> probe_;
  std::string server_;
  Family family_;
};

Step SecondOpinion::next(const Response& response, Run& run) const {
  if (!run.state) run.state = std::make_shared<Held>();
  Held& held = *std::static_pointer_cast<Held>(run.state);
  if (held.finding) return hear(response, held);

  Run inner = run;
  inner.state = std::move(held.inner);
  Step step = probe_->next(response, inner);
  held.inner = std::move(inner.state);
  auto* finding = std::get_if<Finding>(&step);
  if (!finding || !is_dns_failure(finding->cls)) return step;
  held.host = name_asked(response.url);
  if (held.host.find('.') == std::string::npos) return step;
  held.asked_six = family_ == Family::v6;
  held.finding = std::move(*finding);
  if (!held.finding->response) held.finding->response = std::make_shared<Response>(response);
  return question(held);
}

DnsQuery SecondOpinion::question(const Held& held) const {
  DnsQuery query;
  query.name = held.host;
  query.type = held.asked_six ? "AAAA" : "A";
  query.server = server_;
  query.timeout = patience;
  return query;
}

Step SecondOpinion::hear(const Response& response, Held& held) const {
  const SecondAnswer second = read_second(response, held.asked_six ? "AAAA" : "A");
  if (family_ == Family::any && !held.asked_six && second.how == SecondAnswer::How::fails &&
      response.rcode == "NOERROR") {
    held.asked_six = true;
    return question(held);
  }
  Finding finding = std::move(*held.finding);
  const Opinion opinion = weigh(finding.cls, second, server_);
  Evidence evidence = finding.evidence ? *finding.evidence : Evidence{};
  evidence.detail = clean_line(evidence.detail + opinion.words);
  finding.cls = opinion.cls;
  finding.evidence = std::make_shared<const Evidence>(std::move(evidence));
  return finding;
}

}  // namespace

bool is_dns_failure(Class cls) {
  return cls == Class::dns_nxdomain || cls == Class::dns_servfail || cls == Class::dns_timeout ||
         cls == Class::dns_error;
}

SecondAnswer read_second(const Response& response, const std::string& type) {
  using How = SecondAnswer::How;
  if (response.error != TransportError::none) return {How::silent, Class::ok, "gives no answer"};
  if (response.rcode == "NXDOMAIN") return {How::fails, Class::dns_nxdomain, "says NXDOMAIN"};
  if (response.rcode == "SERVFAIL") return {How::fails, Class::dns_servfail, "says SERVFAIL"};
  if (response.rcode != "NOERROR")  // it does not want to tell us
    return {How::silent, Class::ok, fmt::format("says {}", response.rcode)};
  const bool found = std::any_of(response.records.begin(), response.records.end(),
                                 [&](const DnsRecord& record) { return record.type == type; });
  if (found) return {How::fine, Class::ok, "finds it"};
  return {How::fails, Class::dns_nxdomain, fmt::format("finds no {} record", type)};
}

Opinion weigh(Class seen, const SecondAnswer& second, const std::string& server) {
  const std::string who = server.empty() ? "our own resolver" : fmt::format("the resolver {}", server);
  switch (second.how) {
    case SecondAnswer::How::fine:
      return {Class::dns_error, fmt::format("; {} {}, so the trouble is with the one we asked", who, second.words)};
    case SecondAnswer::How::silent:
      return {seen, fmt::format("; {} {} either way", who, second.words)};
    case SecondAnswer::How::fails:
      // Where ours only kept silent, or refused, the second one's word is the better one.
      if (seen == Class::dns_timeout || seen == Class::dns_error)
        return {second.cls, fmt::format("; {} {}", who, second.words)};
      return {seen, fmt::format("; {} {}{}", who, second.words, seen == second.cls ? " too" : "")};
  }
  return {seen, {}};
}

std::string name_asked(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return {};
  std::string host = url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const auto user = host.rfind('@'); user != std::string::npos) host.erase(0, user + 1);
  if (host.starts_with('[')) return {};
  if (std::count(host.begin(), host.end(), ':') > 1) return {};
  host = lower_ascii(host.substr(0, host.find(':')));
  std::array<unsigned char, sizeof(in_addr)> bytes{};
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ? std::string{} : host;
}

std::shared_ptr<const Probe> with_second_opinion(std::shared_ptr<const Probe> probe, std::string server,
                                                 Family family) {
  return std::make_shared<const SecondOpinion>(std::move(probe), std::move(server), family);
}

}  // namespace outaged::probes
