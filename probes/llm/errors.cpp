#include "probes/llm/errors.h"

#include "probes/attribution.h"

namespace outaged::probes::llm {
namespace {

/// Statuses that leave no doubt, before types are asked, which some providers fill at random.
std::optional<Class> class_of_plain_status(int status) {
  switch (status) {
    case 401:
      return Class::auth;
    case 402:
      return Class::account;
    case 404:
    case 410:
      return Class::not_found;
    case 408:  // the model took too long
    case 424:  // the model failed
    case 499:
      return Class::server_error;
    case 429:
      return Class::rate_limited;
    case 451:
      return Class::access_blocked;
    case 498:
    case 503:
    case 529:
      return Class::overloaded;
    default:
      break;
  }
  if (status >= 405 && status <= 498) return Class::bad_request;
  return std::nullopt;
}

}  // namespace

Reading read_failure(const Wire& wire, const ProviderError* error, int status, bool has_request_id) {
  if (!error) {
    // Refused by something before the application, which would have said why.
    if (status == 403 && !has_request_id && !wire.domain.empty()) return {Class::access_blocked, ""};
    if (status >= 400 && status < 500)
      if (const auto plain = class_of_plain_status(status)) return {*plain, ""};
    return {class_of_status(status), ""};
  }
  if (wire.read_error)
    if (auto own = wire.read_error(*error, status)) return *own;
  if (auto certain = read_certain_meaning(*error, status, has_request_id)) return *certain;
  if (const auto plain = class_of_plain_status(status)) return {*plain, ""};
  if (auto type = read_type_words(*error)) return *type;
  return {class_of_status(status), ""};
}

Reading read_error_within(const Wire& wire, const ProviderError& error) {
  if (wire.read_error)
    if (auto own = wire.read_error(error, 0)) return *own;
  if (auto certain = read_certain_meaning(error, error.code, true)) return *certain;
  if (const auto plain = class_of_plain_status(error.code)) return {*plain, ""};
  if (auto type = read_type_words(error)) return *type;
  // It failed while it answered: what else it says of itself ("invalid_request_error") does not make it our fault.
  if (error.code == 400) return {Class::bad_request, ""};
  if (error.code == 403) return {Class::auth, ""};
  return {Class::server_error, ""};
}

}  // namespace outaged::probes::llm
