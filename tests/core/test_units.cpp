#include <limits>
#include <type_traits>

#include <doctest/doctest.h>

#include "core/units.hpp"
#include "tests/core/stops.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();

template <class A, class B>
concept Addable = requires(A a, B b) {
  a + b;
};

static_assert(Addable<Energy, Energy>);
static_assert(!Addable<Energy, Money>, "a watt-hour and a nano-euro have no sum");
static_assert(!Addable<Energy, std::int64_t>, "a raw number has no unit");
static_assert(!std::is_convertible_v<std::int64_t, Energy>);

// The compiler cannot know these, so the overflow happens when the program runs.
volatile std::int64_t unknown_most = most;
volatile std::int64_t unknown_least = least;

TEST_CASE("300 Wh at 0.2847 a kilowatt-hour cost 0.08541, exactly") {
  CHECK(Energy{300} * Price{284'700} == Money{85'410'000});
  CHECK(Price{284'700} * Energy{300} == Money{85'410'000});
  CHECK(Energy{-300} * Price{284'700} == Money{-85'410'000});
  CHECK(Energy{300} * Price{-1} == Money{-300});
}

TEST_CASE("sums, differences and negatives keep their unit") {
  Energy energy{500};
  energy += Energy{250};
  energy -= Energy{1000};
  CHECK(energy == Energy{-250});
  CHECK(-energy == Energy{250});
  CHECK(Energy{1} < Energy{2});
}

TEST_CASE("the largest numbers are reached without a stop") {
  CHECK(Money{most - 1} + Money{1} == Money{most});
  CHECK(Money{least + 1} - Money{1} == Money{least});
  CHECK(Energy{most} * Price{1} == Money{most});
  CHECK(order_energy_max * price_magnitude_max == Money{1'000'000'000'000'000'000});
}

TEST_CASE("an overflow stops the program instead of making money") {
  CHECK(stops([] { static_cast<void>(Money{unknown_most} + Money{1}); }));
  CHECK(stops([] { static_cast<void>(Money{unknown_least} - Money{1}); }));
  CHECK(stops([] { static_cast<void>(-Money{unknown_least}); }));
  CHECK(stops([] { static_cast<void>(Energy{unknown_most} * Price{2}); }));
  CHECK(stops([] {
    Money sum{unknown_most};
    sum += Money{1};
  }));
  CHECK_FALSE(stops([] { static_cast<void>(Money{unknown_most} - Money{1}); }));
}

}  // namespace
}  // namespace commonwatt
