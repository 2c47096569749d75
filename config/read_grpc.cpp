#include <fmt/format.h>

#include "config/sections.h"
#include "config/values.h"
#include "core/text.h"

namespace outaged::config {

void read_grpc_check(Section& section, Target& target) {
  auto& check = target.check.emplace<GrpcCheck>();
  Reader& reader = section.reader();
  section.require("url", "http://host:port for plain text, https://host:port for TLS");
  if (section.url("url", check.url)) {
    const auto begin = check.url.find("://") + 3;
    const auto end = check.url.find_first_of("/?#", begin);
    if (end != std::string::npos && check.url.find_first_not_of('/', end) != std::string::npos)
      reader.problem(section.place("url"),
                     "url must end with the host and its port: the path is that of the health service");
  }
  section.text("service", check.service);
  if (check.service.size() > 1000 || !is_one_line(check.service))
    reader.problem(section.place("service"), "service must be the name of a gRPC service, like shop.v1.Orders");
  read_headers(section, check.metadata, "metadata");
  for (const auto& [name, value] : check.metadata)
    if (const std::string key = lower_ascii(name); key.starts_with("grpc-") || key == "content-type")
      reader.problem(section.place("metadata"), fmt::format("metadata {} is set by outaged itself; remove it", key));
  read_tls_files(section, check.ca_file, check.cert_file, check.key_file);
  if (!check.ca_file.empty() && check.url.starts_with("http:"))
    reader.problem(section.place("ca_file"), "ca_file needs an https URL: http is plain text");
}

}  // namespace outaged::config
