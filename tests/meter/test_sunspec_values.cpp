#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include <doctest/doctest.h>

#include "meter/sunspec_values.hpp"
#include "sim/register_image.hpp"

using namespace commonwatt;

namespace {

using Words = std::vector<std::uint16_t>;

Words blank(std::uint16_t id, std::uint16_t length) {
  Words words(std::size_t{2} + length, 0);
  words[0] = id;
  words[1] = length;
  return words;
}
void set32(Words& words, std::size_t at, std::uint32_t value) {
  words[at] = static_cast<std::uint16_t>(value >> 16U);
  words[at + 1] = static_cast<std::uint16_t>(value & 0xFFFFU);
}
void set64(Words& words, std::size_t at, std::uint64_t value) {
  set32(words, at, static_cast<std::uint32_t>(value >> 32U));
  set32(words, at + 2, static_cast<std::uint32_t>(value & 0xFFFFFFFFU));
}
void set_float(Words& words, std::size_t at, float value) {
  set32(words, at, std::bit_cast<std::uint32_t>(value));
}

Words meter_203(std::uint16_t power, std::uint16_t power_scale, std::uint32_t exported, std::uint32_t imported,
                std::uint16_t energy_scale) {
  Words words = blank(203, 105);
  words[18] = power;
  words[22] = power_scale;
  set32(words, 38, exported);
  set32(words, 46, imported);
  words[54] = energy_scale;
  return words;
}

MeasuredValue value_of(const Words& words, std::string_view name) {
  const std::optional<MeasuredQuantity> quantity = quantity_from_text(name);
  REQUIRE(quantity);
  for (const MeasuredValue& value : sunspec_values(words)) {
    if (value.quantity == *quantity) return value;
  }
  FAIL(name);
  return {};
}

bool is_missing(const Words& words, std::string_view name) {
  const MeasuredValue value = value_of(words, name);
  CHECK(value.reason.empty() == (value.quality == Quality::good));
  CHECK(value.value.has_value() == (value.quality == Quality::good));
  return value.quality == Quality::missing && !value.energy;
}

}  // namespace

