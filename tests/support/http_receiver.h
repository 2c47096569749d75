// A tiny HTTP server on loopback for tests: one thread per connection, one request each, an answer by script, which may
// also hang, drip or drop the connection. Records everything it read. Header-only; binds an ephemeral port.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace outaged::test {

struct ReceivedRequest {
  std::string method, target, body;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string header(const std::string& name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return value;
    return "";
  }
};

struct Answer {
  enum class How { answer, hang, drop, drip } how = How::answer;  // drop: after reading; drip: a byte every 20 ms, for ever
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = "ok";
};

class HttpReceiver {
 public:
  /// `script` gets each request and its index, from 0; called on connection threads, one at a time.
  using Script = std::function<Answer(const ReceivedRequest&, std::size_t index)>;

  explicit HttpReceiver(Script script = [](const ReceivedRequest&, std::size_t) { return Answer{}; }) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (listener_ < 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("cannot listen on loopback");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }
  HttpReceiver(const HttpReceiver&) = delete;
  HttpReceiver& operator=(const HttpReceiver&) = delete;
  ~HttpReceiver() {
    stopping_ = true;
    acceptor_.join();
    for (std::thread& thread : connections_) thread.join();
    ::close(listener_);
  }

  int port() const { return port_; }
  std::string url(const std::string& path = "/hook") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

  /// False if fewer arrived within the deadline.
  bool wait_for(std::size_t count, std::chrono::milliseconds deadline = std::chrono::seconds(20)) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, deadline, [&] { return requests_.size() >= count; });
  }
  std::vector<ReceivedRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void accept() {
    while (!stopping_) {
      pollfd poll{listener_, POLLIN, 0};
      if (::poll(&poll, 1, 20) <= 0) continue;
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) connections_.emplace_back([this, fd] { serve(fd), ::close(fd); });
    }
  }

  /// Appends what arrives; false when the peer is gone or we are stopping.
  bool more(int fd, std::string& into) const {
    while (!stopping_) {
      pollfd poll{fd, POLLIN, 0};
      if (::poll(&poll, 1, 20) == 0) continue;
      char buffer[16384];
      const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) return false;
      into.append(buffer, static_cast<std::size_t>(got));
      return true;
    }
    return false;
  }

  static bool put(int fd, const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t sent = ::send(fd, text.data() + done, text.size() - done, MSG_NOSIGNAL);
      if (sent <= 0) return false;
      done += static_cast<std::size_t>(sent);
    }
    return true;
  }

  static ReceivedRequest parse_head(const std::string& head) {
    ReceivedRequest request;
    std::size_t at = head.find("\r\n");
    const std::string line = head.substr(0, at);
    request.method = line.substr(0, line.find(' '));
    const std::size_t target = request.method.size() + 1;
    if (target < line.size()) request.target = line.substr(target, line.find(' ', target) - target);
    while (at != std::string::npos && at + 2 < head.size()) {
      const std::size_t start = at + 2;
      at = head.find("\r\n", start);
      const std::string field = head.substr(start, at == std::string::npos ? at : at - start);
      const std::size_t colon = field.find(':');
      if (colon == std::string::npos) continue;
      std::string name = field.substr(0, colon), value = field.substr(colon + 1);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      value.erase(0, value.find_first_not_of(' '));
      request.headers.emplace_back(name, value);
    }
    return request;
  }

  void serve(int fd) {
    std::string data;
    while (data.find("\r\n\r\n") == std::string::npos)
      if (!more(fd, data)) return;
    const std::size_t head = data.find("\r\n\r\n");
    ReceivedRequest request = parse_head(data.substr(0, head));
    request.body = data.substr(head + 4);
    const std::string length = request.header("content-length");
    const std::size_t size = length.empty() ? 0 : std::stoul(length);
    while (request.body.size() < size)
      if (!more(fd, request.body)) return;

    Answer answer;
    {
      const std::lock_guard lock(mutex_);
      answer = script_(request, requests_.size());
      requests_.push_back(request);
      arrived_.notify_all();
    }
    std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " Status\r\nConnection: close\r\n";
    for (const auto& [name, value] : answer.headers) text += name + ": " + value + "\r\n";
    switch (answer.how) {
      case Answer::How::drop: return;
      case Answer::How::hang:
        while (more(fd, data)) {}
        return;
      case Answer::How::drip:
        if (!put(fd, text + "Content-Length: 1000000\r\n\r\n")) return;
        while (!stopping_ && put(fd, "x")) std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return;
      case Answer::How::answer:
        if (put(fd, text + "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body)) ::shutdown(fd, SHUT_WR);
        while (more(fd, data)) {}
        return;
    }
  }

  Script script_;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<ReceivedRequest> requests_;
  std::vector<std::thread> connections_;  // the acceptor's, until it has ended
  std::thread acceptor_;
};

}  // namespace outaged::test
