#include <map>

#include <doctest/doctest.h>

#include "meter/sunspec.hpp"
#include "sim/register_image.hpp"

using namespace commonwatt;

namespace {

using Words = std::vector<std::uint16_t>;
using Answer = Result<Words, MeterError>;

/// A device with these registers and no others.
ReadRegisters reader_of(std::map<int, Words> runs) {
  return [runs = std::move(runs)](std::uint16_t address, std::uint16_t count) -> Answer {
    for (const auto& [begin, words] : runs) {
      if (address < begin || address + count > begin + static_cast<int>(words.size())) continue;
      const auto first = words.begin() + (address - begin);
      return Words(first, first + count);
    }
    return Fail{MeterError{MeterFault::refused, "exception 2"}};
  };
}

Words meter_203(std::uint16_t power, std::uint16_t power_scale, std::uint32_t exported, std::uint32_t imported,
                std::uint16_t energy_scale) {
  Words words(107, 0);
  words[0] = 203;
  words[1] = 105;
  words[18] = power;
  words[22] = power_scale;
  words[38] = static_cast<std::uint16_t>(exported >> 16U);
  words[39] = static_cast<std::uint16_t>(exported & 0xFFFFU);
  words[46] = static_cast<std::uint16_t>(imported >> 16U);
  words[47] = static_cast<std::uint16_t>(imported & 0xFFFFU);
  words[54] = energy_scale;
  return words;
}

}  // namespace

TEST_CASE("a marker is looked for at the configured base first, then at the usual three") {
  const Words chain{0x5375, 0x6E53, 0xFFFF, 0};
  for (const int base : {40000, 0, 50000}) CHECK(discover_sunspec(reader_of({{base, chain}}), {})->base == base);
  CHECK(discover_sunspec(reader_of({{4096, chain}, {40000, chain}}), 4096)->base == 4096);
  CHECK(discover_sunspec(reader_of({{50000, chain}}), 4096)->base == 50000);
  const auto nowhere = discover_sunspec(reader_of({{4096, chain}}), {});
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().fault == MeterFault::no_sunspec_marker);
}

TEST_CASE("the chain is walked by the device's own lengths, past models nobody knows") {
  Words chain{0x5375, 0x6E53, 1, 65};
  chain.resize(chain.size() + 65);
  chain.insert(chain.end(), {65230, 3, 7, 7, 7, 203, 2, 0, 0, 0xFFFF});
  SUBCASE("to an end marker without a length") {}
  SUBCASE("to an end marker with a length") {
    chain.push_back(0);
  }
  SUBCASE("to where the device refuses") {
    chain.pop_back();
  }
  const auto found = discover_sunspec(reader_of({{40000, chain}}), {});
  REQUIRE(found);
  CHECK(found->models == std::vector<SunSpecModel>{{1, 40002, 65}, {65230, 40069, 3}, {203, 40074, 2}});
}

TEST_CASE("a chain without end is given up after so many models, and one beyond the address space at its end") {
  Words endless{0x5375, 0x6E53};
  for (int i = 0; i < 200; ++i) endless.insert(endless.end(), {64000, 0});
  CHECK(discover_sunspec(reader_of({{0, endless}}), {})->models.size() == sunspec_models_max);
  CHECK(discover_sunspec(reader_of({{0, {0x5375, 0x6E53, 64000, 0xFFFE}}}), {})->models.size() == 1);
}

TEST_CASE("a fault of the line ends the search instead of passing for a device without SunSpec") {
  const ReadRegisters dead = [](std::uint16_t, std::uint16_t) -> Answer {
    return Fail{MeterError{MeterFault::timed_out, {}}};
  };
  CHECK(discover_sunspec(dead, {}).error().fault == MeterFault::timed_out);
}

TEST_CASE("texts of model 1 end at their NUL, and lose the blanks behind") {
  Words words(67, 0);
  words[2] = 0x534D;
  words[3] = 0x4120;   // "SMA "
  words[18] = 0x0041;  // a leading NUL: not implemented
  words[50] = 0x3107;  // "1", then an unprintable character
  const SunSpecCommon common = decode_sunspec_common(words);
  CHECK(common.maker == "SMA");
  CHECK(common.model.empty());
  CHECK(common.serial == "1?");
}

TEST_CASE("energy is scaled exactly, and a fraction of a Wh is not there yet") {
  CHECK(scale_energy(123456, 0) == Energy{123456});
  CHECK(scale_energy(123456, 3) == Energy{123456000});
  CHECK(scale_energy(123459, 0xFFFF) == Energy{12345});
  CHECK(scale_energy(9, 0xFFF6) == Energy{0});
  CHECK_FALSE(scale_energy(1, 0x8000));
  CHECK_FALSE(scale_energy(1, 11));
  CHECK_FALSE(scale_energy(1, 0xFFF5));
  CHECK_FALSE(scale_energy(4'294'967'294, 10));
  CHECK(scale_energy(900'000'000, 10) == Energy{9'000'000'000'000'000'000});
}

TEST_CASE("a value and its scale factor come from one snapshot") {
  const SunSpecPower power = decode_sunspec_power(meter_203(0xFF00, 1, 5, 3214551, 0));
  CHECK(power.power_w == -2560.0);
  CHECK(power.energy_export == Energy{5});
  CHECK(power.energy_import == Energy{3214551});
}

TEST_CASE("what a device does not implement is absent, never 0") {
  CHECK_FALSE(decode_sunspec_power(meter_203(0x8000, 0, 1, 1, 0)).power_w);
  CHECK_FALSE(decode_sunspec_power(meter_203(100, 0x8000, 1, 1, 0)).power_w);
  CHECK_FALSE(decode_sunspec_power(meter_203(1, 0, 1, 0, 0)).energy_import);
  CHECK_FALSE(decode_sunspec_power(meter_203(1, 0, 1, 0xFFFFFFFF, 0)).energy_import);
  CHECK_FALSE(decode_sunspec_power(meter_203(1, 0, 1, 1, 0x8000)).energy_import);
  const Words inverter = sunspec_inverter_image({}, 1, {}).words;
  CHECK_FALSE(decode_sunspec_power(std::span(inverter).subspan(70)).energy_export);
}

TEST_CASE("a meter that has never exported has exported 0") {
  CHECK(decode_sunspec_power(meter_203(1, 0, 0, 1, 0)).energy_export == Energy{0});
}

TEST_CASE("a model shorter than it should be gives what fits") {
  Words words = meter_203(100, 0, 1, 1, 0);
  words.resize(40);
  const SunSpecPower power = decode_sunspec_power(words);
  CHECK(power.power_w == 100.0);
  CHECK_FALSE(power.energy_export);
}
