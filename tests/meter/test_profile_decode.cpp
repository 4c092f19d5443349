#include <algorithm>
#include <bit>
#include <cmath>
#include <random>

#include "meter/profile_decode.hpp"
#include "tests/campaign.hpp"
#include "tests/meter/profile_sample.hpp"

using namespace commonwatt;
using test::parsed;
using test::profile_sample;
using test::sample_with;

namespace {

using Words = std::vector<std::uint16_t>;

/// The words of the sample's own test vector.
const Words live_words{0x1388, 0xFFFF, 0xFA24, 0, 0x03E8, 0x3FC0, 0, 0, 0, 0, 0x0064, 0xFFFF};
const Words more_words{0, 1, 0, 2};

std::vector<MeasuredValue> decode(const Profile& profile, const Words& live, const Words& more) {
  const std::vector<BlockWords> blocks{{&profile.blocks[0], live}, {&profile.blocks[1], more}};
  return decode_blocks(profile, blocks);
}

const MeasuredValue& value_of(const std::vector<MeasuredValue>& values, std::string_view name) {
  const auto found = std::find_if(values.begin(), values.end(),
                                  [name](const MeasuredValue& value) { return to_text(value.quantity) == name; });
  REQUIRE(found != values.end());
  return *found;
}

bool has(const std::vector<MeasuredValue>& values, std::string_view name) {
  return std::any_of(values.begin(), values.end(),
                     [name](const MeasuredValue& value) { return to_text(value.quantity) == name; });
}

/// A profile of one register, from address 0.
Profile with_register(ProfileRegister place) {
  Profile profile;
  profile.blocks.push_back({.name = "b", .start = 0, .count = 8, .registers = {std::move(place)}});
  return profile;
}

MeasuredValue decode_one(const ProfileRegister& place, const Words& words) {
  const Profile profile = with_register(place);
  const std::vector<MeasuredValue> values = decode_block(profile, profile.blocks[0], words);
  REQUIRE(values.size() == 1);
  return values[0];
}

ProfileRegister energy_register(RegisterType type, Scale scale) {
  return {.quantity = {.measurand = Measurand::energy_import}, .type = type, .scale = scale};
}
ProfileRegister power_register(RegisterType type, WordOrder order = WordOrder::big) {
  return {.quantity = {.measurand = Measurand::active_power}, .type = type, .order = order};
}

void check_missing(const MeasuredValue& value, const char* reason) {
  CHECK_FALSE(value.value);
  CHECK_FALSE(value.energy);
  CHECK(value.quality == Quality::missing);
  CHECK(value.reason == reason);
}

}  // namespace

