#include <doctest/doctest.h>

#include "meter/device_reading.hpp"

namespace commonwatt {
namespace {

MeasuredValue value_of(MeasuredQuantity quantity, double value) {
  return {.quantity = quantity, .value = value, .energy = Energy{static_cast<std::int64_t>(value)}};
}

}  // namespace

TEST_CASE("a meter's figures are its own, a hybrid inverter's those of its grid connection and its panels") {
  DeviceReading meter;
  meter.values = {value_of({.measurand = Measurand::active_power}, -250),
                  value_of({.measurand = Measurand::energy_import}, 7),
                  value_of({.measurand = Measurand::energy_export}, 9)};
  CHECK(meter.power_w() == -250);
  CHECK(meter.energy_import() == Energy{7});
  CHECK(meter.energy_export() == Energy{9});
  CHECK(meter.production_w() == 250);
  CHECK(meter.energy_produced() == Energy{9});

  DeviceReading hybrid;
  hybrid.values = {value_of({DevicePart::grid, Measurand::active_power, Share::total}, 120),
                   value_of({DevicePart::grid, Measurand::energy_import, Share::total}, 3),
                   value_of({DevicePart::pv, Measurand::active_power, Share::total}, 900),
                   value_of({DevicePart::pv, Measurand::energy_yield, Share::total}, 44)};
  CHECK(hybrid.power_w() == 120);
  CHECK(hybrid.energy_import() == Energy{3});
  CHECK_FALSE(hybrid.energy_export());
  CHECK(hybrid.production_w() == 900);
  CHECK(hybrid.energy_produced() == Energy{44});
}

TEST_CASE("an inverter's power is production already") {
  DeviceReading inverter;
  inverter.produces = true;
  inverter.values = {value_of({.measurand = Measurand::active_power}, 800),
                     value_of({.measurand = Measurand::energy_yield}, 12)};
  CHECK(inverter.production_w() == 800);
  CHECK(inverter.energy_produced() == Energy{12});
}

TEST_CASE("missing is not zero: an absent value is passed over") {
  DeviceReading reading;
  reading.values = {{.quantity = {.measurand = Measurand::energy_import}, .quality = Quality::missing}};
  CHECK_FALSE(reading.energy_import());
  CHECK_FALSE(reading.power_w());
  CHECK(reading.find({.measurand = Measurand::energy_import}) != nullptr);
}

TEST_CASE("the hash is that of the octets received, high octet first, one answer after the other") {
  DeviceReading reading;
  reading.raw = {raw_registers(3, 40069, {0x6162}), {.function = 0, .address = 0, .octets = {0x63}}};
  CHECK(reading.raw[0].octets == std::vector<std::uint8_t>{0x61, 0x62});
  const Hash32 abc = raw_hash(reading);  // FIPS 180-4, example of "abc"
  CHECK(abc[0] == 0xBA);
  CHECK(abc[31] == 0xAD);
}

TEST_CASE("a reading is as good as its worst register, and as old as its registers are") {
  DeviceReading reading;
  reading.values = {value_of({.measurand = Measurand::active_power}, 5),
                    value_of({.measurand = Measurand::energy_import}, 7),
                    value_of({.measurand = Measurand::energy_export}, 9)};
  reading.values[0].time = UtcTime::from_seconds(1);
  reading.values[1].time = UtcTime::from_seconds(2);
  summarise(reading);
  CHECK(reading.quality == Quality::good);
  CHECK(reading.time == UtcTime::from_seconds(2));
  reading.values[2].quality = Quality::suspect;
  reading.values[2].reason = "no checksum";
  summarise(reading);
  CHECK(reading.quality == Quality::suspect);
  CHECK(reading.reason == "no checksum");
  reading.values.resize(1);
  summarise(reading);
  CHECK(reading.quality == Quality::missing);
  CHECK(reading.time == UtcTime::from_seconds(1));
}

}  // namespace commonwatt
