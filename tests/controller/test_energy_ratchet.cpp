#include <random>

#include <doctest/doctest.h>

#include "controller/energy_ratchet.hpp"

namespace commonwatt {
namespace {

UtcTime at(std::int64_t seconds) {
  return UtcTime::from_seconds(1'750'500'000 + seconds);
}

TEST_CASE("a counter that falls is published as it was") {
  EnergyRatchet counter;
  CHECK(counter.next(1000, at(0)) == 1000);
  CHECK(counter.next(1005, at(10)) == 1005);
  CHECK(counter.next(0, at(20)) == 1005);
  CHECK(counter.next(1004, at(30)) == 1005);
  CHECK(counter.next(1006, at(40)) == 1006);
}

TEST_CASE("a missing value repeats the last one, and is nothing before the first") {
  EnergyRatchet counter;
  CHECK(counter.next(std::nullopt, at(0)) == std::nullopt);
  CHECK(counter.next(7, at(10)) == 7);
  CHECK(counter.next(std::nullopt, at(20)) == 7);
}

TEST_CASE("a jump that no connection carries does not hold the counter up there") {
  EnergyRatchet counter;
  CHECK(counter.next(21'000'000, at(0)) == 21'000'000);
  // A tenth of 2^32 Wh, as some inverters show for a moment at midnight.
  CHECK(counter.next(429'496'728, at(10)) == 21'000'000);
  CHECK(counter.next(21'000'010, at(20)) == 21'000'010);
}

TEST_CASE("a counter that truly stands higher is followed when there was time for it") {
  EnergyRatchet counter;
  CHECK(counter.next(1000, at(0)) == 1000);
  CHECK(counter.next(1'001'000, at(3598)) == 1000);
  CHECK(counter.next(1'001'000, at(3599)) == 1'001'000);
  CHECK(counter.next(1'001'277, at(3599)) == 1'001'277);
  CHECK(counter.next(1'001'555, at(3599)) == 1'001'277);
}

TEST_CASE("after a restart it goes on from what was published, even when the clock stands before that") {
  EnergyRatchet counter(5000, at(0));
  CHECK(counter.next(4999, at(60)) == 5000);
  CHECK(counter.next(5200, at(-3600)) == 5200);
  CHECK(counter.next(90'000, at(-3600)) == 5200);
}

TEST_CASE("whatever is read, what is published never falls and was read or published before") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  EnergyRatchet counter;
  std::optional<std::int64_t> last;
  std::int64_t seconds = 0;
  for (int i = 0; i < 20'000; ++i) {
    seconds += static_cast<std::int64_t>(random() % 600);
    const auto wild = static_cast<std::int64_t>(random());
    const std::int64_t near = last.value_or(0) + static_cast<std::int64_t>(random() % 2000) - 500;
    const std::optional<std::int64_t> reading =
        random() % 8 == 0 ? std::nullopt : std::optional(random() % 4 == 0 ? wild : near);
    const std::optional<std::int64_t> now = counter.next(reading, at(seconds));
    REQUIRE((now == last || now == reading));
    REQUIRE((!last || *now >= *last));
    last = now;
  }
}

}  // namespace
}  // namespace commonwatt
