#include <cmath>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "meter/validation.hpp"
#include "tests/meter/metered_day.hpp"

using namespace commonwatt;
using namespace commonwatt::test;

namespace {

constexpr ValidationLimits house{.rating = Power{24'150}};
constexpr RegisterPair begin{{3'214'551}, {1'877'100}};

/// A meter that has been heard at 00:00:00 and 00:00:10, and whose first value is confirmed.
struct Heard {
  explicit Heard(const ValidationLimits& limits = house) : meter(limits) {
    CHECK(meter.check(sound_reading(at(0, 0), begin, 360)).has(ReadingFlag::unconfirmed));
    CHECK(meter.check(sound_reading(at(0, 0, 10), begin, 360)).quality == Quality::good);
  }
  MeterValidation meter;
};

DeviceReading next_reading(std::int64_t wh = 1, double power_w = 360) {
  return sound_reading(at(0, 0, 20), {begin.import + Energy{wh}, begin.export_}, power_w);
}

/// What else a meter shows does not keep its registers from settlement.
void check_told(const ValidatedReading& validated, ReadingFlag flag) {
  CAPTURE(validated.reason());
  REQUIRE(validated.findings.size() == 1);
  CHECK(validated.has(flag));
  CHECK_FALSE(withholds(flag));
  CHECK(validated.import);
  CHECK(validated.export_);
  CHECK(validated.quality == Quality::suspect);
}

void check_withheld(const ValidatedReading& validated, ReadingFlag flag, Quality quality) {
  CAPTURE(validated.reason());
  CHECK(validated.has(flag));
  CHECK(withholds(flag));
  CHECK_FALSE(validated.import);
  CHECK_FALSE(validated.export_);
  CHECK(validated.quality == quality);
  CHECK_FALSE(validated.reason().empty());
}

}  // namespace

TEST_CASE("a first reading is confirmed by the second, unless an earlier run vouches for it") {
  Heard heard;
  MeterValidation restarted(house, heard.meter.state());
  const ValidatedReading validated = restarted.check(next_reading());
  CHECK(validated.quality == Quality::good);
  CHECK(validated.time == at(0, 0, 20));
  CHECK(validated.import == begin.import + Energy{1});
  CHECK(validated.export_ == begin.export_);
  CHECK(validated.reason().empty());
}

TEST_CASE("missing is never zero: no answer and no value give no registers") {
  Heard heard;
  check_withheld(heard.meter.missed(at(0, 0, 20), {MeterFault::busy, ""}), ReadingFlag::missing, Quality::missing);
  DeviceReading without = next_reading();
  without.time = at(0, 0, 30);
  without.values.back() = absent(Measurand::energy_export);
  check_withheld(heard.meter.check(without), ReadingFlag::missing, Quality::missing);
  without.time = at(0, 0, 40);
  without.values.pop_back();
  CHECK(heard.meter.check(without).reason().find("no export register") != std::string::npos);
}

TEST_CASE("one register held withholds both") {
  Heard heard;
  check_withheld(heard.meter.check(next_reading(100'000)), ReadingFlag::held, Quality::suspect);
}

TEST_CASE("what the device itself calls stale is") {
  Heard heard;
  DeviceReading reading = next_reading();
  reading.values.back().quality = Quality::stale;
  check_withheld(heard.meter.check(reading), ReadingFlag::stale, Quality::stale);
}

TEST_CASE("the same octets again are stale once the power says that the register must have moved") {
  Heard heard;
  DeviceReading reading = next_reading();
  CHECK(heard.meter.check(reading).quality == Quality::good);
  reading.time = at(0, 0, 50);  // 3 Wh at 360 W: within two steps
  CHECK(heard.meter.check(reading).quality == Quality::good);
  reading.time = at(0, 1, 1);  // 4.1 Wh
  check_withheld(heard.meter.check(reading), ReadingFlag::stale, Quality::stale);
  DeviceReading other = next_reading(5);
  other.time = at(0, 1, 10);
  CHECK(heard.meter.check(other).quality == Quality::good);
}

TEST_CASE("a device at rest may repeat itself all night") {
  Heard heard;
  DeviceReading reading = next_reading(1, 0);
  for (int minute = 1; minute < 600; ++minute) {
    reading.time = at(0, minute);
    REQUIRE(heard.meter.check(reading).quality == Quality::good);
  }
}

TEST_CASE("a telegram whose clock stands is not a new one, and one whose clock is off is told") {
  Heard heard;
  CHECK(heard.meter.check(next_reading(), at(0, 0, 19)).quality == Quality::good);
  DeviceReading later = next_reading(2);
  later.time = at(0, 0, 30);
  check_withheld(heard.meter.check(later, at(0, 0, 19)), ReadingFlag::stale, Quality::stale);
  later.time = at(0, 0, 40);
  check_told(heard.meter.check(later, at(0, 5)), ReadingFlag::clock_drift);
}

TEST_CASE("a telegram without a checksum reaches settlement one reading later, at its own time") {
  Heard heard;
  for (int i = 2; i < 6; ++i) {
    DeviceReading reading = next_reading(i);
    reading.time = at(0, 0, 10 * i);
    for (MeasuredValue& value : reading.values) value.quality = Quality::suspect;
    const ValidatedReading validated = heard.meter.check(reading);
    CHECK(validated.has(ReadingFlag::unconfirmed));
    CHECK(validated.quality == Quality::suspect);
    CHECK(validated.import.has_value() == (i > 2));
    if (i == 2) continue;
    CHECK(validated.time == at(0, 0, 10 * (i - 1)));
    CHECK(validated.import == begin.import + Energy{i - 1});
  }
}

TEST_CASE("figures that cannot be are told") {
  Heard heard;
  SUBCASE("power above the fuse and its tolerance") {
    check_told(heard.meter.check(next_reading(1, 26'600)), ReadingFlag::power_too_high);
  }
  SUBCASE("power within the tolerance") {
    CHECK(heard.meter.check(next_reading(1, -26'500)).quality == Quality::good);
  }
  SUBCASE("a dead grid that carries power") {
    DeviceReading reading = next_reading();
    reading.values[1].value = 0;
    check_told(heard.meter.check(reading), ReadingFlag::supply_implausible);
  }
  SUBCASE("a frequency that no grid has") {
    DeviceReading reading = next_reading();
    reading.values[2].value = 500.1;
    check_told(heard.meter.check(reading), ReadingFlag::supply_implausible);
  }
  SUBCASE("unused phases are no dead grid") {
    DeviceReading reading = next_reading();
    reading.values.push_back(figure(Measurand::voltage, 0, Share::l2));
    reading.values.push_back(figure(Measurand::voltage, 61, Share::l3));
    CHECK(heard.meter.check(reading).quality == Quality::good);
  }
  SUBCASE("phases that do not add up") {
    DeviceReading reading = next_reading(1, 3000);
    reading.values.push_back(figure(Measurand::active_power, 1000, Share::l1));
    reading.values.push_back(figure(Measurand::active_power, 1000, Share::l2));
    reading.values.push_back(figure(Measurand::active_power, -1000, Share::l3));
    check_told(heard.meter.check(reading), ReadingFlag::phases_disagree);
  }
  SUBCASE("phases that do, nearly") {
    DeviceReading reading = next_reading(1, 3000);
    reading.values.push_back(figure(Measurand::active_power, 2000, Share::l1));
    reading.values.push_back(figure(Measurand::active_power, 2100, Share::l2));
    reading.values.push_back(figure(Measurand::active_power, -1000, Share::l3));
    CHECK(heard.meter.check(reading).quality == Quality::good);
  }
}

TEST_CASE("a figure that is no number is no figure") {
  Heard heard;
  CHECK(heard.meter.check(next_reading(1, std::nan(""))).quality == Quality::good);
}

TEST_CASE("power at midnight is more than the sun can give") {
  MeterValidation plant(
      {.flow = MeteredFlow::production, .rating = Power{4000}, .plant = SolarPlant{.site = {}, .peak = Power{4400}}});
  const auto produce = [&plant](UtcTime time, double watts, std::int64_t wh) {
    DeviceReading reading;
    reading.time = time;
    reading.produces = true;
    reading.values = {figure(Measurand::active_power, watts), counter(Measurand::energy_yield, Energy{wh})};
    return plant.check(reading);
  };
  CHECK(produce(at(0, 0), 0, 5'000'000).has(ReadingFlag::unconfirmed));
  CHECK(produce(at(0, 0, 10), 15, 5'000'000).quality == Quality::good);  // standby, or noise
  const ValidatedReading bright = produce(at(0, 0, 20), 800, 5'000'002);
  CHECK(bright.has(ReadingFlag::beyond_sun));
  CHECK(bright.export_ == Energy{5'000'002});
  CHECK_FALSE(bright.import);
  CHECK(produce(at(0, 20), 0, 5'000'250).has(ReadingFlag::held));
  CHECK(produce(at(0, 20, 10), 0, 5'000'002).quality == Quality::good);
  CHECK(produce(at(12, 0), 3900, 5'020'000).has(ReadingFlag::unconfirmed));  // after a silence
  CHECK(produce(at(12, 0, 10), 3900, 5'020'010).quality == Quality::good);
}

constexpr MeterExchange exchanged{.time = at(0, 0, 15),
                                  .closing_import = begin.import,
                                  .closing_export = begin.export_,
                                  .opening_import = Energy{0},
                                  .opening_export = Energy{7}};

TEST_CASE("a declared exchange continues both registers, once") {
  Heard heard;
  CHECK(heard.meter.declare(exchanged).ok());
  const ValidatedReading validated = heard.meter.check(sound_reading(at(0, 0, 20), {Energy{1}, Energy{7}}, 360));
  CHECK(validated.import == begin.import + Energy{1});
  CHECK(validated.export_ == begin.export_);
  // A file that still declares it is read again after a restart.
  MeterValidation restarted(house, heard.meter.state());
  CHECK(restarted.declare(exchanged).ok());
  CHECK(restarted.state() == heard.meter.state());
}

TEST_CASE("an exchange that cannot be is refused with the register's name, and neither register changes") {
  Heard heard;
  MeterExchange wrong = exchanged;
  wrong.closing_export = begin.export_ + Energy{9'000'000};
  const ValidationState before = heard.meter.state();
  const Result<Done, std::string> declared = heard.meter.declare(wrong);
  REQUIRE_FALSE(declared.ok());
  CHECK(declared.error().starts_with("export: "));
  CHECK(heard.meter.state() == before);
  const ValidatedReading validated = heard.meter.check(next_reading());
  CHECK(validated.import == begin.import + Energy{1});
}

TEST_CASE("a plant's exchange concerns what it makes") {
  MeterValidation plant({.flow = MeteredFlow::production, .rating = Power{8'000}},
                        {.export_ = CounterState{at(0, 0), Energy{500}, Energy{0}}});
  CHECK(plant.declare({.time = at(1, 0), .closing_export = Energy{600}}).ok());
  CHECK(plant.export_monitor().unwrapped()->unwrapped == Energy{600});
  CHECK_FALSE(plant.state().import);
}

TEST_CASE("every flag has its own words") {
  std::set<std::string> texts;
  for (int i = 0; i <= static_cast<int>(enum_last(ReadingFlag{})); ++i) {
    texts.insert(to_text(static_cast<ReadingFlag>(i)));
  }
  CHECK(texts.size() == static_cast<std::size_t>(enum_last(ReadingFlag{})) + 1);
}
