#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "config/sections.h"

namespace outaged::config {

bool read_file_path(Section& section, std::string_view key, std::string& out) {
  if (!section.text(key, out)) return false;
  Reader& reader = section.reader();
  out = reader.resolve(*section.get(key), out);
  if (::access(out.c_str(), R_OK) == 0) return true;
  reader.problem(section.place(key),
                 fmt::format("{}: cannot read {}: {}", key, in_quotes(out), std::generic_category().message(errno)));
  return false;
}

void read_tls_files(Section& section, std::string& ca_file, std::string& cert_file, std::string& key_file) {
  read_file_path(section, "ca_file", ca_file);
  read_file_path(section, "cert_file", cert_file);
  read_file_path(section, "key_file", key_file);
  if (section.has("key_file") && !section.has("cert_file"))
    section.reader().problem(section.place("key_file"),
                             "key_file needs cert_file: the certificate that the key belongs to");
}

}  // namespace outaged::config
