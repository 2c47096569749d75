#include <fmt/format.h>

#include <array>

#include "config/sections.h"
#include "config/values.h"

namespace outaged::config {
namespace {

constexpr std::array<std::string_view, 6> only_tls = {"starttls",  "server_name", "ca_file",
                                                      "cert_file", "key_file",    "min_cert_left"};

void read_address(Section& section, TcpCheck& check) {
  Reader& reader = section.reader();
  section.require("address", "host:port, like mail.example.com:25");
  std::string address;
  if (!section.text("address", address)) return;
  const std::string written = in_quotes(section.get("address")->text);
  std::string fault;
  const auto parsed = parse_host_port(address, fault);
  if (!parsed) return reader.problem(section.place("address"), fmt::format("address {} {}", written, fault));
  if (!parsed->port)
    return reader.problem(section.place("address"), fmt::format("address {} has no port; write host:port", written));
  check.host = parsed->host;
  check.port = *parsed->port;
}

void read_tls(Section& section, TcpCheck& check) {
  std::string starttls;
  check.tls = TcpCheck::Tls::direct;
  if (section.choice("starttls", starttls, {"smtp", "imap", "pop3"}))
    check.tls = starttls == "smtp"   ? TcpCheck::Tls::smtp
                : starttls == "imap" ? TcpCheck::Tls::imap
                                     : TcpCheck::Tls::pop3;
  std::string fault;
  if (section.text("server_name", check.server_name)) {
    const auto name = parse_host_port(check.server_name, fault);
    if (!name || name->port)
      section.reader().problem(section.place("server_name"),
                               fmt::format("server_name {} {}", in_quotes(section.get("server_name")->text),
                                           name ? "has a port; write the name alone" : fault));
  }
  read_tls_files(section, check.ca_file, check.cert_file, check.key_file);
  Duration left{};
  if (section.duration("min_cert_left", left, 1s, 825 * 24h)) check.min_cert_left = left;
}

void read_dialogue(Section& section, TcpCheck& check) {
  Reader& reader = section.reader();
  for (const Node* item : section.list("dialogue")) {
    Section line(reader, *item, "a line of the dialogue");
    TcpCheck::Line out;
    const bool send = line.has("send"), expect = line.has("expect");
    line.text("send", out.text);
    if (!send) line.text("expect", out.text);
    out.send = send;
    if (send == expect) {
      reader.problem(*item, "each line of the dialogue is either send: TEXT or expect: TEXT");
      line.get("expect");  // known, so that finish() does not call it unknown as well
    } else if (send && !out.text.empty() && !out.text.ends_with('\n')) {
      reader.note(line.place("send"),
                  "send goes out as it stands, without a line end, which most servers wait for; "
                  "write it in double quotes: \"PING\\r\\n\"");
    }
    line.finish();
    if (!out.text.empty()) check.dialogue.push_back(std::move(out));
  }
}

}  // namespace

void read_tcp_check(Section& section, Target& target) {
  auto& check = target.check.emplace<TcpCheck>();
  read_address(section, check);
  if (target.kind == "tls") {
    read_tls(section, check);
  } else {
    for (const std::string_view key : only_tls)
      if (section.has(key) && section.get(key) != nullptr)
        section.reader().problem(section.place(key), fmt::format("{} needs kind: tls", key));
  }
  read_dialogue(section, check);
}

}  // namespace outaged::config
