// A raw client for tests: says exactly the bytes it is told, so that it can misbehave. Every wait has a deadline.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

namespace outaged::test {

class RawClient {
 public:
  explicit RawClient(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  RawClient(RawClient&& other) noexcept : fd_(other.fd_), connected_(other.connected_) { other.fd_ = -1; }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { hang_up(); }
  void hang_up() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  bool connected() const { return connected_; }
  int fd() const { return fd_; }

  bool say(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Everything until the server closes. `closed` says whether it did within the time.
  std::string rest(std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    while (receive(patience)) {
    }
    return std::move(buffer_);
  }
  bool closed() const { return closed_; }

  struct Response {
    int status = 0;
    std::string head, body;
    std::string header(std::string name) const {
      const auto lower = [](std::string text) {
        std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
        return text;
      };
      const auto at = lower(head).find("\r\n" + lower(name) + ": ");
      if (at == std::string::npos) return {};
      const auto from = at + name.size() + 4;
      return head.substr(from, head.find("\r\n", from) - from);
    }
  };
  /// One response by its Content-Length; status 0 when none came in time.
  Response response(bool to_head = false, std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    Response out;
    while (buffer_.find("\r\n\r\n") == std::string::npos)
      if (!receive(patience)) return out;
    const auto end = buffer_.find("\r\n\r\n") + 4;
    out.head = buffer_.substr(0, end);
    buffer_.erase(0, end);
    const auto length = out.header("content-length");
    const std::size_t size = to_head || length.empty() ? 0 : std::stoul(length);
    while (buffer_.size() < size)
      if (!receive(patience)) return out;
    out.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    out.status = std::stoi(out.head.substr(9, 3));
    return out;
  }

 private:
  bool receive(std::chrono::milliseconds patience) {
    pollfd wait{fd_, POLLIN, 0};
    if (poll(&wait, 1, static_cast<int>(patience.count())) <= 0) return false;
    char part[16384];
    const auto got = recv(fd_, part, sizeof part, 0);
    if (got <= 0) {
      closed_ = true;
      return false;
    }
    buffer_.append(part, static_cast<std::size_t>(got));
    return true;
  }

  int fd_;
  bool connected_ = false, closed_ = false;
  std::string buffer_;
};

inline RawClient::Response get(int port, const std::string& path, const std::string& more = "",
                               const std::string& method = "GET") {
  RawClient client(port);
  client.say(method + " " + path + " HTTP/1.1\r\nHost: test\r\n" + more + "\r\n");
  return client.response(method == "HEAD");
}

inline RawClient::Response post(int port, const std::string& path, const std::string& body, const std::string& more = "") {
  RawClient client(port);
  client.say("POST " + path + " HTTP/1.1\r\nHost: test\r\n" + more + "Content-Length: " + std::to_string(body.size()) +
             "\r\n\r\n" + body);
  return client.response();
}

}  // namespace outaged::test
