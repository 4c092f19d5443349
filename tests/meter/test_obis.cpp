#include <doctest/doctest.h>

#include "meter/obis.hpp"

namespace commonwatt {
namespace {

ObisRegister of(int c, int d, int e, const Decimal& value, const char* unit) {
  return {.code = {.a = 1,
                   .b = 0,
                   .c = static_cast<std::uint8_t>(c),
                   .d = static_cast<std::uint8_t>(d),
                   .e = static_cast<std::uint8_t>(e)},
          .value = value,
          .unit = unit};
}

DeviceReading reading_of(const std::vector<ObisRegister>& registers) {
  DeviceReading reading;
  set_values(reading, registers);
  return reading;
}

constexpr MeasuredQuantity power{.measurand = Measurand::active_power};
constexpr MeasuredQuantity imported{.measurand = Measurand::energy_import};

}  // namespace

TEST_CASE("tariffs are added before they are rounded") {
  const DeviceReading reading = reading_of({of(1, 8, 1, {15, -1}, "Wh"), of(1, 8, 2, {25, -1}, "Wh")});
  CHECK(reading.energy_import() == Energy{4});
  CHECK(reading.find({.measurand = Measurand::energy_import, .share = Share::t1})->energy == Energy{1});
  CHECK(reading.find({.measurand = Measurand::energy_import, .share = Share::t2})->energy == Energy{2});
  CHECK(reading.find(imported)->quantum == 0.1);
  CHECK(reading.quality == Quality::good);
}

TEST_CASE("the meter's own total is taken where there is one") {
  const DeviceReading reading = reading_of({of(1, 8, 1, {4, 0}, "Wh"), of(1, 8, 0, {9, 0}, "Wh")});
  CHECK(reading.energy_import() == Energy{9});
}

TEST_CASE("a tariff without a number leaves no total: missing is not zero") {
  std::vector<ObisRegister> registers{of(1, 8, 1, {5, 0}, "Wh"), of(1, 8, 2, {7, 0}, "Wh")};
  registers[1].value.reset();
  const DeviceReading reading = reading_of(registers);
  CHECK(reading.find(imported)->quality == Quality::missing);
  CHECK(reading.find(imported)->reason == "1-0:1.8.2*255 has no number in this telegram");
  CHECK_FALSE(reading.energy_import());
  CHECK(reading.quality == Quality::missing);
}

TEST_CASE("a total is as coarse as its coarsest tariff and as good as its worst") {
  std::vector<ObisRegister> registers{of(1, 8, 1, {5, 0}, "Wh"), of(1, 8, 2, {7, 3}, "Wh")};
  registers[1].quality = Quality::suspect;
  registers[1].reason = "it is";
  const DeviceReading reading = reading_of(registers);
  CHECK(reading.energy_import() == Energy{7005});
  CHECK(reading.find(imported)->quantum == 1000);
  CHECK(reading.find(imported)->quality == Quality::suspect);
  CHECK(reading.find(imported)->reason == "it is");
  CHECK(reading.quality == Quality::suspect);
}

TEST_CASE("a value in another unit, or a count below zero, is missing") {
  CHECK(reading_of({of(1, 8, 0, {5, 0}, "varh")}).find(imported)->quality == Quality::missing);
  CHECK(reading_of({of(1, 8, 1, {5, 0}, "Wh"), of(1, 8, 2, {5, 0}, "varh")}).find(imported)->quality ==
        Quality::missing);
  CHECK(reading_of({of(1, 8, 0, {-5, 0}, "Wh")}).find(imported)->quality == Quality::missing);
}

TEST_CASE("power is import less export, in all and by phase") {
  const DeviceReading reading = reading_of(
      {of(1, 7, 0, {0, 0}, "W"), of(2, 7, 0, {244, 0}, "W"), of(61, 7, 0, {10, 0}, "W"), of(62, 7, 0, {30, 0}, "W")});
  CHECK(reading.power_w() == -244);
  CHECK(reading.find({.measurand = Measurand::active_power, .share = Share::l3})->value == -20);
  CHECK(reading.quality == Quality::missing);  // of the energy: there is none
}

TEST_CASE("a power of one direction is the power of a meter that counts that direction only") {
  const ObisRegister in = of(1, 7, 0, {70, 0}, "W");
  const ObisRegister out = of(2, 7, 0, {70, 0}, "W");
  const ObisRegister counts_in = of(1, 8, 0, {1, 0}, "Wh");
  const ObisRegister counts_out = of(2, 8, 0, {1, 0}, "Wh");
  CHECK(reading_of({in, counts_in}).find(power)->quality == Quality::good);
  CHECK(reading_of({in, counts_in, counts_out}).find(power)->quality == Quality::suspect);
  CHECK(reading_of({out, counts_out}).power_w() == -70);
  CHECK(reading_of({out, counts_out}).find(power)->quality == Quality::good);
  CHECK(reading_of({out, counts_out, counts_in}).find(power)->quality == Quality::suspect);
}

TEST_CASE("what is not of the meter's own connection is not read") {
  std::vector<ObisRegister> registers{of(1, 8, 0, {5, 0}, "Wh"), of(1, 8, 0, {5, 0}, "Wh"), of(1, 8, 0, {5, 0}, "Wh")};
  registers[0].code.a = 0;
  registers[1].code.b = 1;
  registers[2].code.f = 1;  // a stored value of the past
  CHECK(reading_of(registers).values.empty());
}

TEST_CASE("a code is written as meters' manuals write it") {
  CHECK(to_text(ObisCode{.a = 1, .b = 0, .c = 96, .d = 50, .e = 1, .f = 1}) == "1-0:96.50.1*1");
}

}  // namespace commonwatt
