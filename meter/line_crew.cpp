#include "meter/line_crew.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <malloc.h>

namespace commonwatt {
namespace {

/// Most devices on the local network answer in less.
constexpr std::chrono::milliseconds patience{5};

}  // namespace

LineCrew::LineCrew(std::size_t threads_max) : threads_max_(threads_max) {}

LineCrew::~LineCrew() {
  see_all_begun();
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  called_up_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void LineCrew::add(Job job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  if (active() == 0) bring_in(1);
}

void LineCrew::see_all_begun() {
  std::unique_lock lock(mutex_);
  while (!jobs_.empty()) {
    const std::size_t begun_before = begun_;
    all_begun_.wait_for(lock, patience, [this] { return jobs_.empty(); });
    if (begun_ == begun_before) bring_in(std::max<std::size_t>(1, active()));
  }
}

std::size_t LineCrew::threads() const {
  const std::lock_guard lock(mutex_);
  return threads_.size();
}

/// With the mutex held: those who are idle first, then new ones.
void LineCrew::bring_in(std::size_t count) {
  const std::size_t woken = std::min(count, idle_);
  idle_ -= woken;
  called_ += woken;
  for (std::size_t i = 0; i < woken; ++i) called_up_.notify_one();
  const std::size_t hired = std::min(count - woken, threads_max_ - threads_.size());
  for (std::size_t i = 0; i < hired; ++i) threads_.emplace_back([this] { work(); });
}

void LineCrew::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    while (!jobs_.empty()) {
      const Job job = std::move(jobs_.front());
      jobs_.pop_front();
      ++begun_;
      if (jobs_.empty()) all_begun_.notify_all();
      lock.unlock();
      job();
      lock.lock();
    }
    if (ending_) return;
    ++idle_;
    called_up_.wait(lock, [this] { return called_ > 0 || ending_; });
    if (called_ > 0) --called_;
  }
}

void share_one_heap() {
#ifdef __GLIBC__
  ::mallopt(M_ARENA_MAX, 1);
#endif
}

}  // namespace commonwatt
