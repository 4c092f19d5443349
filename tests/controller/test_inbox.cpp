#include <chrono>
#include <thread>

#include <doctest/doctest.h>

#include "controller/inbox.hpp"

namespace commonwatt {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// A clock that a test sets; it waits a millisecond at a time, as a simulated one does.
class SetClock final : public Clock {
 public:
  explicit SetClock(std::int64_t seconds) : now_(UtcTime::from_seconds(seconds)) {}
  [[nodiscard]] UtcTime now() const override { return now_; }
  [[nodiscard]] nanoseconds wait_hint(UtcTime deadline) const override {
    return deadline <= now_ ? nanoseconds{0} : milliseconds(1);
  }
  void announce(UtcTime) override {}

 private:
  UtcTime now_;
};

constexpr nanoseconds patience = std::chrono::seconds(20);
const UtcTime far = UtcTime::from_seconds(1'000'000);

TEST_CASE("what is put in is taken out once, in order") {
  Inbox<int> inbox(10);
  const SetClock clock(0);
  for (const int item : {1, 2, 3}) CHECK(inbox.put(item));
  CHECK(inbox.take(clock, far, patience) == std::vector{1, 2, 3});
  CHECK(inbox.take(clock, clock.now(), patience).empty());
}

TEST_CASE("a full inbox refuses the next item and keeps the others") {
  Inbox<int> inbox(2);
  const SetClock clock(0);
  CHECK(inbox.put(1));
  CHECK(inbox.put(2));
  CHECK_FALSE(inbox.put(3));
  CHECK(inbox.take(clock, far, patience) == std::vector{1, 2});
  CHECK(inbox.put(4));
}

TEST_CASE("a taker returns at its deadline, even with nothing to take") {
  Inbox<int> inbox(2);
  CHECK(inbox.take(SetClock(50), UtcTime::from_seconds(50), patience).empty());
  CHECK(inbox.take(SetClock(51), UtcTime::from_seconds(50), patience).empty());
}

TEST_CASE("a taker's patience of real time ends, whatever the clock says") {
  Inbox<int> inbox(2);
  CHECK(inbox.take(SetClock(0), far, milliseconds(5)).empty());
}

TEST_CASE("a taker wakes for an item from another thread and for a call to wake") {
  Inbox<int> inbox(2);
  const SetClock clock(0);
  std::thread sender([&inbox] { inbox.put(7); });
  CHECK(inbox.take(clock, far, patience) == std::vector{7});
  sender.join();
  inbox.wake();
  CHECK(inbox.take(clock, far, patience).empty());
  std::thread waker([&inbox] { inbox.wake(); });
  CHECK(inbox.take(clock, far, patience).empty());
  waker.join();
}

}  // namespace
}  // namespace commonwatt
