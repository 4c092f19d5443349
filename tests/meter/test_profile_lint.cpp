#include <initializer_list>
#include <utility>

#include "meter/profile_lint.hpp"
#include "tests/meter/profile_sample.hpp"

using namespace commonwatt;
using test::parsed;
using test::profile_sample;

namespace {

using Change = std::pair<std::string_view, std::string_view>;

std::string changed(std::initializer_list<Change> changes) {
  std::string text(profile_sample);
  for (const auto& [from, to] : changes) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
  }
  return text;
}

/// The one thing wrong with the sample so changed.
void check_finding(std::initializer_list<Change> changes, std::string_view expected) {
  const std::vector<std::string> findings = lint_profile(parsed(changed(changes)));
  CAPTURE(expected);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0] == "acme-one.toml:" + std::string(expected));
}

/// A finding among others that follow from the same change.
void check_among(std::initializer_list<Change> changes, std::string_view expected) {
  std::string all;
  for (const std::string& finding : lint_profile(parsed(changed(changes)))) all += finding + "\n";
  CAPTURE(all);
  CHECK(all.find("acme-one.toml:" + std::string(expected) + "\n") != std::string::npos);
}

constexpr std::string_view import_line = "counter = { width = 32 }, nan = [\"FFFFFFFF\"] },\n  { q = \"energy_export\"";

}  // namespace

TEST_CASE("the sample has no findings") {
  CHECK(lint_profile(parsed(profile_sample)).empty());
}

TEST_CASE("a device must say who it is and where its map is from") {
  check_finding({{"\"acme-one\"", "\"acme-two\""}},
                "1: device.id 'acme-two' must be the name of the file without .toml");
  check_among({{"\"acme-one\"", "\"Acme One\""}},
              "1: device.id 'Acme One' must be of small letters, digits and hyphens");
  check_finding({{"\"Acme\"", "\"\""}}, "1: device.maker and device.model must not be empty");
  check_finding({{"\"own figures\"", "\"\""}},
                "1: device.source must say where the register map is from, and its licence");
  CHECK(lint_profile(Profile{.id = "x", .maker = "X", .model = "X", .source = "X", .file = "x.toml"}) ==
        std::vector<std::string>{"x.toml:1: there is no [[block]]: nothing would be read",
                                 "x.toml:1: [identity] needs match or plausible: another device's answer would be "
                                 "believed",
                                 "x.toml:1: there is no [[test]]"});
}

TEST_CASE("a device must be recognisable") {
  check_finding({{"prefix = [\"ONE\"]", "prefix = []"}},
                "18: the identity register at 900 must say what to find there: prefix for a text, equals for a number");
  check_finding({{"prefix = [\"ONE\"]", "prefix = [\"ONE\"], equals = [1]"}},
                "18: the identity register at 900: prefix is for a text, equals for a number");
  check_finding({{"at = 910", "at = 65535"}}, "19: the identity register at 65535 goes beyond register 65535");
  check_finding({{"plausible = [\"frequency\"]", "plausible = [\"energy_import\"]"}},
                "17: identity.plausible: energy_import has no register with a range");
}

TEST_CASE("a unit belongs to the quantity, and a scale is an exact decimal") {
  check_among({{"unit = \"Hz\"", "unit = \"V\""}},
              "29: frequency at 10: the unit 'V' is none of this quantity, which is in 'Hz'");
  check_among({{"scale = 0.01, range", "scale = 0.0123456789012, range"}},
              "29: frequency at 10: the scale is no exact decimal of at most 9 digits");
}

TEST_CASE("a power needs a sign, a counter its width, and neither the other's") {
  check_among({{"scale = 0.001, sign = \"-\"", "scale = 0.001"}},
              "30: active_power at 11: a power needs sign = \"+\" or \"-\": import, charging, or of an inverter "
              "production, is positive");
  check_among(
      {{"scale = 0.001, sign = \"-\"", "scale = 0.001, sign = \"-\", direction = { at = 10, plus = 1, minus = 2 }"}},
      "30: active_power at 11: has a sign and a direction; one of them says which way is positive");
  check_finding({{"scale = 0.001, sign", "scale = 0.001, counter = { width = 32 }, sign"}},
                "30: active_power at 11: is no register of energy and has no counter");
  check_finding({{"counter = { width = 32 }, nan = [\"FFFFFFFF\"] },\n  { q", "nan = [\"FFFFFFFF\"] },\n  { q"}},
                "31: energy_import at 13: a register of energy needs counter = { width = 32 }, 64 or \"float\"");
  check_finding({{import_line, "counter = { width = \"float\" }, nan = [\"FFFFFFFF\"] },\n  { q = \"energy_export\""}},
                "31: energy_import at 13: the counter's width is not that of its type u32");
  check_among({{import_line, "sign = \"-\", counter = { width = 32 } },\n  { q = \"energy_export\""}},
              "31: energy_import at 13: a register of energy never runs backwards");
  check_among({{"role  = \"energy\"", "role  = \"slow\""}},
              "44: pv:energy_yield at 100: a register of energy belongs in a block of role \"energy\" or \"fast\"");
}

