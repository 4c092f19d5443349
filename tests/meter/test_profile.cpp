#include <cstdio>

#include "meter/profile.hpp"
#include "tests/meter/profile_sample.hpp"

using namespace commonwatt;
using test::parsed;
using test::profile_sample;
using test::sample_with;

namespace {

ProfileFaults faults_of(std::string_view toml) {
  const Result<Profile, ProfileFaults> profile = parse_profile(toml, "acme-one.toml");
  REQUIRE_FALSE(profile);
  return profile.error();
}

/// Every line must be there, in this order, and no other.
void check_faults(std::string_view toml, const std::vector<std::string>& expected) {
  const ProfileFaults faults = faults_of(toml);
  CAPTURE(faults.back());
  REQUIRE(faults.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(faults[i]);
    CHECK(faults[i].find(expected[i]) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("a profile is read as it is written") {
  const Profile profile = parsed(profile_sample);
  CHECK(profile.id == "acme-one");
  CHECK(profile.kind == ProfileKind::meter);
  CHECK(profile.netting == Netting::sum);
  CHECK(profile.transport.unit == 7);
  CHECK(profile.transport.gap == std::chrono::milliseconds{100});
  CHECK(profile.transport.port == 502);
  CHECK_FALSE(profile.transport.baud);
  CHECK(profile.transport.busy_exceptions == std::vector<std::uint8_t>{5, 6});
  REQUIRE(profile.identity.match.size() == 1);
  CHECK(profile.identity.match[0].prefixes == std::vector<std::string>{"ONE"});
  REQUIRE(profile.identity.serial);
  CHECK(profile.identity.serial->count == 2);
  REQUIRE(profile.blocks.size() == 2);
  CHECK(profile.blocks[0].role == BlockRole::fast);
  CHECK(profile.blocks[1].role == BlockRole::energy);
  REQUIRE(profile.controls.size() == 1);
  CHECK(profile.controls[0].scale == 0.1);
  REQUIRE(profile.tests.size() == 1);
  CHECK(profile.tests[0].words.at(13) == std::vector<std::uint16_t>{0, 0x03E8, 0x3FC0, 0});
}

TEST_CASE("a scale is exact and in the canonical unit") {
  const Profile profile = parsed(profile_sample);
  const std::vector<ProfileRegister>& registers = profile.blocks[0].registers;
  CHECK(registers[0].scale == Scale{1, -2});
  CHECK(registers[1].scale == Scale{1, 0});  // 0.001 kW
  CHECK(registers[1].sign == RegisterSign::inverted);
  CHECK(registers[2].scale == Scale{1, 1});  // 0.01 kWh
  CHECK(registers[2].counter == CounterWidth::bits32);
  CHECK(registers[2].absent == std::vector<std::uint64_t>{0xFFFFFFFFU});
  CHECK(registers[3].counter == CounterWidth::floating);
}

TEST_CASE("range, quantum and the counter's end are in the unit of the file") {
  const Profile profile = parsed(sample_with("counter = { width = 32 }, nan",
                                             "counter = { width = 32, max = 5 }, quantum = 0.1, range = [0, 4], nan"));
  const ProfileRegister& place = profile.blocks[0].registers[2];
  CHECK(place.counter_max == 5000.0);
  CHECK(place.quantum == 100.0);
  REQUIRE(place.range);
  CHECK(place.range->high == 4000.0);
}

TEST_CASE("a decimal is what was written, not the double it became") {
  CHECK(scale_from(0.1) == Scale{1, -1});
  CHECK(scale_from(0.001) == Scale{1, -3});
  CHECK(scale_from(-12.5) == Scale{-125, -1});
  CHECK(scale_from(1000) == Scale{1, 3});
  CHECK(scale_from(0) == Scale{0, 0});
  CHECK_FALSE(scale_from(1e99));
  CHECK(to_double({25, -2}) == 0.25);
  for (int i = 1; i < 2000; ++i) {
    char text[16];
    std::snprintf(text, sizeof text, "0.%05d", i);
    const std::optional<Scale> decimal = scale_from(std::stod(text));
    REQUIRE(decimal);
    std::int64_t hundred_thousandths = decimal->digits;
    for (int k = decimal->exponent; k > -5; --k) hundred_thousandths *= 10;
    REQUIRE(hundred_thousandths == i);
  }
}

TEST_CASE("a device may be busy in its own way") {
  const Profile profile = parsed(sample_with("unit          = 7", "unit = 7\nbusy_exceptions = [2, 3, 4, 6]"));
  CHECK(profile.transport.busy_exceptions == std::vector<std::uint8_t>{2, 3, 4, 6});
}

TEST_CASE("units are those of manuals") {
  CHECK(profile_unit("MWh")->exponent == 6);
  CHECK(std::string_view(profile_unit("kvarh")->base) == "varh");
  CHECK(profile_unit("")->exponent == 0);
  CHECK_FALSE(profile_unit("KWH"));
}

TEST_CASE("a fault names file, line, column, key and what would be right") {
  check_faults(sample_with("kind    = \"meter\"", "kind    = \"counter\""),
               {"acme-one.toml:7:11: device.kind: must be one of \"meter\", \"inverter\", \"hybrid\", \"battery\""});
  check_faults(sample_with("gap_ms ", "gap    "),
               {"acme-one.toml:13:1: unknown key 'transport.gap'; known here: baud, "});
}

TEST_CASE("all faults are told at once, each at its place") {
  std::string toml = sample_with("unit = \"Hz\"", "unit = \"Hertz\"");
  toml.replace(toml.find("type = \"i32\""), 12, "type = \"s32\"");
  toml.replace(toml.find("fc    = 4"), 9, "fc    = 5");
  toml.replace(toml.find("q = \"energy_import\""), 19, "q = \"energie\", x = 1");
  check_faults(
      toml, {":24:9: block.fc: must be a whole number from 3 to 4", ":29:56: block.registers.unit: 'Hertz' is no unit",
             ":30:42: block.registers.type: must be one of \"u16\"",
             ":31:9: block.registers.q: 'energie' is no quantity", ":31:20: unknown key 'block.registers.x'"});
}

TEST_CASE("each kind of value is checked") {
  const auto single = [](std::string_view from, std::string_view to, const char* fault) {
    check_faults(sample_with(from, to), {fault});
  };
  single("unit          = 7", "unit          = 256", "transport.unit: must be a whole number from 0 to 255");
  single("unit          = 7", "unit          = 7.0", "transport.unit: must be a whole number");
  single("unit          = 7", "unit = 7\nwrite_fc = 7", "transport.write_fc: must be 6 or 16");
  single("unit          = 7", "unit = 7\nbusy_exceptions = [2, 0]",
         "transport.busy_exceptions: must be a list of whole numbers from 1 to 255");
  single("type = \"text\", count = 2", "type = \"text\", count = 2, equals = [-1]",
         "identity.match.equals: must be a list of whole numbers from 0 to 4294967295");
  single("\"One\"", "1", "device.model: must be a text in quotes");
  single("model   = \"One\"", "", "device.model: is missing; a text is needed");
  single("order   = \"big\"", "", "device.order: is missing; choose one of \"big\", \"little\"");
  single("at = 10, ", "", "block.registers.at: is missing; a whole number from 0 to 65535 is needed");
  single("scale = 0.01, range", "scale = -0.01, range", "block.registers.scale: must be a number above 0");
  single("scale = 0.01, range", "scale = \"0.01\", range", "block.registers.scale: must be a number");
  single("sign = \"-\"", "sign = \"minus\"", "block.registers.sign: must be one of \"+\", \"-\"");
  single("range = [45, 65]", "range = [65, 45]", "block.registers.range: must be two numbers, [lowest, highest]");
  single("width = \"float\"", "width = 31", "block.registers.counter.width: must be 16, 32, 64 or \"float\"");
  single("nan = [\"FFFFFFFF\"]", "nan = [\"FFFF\"]",
         "block.registers.nan: must be a list of texts of 8 hexadecimal digits");
  single("term = \"optional\"", "term = \"\"", "block.registers.term: must be one of \"needed\", \"optional\"");
  single("plausible = [\"frequency\"]", "plausible = [50]", "identity.plausible: must name a quantity");
  single("prefix = [\"ONE\"]", "prefix = \"ONE\"", "identity.match.prefix: must be a list");
  single("\"1388 FFFF FA24\"", "\"1388 FFF\"", "test.registers.10: must be as");
  single("\"0x000D\"", "\"0x1000D\"", "test.registers.0x1000D: must be as");
  single("frequency         = 50", "frequency         = \"none\"",
         "test.expect.frequency: must be a quantity = a number");
  check_faults(sample_with("[test.expect]", "[test.expected]"),
               {"test.expect: must be a table", "unknown key 'test.expected'; known here: expect, registers"});
}

TEST_CASE("what is no TOML is one fault with its place") {
  check_faults("[device\n", {"acme-one.toml:1:8: "});
  check_faults(sample_with("model   = \"One\"", "model = \"One\"\nmodel = \"Two\""), {"acme-one.toml:6:"});
  CHECK(faults_of("").front() == "acme-one.toml:1:1: device: is missing; the table [device] names the device");
}
