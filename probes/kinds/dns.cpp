// The `dns` kind: one question to one name server, and whether the answer is right. A wrong one, or none, is asked of a
// second server in the same run, to tell theirs from ours. What is watched decides how that counts: the name, if it is
// asked of our own resolver or the user names a second server; else the named server itself, whose failure is its own
// however well others do.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.h"
#include "probes/evidence.h"
#include "probes/kinds/bare.h"
#include "probes/kinds/kinds.h"
#include "probes/kinds/second_opinion.h"

namespace outaged::probes {
namespace {

/// Of the time limit, what is kept for the second server.
constexpr Duration most_for_second = 2s;

/// As two spellings of one value compare: addresses in their shortest form, names without case and final dot.
std::string canonical(const std::string& type, const std::string& value) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (type == "AAAA" && inet_pton(AF_INET6, value.c_str(), bytes.data()) == 1 &&
      inet_ntop(AF_INET6, bytes.data(), text.data(), text.size()))
    return text.data();
  if (type == "TXT" || type == "CAA") return value;
  std::string out = lower_ascii(value);
  if (out.size() > 1 && out.ends_with('.')) out.pop_back();
  return out;
}

/// The name under which an address is looked up backwards (RFC 1035, 3.5; RFC 3596, 2.5); other names as they are.
std::string question_name(const config::DnsCheck& check) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  if (check.type != "PTR") return check.name;
  if (inet_pton(AF_INET, check.name.c_str(), bytes.data()) == 1)
    return fmt::format("{}.{}.{}.{}.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
  if (inet_pton(AF_INET6, check.name.c_str(), bytes.data()) != 1) return check.name;
  std::string out;
  for (std::size_t i = bytes.size(); i-- > 0;) out += fmt::format("{:x}.{:x}.", bytes[i] & 15, bytes[i] >> 4);
  return out + "ip6.arpa";
}

class DnsProbe final : public Probe {
 public:
  DnsProbe(const config::Target& target, const config::Egress& egress);
  Ask first() const override { return query_; }
  Step next(const Response& response, Run& run) const override;

 private:
  struct Held {
    Response response;
    Attribution judged;
  };
  Attribution judge(const Response& response) const;
  std::string broken_expectation(const Response& response) const;

