// A DNS answer read into text (RFC 1035): its code and the records of its answer section, as a zone file writes them.
// Pure; takes any bytes, bounded in time and memory. Used by the dns exchange; c-ares has parsers of single types, but
// none that keeps aliases, unknown types and times to live.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/probe.h"

namespace outaged::probes {

struct DnsMessage {
  std::string rcode;  // "NOERROR", "NXDOMAIN", …, "RCODE17"
  bool authoritative = false, truncated = false;
  std::vector<DnsRecord> records;  // at most max_dns_records
};
inline constexpr std::size_t max_dns_records = 256;

/// nullopt: it is broken.
std::optional<DnsMessage> parse_dns(const unsigned char* data, std::size_t size);

/// The number of a record type that the `dns` kind can ask for; nullopt: unknown.
std::optional<int> dns_type(std::string_view name);

}  // namespace outaged::probes
