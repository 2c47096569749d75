// A name server on loopback for tests: UDP and TCP on one port, answers by a table of names, or not at all.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace test {

struct DnsAnswer {
  int rcode = 0;                            // 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED
  std::vector<std::string> addresses = {};  // those of the asked family are sent
  bool silent = false;
  struct Record {
    int type = 0;
    std::string data;  // as on the wire
  };
  std::vector<Record> records = {};  // sent as they are, after the addresses
  bool truncated = false;            // over UDP: nothing but the flag
  bool garbage = false;              // a record that runs past the end
};

/// A name as on the wire.
inline std::string dns_name(const std::string& name) {
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t dot = std::min(name.find('.', at), name.size());
    out += static_cast<char>(dot - at) + name.substr(at, dot - at);
    at = dot + 1;
  }
  return out + '\0';
}

class DnsServer {
 public:
  enum class Type { a = 1, aaaa = 28 };
  /// Called on the server's threads, one at a time for each of UDP and TCP, with the lower-case name.
  using Table = std::function<DnsAnswer(const std::string& name, Type type)>;

  explicit DnsServer(Table table) : table_(std::move(table)) {
    // The port that UDP was given may be taken for TCP: then another.
    for (int i = 0; i < 50 && !open(); ++i) continue;
    if (udp_ < 0) throw std::runtime_error("cannot open a name server on loopback");
    udp_thread_ = std::thread{[this] { serve_udp(); }};
    tcp_thread_ = std::thread{[this] { serve_tcp(); }};
  }
  ~DnsServer() {
    stopping_ = true;
    udp_thread_.join();
    tcp_thread_.join();
    close(udp_);
    close(tcp_);
  }
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int questions() const { return questions_; }
  int over_tcp() const { return over_tcp_; }
  /// Of the last question: whether it wanted recursion.
  bool recursion_wanted() const { return recursion_wanted_; }

 private:
  bool open() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    udp_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    tcp_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto plain = reinterpret_cast<sockaddr*>(&address);
    if (udp_ >= 0 && tcp_ >= 0 && bind(udp_, plain, size) == 0 && getsockname(udp_, plain, &size) == 0 &&
        bind(tcp_, plain, size) == 0 && listen(tcp_, 16) == 0) {
      port_ = ntohs(address.sin_port);
      return true;
    }
    close(udp_);
    close(tcp_);
    udp_ = tcp_ = -1;
    return false;
  }

  bool ready(int fd) const {
    pollfd poll{fd, POLLIN, 0};
    return ::poll(&poll, 1, 20) == 1;
  }

  void serve_udp() {
    while (!stopping_) {
      if (!ready(udp_)) continue;
      unsigned char packet[1500];
      sockaddr_in from{};
      socklen_t from_size = sizeof from;
      const auto size = recvfrom(udp_, packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&from), &from_size);
      if (size < 0) continue;
      const std::string reply = reply_to(packet, static_cast<std::size_t>(size), false);
      if (!reply.empty()) sendto(udp_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), from_size);
    }
  }

  /// One connection after the other, one question each.
  void serve_tcp() {
    while (!stopping_) {
      if (!ready(tcp_)) continue;
      const int fd = accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      unsigned char packet[1500];
      std::size_t have = 0;
      const auto wanted = [&] { return have < 2 ? 2 : 2 + (static_cast<std::size_t>(packet[0]) << 8 | packet[1]); };
      while (!stopping_ && have < wanted() && wanted() <= sizeof packet) {
        if (!ready(fd)) continue;
        const auto got = recv(fd, packet + have, wanted() - have, 0);
        if (got <= 0) break;
        have += static_cast<std::size_t>(got);
      }
      ++over_tcp_;
      const std::string reply = have > 2 ? reply_to(packet + 2, have - 2, true) : "";
      const std::string framed =
          std::string{static_cast<char>(reply.size() >> 8), static_cast<char>(reply.size())} + reply;
      if (!reply.empty()) send(fd, framed.data(), framed.size(), MSG_NOSIGNAL);
      while (reply.empty() && !stopping_) {  // silence, until the other side has had enough
        char byte = 0;
        if (ready(fd) && recv(fd, &byte, 1, 0) <= 0) break;
      }
      close(fd);
    }
  }

  /// "": no answer.
  std::string reply_to(const unsigned char* packet, std::size_t end, bool tcp) {
    if (end < 17) return {};
    std::string name;
    std::size_t at = 12;
    while (at < end && packet[at] != 0) {
      const std::size_t length = packet[at++];
      if (!name.empty()) name += '.';
      for (std::size_t i = 0; i < length && at < end; ++i)
        name += static_cast<char>(packet[at] >= 'A' && packet[at] <= 'Z' ? packet[at] + 32 : packet[at]), ++at;
    }
    at += 5;
    if (at > end) return {};
    const int type = packet[at - 4] << 8 | packet[at - 3];
    recursion_wanted_ = (packet[2] & 1) != 0;
    ++questions_;
    const DnsAnswer answer = table_(name, static_cast<Type>(type));
    if (answer.silent) return {};

    std::string reply(reinterpret_cast<const char*>(packet), at);  // header and question; no additional records
    std::string records;
    int count = 0;
    const auto add = [&](int record_type, const std::string& data, std::size_t said) {
      const unsigned char head[] = {
          0xc0, 12, static_cast<unsigned char>(record_type >> 8), static_cast<unsigned char>(record_type), 0, 1, 0, 0,
          0,    60, static_cast<unsigned char>(said >> 8),        static_cast<unsigned char>(said)};
      records.append(reinterpret_cast<const char*>(head), sizeof head);
      records += data;
      ++count;
    };
    for (const std::string& text : answer.addresses) {
      unsigned char bytes[16];
      const bool six = text.find(':') != std::string::npos;
      if (six != (type == 28) || inet_pton(six ? AF_INET6 : AF_INET, text.c_str(), bytes) != 1) continue;
      add(type, std::string(reinterpret_cast<char*>(bytes), six ? 16 : 4), six ? 16 : 4);
    }
    for (const DnsAnswer::Record& record : answer.records) add(record.type, record.data, record.data.size());
    if (answer.garbage) add(type, "x", 999);
    const bool cut = answer.truncated && !tcp;
    if (cut) records.clear(), count = 0;
    reply[2] = static_cast<char>(cut ? 0x83 : 0x81);
    reply[3] = static_cast<char>(0x80 | answer.rcode);
    reply[6] = reply[8] = reply[9] = reply[10] = reply[11] = 0;
    reply[7] = static_cast<char>(count);
    return reply + records;
  }

  Table table_;
  int udp_ = -1, tcp_ = -1, port_ = 0;
  std::atomic<bool> stopping_ = false, recursion_wanted_ = false;
  std::atomic<int> questions_ = 0, over_tcp_ = 0;
  std::thread udp_thread_, tcp_thread_;
};

}  // namespace test
