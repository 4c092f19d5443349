#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "meter/sdm630.hpp"

using namespace commonwatt;

namespace {

std::vector<std::uint16_t> block_with(float power, float imported, float exported) {
  std::vector<std::uint16_t> block(sdm630_block_words, 0);
  const auto set = [&block](std::size_t at, float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    block[at] = static_cast<std::uint16_t>(bits >> 16U);
    block[at + 1] = static_cast<std::uint16_t>(bits & 0xFFFFU);
  };
  set(52, power);
  set(72, imported);
  set(74, exported);
  return block;
}

}  // namespace

TEST_CASE("an SDM630 counts kWh as floats") {
  // 43.25 kWh is 0x422D0000, high word first.
  std::vector<std::uint16_t> block = block_with(-1500.5F, 0, 0);
  block[72] = 0x422D;
  const Sdm630Values values = decode_sdm630(block);
  CHECK(values.power_w == -1500.5);
  CHECK(values.energy_import == Energy{43250});
  CHECK(values.energy_export == Energy{0});
}

TEST_CASE("NaN, infinity, a negative counter and a missing register are absent") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK_FALSE(decode_sdm630(block_with(nan, 1, 1)).power_w);
  CHECK_FALSE(decode_sdm630(block_with(1, nan, 1)).energy_import);
  CHECK_FALSE(decode_sdm630(block_with(1, 1, INFINITY)).energy_export);
  CHECK_FALSE(decode_sdm630(block_with(1, -1, 1)).energy_import);
  CHECK_FALSE(decode_sdm630({}).power_w);
}

TEST_CASE("every whole Wh below 16,384 kWh survives the float") {
  for (std::int64_t wh = 0; wh < 16'384'000; wh += 37) {
    const auto kwh = static_cast<float>(static_cast<double>(wh) / 1000.0);
    REQUIRE(energy_from_kwh(kwh) == Energy{wh});
  }
}

TEST_CASE("the float's step is 1 Wh below 16,384 kWh and doubles from there") {
  CHECK(kwh_float_quantum(Energy{0}) == Energy{1});
  CHECK(kwh_float_quantum(Energy{16'383'999}) == Energy{1});
  CHECK(kwh_float_quantum(Energy{16'384'000}) == Energy{2});
  CHECK(kwh_float_quantum(Energy{32'768'000}) == Energy{4});
}

TEST_CASE("a serial number of zeros or ones is none") {
  using Words = std::vector<std::uint16_t>;
  CHECK(decode_sdm630_serial(Words{0x0001, 0x0002}) == "65538");
  CHECK_FALSE(decode_sdm630_serial(Words{0, 0}));
  CHECK_FALSE(decode_sdm630_serial(Words{0xFFFF, 0xFFFF}));
  CHECK_FALSE(decode_sdm630_serial(Words{1}));
}