TEST_CASE("energy is scaled exactly, and a fraction of a Wh is not there yet") {
  CHECK(scale_energy(123456, 0) == Energy{123456});
  CHECK(scale_energy(123456, 3) == Energy{123456000});
  CHECK(scale_energy(123459, -1) == Energy{12345});
  CHECK(scale_energy(9, -10) == Energy{0});
  CHECK_FALSE(scale_energy(1, 11));
  CHECK_FALSE(scale_energy(1, -11));
  CHECK(scale_energy(900'000'000, 10) == Energy{9'000'000'000'000'000'000});
  CHECK_FALSE(scale_energy(4'294'967'294, 10));
  CHECK(scale_energy(0x7FFFFFFFFFFFFFFF, 0) == Energy{0x7FFFFFFFFFFFFFFF});
  CHECK_FALSE(scale_energy(0x7FFFFFFFFFFFFFFF, 1));
  CHECK_FALSE(scale_energy(0x8000000000000000, 0));
  CHECK_FALSE(scale_energy(0x8000000000000000, -1));
}

TEST_CASE("the models that measure power are the inverters and the meters") {
  for (const std::uint16_t id : std::array<std::uint16_t, 7>{101, 102, 103, 111, 112, 113, 701}) {
    CHECK(is_sunspec_inverter(id));
    CHECK(is_sunspec_power_model(id));
  }
  for (const std::uint16_t id : std::array<std::uint16_t, 8>{201, 202, 203, 204, 211, 212, 213, 214}) {
    CHECK_FALSE(is_sunspec_inverter(id));
    CHECK(is_sunspec_power_model(id));
  }
  for (const std::uint16_t id : std::array<std::uint16_t, 6>{1, 100, 104, 160, 205, 802}) {
    CHECK_FALSE(is_sunspec_power_model(id));
  }
}

TEST_CASE("a meter's import is positive, and its energy is exact") {
  const Words meter = meter_203(0xFF00, 1, 5, 3214551, 0);
  CHECK(value_of(meter, "active_power").value == -2560.0);
  CHECK(value_of(meter, "active_power").quantum == 10.0);
  CHECK(value_of(meter, "energy_export").energy == Energy{5});
  CHECK(value_of(meter, "energy_import").energy == Energy{3214551});
  const MeasuredValue tenths = value_of(meter_203(1, 0, 5, 12345, 0xFFFF), "energy_import");
  CHECK(tenths.energy == Energy{1234});
  CHECK(tenths.value == 1234.5);
  CHECK(tenths.quantum == 0.1);
}

TEST_CASE("what a device does not implement is missing with a reason, never 0") {
  CHECK(is_missing(meter_203(0x8000, 0, 1, 1, 0), "active_power"));
  CHECK(is_missing(meter_203(100, 0x8000, 1, 1, 0), "active_power"));
  CHECK(is_missing(meter_203(100, 11, 1, 1, 0), "active_power"));
  CHECK(is_missing(meter_203(1, 0, 1, 0xFFFFFFFF, 0), "energy_import"));
  CHECK(is_missing(meter_203(1, 0, 1, 1, 0x8000), "energy_import"));
  CHECK(is_missing(meter_203(1, 0, 0xFFFFFFFF, 1, 0), "energy_export"));
  CHECK(is_missing(meter_203(1, 0, 1, 4'294'967'294, 10), "energy_import"));
  const Words inverter = sunspec_inverter_image({}, 1, {}).words;
  CHECK(is_missing(Words(inverter.begin() + 70, inverter.end()), "energy_yield"));
}

TEST_CASE("a meter that has never exported has exported 0, and every other counter at 0 is missing") {
  const Words meter = meter_203(1, 0, 0, 0, 0);
  CHECK(value_of(meter, "energy_export").energy == Energy{0});
  CHECK(value_of(meter, "energy_export").value == 0.0);
  CHECK(is_missing(meter, "energy_export_l1"));
  CHECK(is_missing(meter, "energy_import"));
  CHECK(is_missing(meter_203(1, 0, 0, 1, 0x8000), "energy_export"));
  Words floats = blank(213, 124);
  CHECK(value_of(floats, "energy_export").energy == Energy{0});
  CHECK(is_missing(floats, "energy_import"));
}

TEST_CASE("a model shorter than it should be gives what fits and says that the rest does not") {
  Words words = meter_203(100, 0, 1, 1, 0);
  words.resize(40);
  CHECK(value_of(words, "active_power").value == 100.0);
  CHECK(is_missing(words, "energy_export"));  // its scale factor is cut off
  CHECK(is_missing(words, "energy_import"));
}

TEST_CASE("a float meter counts in the steps of its floats, at least 1 Wh") {
  Words words = blank(213, 124);
  set_float(words, 28, -1234.5F);
  set_float(words, 60, 1000.75F);
  set_float(words, 68, 33'554'436.0F);
  set_float(words, 70, -1.0F);
  set_float(words, 72, std::bit_cast<float>(0x7FC00000U));
  set_float(words, 74, 1e30F);
  CHECK(value_of(words, "active_power").value == -1234.5);
  CHECK(value_of(words, "energy_export").energy == Energy{1000});
  CHECK(value_of(words, "energy_export").quantum == 1.0);
  CHECK(value_of(words, "energy_import").energy == Energy{33'554'436});
  CHECK(value_of(words, "energy_import").quantum == 4.0);
  CHECK(is_missing(words, "energy_import_l1"));
  CHECK(is_missing(words, "energy_import_l2"));
  CHECK(is_missing(words, "energy_import_l3"));
}

TEST_CASE("every phase has its values, and the voltages between phases whatever a model calls them") {
  Words words = meter_203(1, 0, 1, 1, 0);
  words[15] = 0xFFFF;
  words[9] = 2301;
  words[12] = 4001;
  words[20] = 0xFFFF;
  set32(words, 52, 77);
  CHECK(value_of(words, "voltage_l2").value == 230.1);
  CHECK(value_of(words, "voltage_l12").value == 400.1);
  CHECK(value_of(words, "active_power_l2").value == -1.0);
  CHECK(value_of(words, "energy_import_l3").energy == Energy{77});
  words[0] = 201;
  CHECK(value_of(words, "voltage_l12").value == 400.1);
}

TEST_CASE("a power factor is a ratio, also from a device that states it in percent") {
  Words words = meter_203(1, 0, 1, 1, 0);
  const auto power_factor = [&words](int raw, int scale) {
    words[33] = static_cast<std::uint16_t>(raw & 0xFFFF);
    words[37] = static_cast<std::uint16_t>(scale & 0xFFFF);
    return value_of(words, "power_factor").value;
  };
  CHECK(power_factor(-996, -3) == -0.996);
  CHECK(power_factor(100, 0) == 1.0);
  CHECK(power_factor(-9987, -2) == doctest::Approx(-0.9987));
  CHECK(power_factor(642, -1) == doctest::Approx(0.642));
  CHECK(power_factor(1, 0) == 1.0);
}

TEST_CASE("an inverter's production is positive and its counter is a yield") {
  for (const std::uint16_t id : std::array<std::uint16_t, 3>{101, 102, 103}) {
    Words words = blank(id, 50);
    words[14] = 4321;
    words[15] = 0xFFFF;
    set32(words, 24, 30847);
    words[26] = 2;
    CHECK(value_of(words, "active_power").value == 432.1);
    CHECK(value_of(words, "energy_yield").energy == Energy{3084700});
    CHECK(value_of(words, "energy_yield").quantum == 100.0);
  }
  Words words = blank(111, 60);
  set_float(words, 22, 70.0F);
  set_float(words, 32, 11937020.0F);
  CHECK(value_of(words, "active_power").value == 70.0);
  CHECK(value_of(words, "energy_yield").energy == Energy{11937020});
}

TEST_CASE("a DER's counters have 64 bits: what it gives is its yield, what it takes its import, and that may be 0") {
  Words words = blank(701, 153);
  words[10] = 9800;
  words[116] = 0;
  set64(words, 19, 0x1'0000'0005);
  words[120] = 1;
  CHECK(value_of(words, "active_power").value == 9800.0);
  CHECK(value_of(words, "energy_yield").energy == Energy{0x1'0000'0005 * 10});
  CHECK(value_of(words, "energy_import").energy == Energy{0});
  CHECK(is_missing(words, "energy_yield_l1"));
  set64(words, 19, 0);
  CHECK(is_missing(words, "energy_yield"));
  for (const std::uint64_t impossible : {0xFFFFFFFFFFFFFFFFU, 0x8000000000000000U, 0x7FFFFFFFFFFFFFFFU}) {
    set64(words, 19, impossible);
    set64(words, 23, impossible);
    CHECK(is_missing(words, "energy_yield"));
    CHECK(is_missing(words, "energy_import"));
  }
}

TEST_CASE("the power of the panels is the sum of the inputs that state one") {
  Words words = blank(160, 8 + 3 * 20);
  words[4] = 0xFFFF;
  words[10 + 11] = 6595;
  words[30 + 11] = 0xFFFF;
  words[50 + 11] = 5;
  CHECK(value_of(words, "pv:active_power").value == 660.0);
  CHECK(value_of(words, "pv:active_power").quantum == 0.1);
  SUBCASE("of none when none does") {
    words[10 + 11] = words[50 + 11] = 0xFFFF;
    CHECK(is_missing(words, "pv:active_power"));
  }
  SUBCASE("and of none when not all are there") {
    words.pop_back();
    CHECK(is_missing(words, "pv:active_power"));
  }
  SUBCASE("without a battery that is listed among them") {
    const Words charging{0x5374, 0x4368, 0x6120, 0x3300};             // "StCha 3"
    const Words discharging{0x5374, 0x4469, 0x7343, 0x6861, 0x2034};  // "StDisCha 4"
    std::copy(charging.begin(), charging.end(), words.begin() + 10 + 1);
    std::copy(discharging.begin(), discharging.end(), words.begin() + 30 + 1);
    words[30 + 11] = 300;
    CHECK(value_of(words, "pv:active_power").value == 0.5);
  }
}

TEST_CASE("of a DER's ports only those with panels are panels") {
  Words words = blank(714, 18 + 2 * 25);
  words[4] = 2;
  words[20 + 12] = 5500;
  words[45] = 1;  // storage
  words[45 + 12] = 700;
  CHECK(value_of(words, "pv:active_power").value == 5500.0);
  words[20] = 0xFFFF;
  CHECK(is_missing(words, "pv:active_power"));
}

TEST_CASE("three models state a battery's charge") {
  Words words = blank(124, 24);
  words[8] = 805;
  words[22] = 0xFFFF;
  CHECK(value_of(words, "battery:soc").value == 80.5);
  words = blank(713, 7);
  words[4] = 42;
  CHECK(value_of(words, "battery:soc").value == 42.0);
  words = blank(802, 62);
  words[11] = 0xFFFF;
  CHECK(is_missing(words, "battery:soc"));
}

TEST_CASE("one request holds every value of a model and its scale factors") {
  const auto words_of = [](std::uint16_t id, std::uint16_t length) {
    return sunspec_value_words({.id = id, .address = 0, .length = length});
  };
  CHECK(words_of(103, 50) == 27);
  CHECK(words_of(113, 60) == 34);
  CHECK(words_of(201, 105) == 55);
  CHECK(words_of(203, 105) == 55);
  CHECK(words_of(213, 124) == 76);
  CHECK(words_of(701, 153) == 121);
  CHECK(words_of(124, 24) == 23);
  CHECK(words_of(713, 7) == 9);
  CHECK(words_of(802, 62) == 57);
  CHECK(words_of(160, 48) == 50);
  CHECK(words_of(160, 248) == 0);
  CHECK(words_of(714, 68) == 70);
  CHECK(words_of(203, 20) == 22);
  CHECK(words_of(1, 66) == 0);
  CHECK(words_of(64001, 10) == 0);
}

TEST_CASE("what is asked for often says the same as the whole model") {
  Words words = meter_203(0xFF00, 1, 5, 3214551, 0);
  words.resize(55);
  const std::vector<MeasuredValue> values = sunspec_values(words);
  CHECK(values.size() == 36);
  CHECK(value_of(words, "energy_import").energy == Energy{3214551});
}

TEST_CASE("other models, and registers that are no model, have no values") {
  CHECK(sunspec_values({}).empty());
  CHECK(sunspec_values(Words{103}).empty());
  CHECK(sunspec_values(blank(1, 66)).empty());
  CHECK(sunspec_values(blank(64001, 10)).empty());
}
