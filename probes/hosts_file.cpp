#include "probes/hosts_file.h"

#include <arpa/inet.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace outaged::probes {
namespace {

bool is_address(const std::string& text) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 || inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

}  // namespace

bool FileWatch::changed(SteadyTime now) {
  if (now < next_look_) return false;
  next_look_ = now + 1s;
  struct stat info {};
  Stamp stamp;
  if (stat(path_.c_str(), &info) == 0) stamp = {info.st_ino, info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_size};
  if (stamp == stamp_) return false;
  stamp_ = stamp;
  return true;
}

std::unordered_map<std::string, std::vector<std::string>> parse_hosts(std::string_view text) {
  std::unordered_map<std::string, std::vector<std::string>> names;
  std::istringstream lines{std::string{text}};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line.substr(0, line.find('#'))};
    std::string address;
    if (!(words >> address) || !is_address(address)) continue;
    for (std::string name; words >> name;) {
      std::transform(name.begin(), name.end(), name.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
      std::vector<std::string>& addresses = names[name];
      if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) addresses.push_back(address);
    }
  }
  return names;
}

void HostsFile::load() {
  std::ifstream file{watch_.path()};
  std::ostringstream text;
  if (file) text << file.rdbuf();
  names_ = parse_hosts(text.str());
}

const std::vector<std::string>* HostsFile::find(const std::string& name, SteadyTime now) {
  if (watch_.changed(now)) load();
  const auto found = names_.find(name.ends_with('.') ? name.substr(0, name.size() - 1) : name);
  return found == names_.end() ? nullptr : &found->second;
}

}  // namespace outaged::probes
