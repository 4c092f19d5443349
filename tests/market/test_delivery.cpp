#include <deque>
#include <string>

#include <doctest/doctest.h>

#include "market/delivery.hpp"
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

constexpr DeliveryQuality good = DeliveryQuality::good;
constexpr DeliveryQuality estimated = DeliveryQuality::estimated;

TEST_CASE("delivered energy is the difference of the registers at the boundaries, import and export apart") {
  MeterAccount meter;
  take(meter, reading(0, 10'000, 500));
  take(meter, reading(1, 10'700, 520));
  const Delivery delivery = meter.settle(interval(0));
  CHECK(delivery.energy == Registers{Energy{700}, Energy{20}});
  CHECK(delivery.quality == good);
}

TEST_CASE("a meter that was never heard of has delivered nothing, as an estimate") {
  MeterAccount meter;
  CHECK(is(meter.settle(interval(0)), 0, estimated));
  take(meter, reading(1, 10'000));
  take(meter, reading(2, 10'300));
  CHECK(is(meter.settle(interval(1)), 300, good));
}

TEST_CASE("settlement that begins between two readings begins at the registers between them, and loses nothing after") {
  MeterAccount meter;
  take(meter, reading(0, 1'000));
  take(meter, reading(4, 2'000));
  CHECK(is(meter.settle(interval(1)), 250, estimated));  // from 1250 to a third of the 750 that are left
  CHECK(is(meter.settle(interval(2)), 250, estimated));
  CHECK(is(meter.settle(interval(3)), 250, estimated));

  MeterAccount silent;
  take(silent, reading(0, 1'000));
  CHECK(is(silent.settle(interval(1)), 0, estimated));  // nothing is known but that it was heard of
  take(silent, reading(3, 1'600));
  CHECK(is(silent.settle(interval(2)), 600, estimated));
}

TEST_CASE("a missing reading is interpolated when a later one is known") {
  MeterAccount meter;
  take(meter, reading(0, 0, 0));
  take(meter, reading(3, 1'000, 100));
  const Delivery first = meter.settle(interval(0));
  CHECK(first.energy == Registers{Energy{333}, Energy{33}});  // a third, rounded down
  CHECK(first.quality == estimated);
  CHECK(is(meter.settle(interval(1)), 333, estimated));  // half of the 667 that are left
  CHECK(is(meter.settle(interval(2)), 334, estimated));  // begins at an estimate, ends at the truth
  take(meter, reading(4, 1'200, 100));
  CHECK(is(meter.settle(interval(3)), 200, good));
}

TEST_CASE("without a later reading the energy of the last good interval is taken, and made up for afterwards") {
  MeterAccount meter;
  take(meter, reading(0, 0));
  take(meter, reading(1, 400));
  CHECK(is(meter.settle(interval(0)), 400, good));
  CHECK(is(meter.settle(interval(1)), 400, estimated));
  take(meter, reading(3, 1'000));
  CHECK(is(meter.settle(interval(2)), 200, estimated));  // 1000 - 400 - 400
  CHECK(meter.has_reading(interval(3).begin()));
}

TEST_CASE("an estimate above the truth is paid back: the next energy is negative") {
  MeterAccount meter;
  take(meter, reading(0, 0));
  take(meter, reading(1, 900));
  CHECK(is(meter.settle(interval(0)), 900, good));
  CHECK(is(meter.settle(interval(1)), 900, estimated));
  take(meter, reading(3, 1'000));
  CHECK(is(meter.settle(interval(2)), -800, estimated));
}

TEST_CASE("a silent meter is estimated by the same interval a week before, else a day before") {
  constexpr std::int64_t day = 96;
  MeterAccount meter;
  take(meter, reading(0, 0));
  std::int64_t total = 0;
  // A week and a day of readings: interval n counts 100 + n % 7 Wh on the first day, one more each day.
  const auto energy = [](std::int64_t number) { return 100 + number % 7 + 10 * (number / day); };
  for (std::int64_t number = 0; number < 7 * day + 10; ++number) {
    total += energy(number);
    take(meter, reading(number + 1, total));
    REQUIRE(is(meter.settle(interval(number)), energy(number), good));
  }
  CHECK(is(meter.settle(interval(7 * day + 10)), energy(10), estimated));  // the same weekday

  MeterAccount young;
  take(young, reading(0, 0));
  total = 0;
  for (std::int64_t number = 0; number < day + 10; ++number) {
    total += energy(number);
    take(young, reading(number + 1, total));
    REQUIRE(is(young.settle(interval(number)), energy(number), good));
  }
  CHECK(is(young.settle(interval(day + 10)), energy(10), estimated));  // yesterday
}

TEST_CASE("an estimate does not become a habit: only good intervals are remembered as usual") {
  MeterAccount meter;
  take(meter, reading(0, 0));
  take(meter, reading(1, 300));
  CHECK(is(meter.settle(interval(0)), 300, good));
  take(meter, reading(3, 2'300));
  CHECK(is(meter.settle(interval(1)), 1'000, estimated));
  CHECK(is(meter.settle(interval(2)), 1'000, estimated));
  CHECK(is(meter.settle(interval(3)), 300, estimated));
}

/// A meter over `intervals` intervals with readings lost and late, settled two intervals behind.
Registers sum_of_settled(test::Random& random, std::int64_t intervals, const std::vector<Registers>& truth,
                         std::int64_t loss_percent) {
  struct OnItsWay {
    std::int64_t arrival = 0;
    Reading reading;
  };
  std::deque<OnItsWay> line;
  MeterAccount meter;
  Registers sum;
  std::int64_t last_arrival = 0;
  for (std::int64_t now = 0; now <= intervals + 2; ++now) {
    const bool first_or_last = now == 0 || now == intervals;
    if (now <= intervals && (first_or_last || test::between(random, 0, 99) >= loss_percent)) {
      const Registers& registers = truth[static_cast<std::size_t>(now)];
      const std::int64_t delay = first_or_last ? 0 : test::between(random, 0, 4);
      last_arrival = now == intervals ? now : std::min(std::max(last_arrival, now + delay), intervals);
      line.push_back({last_arrival, reading(now, registers.import.count, registers.export_.count)});
    }
    for (; !line.empty() && line.front().arrival <= now; line.pop_front()) take(meter, line.front().reading);
    if (now >= 2 && now - 2 < intervals) sum += meter.settle(interval(now - 2)).energy;
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
    REQUIRE(sum_of_settled(random, intervals, truth, test::between(random, 0, 95)) == truth.back() - truth.front());
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

TEST_CASE("every reason has a name and an explanation of its own") {
  std::vector<std::string> texts;
  for (int i = 0; i <= static_cast<int>(enum_last(ReadingReject{})); ++i) {
    texts.emplace_back(to_text(static_cast<ReadingReject>(i)));
    texts.emplace_back(explain(static_cast<ReadingReject>(i)));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    CHECK_FALSE(texts[i].empty());
    for (std::size_t j = 0; j < i; ++j) CHECK(texts[i] != texts[j]);
  }
}

}  // namespace
}  // namespace commonwatt