TEST_CASE("a block decodes to values in canonical units and signs") {
  const Profile profile = parsed(profile_sample);
  const std::vector<MeasuredValue> values = decode(profile, live_words, more_words);
  CHECK(value_of(values, "frequency").value == 50.0);
  CHECK(value_of(values, "active_power").value == 1500.0);
  CHECK(value_of(values, "energy_import").energy == Energy{10'000});
  CHECK(value_of(values, "energy_import").quantum == 10.0);
  CHECK(value_of(values, "energy_export").energy == Energy{1500});
  CHECK(value_of(values, "energy_export").quantum == 1.0);
  CHECK(value_of(values, "pv:active_power").value == 100.0);
  CHECK(value_of(values, "pv:energy_yield").energy == Energy{3});
  CHECK(std::all_of(values.begin(), values.end(),
                    [](const MeasuredValue& value) { return value.quality == Quality::good; }));
}

TEST_CASE("every type in both word orders") {
  CHECK(decode_one(power_register(RegisterType::u16), {0xFFFE}).value == 65534.0);
  CHECK(decode_one(power_register(RegisterType::i16), {0xFFFE}).value == -2.0);
  CHECK(decode_one(power_register(RegisterType::u32), {0x0001, 0x0002}).value == 65538.0);
  CHECK(decode_one(power_register(RegisterType::u32, WordOrder::little), {0x0001, 0x0002}).value == 131073.0);
  CHECK(decode_one(power_register(RegisterType::i32), {0xFFFF, 0xFFFE}).value == -2.0);
  CHECK(decode_one(power_register(RegisterType::i32, WordOrder::little), {0xFFFE, 0xFFFF}).value == -2.0);
  CHECK(decode_one(power_register(RegisterType::u64), {0, 1, 0, 2}).value == 4294967298.0);
  CHECK(decode_one(power_register(RegisterType::i64, WordOrder::little), {0xFFFE, 0xFFFF, 0xFFFF, 0xFFFF}).value ==
        -2.0);
  CHECK(decode_one(power_register(RegisterType::f32), {0xC4BB, 0x8000}).value == -1500.0);
  CHECK(decode_one(power_register(RegisterType::f32, WordOrder::little), {0x8000, 0xC4BB}).value == -1500.0);
  CHECK(decode_one(power_register(RegisterType::f64), {0x4097, 0x7000, 0, 0}).value == 1500.0);
}

TEST_CASE("an integer counter is exact and rounded down") {
  // 3 x 0.1 kWh is 300 Wh, which 0.1 as a double is not.
  CHECK(decode_one(energy_register(RegisterType::u32, {1, 2}), {0, 3}).energy == Energy{300});
  CHECK(decode_one(energy_register(RegisterType::u32, {1, -1}), {0, 19}).energy == Energy{1});
  CHECK(decode_one(energy_register(RegisterType::u32, {125, -2}), {0, 3}).energy == Energy{3});
  CHECK(decode_one(energy_register(RegisterType::u64, {1, 0}), {0x0020, 0, 0, 0}).energy ==
        Energy{register_energy_max});
}

TEST_CASE("a counter below zero or beyond all counters is missing, not small or huge") {
  const char* const too_much = "more than the counter can show";
  check_missing(decode_one(energy_register(RegisterType::i32, {1, 2}), {0xFFFF, 0xFFFF}), "a counter below zero");
  check_missing(decode_one(energy_register(RegisterType::f32, {1, 3}), {0xBF80, 0}), "a counter below zero");
  check_missing(decode_one(energy_register(RegisterType::u64, {1, 0}), {0x0020, 0, 0, 1}), too_much);
  check_missing(decode_one(energy_register(RegisterType::u64, {1, 3}), {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE}), too_much);
  check_missing(decode_one(energy_register(RegisterType::f32, {1, 3}), {0x7F00, 0}), too_much);
  ProfileRegister limited = energy_register(RegisterType::u32, {1, 2});
  limited.counter_max = 1e9;  // 1 GWh
  CHECK(decode_one(limited, {0x0098, 0x9680}).energy == Energy{1'000'000'000});
  check_missing(decode_one(limited, {0xFFFF, 0xFFF0}), too_much);
}

TEST_CASE("a float counter of kWh is exact to the float's step, which is its quantum") {
  const ProfileRegister place = energy_register(RegisterType::f32, {1, 3});
  const auto decoded = [&place](float kwh) {
    const auto bits = std::bit_cast<std::uint32_t>(kwh);
    return decode_one(place, {static_cast<std::uint16_t>(bits >> 16U), static_cast<std::uint16_t>(bits & 0xFFFFU)});
  };
  for (std::int64_t wh = 0; wh < 16'384'000; wh += 997) {
    const MeasuredValue value = decoded(static_cast<float>(static_cast<double>(wh) / 1000.0));
    REQUIRE(value.energy == Energy{wh});
    REQUIRE(value.quantum == 1.0);
  }
  CHECK(decoded(16'384).quantum == 2.0);
  CHECK(decoded(32'768).quantum == 4.0);
}

TEST_CASE("NaN, infinity, a declared sentinel and a register not read are missing, each for its reason") {
  const char* const not_a_number = "the device says that it has no value (NaN or infinity)";
  check_missing(decode_one(power_register(RegisterType::f32), {0x7FC0, 0}), not_a_number);
  check_missing(decode_one(power_register(RegisterType::f32), {0xFF80, 0}), not_a_number);
  check_missing(decode_one(power_register(RegisterType::f64), {0x7FF0, 0, 0, 0}), not_a_number);
  check_missing(decode_one(power_register(RegisterType::f32), {0x7F7F, 0xFFFF}), not_a_number);
  check_missing(decode_one(power_register(RegisterType::f32), {0}), "it was not read");
  ProfileRegister place = power_register(RegisterType::i32, WordOrder::little);
  place.absent = {0x80000000U, 0x7FFFFFFFU};
  check_missing(decode_one(place, {0x0000, 0x8000}), "the device says that it has no value");
  check_missing(decode_one(place, {0xFFFF, 0x7FFF}), "the device says that it has no value");
  CHECK(decode_one(place, {0x8000, 0x0000}).value == 32768.0);
}

TEST_CASE("an inverted register of zero is zero, without a minus") {
  ProfileRegister place = power_register(RegisterType::i16);
  place.sign = RegisterSign::inverted;
  CHECK(decode_one(place, {0x0005}).value == -5.0);
  CHECK_FALSE(std::signbit(*decode_one(place, {0}).value));
}

TEST_CASE("a value outside its range is suspect, and says which range") {
  const Profile profile = parsed(profile_sample);
  Words live = live_words;
  live[0] = 7000;
  const MeasuredValue frequency = value_of(decode(profile, live, more_words), "frequency");
  CHECK(frequency.value == 70.0);
  CHECK(frequency.quality == Quality::suspect);
  CHECK(frequency.reason == "70.0 is outside 45.0 to 65.0");
}

TEST_CASE("an optional term that is absent is left out, unless all are") {
  const Profile profile = parsed(profile_sample);
  Words live = live_words;
  CHECK(value_of(decode(profile, live, more_words), "pv:active_power").value == 100.0);
  live[11] = 0x0020;
  CHECK(value_of(decode(profile, live, more_words), "pv:active_power").value == 132.0);
  live[10] = live[11] = 0xFFFF;
  check_missing(value_of(decode(profile, live, more_words), "pv:active_power"), "the device says that it has no value");
}

TEST_CASE("a term that was not read is no unused string: the sum is missing") {
  const Profile profile = parsed(profile_sample);
  Words live = live_words;
  live.pop_back();
  check_missing(value_of(decode(profile, live, more_words), "pv:active_power"), "it was not read");
}

TEST_CASE("a counter lacks a value when one of its terms does") {
  const Profile profile = parsed(profile_sample);
  check_missing(value_of(decode(profile, live_words, {0xFFFF, 0xFFFF, 0, 2}), "pv:energy_yield"),
                "the device says that it has no value");
}

TEST_CASE("a sum over several blocks is given only when all of them were asked for") {
  Profile profile = parsed(profile_sample);
  ProfileRegister third = profile.blocks[0].registers.back();
  third.address = 100;
  third.type = RegisterType::u32;
  profile.blocks[1].registers = {third};
  CHECK_FALSE(has(decode_block(profile, profile.blocks[0], live_words), "pv:active_power"));
  CHECK(has(decode_block(profile, profile.blocks[0], live_words), "frequency"));
  CHECK(value_of(decode(profile, live_words, more_words), "pv:active_power").value == 101.0);
  check_missing(value_of(decode(profile, live_words, {}), "pv:active_power"), "it was not read");
}

TEST_CASE("two registers of one direction each make a signed power") {
  Profile profile;
  ProfileRegister drawn = power_register(RegisterType::u16);
  drawn.term = Term::needed;
  ProfileRegister fed_in = drawn;
  fed_in.address = 1;
  fed_in.sign = RegisterSign::inverted;
  profile.blocks.push_back({.name = "b", .start = 0, .count = 2, .registers = {drawn, fed_in}});
  CHECK(decode_block(profile, profile.blocks[0], Words{700, 0}).at(0).value == 700.0);
  CHECK(decode_block(profile, profile.blocks[0], Words{0, 900}).at(0).value == -900.0);
}

TEST_CASE("a direction in another register gives a magnitude its sign") {
  ProfileRegister place = power_register(RegisterType::i16);
  place.direction = DirectionBits{.address = 2, .positive = 0x0002, .negative = 0x0004};
  CHECK(decode_one(place, {500, 0, 0x0002}).value == 500.0);
  CHECK(decode_one(place, {500, 0, 0x0104}).value == -500.0);
  // Later firmware gives the magnitude a sign of its own.
  CHECK(decode_one(place, {0xFE0C, 0, 0x0004}).value == -500.0);
  CHECK(decode_one(place, {0, 0, 0}).value == 0.0);
  check_missing(decode_one(place, {500, 0, 0}), "the device does not state its direction");
  check_missing(decode_one(place, {500, 0, 0x0006}), "the device does not state its direction");
}

TEST_CASE("a scale factor in the same block multiplies with a power of ten") {
  ProfileRegister place = power_register(RegisterType::i16);
  place.scale_factor_address = 3;
  CHECK(decode_one(place, {1234, 0, 0, 0xFFFF}).value == 123.4);
  CHECK(decode_one(place, {1234, 0, 0, 0x0002}).value == 123400.0);
  check_missing(decode_one(place, {1234, 0, 0, 0x8000}), "the device gives no scale factor for it");
  ProfileRegister counter = energy_register(RegisterType::u32, {1, 0});
  counter.scale_factor_address = 3;
  CHECK(decode_one(counter, {0, 1239, 0, 0xFFFF}).energy == Energy{123});
}

TEST_CASE("a declared quantum stands where it is coarser than the register's own") {
  ProfileRegister place = energy_register(RegisterType::u32, {1, 0});
  CHECK(decode_one(place, {0, 1}).quantum == 1.0);
  place.quantum = 100;
  CHECK(decode_one(place, {0, 1}).quantum == 100.0);
}

TEST_CASE("whatever the registers hold, a value is finite and a counter not negative") {
  const std::uint64_t seed = test::seed(20260);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (std::uint64_t i = 0; i < test::cases(20'000); ++i) {
    ProfileRegister place = energy_register(static_cast<RegisterType>(random() % 8), {});
    place.scale = {static_cast<std::int64_t>(1 + random() % 1'000'000'000), static_cast<int>(random() % 20) - 10};
    place.order = static_cast<WordOrder>(random() % 2);
    Words words;
    for (int k = 0; k < 4; ++k) words.push_back(static_cast<std::uint16_t>(random() % 3 == 0 ? 0 : random()));
    const MeasuredValue value = decode_one(place, words);
    REQUIRE(value.value.has_value() == value.energy.has_value());
    REQUIRE(value.value.has_value() == (value.quality == Quality::good));
    if (!value.value) continue;
    REQUIRE(std::isfinite(*value.value));
    REQUIRE(value.energy->count >= 0);
    REQUIRE(value.energy->count <= register_energy_max);
    REQUIRE(value.quantum >= 1);
    // The exact figure and the rounded one are the same to within the rounding of each.
    REQUIRE(std::abs(*value.value - static_cast<double>(value.energy->count)) <= 1 + *value.value * 1e-12);
  }
}

TEST_CASE("a device is known by what its identity registers say") {
  const Profile profile = parsed(profile_sample);
  const std::vector<MeasuredValue> values = decode(profile, live_words, more_words);
  const std::vector<Words> right{{0x4F4E, 0x4531}};  // "ONE1"
  const std::vector<Words> wrong{{0x5457, 0x4F20}};  // "TWO "
  CHECK(profile_identity(profile, right, values).verdict == IdentityVerdict::confirmed);
  const IdentityCheck other = profile_identity(profile, wrong, values);
  CHECK(other.verdict == IdentityVerdict::contradicted);
  CHECK(other.reason == "register 900 says 'TWO', which no One says");
  const std::vector<Words> silent{{}};
  CHECK(profile_identity(profile, silent, values).verdict == IdentityVerdict::contradicted);
}

TEST_CASE("a device without identity registers is known by plausible values, and at night not at all") {
  const Profile profile =
      parsed(sample_with("match     = [{ fc = 3, at = 900, type = \"text\", count = 2, prefix = [\"ONE\"] }]", ""));
  Words live = live_words;
  CHECK(profile_identity(profile, {}, decode(profile, live, more_words)).verdict == IdentityVerdict::confirmed);
  live[0] = 0x4248;  // the first word of a float, 50.0: another map
  const IdentityCheck other = profile_identity(profile, {}, decode(profile, live, more_words));
  CHECK(other.verdict == IdentityVerdict::contradicted);
  CHECK(other.reason == "frequency of 169.6 is outside 45.0 to 65.0");
  const IdentityCheck silent = profile_identity(profile, {}, decode(profile, {}, {}));
  CHECK(silent.verdict == IdentityVerdict::undecided);
}

TEST_CASE("a number that must be one of several") {
  Profile profile;
  profile.identity.match.push_back(
      {.address = 5, .count = 2, .type = IdentityType::u32, .order = WordOrder::little, .equals = {7, 65536}});
  CHECK(profile_identity(profile, std::vector<Words>{{0, 1}}, {}).verdict == IdentityVerdict::confirmed);
  CHECK(profile_identity(profile, std::vector<Words>{{1, 0}}, {}).verdict == IdentityVerdict::contradicted);
}

TEST_CASE("a serial number of zeros, ones or blanks is none") {
  const IdentityRegister number{.count = 2, .type = IdentityType::u32};
  CHECK(identity_text(number, Words{1, 2}) == "65538");
  CHECK_FALSE(identity_text(number, Words{0, 0}));
  CHECK_FALSE(identity_text(number, Words{0xFFFF, 0xFFFF}));
  CHECK_FALSE(identity_text(number, Words{1}));
  const IdentityRegister text{.count = 3, .type = IdentityType::text};
  CHECK(identity_text(text, Words{0x4142, 0x4320, 0x2000}) == "ABC");
  CHECK_FALSE(identity_text(text, Words{0x2020, 0x2020, 0x2020}));
  CHECK(identity_text(text, Words{0x4101, 0, 0}) == "A?");
}
