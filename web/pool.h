// The threads that run handlers: a few stay, more come under load, idle ones leave again. Bounded in threads and queue.
// submit() is called by the I/O loop; jobs run on the pool's threads and must not throw.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "core/time.h"

namespace outaged::web {

class Pool {
 public:
  Pool(std::size_t threads_min, std::size_t threads_max, std::size_t queue_max, Duration linger = 10s);
  ~Pool();

  /// False: every thread is busy and the queue is full (or the pool is shut down). Never waits for a job.
  bool submit(std::function<void()> job);
  /// Drops what is queued, waits for what runs, joins all. Idempotent.
  void shutdown();
  std::size_t threads() const;

 private:
  bool grow();         // with mutex_ held
  void work(std::size_t id);

  const std::size_t threads_min_, threads_max_, queue_max_;
  const Duration linger_;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  std::map<std::size_t, std::thread> threads_;
  std::vector<std::thread> finished_;  // left of their own accord, to be joined
  std::size_t next_id_ = 0, idle_ = 0;
  bool stopping_ = false;
};

}  // namespace outaged::web
