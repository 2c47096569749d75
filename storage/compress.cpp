#include "storage/compress.h"

#include <fmt/format.h>
#include <zstd.h>

#include <cstdint>

namespace outaged::storage {
namespace {

constexpr int level = 3;
constexpr std::uint64_t max_unpacked = 256ULL * 1024 * 1024;

}  // namespace

std::string compress(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  // Cannot fail with a buffer of ZSTD_compressBound, short of running out of memory.
  const std::size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), level);
  out.resize(ZSTD_isError(size) ? 0 : size);
  return out;
}

Result<std::string> decompress(std::string_view frame) {
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
    return Error{"not a zstd frame of known size"};
  if (size > max_unpacked)
    return Error{fmt::format("{} bytes unpacked is more than the {} allowed", size, max_unpacked)};
  std::string out(static_cast<std::size_t>(size), '\0');
  const std::size_t got = ZSTD_decompress(out.data(), out.size(), frame.data(), frame.size());
  if (ZSTD_isError(got)) return Error{fmt::format("broken zstd frame: {}", ZSTD_getErrorName(got))};
  if (got != out.size()) return Error{"zstd frame shorter than it says"};
  return out;
}

}  // namespace outaged::storage
