#include <deque>
#include <string>

#include <doctest/doctest.h>

#include "market/meter_account.hpp"
#include "tests/market/books.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t length = 900;
constexpr std::int64_t monday = 1'782'086'400 / (7 * 86'400) * (7 * 86'400);
constexpr Power fuse{14'000};  // 3500 Wh in a quarter of an hour; with a tenth and 10 Wh more, 3860

Interval interval(std::int64_t number) {
  return {monday + number * length, length};
}

/// The reading at the begin of an interval by number.
Reading reading(std::int64_t number, std::int64_t import, std::int64_t exported = 0) {
  Reading reading;
  reading.meter = *MeterId::from("m-grid");
  reading.time = interval(number).begin();
  reading.registers = {Energy{import}, Energy{exported}};
  reading.sequence = 1'000'000 + number;
  return reading;
}

void take(MeterAccount& meter, const Reading& reading) {
  REQUIRE_FALSE(meter.refuse(reading, fuse, length).has_value());
  meter.add(reading);
}

std::string refused(const MeterAccount& meter, const Reading& reading) {
  const std::optional<ReadingReject> reject = meter.refuse(reading, fuse, length);
  return reject ? to_text(*reject) : "taken";
}

bool is(const Delivery& delivery, std::int64_t import, DeliveryQuality quality) {
  return delivery.energy.import == Energy{import} && delivery.quality == quality;
}

/// What an interval is settled to for good.
Delivery close(MeterAccount& meter, std::int64_t number) {
  const Delivery delivery = meter.delivery(interval(number));
  meter.close(interval(number));
  return delivery;
}

constexpr DeliveryQuality good = DeliveryQuality::good;
constexpr DeliveryQuality estimated = DeliveryQuality::estimated;

TEST_CASE("delivered energy is the difference of the registers at the boundaries, import and export apart") {
  MeterAccount meter;
  take(meter, reading(0, 10'000, 500));
  take(meter, reading(1, 10'700, 520));
  const Delivery delivery = meter.delivery(interval(0));
  CHECK(delivery.energy == Registers{Energy{700}, Energy{20}});
  CHECK(delivery.quality == good);
  CHECK(meter.has_reading(interval(1).begin()));
}

TEST_CASE("a meter that was never heard of has delivered nothing, as an estimate") {
  MeterAccount meter;
  CHECK(is(close(meter, 0), 0, estimated));
  take(meter, reading(1, 10'000));
  take(meter, reading(2, 10'300));
  CHECK(is(close(meter, 1), 300, good));
}

TEST_CASE("a reading that comes late makes the estimates before it good, and says from where on") {
  MeterAccount meter;
  CHECK(meter.add(reading(0, 0, 0)) == interval(0).begin_seconds());
  CHECK(is(meter.delivery(interval(0)), 0, estimated));
  CHECK(is(meter.delivery(interval(2)), 0, estimated));
  CHECK(meter.add(reading(3, 1'000, 100)) == interval(0).begin_seconds());
  CHECK(meter.delivery(interval(0)).energy == Registers{Energy{333}, Energy{33}});  // a third, rounded down
  CHECK(is(meter.delivery(interval(1)), 333, estimated));
  CHECK(is(meter.delivery(interval(2)), 334, estimated));
  CHECK(meter.add(reading(4, 1'200, 100)) == interval(3).begin_seconds());
  CHECK(is(meter.delivery(interval(3)), 200, good));
}

TEST_CASE("an interval settled for good on an estimate keeps it, and the truth comes back with the next reading") {
  MeterAccount meter;
  take(meter, reading(0, 1'000));
  CHECK(is(close(meter, 0), 0, estimated));  // nothing is known of it but where it began
  CHECK(is(close(meter, 1), 0, estimated));
  take(meter, reading(4, 1'600));
  CHECK(is(close(meter, 2), 300, estimated));
  CHECK(is(close(meter, 3), 300, estimated));
  CHECK(meter.add(reading(5, 1'700)) == interval(4).begin_seconds());
  CHECK(is(close(meter, 4), 100, good));
}

TEST_CASE("an estimate above the truth that was settled for good is paid back: the next energy is negative") {
  constexpr std::int64_t day = 96;
  MeterAccount meter;
  for (std::int64_t number = 0; number <= day; ++number) take(meter, reading(number, 900 * number));
  for (std::int64_t number = 0; number < day; ++number) REQUIRE(is(close(meter, number), 900, good));
  CHECK(is(close(meter, day), 900, estimated));  // as yesterday
  take(meter, reading(day + 2, 900 * day + 100));
  CHECK(is(close(meter, day + 1), -800, estimated));
}

TEST_CASE("a silent meter is estimated by the same interval a week before, else a day before, as long as it was read") {
  constexpr std::int64_t day = 96;
  MeterAccount meter;
  take(meter, reading(0, 0));
  std::int64_t total = 0;
  const auto energy = [](std::int64_t number) { return 100 + number % 7 + 10 * (number / day); };
  for (std::int64_t number = 0; number < 7 * day + 10; ++number) {
    total += energy(number);
    take(meter, reading(number + 1, total));
    REQUIRE(is(close(meter, number), energy(number), good));
  }
  CHECK(is(close(meter, 7 * day + 10), energy(10), estimated));  // the same weekday
  for (std::int64_t number = 7 * day + 11; number < 8 * day + 11; ++number) close(meter, number);
  CHECK(is(close(meter, 8 * day + 11), energy(day + 11), estimated));  // not yesterday, which was an estimate itself
}

/// A meter over `intervals` intervals with readings lost and late, each interval settled for good some time later.
Registers sum_of_closed(test::Random& random, std::int64_t intervals, const std::vector<Registers>& truth,
                        std::int64_t loss_percent) {
  struct OnItsWay {
    std::int64_t arrival = 0;
    Reading reading;
  };
  std::deque<OnItsWay> line;
  MeterAccount meter;
  Registers sum;
  const std::int64_t horizon = test::between(random, 1, 40);
  std::int64_t last_arrival = 0;
  for (std::int64_t now = 0; now <= intervals + horizon; ++now) {
    const bool first_or_last = now == 0 || now == intervals;
    if (now <= intervals && (first_or_last || test::between(random, 0, 99) >= loss_percent)) {
      const Registers& registers = truth[static_cast<std::size_t>(now)];
      const std::int64_t delay = first_or_last ? 0 : test::between(random, 0, 60);
      last_arrival = now == intervals ? now : std::min(std::max(last_arrival, now + delay), intervals);
      line.push_back({last_arrival, reading(now, registers.import.count, registers.export_.count)});
    }
    for (; !line.empty() && line.front().arrival <= now; line.pop_front()) take(meter, line.front().reading);
    if (now >= horizon && now - horizon < intervals) sum += close(meter, now - horizon).energy;
    const auto kept = decode<MeterAccount>(encode(meter));
    REQUIRE((kept.ok() && *kept == meter));
  }
  return sum;
}

TEST_CASE("whatever is lost or late, what is settled over time is what the registers rose by, to the watt-hour") {
  constexpr std::uint64_t seed = 20'260'621;
  MESSAGE("seed " << seed);
  for (std::uint64_t number = 0; number < 300; ++number) {
    test::Random random(seed + number);
    const std::int64_t intervals = test::between(random, 1, 300);
    std::vector<Registers> truth{{Energy{test::between(random, 0, 1'000'000)}, Energy{0}}};
    for (std::int64_t i = 0; i < intervals; ++i) {
      truth.push_back(truth.back() +
                      Registers{Energy{test::between(random, 0, 3'500)}, Energy{test::between(random, 0, 20)}});
    }
    CAPTURE(number);
    REQUIRE(sum_of_closed(random, intervals, truth, test::between(random, 0, 95)) == truth.back() - truth.front());
  }
}

TEST_CASE("before it is closed an interval is what the whole series of readings says, however they came") {
  test::Random random(7);
  for (int round = 0; round < 200; ++round) {
    MeterAccount meter;
    std::vector<BoundaryReading> readings;
    std::int64_t total = 0;
    for (std::int64_t number = 0; number < 800; ++number) {
      total += test::between(random, 0, 900);
      if (test::between(random, 0, 9) < 3) continue;
      take(meter, reading(number, total));
      readings.push_back({.time = interval(number).begin_seconds(), .registers = {Energy{total}, {}}});
    }
    const std::vector<Delivery> all = deliveries(readings, {.first = interval(0), .count = 900});
    for (std::int64_t number = 0; number < 900; number += test::between(random, 1, 30))
      REQUIRE(meter.delivery(interval(number)) == all[static_cast<std::size_t>(number)]);
  }
}

TEST_CASE("a reading that is not at a boundary is refused") {
  Reading asked = reading(1, 100);
  asked.time = asked.time + Duration{1};
  CHECK(refused(MeterAccount(), asked) == "not_a_boundary");
  asked.time = reading(1, 100).time + std::chrono::seconds(1);
  CHECK(refused(MeterAccount(), asked) == "not_a_boundary");
  asked.time = {std::numeric_limits<std::int64_t>::min()};
  CHECK(refused(MeterAccount(), asked) == "not_a_boundary");
}

TEST_CASE("a reading with an old sequence number or an old time is out of order") {
  MeterAccount meter;
  take(meter, reading(5, 100));
  CHECK(meter.last_sequence() == 1'000'005);
  CHECK(refused(meter, reading(5, 100)) == "out_of_order");
  CHECK(refused(meter, reading(4, 100)) == "out_of_order");
  Reading asked = reading(4, 100);
  asked.sequence = 2'000'000;
  CHECK(refused(meter, asked) == "out_of_order");
  asked = reading(6, 100);
  asked.sequence = 1'000'005;
  CHECK(refused(meter, asked) == "out_of_order");
  asked.sequence = 1'000'006;
  CHECK(refused(meter, asked) == "taken");
}

TEST_CASE("a register below its last good value is held, in either direction") {
  MeterAccount meter;
  take(meter, reading(0, 1'000, 1'000));
  CHECK(refused(meter, reading(1, 999, 1'000)) == "register_decreased");
  CHECK(refused(meter, reading(1, 1'000, 999)) == "register_decreased");
  CHECK(refused(meter, reading(1, 1'000, 1'000)) == "taken");
}

TEST_CASE("a register that rose by more than the fuse carries is held; a tenth and one quantum are let pass") {
  MeterAccount meter;
  take(meter, reading(0, 1'000, 1'000));
  CHECK(refused(meter, reading(1, 1'000 + 3'860, 1'000)) == "taken");
  CHECK(refused(meter, reading(1, 1'000 + 3'861, 1'000)) == "implausible");
  CHECK(refused(meter, reading(1, 1'000, 1'000 + 3'861)) == "implausible");
  CHECK(refused(meter, reading(4, 1'000 + 4 * 3'850 + 10, 1'000)) == "taken");  // an hour's worth after an hour
  CHECK(refused(meter, reading(4, 1'000 + 4 * 3'850 + 11, 1'000)) == "implausible");
}

TEST_CASE("the first rule that fails names a held reading") {
  MeterAccount meter;
  take(meter, reading(5, 1'000));
  Reading asked = reading(4, 0);
  asked.time = asked.time + std::chrono::seconds(1);
  CHECK(refused(meter, asked) == "not_a_boundary");
  CHECK(refused(meter, reading(4, 0)) == "out_of_order");
  CHECK(refused(meter, reading(6, 0, 1'000'000)) == "register_decreased");
  CHECK(refused(meter, reading(6, 1'000, 1'000'000)) == "implausible");
}

}  // namespace
}  // namespace commonwatt
