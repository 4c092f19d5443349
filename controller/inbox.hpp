// The bounded queue between the threads of the libraries and the one thread that owns the state.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "core/clock.hpp"

namespace commonwatt {

template <class Item>
class Inbox {
 public:
  explicit Inbox(std::size_t items_max) : items_max_(items_max) {}

  /// Puts an item in. False when it is full: the item is gone, and its sender, who got no receipt, sends it again.
  bool put(Item item) {
    {
      const std::lock_guard lock(mutex_);
      if (items_.size() >= items_max_) return false;
      items_.push_back(std::move(item));
    }
    arrived_.notify_one();
    return true;
  }

  /// Everything that is in, waiting until something comes, `deadline` is reached on the clock, `wake` is called, or
  /// `patience` of the machine's time is over.
  std::vector<Item> take(const Clock& clock, UtcTime deadline, std::chrono::nanoseconds patience) {
    std::unique_lock lock(mutex_);
    while (items_.empty() && !woken_ && patience > std::chrono::nanoseconds{0}) {
      const std::chrono::nanoseconds wait = std::min(clock.wait_hint(deadline), patience);
      if (wait <= std::chrono::nanoseconds{0}) break;
      arrived_.wait_for(lock, wait);
      patience -= wait;
    }
    woken_ = false;
    std::vector<Item> taken(std::make_move_iterator(items_.begin()), std::make_move_iterator(items_.end()));
    items_.clear();
    return taken;
  }

  void wake() {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    arrived_.notify_one();
  }

 private:
  const std::size_t items_max_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Item> items_;
  bool woken_ = false;
};

}  // namespace commonwatt