  config::DnsCheck check_;
  DnsQuery query_;
  std::optional<DnsQuery> second_;
  bool server_is_watched_ = false;
};

DnsProbe::DnsProbe(const config::Target& target, const config::Egress& egress)
    : check_(std::get<config::DnsCheck>(target.check)) {
  query_.name = question_name(check_);
  query_.type = check_.type;
  query_.server = check_.server;
  query_.tcp = check_.tcp;
  query_.recursion = check_.recursion;
  query_.timeout = target.timeout;
  server_is_watched_ = !check_.server.empty() && check_.second_server.empty();
  const std::string& other = check_.second_server.empty() ? egress.second_resolver : check_.second_server;
  if (check_.server.empty() && other.empty()) return;
  const Duration reserve = std::min(most_for_second, target.timeout / 3);
  query_.timeout -= reserve;
  second_ = query_;
  second_->server = server_is_watched_ ? "" : other;
  second_->recursion = true;
  second_->tcp = false;
  second_->timeout = reserve;
}

/// As the end of a sentence; "": the answer is as expected.
std::string DnsProbe::broken_expectation(const Response& response) const {
  if (response.rcode != "NOERROR") return {};
  const auto matches = [&](const DnsRecord& record, const std::string& wanted) {
    return canonical(record.type, record.value) == canonical(record.type, wanted);
  };
  std::size_t of_type = 0;
  for (const DnsRecord& record : response.records) of_type += record.type == check_.type ? 1 : 0;
  if (check_.expect_answers.empty()) return of_type > 0 ? "" : fmt::format("no {} record", check_.type);
  for (const std::string& wanted : check_.expect_answers)
    if (std::none_of(response.records.begin(), response.records.end(),
                     [&](const DnsRecord& record) { return matches(record, wanted); }))
      return fmt::format("{} is not among the answers", wanted);
  if (!check_.exact) return {};
  for (const DnsRecord& record : response.records)
    if (record.type == check_.type && std::none_of(check_.expect_answers.begin(), check_.expect_answers.end(),
                                                   [&](const std::string& wanted) { return matches(record, wanted); }))
      return fmt::format("{} is among the answers, which nobody expects", record.value);
  return {};
}

Attribution DnsProbe::judge(const Response& response) const {
  if (response.error != TransportError::none) return attribute_bare(response);
  Attribution out;
  out.evidence = evidence_of(response);
  if (response.rcode != check_.expect_rcode) {
    out.evidence.detail = fmt::format("{} for {} {}", response.rcode, check_.name, check_.type);
    if (response.rcode == "NXDOMAIN")
      out.cls = Class::dns_nxdomain;
    else if (response.rcode == "SERVFAIL")
      out.cls = Class::dns_servfail;
    else if (response.rcode == "NOERROR")
      out.cls = Class::unexpected_content;
    else
      out.cls = Class::dns_error;  // REFUSED, NOTIMP, FORMERR: it does not want to talk to us
    if (check_.expect_rcode != "NOERROR") out.evidence.detail += fmt::format(", expected {}", check_.expect_rcode);
  } else if (const std::string broken = broken_expectation(response); !broken.empty()) {
    out.cls = Class::unexpected_content;
    std::vector<std::string> got;
    for (const DnsRecord& record : response.records)
      if (got.size() < 8) got.push_back(record.value);
    out.evidence.detail = clean_line(fmt::format("{} {}: {}{}{}", check_.name, check_.type, broken,
                                                 got.empty() ? "" : "; got ", fmt::join(got, ", ")));
  }
  return out;
}

Step DnsProbe::next(const Response& response, Run& run) const {
  Attribution judged = judge(response);
  const auto conclude = [](Attribution&& out, std::shared_ptr<Response> of) {
    Finding finding;
    finding.cls = out.cls;
    if (out.cls != Class::ok) finding.evidence = std::make_shared<const Evidence>(std::move(out.evidence));
    finding.response = std::move(of);
    return finding;
  };
  if (!run.state) {
    const bool ours = judged.cls == Class::probe_error;  // we could not even ask
    if (judged.cls == Class::ok || ours || !second_) return conclude(std::move(judged), nullptr);
    run.state = std::make_shared<Held>(Held{response, std::move(judged)});
    return *second_;
  }

  Held& held = *std::static_pointer_cast<Held>(run.state);
  SecondAnswer second;
  if (judged.cls == Class::ok)
    second = {SecondAnswer::How::fine, Class::ok, "answers as expected"};
  else if (is_dns_failure(judged.cls) && response.error == TransportError::none && judged.cls != Class::dns_error)
    second = {SecondAnswer::How::fails, judged.cls, "says " + response.rcode};
  else if (judged.cls == Class::unexpected_content)
    second = {SecondAnswer::How::fails, judged.cls, "gives a wrong answer"};
  else
    second = {SecondAnswer::How::silent, Class::ok,
              response.rcode.empty() ? "gives no answer" : "says " + response.rcode};
  const Opinion opinion = weigh(held.judged.cls, second, second_->server);
  if (!server_is_watched_) held.judged.cls = opinion.cls;
  held.judged.evidence.detail = clean_line(held.judged.evidence.detail + opinion.words);
  return conclude(std::move(held.judged), std::make_shared<Response>(std::move(held.response)));
}

}  // namespace

std::shared_ptr<const Probe> make_dns(const config::Target& target, const config::Egress& egress) {
  return std::make_shared<const DnsProbe>(target, egress);
}

}  // namespace outaged::probes
