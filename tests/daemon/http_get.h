// One HTTP request to loopback and its answer, over a plain socket. For tests of handlers behind the real server.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace outaged::testing {

struct Answer {
  int status = 0;
  std::string head, body;  // head in lower case
  bool has(std::string_view header_line) const { return head.find(header_line) != std::string::npos; }
};

inline Answer ask(int port, const std::string& method, const std::string& target, const std::string& headers = "",
                  const std::string& body = "") {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(fd >= 0);
  const timeval limit{20, 0};  // a test that hangs must end
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  const std::string request = method + " " + target + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: " +
                              std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
  REQUIRE(send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()));
  std::string text;
  char buffer[8192];
  for (ssize_t n; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  close(fd);
  const auto end = text.find("\r\n\r\n");
  REQUIRE_MESSAGE(end != std::string::npos, "no whole answer to ", target, ": ", text);
  Answer answer;
  answer.head = text.substr(0, end);
  answer.body = text.substr(end + 4);
  answer.status = std::stoi(answer.head.substr(9, 3));
  for (char& c : answer.head) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return answer;
}

}  // namespace outaged::testing
