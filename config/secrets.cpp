// Secrets from where they belong: a file, the environment, or a systemd credential. Messages name the place, never the
// content.
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "config/reader.h"
#include "config/values.h"
#include "core/text.h"

namespace outaged::config {
namespace {

constexpr std::size_t secret_limit = 64 * 1024, body_limit = 1024 * 1024;

struct Content {
  std::string bytes;
  bool world_readable = false;
};

/// The whole of a regular file. O_NONBLOCK: a FIFO without a writer must not hold the start for ever.
Result<Content> read_file(const std::string& path, std::size_t limit) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return Error{std::generic_category().message(errno)};
  struct Closer {
    int fd;
    ~Closer() { ::close(fd); }
  } closer{fd};
  struct stat info {};
  if (::fstat(fd, &info) != 0) return Error{std::generic_category().message(errno)};
  if (!S_ISREG(info.st_mode)) return Error{S_ISDIR(info.st_mode) ? "it is a directory" : "it is not a regular file"};
  Content out;
  out.world_readable = (info.st_mode & S_IROTH) != 0;
  std::array<char, 16 * 1024> buffer{};
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{std::generic_category().message(errno)};
    if (got == 0) return out;
    out.bytes.append(buffer.data(), static_cast<std::size_t>(got));
    if (out.bytes.size() > limit) return Error{fmt::format("it is larger than {} KiB", limit / 1024)};
  }
}

enum class From { file, env, credential };

/// One secret. `node` holds the path or the name; `key` names it in messages.
std::optional<Secret> fetch(Reader& reader, const Node& node, const std::string& key, From from, SecretUse use) {
  auto name = reader.scalar(node, key);
  if (!name) return std::nullopt;
  const auto fail = [&](std::string message) {
    reader.problem(node, std::move(message));
    return std::nullopt;
  };
  if (name->empty()) return fail(key + " is empty; give it a value, or remove the key");

  std::string bytes, origin;
  if (from == From::env) {
    origin = fmt::format("the environment variable {}", in_quotes(*name));
    const char* value = std::getenv(name->c_str());
    if (value == nullptr) return fail(fmt::format("{}: {} is not set", key, origin));
    bytes = value;
  } else {
    std::string path;
    if (from == From::credential) {
      if (name->find('/') != std::string::npos || name->starts_with("."))
        return fail(fmt::format("{}: {} is not the name of a credential, which has no / and does not begin with a dot",
                                key, in_quotes(*name)));
      const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
      if (directory == nullptr || *directory == '\0')
        return fail(
            fmt::format("{}: $CREDENTIALS_DIRECTORY is not set; credentials exist only in a systemd service with "
                        "LoadCredential={}:…",
                        key, clean_line(*name, 80)));
      path = std::string(directory) + "/" + *name;
    } else {
      path = reader.resolve(node, *name);
    }
    origin = fmt::format("{} {}", from == From::file ? "the file" : "the credential", in_quotes(path));
    auto content = read_file(path, use == SecretUse::line ? secret_limit : body_limit);
    if (!content) return fail(fmt::format("{}: cannot read {}: {}", key, origin, content.error()));
    bytes = std::move(content->bytes);
    if (from == From::file && use == SecretUse::line && content->world_readable)
      reader.note(reader.at(node),
                  fmt::format("{} can be read by everyone on this machine; chmod 600 keeps it secret", origin));
  }
  if (use == SecretUse::line) {
    const auto begin = bytes.find_first_not_of(" \t\r\n");
    bytes = begin == std::string::npos ? "" : bytes.substr(begin, bytes.find_last_not_of(" \t\r\n") - begin + 1);
    if (!is_one_line(bytes)) return fail(fmt::format("{}: {} must hold one line of text", key, origin));
  }
  if (bytes.empty()) return fail(fmt::format("{}: {} is empty", key, origin));
  return Secret(std::move(bytes));
}

}  // namespace

bool Secret::is(std::string_view given) const {
  return given.size() == value_.size() && CRYPTO_memcmp(given.data(), value_.data(), value_.size()) == 0;
}

bool Section::secret(const std::string& key, Secret& out, SecretUse use) {
  const struct {
    std::string key;
    std::optional<From> from;
  } ways[] = {{key, std::nullopt},
              {key + "_file", From::file},
              {key + "_env", From::env},
              {key + "_credential", From::credential}};
  std::string first;
  bool good = false;
  for (const auto& way : ways) {
    const Node* node = value(way.key);
    if (node == nullptr) continue;
    if (!first.empty()) {
      reader_.problem(place(way.key), fmt::format("{} and {} are both given; keep one", first, way.key));
      continue;
    }
    first = way.key;
    node = get(way.key);
    if (node == nullptr) continue;
    if (way.from) {
      if (auto got = fetch(reader_, *node, way.key, *way.from, use)) out = std::move(*got), good = true;
    } else {
      std::string text_value;
      if (!text(key, text_value)) continue;
      if (use == SecretUse::line && !is_one_line(text_value)) {
        reader_.problem(*node, key + " must be one line of text");
        continue;
      }
      out = Secret(std::move(text_value)), good = true;
    }
  }
  return good;
}

std::optional<Secret> read_secret_value(Reader& reader, const Node& node, const std::string& what) {
  if (node.kind == Node::Kind::map) {
    Section section(reader, node, what);
    std::optional<Secret> got;
    std::string prefix, first;
    section.text("prefix", prefix);
    const std::pair<const char*, From> ways[] = {
        {"file", From::file}, {"env", From::env}, {"credential", From::credential}};
    for (const auto& [key, from] : ways) {
      const Node* place = section.get(key);
      if (place == nullptr) continue;
      if (first.empty())
        got = fetch(reader, *place, key, from, SecretUse::line);
      else
        reader.problem(*place, fmt::format("{} and {} are both given; keep one", first, key));
      first = key;
    }
    if (first.empty()) reader.problem(node, fmt::format("{} needs one of file, env and credential", what));
    section.finish();
    if (!got) return std::nullopt;
    return Secret(prefix + got->reveal());
  }
  auto got = reader.scalar(node, what);
  if (!got) return std::nullopt;
  if (!is_one_line(*got)) {
    reader.problem(node, what + " must be one line of text");
    return std::nullopt;
  }
  return Secret(std::move(*got));
}

}  // namespace outaged::config
