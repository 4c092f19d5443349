#include <functional>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/paced_clock.hpp"
#include "tests/controller/temporary_directory.hpp"

namespace commonwatt {
namespace {

using test::TemporaryDirectory;

constexpr std::int64_t speed = 900;
const UtcTime begin = UtcTime::from_seconds(1'782'000'000);

UtcTime after(std::int64_t seconds) {
  return begin + std::chrono::seconds(seconds);
}

/// Whether a claim comes true; the clock runs by itself, so it is asked again and again.
bool eventually(const std::function<bool()>& claim) {
  for (int i = 0; i < 60'000; ++i) {
    if (claim()) return true;
    ::usleep(1'000);
  }
  return false;
}

TEST_CASE("a file that is no clock is refused with its name") {
  const TemporaryDirectory directory;
  test::write_text(directory / "clock", std::string(4'096, 'x'));
  for (const char* name : {"clock", "missing"}) {
    const auto joined = PacedClock::join(directory / name);
    REQUIRE_FALSE(joined.ok());
    CHECK(joined.error().find((directory / name).string()) == 0);
  }
  CHECK_FALSE(ClockPacer::create(directory / "missing" / "clock", begin, speed).ok());
}

TEST_CASE("the clock stands still until it is run, and never runs past an announced deadline") {
  const TemporaryDirectory directory;
  const auto pacer = std::move(ClockPacer::create(directory / "clock", begin, speed)).value();
  const auto one = std::move(PacedClock::join(directory / "clock")).value();
  const auto two = std::move(PacedClock::join(directory / "clock")).value();
  CHECK(one->now() == begin);
  one->announce(after(100));
  two->announce(after(60));
  CHECK(one->wait_hint(begin) == std::chrono::nanoseconds{0});
  CHECK(one->wait_hint(after(3'600)) == std::chrono::milliseconds(20));
  CHECK(one->wait_hint(begin + Duration{1}) == std::chrono::milliseconds(1));
  pacer->run();
  CHECK(eventually([&] { return one->now() == after(60); }));
  two->announce(after(90));
  CHECK(eventually([&] { return one->now() == after(90); }));
  two->announce(after(1'000'000));
  CHECK(eventually([&] { return two->now() == after(100); }));
  one->announce(after(101));
  CHECK(eventually([&] { return pacer->now() == after(101); }));
}

TEST_CASE("a participant that left is not waited for") {
  const TemporaryDirectory directory;
  const auto pacer = std::move(ClockPacer::create(directory / "clock", begin, speed)).value();
  auto gone = std::move(PacedClock::join(directory / "clock")).value();
  const auto watcher = std::move(PacedClock::join(directory / "clock")).value();
  gone->announce(after(5));
  pacer->run();
  CHECK(eventually([&] { return watcher->now() == after(5); }));
  gone.reset();
  CHECK(eventually([&] { return watcher->now() > after(5); }));
}

TEST_CASE("a dead process is forgotten") {
  const TemporaryDirectory directory;
  const auto pacer = std::move(ClockPacer::create(directory / "clock", begin, speed)).value();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto clock = std::move(PacedClock::join(directory / "clock")).value();
    clock->announce(after(5));
    ::_exit(0);  // Without a word to the clock.
  }
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  pacer->run();
  CHECK(eventually([&] { return pacer->now() == after(5); }));
  pacer->forget(child);
  CHECK(eventually([&] { return pacer->now() > after(5); }));
}

TEST_CASE("whoever holds the clock too long is not waited for any more") {
  const TemporaryDirectory directory;
  const auto pacer = std::move(ClockPacer::create(directory / "clock", begin, speed)).value();
  const auto holder = std::move(PacedClock::join(directory / "clock")).value();
  holder->announce(after(5));
  pacer->run();
  CHECK(eventually([&] { return pacer->now() == after(5); }));
  CHECK(eventually([&] { return pacer->now() > after(5); }));
}

}  // namespace
}  // namespace commonwatt
