#include "probes/io/dns_message.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <utility>

namespace outaged::probes {
namespace {

constexpr std::pair<std::string_view, int> types[] = {{"A", 1},    {"NS", 2},     {"CNAME", 5}, {"SOA", 6},
                                                      {"PTR", 12}, {"MX", 15},    {"TXT", 16},  {"AAAA", 28},
                                                      {"SRV", 33}, {"DNAME", 39}, {"CAA", 257}};
constexpr std::string_view rcodes[] = {"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
                                       "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE"};
constexpr std::size_t max_name = 255;  // bytes on the wire; also ends a loop of pointers

/// Reads from left to right; once something is missing, `good` is false and everything that follows is empty.
struct Cursor {
  const unsigned char* data;
  std::size_t size;
  std::size_t at = 0;
  bool good = true;

  bool has(std::size_t count) {
    good = good && count <= size - at;
    return good;
  }
  std::uint32_t number(std::size_t bytes) {
    if (!has(bytes)) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | data[at++];
    return value;
  }
  std::string text(std::size_t bytes) {
    if (!has(bytes)) return {};
    std::string out(reinterpret_cast<const char*>(data + at), bytes);
    at += bytes;
    return out;
  }
  /// A string with its length before it.
  std::string counted() { return text(number(1)); }

  std::string name() {
    std::string out;
    std::size_t place = at, labels = 0, jumps = 0;
    bool jumped = false;
    for (;;) {
      if (!good || place >= size) return good = false, "";
      const unsigned length = data[place];
      if (length >= 0xc0) {
        if (place + 1 >= size || ++jumps > max_name) return good = false, "";
        if (!jumped) at = place + 2;
        jumped = true;
        place = (length & 0x3fU) << 8 | data[place + 1];
        continue;
      }
      if (length > 63) return good = false, "";
      ++place;
      if (length == 0) break;
      if (place + length > size || (labels += length + 1) > max_name) return good = false, "";
      if (!out.empty()) out += '.';
      for (const unsigned char* c = data + place; c != data + place + length; ++c) {
        if (*c == '.' || *c == '\\')
          out += fmt::format("\\{}", static_cast<char>(*c));
        else if (*c <= ' ' || *c >= 0x7f)
          out += fmt::format("\\{:03}", *c);
        else
          out += static_cast<char>(*c);
      }
      place += length;
    }
    if (!jumped) at = place;
    return out.empty() ? "." : out;
  }
};

std::string address(int family, Cursor& in, std::size_t bytes) {
  if (!in.has(bytes)) return {};
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(family, in.data + in.at, text, sizeof text);
  in.at += bytes;
  return text;
}

std::string value_of(std::uint32_t type, Cursor in) {
  switch (type) {
    case 1:
      return address(AF_INET, in, 4);
    case 28:
      return address(AF_INET6, in, 16);
    case 2:
    case 5:
    case 12:
    case 39:
      return in.name();
    case 15: {
      const auto preference = in.number(2);
      return fmt::format("{} {}", preference, in.name());
    }
    case 33: {
      const auto priority = in.number(2), weight = in.number(2), port = in.number(2);
      return fmt::format("{} {} {} {}", priority, weight, port, in.name());
    }
    case 6: {
      const std::string server = in.name(), mailbox = in.name();
      std::array<std::uint32_t, 5> numbers{};
      for (auto& number : numbers) number = in.number(4);
      return fmt::format("{} {} {}", server, mailbox, fmt::join(numbers, " "));
    }
    case 257: {
      const auto flags = in.number(1);
      const std::string tag = in.counted();
      return fmt::format("{} {} \"{}\"", flags, tag, in.text(in.size - in.at));
    }
    default:
      return fmt::format("\\# {}", in.size - in.at);  // RFC 3597, without the bytes
  }
}

std::string text_record(Cursor in) {
  std::string out;
  while (in.good && in.at < in.size) out += in.counted();
  return out;
}

std::string type_name(std::uint32_t number) {
  for (const auto& [name, known] : types)
    if (static_cast<std::uint32_t>(known) == number) return std::string{name};
  return fmt::format("TYPE{}", number);
}

}  // namespace

std::optional<int> dns_type(std::string_view name) {
  for (const auto& [known, number] : types)
    if (known == name) return number;
  return std::nullopt;
}

std::optional<DnsMessage> parse_dns(const unsigned char* data, std::size_t size) {
  Cursor in{data, size};
  in.number(2);  // the id, which c-ares has compared
  const std::uint32_t flags = in.number(2), questions = in.number(2), answers = in.number(2);
  in.number(4);  // authority and additional records are not read
  DnsMessage out;
  const std::uint32_t rcode = flags & 15U;
  out.rcode = rcode < std::size(rcodes) ? std::string{rcodes[rcode]} : fmt::format("RCODE{}", rcode);
  out.authoritative = (flags & 0x0400U) != 0;
  out.truncated = (flags & 0x0200U) != 0;
  for (std::uint32_t i = 0; i < questions && in.good; ++i) {
    in.name();
    in.number(4);
  }
  for (std::uint32_t i = 0; i < answers && i < max_dns_records && in.good; ++i) {
    in.name();
    const std::uint32_t type = in.number(2);
    in.number(2);  // class
    DnsRecord record;
    record.ttl = in.number(4);
    const std::size_t length = in.number(2);
    if (!in.has(length)) break;
    record.type = type_name(type);
    // A name within may point back into the whole message, but what else there is ends with the record.
    const Cursor inside{data, in.at + length, in.at};
    record.value = type == 16 ? text_record(inside) : value_of(type, inside);
    in.at += length;
    out.records.push_back(std::move(record));
  }
  if (!in.good && !out.truncated) return std::nullopt;
  return out;
}

}  // namespace outaged::probes
