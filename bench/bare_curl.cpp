// The floor: a bare libcurl multi loop on epoll that asks N targets every T seconds, evenly spread, each over a fresh
// connection, and looks at nothing but whether it worked. One easy handle per target, set up once. No name is resolved
// (the URL holds an address), nothing is judged, stored or kept.
#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "bench/usage.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Multi {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  CURLM* handle = curl_multi_init();
  Clock::time_point due = Clock::time_point::max();
};

int on_socket(CURL*, curl_socket_t fd, int what, void* self, void* known) {
  Multi& multi = *static_cast<Multi*>(self);
  if (what == CURL_POLL_REMOVE) return epoll_ctl(multi.epoll, EPOLL_CTL_DEL, fd, nullptr), 0;
  epoll_event event{};
  event.data.fd = fd;
  event.events = ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U);
  epoll_ctl(multi.epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
  if (!known) curl_multi_assign(multi.handle, fd, self);
  return 0;
}

int on_timer(CURLM*, long ms, void* self) {
  static_cast<Multi*>(self)->due = ms < 0 ? Clock::time_point::max() : Clock::now() + std::chrono::milliseconds{ms};
  return 0;
}

std::size_t discard(char*, std::size_t size, std::size_t count, void*) { return size * count; }

}  // namespace

int main(int argc, char** argv) {
  const bench::Arguments args = bench::arguments(argc, argv);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  Multi multi;
  curl_multi_setopt(multi.handle, CURLMOPT_SOCKETFUNCTION, &on_socket);
  curl_multi_setopt(multi.handle, CURLMOPT_SOCKETDATA, &multi);
  curl_multi_setopt(multi.handle, CURLMOPT_TIMERFUNCTION, &on_timer);
  curl_multi_setopt(multi.handle, CURLMOPT_TIMERDATA, &multi);

  struct Target {
    CURL* easy = nullptr;
    bool busy = false;
  };
  std::vector<Target> targets(args.targets);
  for (Target& target : targets) {
    target.easy = curl_easy_init();
    curl_easy_setopt(target.easy, CURLOPT_URL, args.url.c_str());
    curl_easy_setopt(target.easy, CURLOPT_PRIVATE, &target);
    curl_easy_setopt(target.easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(target.easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(target.easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(target.easy, CURLOPT_PROXY, "");
    curl_easy_setopt(target.easy, CURLOPT_TIMEOUT_MS, static_cast<long>(args.timeout * 1000));
    if (!args.ca_file.empty()) {
      // As a careful user would set it up: one bundle, parsed once for all handles.
      curl_easy_setopt(target.easy, CURLOPT_CAINFO, args.ca_file.c_str());
      curl_easy_setopt(target.easy, CURLOPT_CAPATH, nullptr);
      curl_easy_setopt(target.easy, CURLOPT_CA_CACHE_TIMEOUT, 3600L);
      curl_easy_setopt(target.easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    }
    curl_easy_setopt(target.easy, CURLOPT_WRITEFUNCTION, &discard);
  }

  const std::chrono::duration<double> gap{args.interval / args.targets};
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(args.seconds));
  const double cpu_before = bench::cpu_seconds();
  unsigned long started = 0, done = 0, failed = 0;
  int running = 0;
  for (auto now = start; now < end; now = Clock::now()) {
    for (; start + gap * static_cast<double>(started) <= now; ++started) {
      Target& target = targets[started % targets.size()];
      if (target.busy) continue;
      target.busy = true;
      curl_multi_add_handle(multi.handle, target.easy);
    }
    const auto next = std::min<Clock::time_point>(
        multi.due, start + std::chrono::duration_cast<Clock::duration>(gap * static_cast<double>(started)));
    const auto wait =
        std::chrono::ceil<std::chrono::milliseconds>(std::min<Clock::time_point>(next, end) - now).count();
    epoll_event events[256];
    const int count = epoll_wait(multi.epoll, events, 256, static_cast<int>(std::max<long>(0, wait)));
    for (int i = 0; i < count; ++i) {
      const int what = ((events[i].events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                       ((events[i].events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                       ((events[i].events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
      curl_multi_socket_action(multi.handle, events[i].data.fd, what, &running);
    }
    if (Clock::now() >= multi.due) {
      multi.due = Clock::time_point::max();
      curl_multi_socket_action(multi.handle, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.handle, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      ++done;
      if (message->data.result != CURLE_OK) ++failed;
      Target* target = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &target);
      curl_multi_remove_handle(multi.handle, message->easy_handle);
      target->busy = false;
    }
  }
  bench::report("bare_curl", done, failed, bench::cpu_seconds() - cpu_before, args.seconds);
  for (Target& target : targets) {
    if (target.busy) curl_multi_remove_handle(multi.handle, target.easy);
    curl_easy_cleanup(target.easy);
  }
  curl_multi_cleanup(multi.handle);
  close(multi.epoll);
  curl_global_cleanup();
  return 0;
}
