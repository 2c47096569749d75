#include "daemon/read_input.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace outaged::commands {

Result<std::string> read_input(const std::string& path) {
  constexpr std::size_t most = 64 * 1024 * 1024;
  std::error_code ignored;
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path, ignored)) return Error{fmt::format("{}: cannot be read", path)};
  }
  std::istream& in = path == "-" ? std::cin : file;
  std::string out;
  std::array<char, 64 * 1024> piece;
  while (in.read(piece.data(), piece.size()), in.gcount() > 0) {
    out.append(piece.data(), static_cast<std::size_t>(in.gcount()));
    if (out.size() > most) return Error{fmt::format("{}: larger than 64 MiB", path)};
  }
  if (in.bad()) return Error{fmt::format("{}: cannot be read", path)};
  return out;
}

}  // namespace outaged::commands
