// A name server on loopback for tests: UDP, answers by a table of names, or not at all.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace test {

struct DnsAnswer {
  int rcode = 0;                       // 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED
  std::vector<std::string> addresses;  // those of the asked family are sent
  bool silent = false;
};

class DnsServer {
 public:
  enum class Type { a = 1, aaaa = 28 };
  /// Called on the server's thread with the lower-case name.
  using Table = std::function<DnsAnswer(const std::string& name, Type type)>;

  explicit DnsServer(Table table) : table_(std::move(table)) {
    fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (fd_ < 0 || bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("cannot open a UDP socket on loopback");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread{[this] { serve(); }};
  }
  ~DnsServer() {
    stopping_ = true;
    thread_.join();
    close(fd_);
  }
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int questions() const { return questions_; }

 private:
  void serve() {
    while (!stopping_) {
      pollfd poll{fd_, POLLIN, 0};
      if (::poll(&poll, 1, 20) != 1) continue;
      unsigned char packet[1500];
      sockaddr_in from{};
      socklen_t from_size = sizeof from;
      const auto size = recvfrom(fd_, packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&from), &from_size);
      if (size < 17) continue;
      std::string name;
      std::size_t at = 12;
      const auto end = static_cast<std::size_t>(size);
      while (at < end && packet[at] != 0) {
        const std::size_t length = packet[at++];
        if (!name.empty()) name += '.';
        for (std::size_t i = 0; i < length && at < end; ++i)
          name += static_cast<char>(packet[at] >= 'A' && packet[at] <= 'Z' ? packet[at] + 32 : packet[at]), ++at;
      }
      at += 5;
      if (at > end) continue;
      const int type = packet[at - 4] << 8 | packet[at - 3];
      ++questions_;
      const DnsAnswer answer = table_(name, static_cast<Type>(type));
      if (answer.silent) continue;

      std::string reply(reinterpret_cast<char*>(packet), at);  // header and question; no additional records
      std::string records;
      int count = 0;
      for (const std::string& text : answer.addresses) {
        unsigned char bytes[16];
        const bool six = text.find(':') != std::string::npos;
        if (six != (type == 28) || inet_pton(six ? AF_INET6 : AF_INET, text.c_str(), bytes) != 1) continue;
        const unsigned char head[] = {0xc0, 12, 0, static_cast<unsigned char>(type),        0, 1, 0, 0,
                                      0,    60, 0, static_cast<unsigned char>(six ? 16 : 4)};
        records.append(reinterpret_cast<const char*>(head), sizeof head);
        records.append(reinterpret_cast<char*>(bytes), six ? 16 : 4);
        ++count;
      }
      reply[2] = static_cast<char>(0x81);
      reply[3] = static_cast<char>(0x80 | answer.rcode);
      reply[6] = reply[8] = reply[9] = reply[10] = reply[11] = 0;
      reply[7] = static_cast<char>(count);
      reply += records;
      sendto(fd_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), from_size);
    }
  }

  Table table_;
  int fd_ = -1, port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> questions_ = 0;
  std::thread thread_;
};

}  // namespace test