TEST_CASE("every register lies in its block, and what belongs together in one") {
  check_among({{"at = 21, ", "at = 22, "}}, "34: pv:active_power at 22: lies outside its block 'live'");
  check_among({{"scale = 0.001, sign", "scale = 0.001, sf_at = 100, sign"}},
              "30: active_power at 11: its scale factor at 100 lies in another block; both must come from one request");
  check_among({{"scale = 0.001, sign = \"-\"", "scale = 0.001, direction = { at = 100, plus = 1, minus = 2 }"}},
              "30: active_power at 11: its direction at 100 lies in another block; both must come from one request");
  check_among({{"[\n  { q = \"pv:energy_yield\", at = 100",
                "[\n  { q = \"pv:energy_yield\", at = 102, type = \"u32\", unit = \"Wh\", term = \"needed\", counter = "
                "{ width = 32 } },\n]\n\n[[block]]\nname = \"third\"\nfc = 3\nstart = 100\ncount = 4\nrole = "
                "\"energy\"\nregisters = [\n  { q = \"pv:energy_yield\", at = 100"}},
              "54: the terms of pv:energy_yield lie in two blocks; a counter must come from one request");
}

TEST_CASE("a block reads what is used, and no more than the device gives at once") {
  check_finding({{"max_registers = 40", "max_registers = 11"}},
                "22: block 'live' is longer than transport.max_registers, 11");
  check_finding({{"max_hole      = 4", "max_hole      = 2"}},
                "22: block 'live' has a hole of length 3 at 17, at most 2");
  check_finding({{"start = 100\ncount = 4", "start = 99\ncount = 5"}},
                "37: block 'more' has a hole of length 1 at 99, at most 0");
  check_finding({{"count = 4", "count = 5"}}, "37: block 'more' ends at 104, its last register at 103");
  check_among({{"start = 100", "start = 65534"}}, "37: block 'more' goes beyond register 65535");
  check_among({{"name  = \"more\"", "name  = \"live\""}}, "37: a second block is named 'live'");
  check_among({{"start = 100\ncount = 4", "start = 21\ncount = 40"}}, "37: block 'more' overlaps block 'live'");
  check_among({{"[[test]]",
                "[[block]]\nname = \"none\"\nfc = 3\nstart = 1\ncount = 1\nrole = \"slow\"\nregisters = []\n[[test]]"}},
              "53: block 'none' has no registers");
}

TEST_CASE("no two registers share a word, unless they are one register for two quantities") {
  check_among({{"at = 11, type = \"i32\"", "at = 12, type = \"i32\""}},
              "31: energy_import at 13 overlaps active_power at 12");
  CHECK(lint_profile(
            parsed(changed({{"  { q = \"active_power\"",
                             "  { q = \"active_power_l1\", at = 11, type = \"i32\", unit = \"W\", sign = \"-\" },\n"
                             "  { q = \"active_power\""}})))
            .empty());
}

TEST_CASE("a quantity is there once, or as the sum of terms") {
  check_among({{"  { q = \"frequency\"",
                "  { q = \"frequency\", at = 17, type = \"u16\", unit = \"Hz\" },\n  { q = \"frequency\""}},
              "30: frequency is there twice; registers that add up to it have term = \"needed\" each");
  check_finding({{"sign = \"-\"", "sign = \"-\", term = \"needed\""}},
                "30: active_power at 11 is a term, but the only one");
  check_finding({{"term = \"needed\"", "term = \"optional\""}},
                "44: pv:energy_yield at 100: without one of its terms a counter would fall; use needed");
}

TEST_CASE("controls are checked though nothing writes them") {
  check_finding({{"fc = 6", "fc = 5"}},
                "50: control pv:curtail at 500: fc must be 6 or 16 to write, 3 or 4 to read back");
  check_finding({{"fc = 6, at = 500, type = \"u16\"", "fc = 6, at = 500, type = \"u32\""}},
                "50: control pv:curtail at 500: function 6 writes one register; use 16");
  check_finding({{"fc = 6, at = 500, type = \"u16\"", "fc = 16, at = 65535, type = \"u32\""}},
                "50: control pv:curtail at 65535: goes beyond register 65535");
  check_finding({{"scale = 0.1", "scale = 0"}}, "50: control pv:curtail at 500: a scale of 0 writes nothing");
  check_finding({{"\"pv:curtail\"", "\"\""}}, "50: control  at 500: needs a name");
  check_finding({{"  { name = \"pv:curtail\"",
                  "  { name = \"pv:curtail\", fc = 6, at = 500, type = \"u16\" },\n  { name = \"pv:curtail\""}},
                "51: control pv:curtail at 500: is there twice");
}

TEST_CASE("a profile's own tests are run") {
  check_finding({{"energy_import     = 10000", "energy_import     = 10001"}},
                "62: the test expects energy_import = 10001.000000, it decodes to 10000.000000");
  check_finding({{"frequency         = 50", "frequency         = \"missing\""}},
                "60: the test expects frequency = missing, it decodes to 50.000000");
  check_among({{"\"0000 03E8 3FC0 0000\"", "\"0000 03E8 7FC0 0000\""}},
              "63: the test expects energy_export = 1500.000000, it decodes to missing (the device says that it has no "
              "value (NaN or infinity))");
  check_finding({{"frequency         = 50", "voltage           = 230"}},
                "60: the test expects voltage, which it does not hold");
  check_finding({{"\"20\"     =", "\"30\" = \"0000\"\n\"20\"     ="}},
                "53: the test gives registers from 30 that no block reads");
  check_finding({{"energy_export     = 1500\n", ""}}, "32: no [[test]] expects a value of energy_export");
  check_among({{"[[test]]", "[[test]]\nregisters = { \"10\" = \"1388\" }\nexpect = {}\n[[test]]"}},
              "53: the test expects nothing");
}
