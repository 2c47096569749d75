#include "probes/llm/sigv4.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>

#include "core/text.h"
#include "probes/llm/requests.h"

namespace outaged::probes::llm {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), out.data(), &size);
  return {reinterpret_cast<const char*>(out.data()), size};
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

/// Without space around, and with one space for each run of them.
std::string squeezed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if ((c == ' ' || c == '\t') && (out.empty() || out.back() == ' ')) continue;
    out += c == '\t' ? ' ' : c;
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

struct Parts {
  std::string_view path = "/", query;
};

Parts parts_of(std::string_view url) {
  Parts out;
  const auto host = url.find("://");
  url.remove_prefix(host == std::string_view::npos ? 0 : host + 3);
  const auto path = url.find_first_of("/?");
  if (path == std::string_view::npos) return out;
  url.remove_prefix(path);
  url = url.substr(0, url.find('#'));
  const auto query = url.find('?');
  if (query != std::string_view::npos) out.query = url.substr(query + 1);
  if (const auto before = url.substr(0, query); !before.empty()) out.path = before;
  return out;
}

std::string canonical_path(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const auto slash = path.find('/');
    out += percent_encoded(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    out += '/';
    path.remove_prefix(slash + 1);
  }
  return out;
}

/// The pairs as they are sent, which is encoded already, in order of name and value.
std::string canonical_query(std::string_view query) {
  std::vector<std::string> pairs;
  while (!query.empty()) {
    const auto end = query.find('&');
    std::string pair(query.substr(0, end));
    if (pair.find('=') == std::string::npos) pair += '=';
    pairs.push_back(std::move(pair));
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  std::sort(pairs.begin(), pairs.end());
  return fmt::format("{}", fmt::join(pairs, "&"));
}

}  // namespace

std::string aws_time(Timestamp now) {
  const std::string text = format_time(std::chrono::floor<std::chrono::seconds>(now));
  std::string out;
  for (const char c : text)
    if (c != '-' && c != ':') out += c;
  return out;
}

AwsSignature sign_aws(std::string_view method, std::string_view url,
                      const std::vector<std::pair<std::string, std::string>>& headers, std::string_view body,
                      const AwsKeys& keys, const AwsScope& scope, Timestamp now) {
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : headers) {
    std::string& joined = sorted[lower_ascii(name)];
    joined = joined.empty() ? squeezed(value) : joined + "," + squeezed(value);
  }
  std::string canonical_headers;
  AwsSignature out;
  for (const auto& [name, value] : sorted) {
    canonical_headers += fmt::format("{}:{}\n", name, value);
    out.signed_headers += (out.signed_headers.empty() ? "" : ";") + name;
  }
  const Parts parts = parts_of(url);
  out.canonical_request = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", method, canonical_path(parts.path), canonical_query(parts.query),
                                      canonical_headers, out.signed_headers, sha256_hex(body));
  const std::string time = aws_time(now), day = time.substr(0, 8);
  const std::string where = fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  out.string_to_sign = fmt::format("{}\n{}\n{}\n{}", algorithm, time, where, sha256_hex(out.canonical_request));
  const std::string key =
      hmac(hmac(hmac(hmac("AWS4" + keys.secret_access_key, day), scope.region), scope.service), "aws4_request");
  out.signature = hex(hmac(key, out.string_to_sign));
  out.authorization = fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm, keys.access_key_id,
                                  where, out.signed_headers, out.signature);
  return out;
}

void sign_request(Request& request, const AwsKeys& keys, const AwsScope& scope, Timestamp now) {
  std::string_view host = request.url;
  if (const auto at = host.find("://"); at != std::string_view::npos) host.remove_prefix(at + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  // As it is sent: libcurl leaves the scheme's own port out.
  for (const auto& [scheme, port] : {std::pair{"https://", ":443"}, std::pair{"http://", ":80"}})
    if (request.url.starts_with(scheme) && host.ends_with(port)) host.remove_suffix(std::string_view(port).size());

  request.headers.emplace_back("x-amz-date", aws_time(now));
  if (!keys.session_token.empty()) request.headers.emplace_back("x-amz-security-token", keys.session_token);
  // What a proxy may change on the way is not signed.
  std::vector<std::pair<std::string, std::string>> signed_headers = {{"host", std::string(host)}};
  for (const auto& [name, value] : request.headers)
    if (lower_ascii(name) == "content-type" || lower_ascii(name).starts_with("x-amz-")) signed_headers.emplace_back(name, value);
  request.headers.emplace_back(
      "authorization",
      sign_aws(request.method, request.url, signed_headers, request.body, keys, scope, now).authorization);
}

}  // namespace outaged::probes::llm
