#include "probes/io/starttls.h"

#include <fmt/format.h>

#include "core/text.h"

namespace outaged::probes {
namespace {

std::string as_said(std::string_view line) { return fmt::format("the server says \"{}\"", clean_line(line, 120)); }

bool starts_with(std::string_view line, std::string_view upper) {
  if (line.size() < upper.size()) return false;
  for (std::size_t i = 0; i < upper.size(); ++i) {
    const char c = line[i] >= 'a' && line[i] <= 'z' ? static_cast<char>(line[i] - 'a' + 'A') : line[i];
    if (c != upper[i]) return false;
  }
  return true;
}

}  // namespace

StartTls::Next StartTls::say(std::string text) {
  to_send_ = std::move(text);
  return Next::send;
}

StartTls::Next StartTls::refuse(std::string why) {
  why_ = std::move(why);
  return Next::refused;
}

StartTls::Next StartTls::take(std::string_view line) {
  switch (protocol_) {
    case Dialogue::Tls::none:
    case Dialogue::Tls::direct:
      return Next::secure;
    case Dialogue::Tls::smtp:
      return smtp(line);
    case Dialogue::Tls::imap:
      return imap(line);
    case Dialogue::Tls::pop3:
      return pop3(line);
  }
  return Next::secure;
}

StartTls::Next StartTls::smtp(std::string_view line) {
  const bool digits = line.size() >= 3 && line.substr(0, 3).find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits || (line.size() > 3 && line[3] != ' ' && line[3] != '-'))
    return refuse(as_said(line) + ", which is no SMTP");
  const bool last = line.size() == 3 || line[3] == ' ';
  if (line[0] != '2') return last ? refuse(as_said(line)) : Next::read;
  if (stage_ == Stage::hello && line.size() > 4 && starts_with(line.substr(4), "STARTTLS")) offered_ = true;
  if (!last) return Next::read;
  switch (stage_) {
    case Stage::greeting:
      stage_ = Stage::hello;
      return say("EHLO outaged.invalid\r\n");  // RFC 2606: a name that is nobody's
    case Stage::hello:
      if (!offered_) return refuse("the server does not offer STARTTLS");
      stage_ = Stage::starttls;
      return say("STARTTLS\r\n");
    case Stage::starttls:
      return Next::secure;
  }
  return Next::secure;
}

StartTls::Next StartTls::imap(std::string_view line) {
  if (stage_ == Stage::greeting) {
    if (!starts_with(line, "* OK")) return refuse(as_said(line));
    stage_ = Stage::starttls;
    return say("a1 STARTTLS\r\n");
  }
  if (starts_with(line, "* BYE")) return refuse(as_said(line));
  if (!starts_with(line, "A1 ")) return Next::read;
  return starts_with(line, "A1 OK") ? Next::secure : refuse(as_said(line));
}

StartTls::Next StartTls::pop3(std::string_view line) {
  if (!starts_with(line, "+OK")) return refuse(as_said(line));
  if (stage_ == Stage::starttls) return Next::secure;
  stage_ = Stage::starttls;
  return say("STLS\r\n");
}

}  // namespace outaged::probes
