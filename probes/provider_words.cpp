// The tables behind provider_error.h: what providers' codes, types and messages mean.
#include <algorithm>
#include <array>

#include "core/text.h"
#include "probes/provider_error.h"

namespace outaged::probes {
namespace {

struct Word {
  std::string_view word;  // lower case
  Class cls;
  std::optional<Counts> counts = std::nullopt;
};

// Codes that mean one thing wherever they occur. On-demand capacity of AWS is shared: its throttling also meets
// accounts that keep within their quota, so it is a doubt and not a fault of ours alone.
constexpr std::array code_words = {
    Word{"overloaded_error", Class::overloaded},
    Word{"server_is_overloaded", Class::overloaded},
    Word{"slow_down", Class::overloaded},
    Word{"engine_overloaded", Class::overloaded},
    Word{"engineoverloaded", Class::overloaded},
    Word{"model_overloaded", Class::overloaded},
    Word{"capacity_exceeded", Class::overloaded},
    Word{"service_tier_capacity_exceeded", Class::overloaded},
    Word{"nocapacity", Class::overloaded},
    Word{"service_unavailable_error", Class::overloaded},
    Word{"serviceunavailable", Class::overloaded},
    Word{"service_unavailable", Class::overloaded},
    Word{"serviceunavailableexception", Class::overloaded},
    Word{"modelnotreadyexception", Class::overloaded},
    Word{"modelstreamerrorexception", Class::server_error},
    Word{"modelerrorexception", Class::server_error},
    Word{"modeltimeoutexception", Class::server_error},
    Word{"internalserverexception", Class::server_error},
    Word{"enforced_spend_limit_reached", Class::account},
    Word{"insufficient_quota", Class::account},
    Word{"credit_balance_exhausted", Class::account},
    Word{"insufficient_credits", Class::account},
    Word{"billing_error", Class::account},
    Word{"billing_hard_limit_reached", Class::account},
    Word{"billing_not_active", Class::account},
    Word{"billing_disabled", Class::account},
    Word{"account_deactivated", Class::account},
    Word{"account_suspended", Class::account},
    Word{"consumer_suspended", Class::account},
    Word{"organization_disabled", Class::account},
    Word{"organization_restricted", Class::account},
    Word{"servicequotaexceededexception", Class::account},
    Word{"rate_limit_exceeded", Class::rate_limited},
    Word{"rate_limited", Class::rate_limited},
    Word{"throttlingexception", Class::rate_limited, Counts::maybe},
    Word{"throttledexception", Class::rate_limited, Counts::maybe},
    Word{"toomanyrequestsexception", Class::rate_limited, Counts::maybe},
    Word{"invalid_api_key", Class::auth},
    Word{"api_key_invalid", Class::auth},
    Word{"api_key_service_blocked", Class::auth},
    Word{"expiredtoken", Class::auth},
    Word{"expiredtokenexception", Class::auth},
    Word{"unrecognizedclientexception", Class::auth},
    Word{"invalidsignatureexception", Class::auth},
    Word{"incompletesignatureexception", Class::auth},
    Word{"missingauthenticationtokenexception", Class::auth},
    Word{"accessdeniedexception", Class::auth},
    Word{"model_not_found", Class::not_found},
    Word{"invalid_model", Class::not_found},
    Word{"model_decommissioned", Class::not_found},
    Word{"deploymentnotfound", Class::not_found},
    Word{"resourcenotfoundexception", Class::not_found},
    Word{"unknownoperationexception", Class::not_found},
    Word{"context_length_exceeded", Class::bad_request},
    Word{"invalid_prompt", Class::bad_request},
    Word{"content_filter", Class::bad_request},
    Word{"content_policy_violation", Class::bad_request},
    Word{"not_supported_error", Class::bad_request},
    Word{"unsupported_country_region_territory", Class::access_blocked},
    Word{"ip_not_authorized", Class::access_blocked},
    Word{"api_key_ip_address_blocked", Class::access_blocked},
    Word{"cf_bad_gateway", Class::edge_error},
    Word{"cf_service_unavailable", Class::edge_error},
    Word{"cf_gateway_timeout", Class::edge_error},
};

// Types. Those that providers use for anything at all (invalid_request_error, unavailable_error, bad_request) are not
// here: message or status tells.
constexpr std::array type_words = {
    Word{"rate_limit_error", Class::rate_limited},
    Word{"resource_exhausted", Class::rate_limited},
    Word{"too_many_requests", Class::rate_limited},
    Word{"toomanyrequests", Class::rate_limited},
    Word{"unavailable", Class::overloaded},
    Word{"api_error", Class::server_error},
    Word{"server_error", Class::server_error},
    Word{"internal_error", Class::server_error},
    Word{"internal_server_error", Class::server_error},
    Word{"internalservererror", Class::server_error},
    Word{"internal", Class::server_error},
    Word{"internalfailure", Class::server_error},
    Word{"timeout_error", Class::server_error},
    Word{"timeout", Class::server_error},
    Word{"deadline_exceeded", Class::server_error},
    Word{"authentication_error", Class::auth},
    Word{"permission_error", Class::auth},
    Word{"unauthenticated", Class::auth},
    Word{"permission_denied", Class::auth},
    Word{"not_found_error", Class::not_found},
    Word{"notfounderror", Class::not_found},
    Word{"not_found", Class::not_found},
    Word{"badrequesterror", Class::bad_request},
    Word{"validationexception", Class::bad_request},
    Word{"request_too_large", Class::bad_request},
    Word{"invalid_argument", Class::bad_request},
    Word{"failed_precondition", Class::bad_request},
    Word{"conflict_error", Class::bad_request},
};

struct Phrase {
  int from, to;  // statuses
  std::string_view text;
  Class cls;
  std::optional<Counts> counts = std::nullopt;
};

// The last resort, and only under a status that fits.
constexpr std::array phrases = {
    Phrase{400, 499, "credit balance is too low", Class::account},
    Phrase{400, 499, "api usage limits", Class::account},
    Phrase{400, 499, "spend limit", Class::account},
    Phrase{400, 499, "spending limit", Class::account},
    Phrase{400, 499, "billing hard limit", Class::account},
    Phrase{400, 499, "insufficient credits", Class::account},
    Phrase{400, 499, "insufficient balance", Class::account},
    Phrase{400, 499, "requires more credits", Class::account},
    Phrase{400, 499, "enable billing", Class::account},
    Phrase{400, 499, "requires billing to be enabled", Class::account},
    Phrase{400, 499, "check your billing details", Class::account},
    Phrase{400, 403, "organization has been disabled", Class::account},
    Phrase{400, 403, "account is not active", Class::account},
    Phrase{400, 403, "account has been disabled", Class::account},
    Phrase{400, 403, "account has been deactivated", Class::account},
    Phrase{400, 403, "account has been suspended", Class::account},
    Phrase{400, 403, "account is suspended", Class::account},
    Phrase{400, 499, "user location is not supported", Class::access_blocked},
    Phrase{400, 499, "country, region, or territory not supported", Class::access_blocked},
    Phrase{401, 403, "ip is not authorized", Class::access_blocked},
    Phrase{401, 403, "ip address is not", Class::access_blocked},
    Phrase{401, 403, "ip not authorized", Class::access_blocked},
    Phrase{401, 403, "your ip address", Class::access_blocked},
    Phrase{401, 403, "virtual network/firewall rules", Class::access_blocked},
    Phrase{401, 403, "public access is disabled", Class::access_blocked},
    Phrase{400, 401, "api key not valid", Class::auth},
    Phrase{400, 401, "api key expired", Class::auth},
    Phrase{400, 403, "security token included in the request", Class::auth},
    Phrase{400, 403, "missing authentication token", Class::auth},
    // A method of proof that worked yesterday, or a part of their own that refuses all: no word about our credential.
    Phrase{401, 403, "authentication is currently not supported", Class::auth, Counts::maybe},
    Phrase{401, 403, "circuit_open", Class::auth, Counts::maybe},
    Phrase{400, 404, "model identifier is invalid", Class::not_found},
    Phrase{400, 404, "is not a valid model id", Class::not_found},
    Phrase{400, 404, "invalid model", Class::not_found},
    Phrase{400, 404, "does not exist or you do not have access", Class::not_found},
    Phrase{400, 400, "max_tokens must be", Class::bad_request},
    Phrase{429, 429, "experiencing high demand", Class::overloaded},
    Phrase{429, 429, "capacity exceeded", Class::overloaded},
    Phrase{429, 429, "overloaded", Class::overloaded},
    Phrase{429, 429, "at capacity", Class::overloaded},
    Phrase{429, 429, "server busy", Class::overloaded},
    Phrase{429, 429, "rate exceeded", Class::rate_limited, Counts::maybe},
    Phrase{500, 599, "loading model", Class::starting},
    Phrase{500, 599, "model is loading", Class::starting},
    Phrase{500, 599, "is still loading", Class::starting},
    Phrase{500, 599, "overloaded", Class::overloaded},
    Phrase{500, 599, "server busy", Class::overloaded},
    Phrase{500, 599, "high demand", Class::overloaded},
    Phrase{500, 599, "capacity exceeded", Class::overloaded},
    Phrase{500, 599, "at capacity", Class::overloaded},
    Phrase{500, 599, "no slot available", Class::overloaded},
    Phrase{500, 599, "too many connections", Class::overloaded},
};

template <class Table>
std::optional<Reading> look_up(const ProviderError& error, const Table& table) {
  for (const std::string& word : error.words) {
    const std::string key = lower_ascii(word);
    const auto found = std::find_if(table.begin(), table.end(), [&](const Word& known) { return known.word == key; });
    if (found != table.end()) return Reading{found->cls, word, found->counts};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Reading> read_code_words(const ProviderError& error) { return look_up(error, code_words); }
std::optional<Reading> read_type_words(const ProviderError& error) { return look_up(error, type_words); }

std::optional<Reading> read_phrases(const ProviderError& error, int status) {
  const std::string message = lower_ascii(error.message);
  for (const Phrase& phrase : phrases)
    if ((status == 0 || (status >= phrase.from && status <= phrase.to)) &&
        message.find(phrase.text) != std::string::npos)
      return Reading{phrase.cls, "", phrase.counts};
  return std::nullopt;
}

}  // namespace outaged::probes
