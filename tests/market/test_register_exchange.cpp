#include <doctest/doctest.h>

#include "market/register_exchange.hpp"
#include "tests/market/books.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t begin = 1'782'000'000;
constexpr std::int64_t length = 900;

BoundaryReading reading(std::int64_t place, std::int64_t import) {
  return {.time = begin + place * length, .registers = {Energy{import}, Energy{0}}};
}
Registers registers(std::int64_t import) {
  return {Energy{import}, Energy{0}};
}
Delivery good(std::int64_t import) {
  return {.energy = registers(import), .quality = DeliveryQuality::good};
}
Delivery estimated(std::int64_t import) {
  return {.energy = registers(import), .quality = DeliveryQuality::estimated};
}

std::vector<Delivery> energies(const std::vector<BoundaryReading>& readings,
                               const std::vector<RegisterExchange>& exchanges, std::size_t count) {
  for (std::size_t i = 0; i < exchanges.size(); ++i) REQUIRE_FALSE(fault_of(exchanges, i, readings).has_value());
  const IntervalSpan span{.first = Interval(begin, length), .count = count};
  std::vector<Delivery> found = deliveries(continued(readings, exchanges, length), span);
  clear_without_meter(found, span, exchanges);
  return found;
}

TEST_CASE("a replaced meter counts on from the old one's last register, and loses nothing in between") {
  const std::vector<BoundaryReading> readings{reading(0, 1'000), reading(1, 1'200), reading(2, 7), reading(3, 107)};
  const RegisterExchange exchange{.time = begin + length + 300, .closing = registers(1'250), .opening = registers(3)};
  CHECK(energies(readings, {exchange}, 3) == std::vector{good(200), good(54), good(100)});
}

TEST_CASE("what is known at an exchange holds where boundaries were not read") {
  const std::vector<BoundaryReading> readings{reading(0, 1'000), reading(3, 90)};
  const RegisterExchange exchange{.time = begin + length, .closing = registers(1'300), .opening = registers(0)};
  CHECK(energies(readings, {exchange}, 3) == std::vector{good(300), estimated(45), estimated(45)});
}

TEST_CASE("a meter taken away has counted to its last register, and from there on there is nothing to estimate") {
  std::vector<BoundaryReading> readings;
  for (std::int64_t place = 0; place <= 700; ++place) readings.push_back(reading(place, 100 * place));
  const RegisterExchange away{.time = begin + 700 * length + 60, .closing = registers(70'005), .opening = {}};
  const std::vector<Delivery> found = energies(readings, {away}, 1'000);
  CHECK(found[699] == good(100));
  CHECK(found[700] == good(5));
  CHECK(found[701] == good(0));
  CHECK(found[999] == good(0));
  // The control: without the declared event the week before would be taken for what it went on to count.
  CHECK(energies(readings, {}, 1'000)[999] == estimated(100));
}

TEST_CASE("a meter put in place counts from its first register, and before there is nothing to estimate") {
  const std::vector<BoundaryReading> readings{reading(3, 40), reading(4, 140)};
  const RegisterExchange put{.time = begin + 2 * length + 450, .closing = {}, .opening = registers(30)};
  CHECK(energies(readings, {put}, 4) == std::vector{good(0), good(0), good(10), good(100)});
}

TEST_CASE("between one meter taken away and the next there is no energy") {
  const std::vector<BoundaryReading> readings{reading(0, 10), reading(1, 20), reading(5, 1'000), reading(6, 1'070)};
  const std::vector<RegisterExchange> exchanges{
      {.time = begin + length + 10, .closing = registers(22), .opening = {}},
      {.time = begin + 5 * length - 10, .closing = {}, .opening = registers(999)}};
  CHECK(energies(readings, exchanges, 6) == std::vector{good(10), good(2), good(0), good(0), good(1), good(70)});
}

TEST_CASE("an exchange that the readings contradict is named") {
  const std::vector<BoundaryReading> readings{reading(0, 1'000), reading(1, 1'200), reading(2, 7)};
  const auto fault = [&](std::int64_t closing, std::int64_t opening) {
    const RegisterExchange one{
        .time = begin + length + 300, .closing = registers(closing), .opening = registers(opening)};
    return fault_of(std::vector{one}, 0, readings);
  };
  CHECK(fault(1'199, 3) == ExchangeFault::closing_below_reading);
  CHECK(fault(1'200, 8) == ExchangeFault::opening_above_reading);
  CHECK_FALSE(fault(1'200, 7).has_value());
  const std::vector<RegisterExchange> twice{{.time = begin + 10, .closing = registers(1'100), .opening = {}},
                                            {.time = begin + 20, .closing = registers(1'200), .opening = {}}};
  CHECK(fault_of(twice, 1, {}) == ExchangeFault::nothing_to_close);
  const std::vector<RegisterExchange> unclosed{{.time = begin + 10, .closing = {}, .opening = registers(0)},
                                               {.time = begin + 20, .closing = {}, .opening = registers(0)}};
  CHECK(fault_of(unclosed, 1, {}) == ExchangeFault::nothing_to_open);
}

TEST_CASE("each meter's readings are held against its own, and a contradicted exchange counts as none") {
  const std::vector<BoundaryReading> readings{reading(0, 1'000), reading(1, 1'200), reading(2, 7), reading(3, 5)};
  const RegisterExchange right{.time = begin + length + 300, .closing = registers(1'250), .opening = registers(3)};
  const PlausibleReadings split = plausible_readings(readings, std::vector{right}, std::nullopt);
  CHECK(split.exchanges == std::vector{right});
  CHECK(split.contradicted.empty());
  CHECK(split.held == std::vector{HeldReading{begin + 3 * length, ReadingReject::register_decreased}});
  CHECK(split.good.size() == 3);
  const RegisterExchange wrong{.time = begin + length + 300, .closing = registers(1'100), .opening = registers(3)};
  const PlausibleReadings whole = plausible_readings(readings, std::vector{wrong}, std::nullopt);
  CHECK(whole.exchanges.empty());
  REQUIRE(whole.contradicted.size() == 1);
  CHECK(whole.contradicted[0].second == ExchangeFault::closing_below_reading);
  CHECK(whole.held.size() == 2);
  CHECK(whole.good.size() == 2);
}

TEST_CASE("a reading of a time at which there is no meter is not used") {
  const std::vector<BoundaryReading> readings{reading(0, 10), reading(1, 20), reading(2, 25), reading(4, 3)};
  const std::vector<RegisterExchange> exchanges{{.time = begin + length + 10, .closing = registers(22), .opening = {}},
                                                {.time = begin + 3 * length, .closing = {}, .opening = registers(0)}};
  const PlausibleReadings found = plausible_readings(readings, exchanges, std::nullopt);
  CHECK(found.without_meter == std::vector{reading(2, 25)});
  CHECK(found.good.size() == 3);
  CHECK(found.exchanges == exchanges);
}

TEST_CASE("whatever is exchanged when, the energies sum to what all meters counted, to the watt-hour") {
  test::Random random(11);
  for (int round = 0; round < 500; ++round) {
    constexpr std::int64_t intervals = 60;
    std::vector<BoundaryReading> readings;
    std::vector<RegisterExchange> exchanges;
    Registers shown = registers(test::between(random, 0, 1'000));
    std::int64_t sum = 0;
    for (std::int64_t place = 0; place <= intervals; ++place) {
      const bool ends = place == 0 || place == intervals;
      if (ends || test::between(random, 0, 2) > 0)
        readings.push_back({.time = begin + place * length, .registers = shown});
      if (place == intervals) break;
      const std::int64_t first = test::between(random, 0, 500);
      const std::int64_t second = test::between(random, 0, 500);
      sum += first + second;
      shown.import += Energy{first};
      if (test::between(random, 0, 9) == 0) {
        const Registers opening = registers(test::between(random, 0, 5'000));
        exchanges.push_back(
            {.time = begin + place * length + test::between(random, 1, 899), .closing = shown, .opening = opening});
        shown = opening;
      }
      shown.import += Energy{second};
    }
    std::int64_t found = 0;
    for (const Delivery& delivery : energies(readings, exchanges, intervals)) found += delivery.energy.import.count;
    REQUIRE(found == sum);
  }
}

}  // namespace
}  // namespace commonwatt
