#include "web/head.h"

#include <algorithm>
#include <array>

namespace outaged::web {
namespace {

constexpr std::array<std::string_view, 7> methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// RFC 9110, section 5.6.2: what names and methods are made of.
bool is_token_char(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char); }

bool is_control(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u < 0x20 || u == 0x7f;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls `f` for each element of a comma-separated list.
template <class F>
void each_element(std::string_view list, F f) {
  while (true) {
    const auto comma = list.find(',');
    f(trim(list.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

bool has_element(std::string_view list, std::string_view wanted) {
  bool found = false;
  each_element(list, [&](std::string_view element) { found = found || same_header(element, wanted); });
  return found;
}

// RFC 9110, section 12.5.3. "gzip;q=0" is a refusal, "*" includes gzip; an explicit gzip goes before "*".
bool accepts_gzip(std::string_view value) {
  std::optional<bool> gzip, any;
  each_element(value, [&](std::string_view element) {
    const auto semicolon = element.find(';');
    const auto coding = trim(element.substr(0, semicolon));
    bool wanted = true;
    if (semicolon != std::string_view::npos) {
      auto weight = trim(element.substr(semicolon + 1));
      if (weight.size() >= 2 && lower(weight[0]) == 'q' && weight[1] == '=') {
        weight.remove_prefix(2);
        wanted = weight.find_first_of("123456789") != std::string_view::npos;
      }
    }
    if (same_header(coding, "gzip") || same_header(coding, "x-gzip")) gzip = wanted;
    if (coding == "*") any = wanted;
  });
  return gzip.value_or(any.value_or(false));
}

std::optional<Refusal> check_target(std::string_view target) {
  if (target.empty() || target.front() != '/')
    return Refusal{400, "the request target must be a path; this is not a proxy"};
  for (const char c : target) {
    const auto u = static_cast<unsigned char>(c);
    if (u <= 0x20 || u >= 0x7f) return Refusal{400, "the request target has a character that must be percent-encoded"};
    if (c == '#') return Refusal{400, "the request target has a fragment"};
  }
  if (!percent_decode(target.substr(0, target.find('?'))))
    return Refusal{400, "the path has a malformed or forbidden percent-encoding"};
  return std::nullopt;
}

std::optional<Refusal> parse_request_line(std::string_view line, Head& head) {
  const auto first = line.find(' ');
  const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || line.find(' ', second + 1) != std::string_view::npos)
    return Refusal{400, "malformed request line"};
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, second - first - 1);
  const auto version = line.substr(second + 1);
  if (!is_token(head.method)) return Refusal{400, "malformed method"};
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/") return Refusal{400, "malformed HTTP version"};
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return Refusal{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  if (std::find(methods.begin(), methods.end(), head.method) == methods.end())
    return Refusal{501, "this method is not implemented"};
  head.keep_alive = version == "HTTP/1.1";
  return check_target(head.target);
}

std::optional<Refusal> parse_header_line(std::string_view line, Head& head) {
  if (line.front() == ' ' || line.front() == '\t') return Refusal{400, "folded header lines are not accepted"};
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return Refusal{400, "a header line has no colon"};
  const auto name = line.substr(0, colon);
  if (!is_token(name)) return Refusal{400, "malformed header name"};
  const auto value = trim(line.substr(colon + 1));
  const auto forbidden = [](char c) { return is_control(c) && c != '\t'; };
  if (std::any_of(value.begin(), value.end(), forbidden)) return Refusal{400, "control character in a header value"};
  head.headers.emplace_back(name, value);
  return std::nullopt;
}

std::optional<Refusal> read_content_length(std::string_view value, const Limits& limits, Head& head) {
  if (value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos)
    return Refusal{400, "malformed Content-Length"};
  value.remove_prefix(std::min(value.find_first_not_of('0'), value.size() - 1));
  std::size_t length = 0;
  for (const char c : value) {
    length = length * 10 + static_cast<std::size_t>(c - '0');
    if (length > limits.body_bytes)
      return Refusal{413, "the body is larger than the " + std::to_string(limits.body_bytes) + " bytes allowed"};
  }
  head.content_length = length;
  return std::nullopt;
}

// What the headers mean together. Everything that makes the body's length a matter of opinion is refused.
std::optional<Refusal> interpret(const Limits& limits, Head& head) {
  std::size_t hosts = 0, lengths = 0, transfer = 0, ranges = 0;
  for (const auto& [name, value] : head.headers) {
    if (same_header(name, "host")) {
      if (++hosts > 1) return Refusal{400, "more than one Host header"};
      if (value.empty() || value.find_first_of(" \t/@\\?#,") != std::string::npos)
        return Refusal{400, "malformed Host header"};
    } else if (same_header(name, "content-length")) {
      if (++lengths > 1) return Refusal{400, "more than one Content-Length"};
      if (auto refusal = read_content_length(value, limits, head)) return refusal;
    } else if (same_header(name, "transfer-encoding")) {
      ++transfer;
    } else if (same_header(name, "content-encoding")) {
      return Refusal{415, "encoded request bodies are not accepted; send it plain"};
    } else if (same_header(name, "range")) {
      if (++ranges > 1 || value.find(',') != std::string::npos)
        return Refusal{416, "several ranges at once are not served"};
    } else if (same_header(name, "expect")) {
      if (!same_header(value, "100-continue")) return Refusal{417, "this expectation cannot be met"};
      head.expects_continue = true;
    } else if (same_header(name, "connection")) {
      if (has_element(value, "close")) head.keep_alive = false;
    } else if (same_header(name, "accept-encoding")) {
      head.accepts_gzip = head.accepts_gzip || accepts_gzip(value);
    }
  }
  if (transfer > 0 && lengths > 0) return Refusal{400, "both Transfer-Encoding and Content-Length"};
  if (transfer > 0) return Refusal{411, "Transfer-Encoding is not accepted; send a Content-Length"};
  if (hosts == 0) return Refusal{400, "the Host header is missing"};
  return std::nullopt;
}

}  // namespace

bool same_header(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string> percent_decode(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = digit(text[i + 1]), low = digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (is_control(c)) return std::nullopt;
    out += c;
  }
  return out;
}

std::variant<bool, Refusal> HeadScanner::scan(std::string_view buffer) {
  // A TLS client on a plain port, or binary rubbish, is told at its first byte and not at the deadline.
  if (scanned_ == 0 && !buffer.empty() && !is_token_char(buffer.front()))
    return Refusal{400, "this is not an HTTP request; HTTP without TLS is spoken here"};
  for (; scanned_ < buffer.size(); ++scanned_) {
    if (scanned_ >= limits_->head_bytes) return Refusal{431, "the request's head is too large"};
    const char c = buffer[scanned_];
    if (c == '\0') return Refusal{400, "NUL in the request's head"};
    // Line ends are CR LF and nothing else: a lone CR or LF is read in two ways by two parsers.
    const bool after_cr = scanned_ > 0 && buffer[scanned_ - 1] == '\r';
    if (after_cr != (c == '\n')) return Refusal{400, "lines must end in CR LF"};
    if (c != '\n') {
      if (scanned_ - line_start_ < limits_->line_bytes) continue;
      if (lines_ == 0) return Refusal{414, "the request line is too long"};
      return Refusal{431, "a header line is too long"};
    }
    const bool empty_line = scanned_ - line_start_ == 1;
    line_start_ = scanned_ + 1;
    if (empty_line) {
      end_ = ++scanned_;
      return true;
    }
    if (++lines_ > limits_->header_count + 1) return Refusal{431, "too many headers"};
  }
  return false;
}

std::variant<Head, Refusal> parse_head(std::string_view text, const Limits& limits) {
  Head head;
  bool first = true;
  while (true) {
    const auto end = text.find("\r\n");
    if (end == std::string_view::npos) return Refusal{400, "the head has no end"};
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 2);
    if (line.empty()) break;
    if (auto refusal = first ? parse_request_line(line, head) : parse_header_line(line, head)) return *std::move(refusal);
    first = false;
  }
  if (first) return Refusal{400, "the request line is missing"};
  if (auto refusal = interpret(limits, head)) return *std::move(refusal);
  return head;
}

}  // namespace outaged::web
