// Every point of every model this program knows, in register dumps of real devices, against what an independent decoder
// (pysunspec2) makes of it. The dumps stay where they are; without them the case says that it was skipped.
#include <iostream>
#include <map>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "meter/sunspec_points.hpp"
#include "meter/sunspec_values.hpp"
#include "tests/meter/register_dump.hpp"

using namespace commonwatt;

namespace {

using Json = nlohmann::json;
using Expected = std::map<std::string, Json>;

/// {"W": {"raw", "value"}, "Crv": [{"Pt": [...]}]} by the names of decode_sunspec_points.
void flatten(const Json& points, const std::string& prefix, Expected& into) {
  for (const auto& [name, point] : points.items()) {
    if (point.is_array()) {
      for (std::size_t i = 0; i < point.size(); ++i) {
        flatten(point[i], prefix + name + "[" + std::to_string(i) + "].", into);
      }
    } else if (point.contains("raw")) {
      into[prefix + name] = point;
    } else {
      flatten(point, prefix + name + ".", into);
    }
  }
}

bool is_same(const SunSpecRaw& raw, const Json& expected) {
  if (expected.is_null()) return std::holds_alternative<std::monostate>(raw);
  if (const auto* integer = std::get_if<std::int64_t>(&raw)) return expected == *integer;
  if (const auto* natural = std::get_if<std::uint64_t>(&raw)) return expected == *natural;
  if (const auto* real = std::get_if<double>(&raw)) return expected == *real;
  const auto* text = std::get_if<std::string>(&raw);
  return text != nullptr && expected == *text;
}

bool is_same(const std::optional<double>& value, const Json& expected) {
  if (!expected.is_number()) return !value;
  return value && *value == doctest::Approx(expected.get<double>()).epsilon(1e-12);
}

std::size_t compare_points(const std::vector<std::uint16_t>& words, const Json& expected) {
  Expected wanted;
  flatten(expected, "", wanted);
  const std::vector<SunSpecPoint> points = decode_sunspec_points(words);
  CHECK(points.size() == wanted.size());
  for (const SunSpecPoint& point : points) {
    INFO(point.name);
    REQUIRE(wanted.contains(point.name));
    CHECK(is_same(point.raw, wanted[point.name]["raw"]));
    CHECK(is_same(point.value, wanted[point.name]["value"]));
  }
  return points.size();
}

void compare_values(const std::vector<std::uint16_t>& words, const SunSpecModel& model, const Json& expected) {
  const std::vector<MeasuredValue> values = sunspec_values(words);
  for (const MeasuredValue& value : values) {
    CHECK((value.quality == Quality::good) == value.value.has_value());
    CHECK(value.reason.empty() == value.value.has_value());
    if (value.quantity == MeasuredQuantity{}) CHECK(is_same(value.value, expected["W"]["value"]));
  }
  const std::uint16_t needed = sunspec_value_words(model);
  if (needed == 0) return;
  const std::vector<MeasuredValue> polled = SunSpecValueReader(model).values(std::span(words).first(needed));
  REQUIRE(polled.size() == values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    CHECK(polled[i].value == values[i].value);
    CHECK(polled[i].energy == values[i].energy);
  }
}

std::size_t compare(const std::filesystem::path& dump) {
  INFO(dump.filename().string());
  std::ifstream file(dump.parent_path() / "expected" / dump.stem().concat(".json"));
  const Json expected = Json::parse(file);
  const ReadRegisters read = reader_of(read_dump(dump));
  const auto chain = discover_sunspec(read, 4096);
  REQUIRE(chain);
  CHECK(chain->base == expected["base"]);
  REQUIRE(chain->models.size() == expected["models"].size());
  std::size_t points = 0;
  for (std::size_t i = 0; i < chain->models.size(); ++i) {
    const SunSpecModel& model = chain->models[i];
    const Json& wanted = expected["models"][i];
    INFO(model.id);
    CHECK(model.id == wanted["id"]);
    CHECK(model.address == wanted["addr"]);
    CHECK(model.length == wanted["len"]);
    if (sunspec_layout(model.id) == nullptr) continue;
    const auto words = read_sunspec_model(read, model);
    REQUIRE(words);
    points += compare_points(*words, wanted["points"]);
    compare_values(*words, model, wanted["points"]);
  }
  return points;
}

}  // namespace

TEST_CASE("every point of real devices' dumps decodes as an independent decoder decodes it") {
  if (!std::filesystem::exists(sunspec_dumps())) {
    std::cout << "skipped: no reference data at " << sunspec_dumps() << std::endl;
    return;
  }
  std::size_t dumps = 0;
  std::size_t points = 0;
  for (const auto& entry : std::filesystem::directory_iterator(sunspec_dumps())) {
    if (entry.path().extension() != ".regs") continue;
    points += compare(entry.path());
    ++dumps;
  }
  std::cout << dumps << " dumps, " << points << " SunSpec points compared" << std::endl;
  CHECK(dumps > 0);
}
