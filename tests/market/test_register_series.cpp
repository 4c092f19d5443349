#include <doctest/doctest.h>

#include "market/register_series.hpp"
#include "tests/market/books.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t begin = 1'782'000'000;

BoundaryReading reading(std::int64_t place, std::int64_t import, std::int64_t exported = 0, std::int64_t length = 900) {
  return {.time = begin + place * length, .registers = {Energy{import}, Energy{exported}}};
}

std::vector<Delivery> energies(const std::vector<BoundaryReading>& readings, std::size_t count,
                               std::int64_t length = 900) {
  return deliveries(readings, {.first = Interval(begin, length), .count = count});
}

Delivery good(std::int64_t import, std::int64_t exported = 0) {
  return {.energy = {Energy{import}, Energy{exported}}, .quality = DeliveryQuality::good};
}
Delivery estimated(std::int64_t import, std::int64_t exported = 0) {
  return {.energy = {Energy{import}, Energy{exported}}, .quality = DeliveryQuality::estimated};
}

TEST_CASE("an interval read at both ends is the difference of its registers") {
  CHECK(energies({reading(0, 1'000, 70), reading(1, 1'200, 75), reading(2, 1'200, 99)}, 2) ==
        std::vector{good(200, 5), good(0, 24)});
}

TEST_CASE("the intervals of a gap lie on a line and sum to the last watt-hour") {
  CHECK(energies({reading(0, 0, 0), reading(3, 100, 2), reading(4, 107, 2)}, 4) ==
        std::vector{estimated(33, 0), estimated(33, 1), estimated(34, 1), good(7)});
}

TEST_CASE("outside the readings an interval is the week before, else the day before, else nothing") {
  constexpr std::int64_t hour = 3'600;
  std::vector<BoundaryReading> readings;
  for (std::int64_t place = 2; place <= 170; ++place) readings.push_back(reading(place, place * place, 0, hour));
  const std::vector<Delivery> found = energies(readings, 200, hour);
  CHECK(found[0] == estimated(0));
  CHECK(found[1] == estimated(0));
  CHECK(found[2] == good(5));
  CHECK(found[170] == estimated(2 * 2 + 1));  // a week before
  CHECK(found[176] == estimated(2 * 8 + 1));
  readings.erase(readings.begin() + 6);  // boundary 8: the week before is not read, the day before is
  CHECK(energies(readings, 200, hour)[176] == estimated(2 * 152 + 1));
  CHECK(energies({}, 2, hour) == std::vector{estimated(0), estimated(0)});
}

TEST_CASE(
    "a reading that falls or jumps beyond the fuse is held, and the one after it is compared with the last good one") {
  std::vector<BoundaryReading> readings{reading(0, 1'000), reading(1, 900),   reading(2, 999),
                                        reading(3, 1'000), reading(4, 9'000), reading(5, 1'500)};
  // 2 kW carry 550 Wh in a quarter hour with a tenth more, and 10 Wh for the register's own steps.
  const std::vector<HeldReading> held = hold_implausible(readings, Power{2'000});
  CHECK(held == std::vector<HeldReading>{{begin + 900, ReadingReject::register_decreased},
                                         {begin + 1'800, ReadingReject::register_decreased},
                                         {begin + 3'600, ReadingReject::implausible}});
  CHECK(readings == std::vector{reading(0, 1'000), reading(3, 1'000), reading(5, 1'500)});
}

TEST_CASE("without a rating only a falling register is held") {
  std::vector<BoundaryReading> readings{reading(0, 0, 5), reading(1, 1'000'000, 5), reading(2, 1'000'000, 4)};
  CHECK(hold_implausible(readings, std::nullopt) ==
        std::vector<HeldReading>{{begin + 1'800, ReadingReject::register_decreased}});
}

TEST_CASE("whatever is missing between two readings, no watt-hour is lost and none is negative") {
  MESSAGE("seed 41");
  test::Random random(41);
  for (int round = 0; round < 1'000; ++round) {
    std::vector<BoundaryReading> readings;
    Registers registers{Energy{test::between(random, 0, 1'000)}, Energy{0}};
    const auto count = static_cast<std::size_t>(test::between(random, 1, 40));
    for (std::size_t place = 0; place <= count; ++place) {
      registers += {Energy{test::between(random, 0, 3)}, Energy{test::between(random, 0, 1'000'000'000'000)}};
      if (place == 0 || place == count || test::between(random, 0, 2) == 0)
        readings.push_back({.time = begin + static_cast<std::int64_t>(place) * 900, .registers = registers});
    }
    Registers sum;
    for (const Delivery& delivery : energies(readings, count)) {
      REQUIRE(delivery.energy.import >= Energy{0});
      REQUIRE(delivery.energy.export_ >= Energy{0});
      sum += delivery.energy;
    }
    REQUIRE(sum == readings.back().registers - readings.front().registers);
  }
}

}  // namespace
}  // namespace commonwatt
