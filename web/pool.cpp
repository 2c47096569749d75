#include "web/pool.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace outaged::web {

Pool::Pool(std::size_t threads_min, std::size_t threads_max, std::size_t queue_max, Duration linger)
    : threads_min_(std::max<std::size_t>(1, threads_min)),
      threads_max_(std::max(threads_min_, threads_max)),
      queue_max_(queue_max),
      linger_(linger) {}

Pool::~Pool() { shutdown(); }

bool Pool::grow() {
  const auto id = next_id_++;
  try {
    threads_.emplace(id, std::thread([this, id] { work(id); }));
  } catch (const std::system_error&) {
    threads_.erase(id);
  }
  // No thread to be had: those that run will come to it; with none at all, nobody will.
  return !threads_.empty();
}

bool Pool::submit(std::function<void()> job) {
  std::vector<std::thread> finished;
  bool accepted = false;
  {
    const std::lock_guard lock(mutex_);
    finished.swap(finished_);
    if (!stopping_) {
      const bool idle_enough = idle_ > queue_.size();
      const bool room = idle_enough || threads_.size() < threads_max_ || queue_.size() < queue_max_;
      if (room && (idle_enough || threads_.size() >= threads_max_ || grow())) {
        queue_.push_back(std::move(job));
        accepted = true;
      }
    }
  }
  if (accepted) wake_.notify_one();
  for (auto& thread : finished) thread.join();
  return accepted;
}

void Pool::work(std::size_t id) {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    const bool woken = wake_.wait_for(lock, linger_, [this] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (stopping_) return;
    if (!woken) {
      if (threads_.size() <= threads_min_) continue;
      const auto self = threads_.find(id);
      finished_.push_back(std::move(self->second));
      threads_.erase(self);
      return;
    }
    auto job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
}

void Pool::shutdown() {
  std::map<std::size_t, std::thread> threads;
  std::vector<std::thread> finished;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    queue_.clear();
    threads.swap(threads_);
    finished.swap(finished_);
  }
  wake_.notify_all();
  for (auto& [id, thread] : threads) thread.join();
  for (auto& thread : finished) thread.join();
}

std::size_t Pool::threads() const {
  const std::lock_guard lock(mutex_);
  return threads_.size();
}

}  // namespace outaged::web
