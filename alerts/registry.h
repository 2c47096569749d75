// The notifiers' factories, one pair per file in alerts/notifiers; the table in registry.cpp is their only reader.
#pragma once

#include <memory>
#include <string>

#include "alerts/notifier.h"

namespace outaged::alerts {

std::shared_ptr<const Notifier> make_webhook(const config::Receiver& receiver);
std::string check_webhook(const config::Receiver& receiver);

std::shared_ptr<const Notifier> make_slack(const config::Receiver& receiver);
std::string check_slack(const config::Receiver& receiver);

/// "" or what is wrong with an http(s) URL, without showing it.
std::string check_url(const config::Receiver& receiver);

}  // namespace outaged::alerts
