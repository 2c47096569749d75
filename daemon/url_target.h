// A URL on the command line as a target: what `outaged probe` asks where no configuration names it. Pure.
#pragma once

#include <string>

#include "config/config.h"
#include "core/result.h"

namespace outaged {

/// http://…, https://…, tcp://host:port, tls://host:port[?starttls=smtp|imap|pop3], dns://[server]/name[?type=A],
/// icmp://host. Errors say which form is meant.
Result<config::Target> target_of_url(const std::string& url);

}  // namespace outaged
