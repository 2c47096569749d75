// What is said before TLS on SMTP (RFC 3207), IMAP (RFC 9051, 6.2.1) and POP3 (RFC 2595): pure, line by line, so that
// each turn can be tested by itself. Used by the dialogue on the loop's thread.
#pragma once

#include <string>
#include <string_view>

#include "probes/probe.h"

namespace outaged::probes {

class StartTls {
 public:
  enum class Next {
    read,     // more lines
    send,     // to_send(), then more lines
    secure,   // begin the handshake
    refused,  // why() says it
  };

  explicit StartTls(Dialogue::Tls protocol) : protocol_(protocol) {}
  /// One line of the server, without its end.
  Next take(std::string_view line);
  const std::string& to_send() const { return to_send_; }
  const std::string& why() const { return why_; }

 private:
  Next smtp(std::string_view line);
  Next imap(std::string_view line);
  Next pop3(std::string_view line);
  Next say(std::string text);
  Next refuse(std::string why);

  enum class Stage { greeting, hello, starttls };
  Dialogue::Tls protocol_;
  Stage stage_ = Stage::greeting;
  bool offered_ = false;
  std::string to_send_, why_;
};

}  // namespace outaged::probes
