#include <doctest/doctest.h>
#include <fcntl.h>
#include <zlib.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

#include "tests/web/raw_client.h"
#include "web/server.h"

using namespace outaged::web;
using outaged::test::get;
using outaged::test::post;
using outaged::test::RawClient;
using namespace std::chrono_literals;

namespace {

Reply text(std::string body, int status = 200) {
  Reply reply;
  reply.status = status;
  reply.content_type = "text/plain; charset=utf-8";
  reply.body = std::move(body);
  return reply;
}

struct Running {
  std::unique_ptr<Server> server;
  int port = 0;
  explicit Running(Limits limits = {}, const std::function<void(Server&)>& more = {}) : server(Server::create(limits)) {
    server->route("GET", "/-/healthy", [](const Request&) { return text("OK"); });
    server->route("GET", "/echo/{name}", [](const Request& r) {
      return text(r.method + " " + r.path + " " + r.captures[0] + " " + r.param("q", "none") + " " + r.header("x-test") + " " + r.remote);
    });
    server->route("POST", "/body", [](const Request& r) { return text(r.body); });
    server->route("GET", "/big", [](const Request&) {
      auto reply = text(std::string(100'000, 'x'));
      reply.headers.emplace_back("ETag", "\"1\"");
      return reply;
    });
    server->route("GET", "/throw", [](const Request&) -> Reply { throw std::runtime_error("secret /etc/path"); });
    server->route("GET", "/throw-int", [](const Request&) -> Reply { throw 7; });
    server->route("GET", "/split", [](const Request&) {
      auto reply = text("x");
      reply.headers.emplace_back("X-Bad", "a\r\nSet-Cookie: b");
      return reply;
    });
    if (more) more(*server);
    const auto started = server->start("127.0.0.1:0");
    REQUIRE_MESSAGE(started.ok(), started.error());
    port = server->port();
  }
};

std::string gunzip(const std::string& packed) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string out(1'000'000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

}  // namespace

TEST_CASE("a request reaches its handler with all its parts") {
  Running running;
  const auto reply = get(running.port, "/echo/a%20b?q=1%2B1", "X-Test: yes\r\nREMOTE_ADDR: 9.9.9.9\r\nX-Forwarded-For: 8.8.8.8\r\n");
  CHECK(reply.status == 200);
  CHECK(reply.body == "GET /echo/a b a b 1+1 yes 127.0.0.1");
  CHECK(reply.header("content-type") == "text/plain; charset=utf-8");
  CHECK(reply.header("x-content-type-options") == "nosniff");
  CHECK(reply.header("content-security-policy").find("default-src 'none'") == 0);
  CHECK(reply.header("date").size() == 29);
  CHECK(reply.header("server").empty());
}

TEST_CASE("not found, wrong method, HEAD") {
  Running running;
  auto reply = get(running.port, "/nothing");
  CHECK(reply.status == 404);
  CHECK(reply.body == "{\"error\":\"no such path\"}\n");
  CHECK(reply.header("content-type") == "application/json");
  reply = post(running.port, "/-/healthy", "x");
  CHECK(reply.status == 405);
  CHECK(reply.header("allow") == "GET, HEAD");
  CHECK(reply.body.find("{\"error\":\"method not allowed") == 0);
  RawClient client(running.port);
  client.say("HEAD /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const auto all = client.rest();
  CHECK(all.find("Content-Length: 100000") != std::string::npos);
  CHECK(all.substr(all.size() - 4) == "\r\n\r\n");
}

TEST_CASE("a fallback answers what no route does") {
  Running running({}, [](Server& server) { server.fallback([](const Request& r) { return text("fell " + r.path, 418); }); });
  const auto reply = get(running.port, "/any/where");
  CHECK(reply.status == 418);
  CHECK(reply.body == "fell /any/where");
}

TEST_CASE("a handler's exception is a plain 500, and the server lives on") {
  Running running;
  for (const auto* path : {"/throw", "/throw-int"}) {
    const auto reply = get(running.port, path);
    CHECK(reply.status == 500);
    CHECK(reply.body == "{\"error\":\"internal error\"}\n");
    CHECK(reply.head.find("secret") == std::string::npos);
  }
  CHECK(get(running.port, "/-/healthy").status == 200);
}

TEST_CASE("a header of a handler cannot split the answer") {
  Running running;
  CHECK(get(running.port, "/split").head.find("Set-Cookie") == std::string::npos);
}

TEST_CASE("gzip only when asked for, and never brotli") {
  Running running;
  auto reply = get(running.port, "/big", "Accept-Encoding: br, gzip\r\n");
  CHECK(reply.header("content-encoding") == "gzip");
  CHECK(reply.header("vary") == "Accept-Encoding");
  CHECK(reply.header("etag") == "W/\"1\"");
  CHECK(reply.body.size() < 2000);
  CHECK(gunzip(reply.body) == std::string(100'000, 'x'));
  reply = get(running.port, "/big", "Accept-Encoding: br\r\n");
  CHECK(reply.header("content-encoding").empty());
  CHECK(reply.body.size() == 100'000);
  CHECK(reply.header("etag") == "\"1\"");
  CHECK(get(running.port, "/-/healthy", "Accept-Encoding: gzip\r\n").header("content-encoding").empty());
}

TEST_CASE("keep-alive serves one request after the other, pipelined or not, up to the bound") {
  Limits limits;
  limits.requests_per_connection = 5;
  Running running(limits);
  RawClient client(running.port);
  const std::string one = "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
  client.say(one + "aaa" + one + "bbb" + one.substr(0, 10));
  CHECK(client.response().body == "aaa");
  CHECK(client.response().body == "bbb");
  client.say(one.substr(10) + "ccc");
  CHECK(client.response().body == "ccc");
  // A body that nobody asked for must not be read as the next request.
  client.say("GET /-/healthy HTTP/1.1\r\nHost: a\r\nContent-Length: 27\r\n\r\nGET /throw HTTP/1.1\r\nX: y\r\n");
  CHECK(client.response().body == "OK");
  client.say(one + "ddd");
  const auto last = client.response();
  CHECK(last.body == "ddd");
  CHECK(last.header("connection") == "close");
  client.rest();
  CHECK(client.closed());
}

TEST_CASE("refusals are told, as JSON, and end the connection") {
  Running running;
  const auto status = [&](const std::string& bytes) {
    RawClient client(running.port);
    client.say(bytes);
    const auto reply = client.response();
    CHECK(reply.body.find("{\"error\":\"") == 0);
    client.rest();
    CHECK(client.closed());
    return reply.status;
  };
  const std::string start = "POST /body HTTP/1.1\r\n", host = "Host: a\r\n";
  CHECK(status(start + "\r\n") == 400);
  CHECK(status(start + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 411);
  CHECK(status(start + host + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET /throw HTTP/1.1\r\n\r\n") == 400);
  CHECK(status(start + host + "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde") == 415);
  CHECK(status("GET /big HTTP/1.1\r\n" + host + "Range: bytes=0-0,1-1\r\n\r\n") == 416);
  CHECK(status(start + host + "Content-Length: 10000000\r\n\r\n") == 413);
  CHECK(status("GET /" + std::string(20'000, 'a')) == 414);
  std::string many = start;
  for (int i = 0; i < 200; ++i) many += "A: b\r\n";
  CHECK(status(many) == 431);
  CHECK(status("\x16\x03\x01\x02") == 400);
}

TEST_CASE("a refusal arrives although the client is still sending a huge body") {
  Running running;
  RawClient client(running.port);
  client.say("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n");
  client.say(std::string(100'000, 'x'));
  CHECK(client.response().status == 413);
}

TEST_CASE("slow heads and slow bodies are ended by their deadlines") {
  Limits limits;
  limits.head_deadline = 150ms;
  limits.request_deadline = 300ms;
  limits.keep_alive = 150ms;
  Running running(limits);
  const auto began = std::chrono::steady_clock::now();
  RawClient silent(running.port), head(running.port), body(running.port), idle(running.port);
  head.say("GET / HT");
  body.say("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  idle.say("GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(idle.response().status == 200);
  // One byte now and then does not help.
  std::atomic<bool> enough{false};
  std::thread dripping([&] {
    while (!enough && head.say("T")) std::this_thread::sleep_for(20ms);
  });
  CHECK(head.response().status == 408);
  enough = true;
  dripping.join();
  CHECK(silent.rest().empty());
  CHECK(silent.closed());
  CHECK(body.response().status == 408);
  CHECK(idle.rest().empty());
  CHECK(idle.closed());
  CHECK(std::chrono::steady_clock::now() - began < 5s);
}

TEST_CASE("idle connections, and peers that send half a request, do not keep others out") {
  Limits limits;
  limits.head_deadline = 60s;
  limits.request_deadline = 60s;
  Running running(limits);
  std::vector<RawClient> crowd;
  for (int i = 0; i < 200; ++i) {
    crowd.emplace_back(running.port);
    REQUIRE(crowd.back().connected());
    if (i % 3 == 0) crowd.back().say("GET /");
    if (i % 3 == 1) crowd.back().say("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  }
  const auto began = std::chrono::steady_clock::now();
  CHECK(get(running.port, "/-/healthy").status == 200);
  CHECK(std::chrono::steady_clock::now() - began < 3s);
}

TEST_CASE("the cap per peer holds: connections with a request under way are kept, more are refused") {
  Limits limits;
  limits.connections_per_peer = 3;
  std::promise<void> release;
  auto released = release.get_future().share();
  std::atomic<int> inside{0};
  Running running(limits, [&](Server& server) {
    server.route("GET", "/wait", [&](const Request&) {
      ++inside;
      released.wait();
      return text("waited");
    });
  });
  std::vector<RawClient> busy;
  for (int i = 0; i < 3; ++i) {
    busy.emplace_back(running.port);
    busy.back().say("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (inside < 3 && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
  REQUIRE(inside == 3);
  RawClient fourth(running.port);
  CHECK(fourth.response().status == 503);
  release.set_value();
  for (auto& client : busy) CHECK(client.response().body == "waited");
}

TEST_CASE("more requests than threads and queue are told to come back") {
  Limits limits;
  limits.threads_min = limits.threads_max = 1;
  limits.queued_requests = 1;
  std::promise<void> release;
  auto released = release.get_future().share();
  std::atomic<int> inside{0};
  Running running(limits, [&](Server& server) {
    server.route("GET", "/wait", [&](const Request&) {
      ++inside;
      released.wait();
      return text("waited");
    });
  });
  RawClient first(running.port), second(running.port), third(running.port);
  const std::string ask = "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n";
  first.say(ask);
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (inside < 1 && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
  REQUIRE(inside == 1);
  second.say(ask);
  CHECK(second.response(false, 100ms).status == 0);  // queued
  third.say(ask);
  const auto refused = third.response();
  CHECK(refused.status == 503);
  CHECK(refused.header("retry-after") == "1");
  release.set_value();
  CHECK(first.response().status == 200);
  CHECK(second.response().status == 200);
}

TEST_CASE("a client that never takes its answer is dropped at the deadline") {
  Limits limits;
  limits.request_deadline = 200ms;
  Running running(limits, [](Server& server) {
    server.route("GET", "/huge", [](const Request&) { return text(std::string(30'000'000, 'y')); });
  });
  RawClient client(running.port);
  const int small = 4096;
  setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  client.say("GET /huge HTTP/1.1\r\nHost: a\r\n\r\n");

  std::this_thread::sleep_for(500ms);  // longer than the deadline: what follows was sent before it
  const std::string got = client.rest();
  CHECK(client.closed());
  CHECK(got.size() < 30'000'000);
}

TEST_CASE("Expect: 100-continue is answered before the body") {
  Running running;
  RawClient client(running.port);
  client.say("POST /body HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK(client.response().status == 100);
  client.say("hi");
  CHECK(client.response().body == "hi");
}

TEST_CASE("answers without a body carry no length") {
  Running running({}, [](Server& server) {
    server.route("GET", "/204", [](const Request&) { return text("", 204); });
    server.route("GET", "/304", [](const Request&) { return text("", 304); });
  });
  for (const auto* path : {"/204", "/304"}) {
    const auto reply = get(running.port, path);
    CHECK(reply.status == std::stoi(std::string(path).substr(1)));
    CHECK(reply.header("content-length").empty());
  }
}

TEST_CASE("a second server on the same port is refused with the address and the cause") {
  Running running;
  auto second = Server::create();
  const auto address = "127.0.0.1:" + std::to_string(running.port);
  const auto started = second->start(address);
  REQUIRE_FALSE(started.ok());
  CHECK(started.error().find(address) != std::string::npos);
  CHECK(started.error().find("already in use") != std::string::npos);
  running.server->stop();
  CHECK(Server::create()->start(address).ok());
}

TEST_CASE("addresses that cannot be listened on say why") {
  const auto error = [](const std::string& address) {
    const auto started = Server::create()->start(address);
    REQUIRE_FALSE(started.ok());
    CHECK(started.error().find(address) != std::string::npos);
    return started.error();
  };
  CHECK(error("203.0.113.1:0").find("not an address of this machine") != std::string::npos);
  CHECK(error("127.0.0.1").find("host:port") != std::string::npos);
  CHECK(error("127.0.0.1:").find("host:port") != std::string::npos);
  CHECK(error("127.0.0.1:70000").find("host:port") != std::string::npos);
  CHECK(error("::1:80").find("host:port") != std::string::npos);
  CHECK(error("no-such-host.invalid:80").find("cannot listen on") == 0);
}

TEST_CASE("stop is prompt and idempotent while clients hang") {
  std::atomic<int> served{0};
  Running running({}, [&](Server& server) {
    server.route("GET", "/later", [&](const Request&) {
      ++served;
      auto reply = text("late");
      reply.delay = 1h;
      return reply;
    });
  });
  RawClient silent(running.port), half(running.port), delayed(running.port);
  half.say("GET / HTTP/1.1\r\n");
  delayed.say("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (served < 1 && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
  const auto began = std::chrono::steady_clock::now();
  running.server->stop();
  running.server->stop();
  CHECK(std::chrono::steady_clock::now() - began < 2s);
  CHECK(delayed.rest().empty());
  CHECK(delayed.closed());
  CHECK(silent.rest().empty());
  CHECK_FALSE(RawClient(running.port).connected());
}

TEST_CASE("a request under way is answered before the server is gone") {
  std::atomic<bool> inside{false};
  Running running({}, [&](Server& server) {
    server.route("GET", "/slow", [&](const Request&) {
      inside = true;
      std::this_thread::sleep_for(100ms);
      return text("done");
    });
  });
  RawClient client(running.port);
  client.say("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!inside && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
  running.server->stop();
  CHECK(client.response().body == "done");
}

TEST_CASE("delays hold no thread, drops close without an answer") {
  Limits limits;
  limits.threads_min = limits.threads_max = 1;
  Running running(limits, [](Server& server) {
    server.route("GET", "/delay", [](const Request&) {
      auto reply = text("late");
      reply.delay = 300ms;
      return reply;
    });
    server.route("GET", "/drop", [](const Request&) {
      Reply reply;
      reply.drop = true;
      return reply;
    });
  });
  const auto began = std::chrono::steady_clock::now();
  std::vector<RawClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(running.port);
    clients.back().say("GET /delay HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  for (auto& client : clients) CHECK(client.response().body == "late");
  const auto took = std::chrono::steady_clock::now() - began;
  CHECK(took >= 300ms);
  CHECK(took < 3s);
  RawClient dropped(running.port);
  dropped.say("GET /drop HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(dropped.rest().empty());
  CHECK(dropped.closed());
}

TEST_CASE("sockets are closed on exec") {
  Running running({}, [&](Server& server) {
    server.route("GET", "/fds", [&](const Request&) {
      int open = 0;
      for (int fd = 3; fd < 256; ++fd) {
        const int flags = fcntl(fd, F_GETFD);
        if (flags >= 0 && (flags & FD_CLOEXEC) == 0) {
          sockaddr_in address{};
          socklen_t size = sizeof address;
          if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 && address.sin_family == AF_INET) ++open;
        }
      }
      return text(std::to_string(open));
    });
  });
  CHECK(get(running.port, "/fds").body == "0");
}

TEST_CASE("many clients at once are all answered") {
  Running running;
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i)
        if (post(running.port, "/body", std::string(static_cast<std::size_t>(i) * 100, 'a')).status == 200) ++good;
    });
  for (auto& thread : threads) thread.join();
  CHECK(good == 400);
}
