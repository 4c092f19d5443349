// Register dumps of real devices, served over loopback and read like any device, against what an independent decoder
// (pysunspec2) makes of them. The dumps stay where they are; without them the case says that it was skipped.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "meter/device.hpp"
#include "tests/meter/frozen_clock.hpp"
#include "tests/meter/register_dump.hpp"
#include "tests/meter/scripted_device.hpp"

using namespace commonwatt;

namespace {

std::string trimmed(const nlohmann::json& value) {
  std::string text = value.is_string() ? value.get<std::string>() : "";
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

const nlohmann::json* model_of(const nlohmann::json& expected, const std::vector<int>& ids) {
  for (const nlohmann::json& model : expected["models"]) {
    for (const int id : ids) {
      if (model["id"] == id) return &model["points"];
    }
  }
  return nullptr;
}

void compare_power(const DeviceReading& reading, const nlohmann::json& points) {
  CHECK(reading.power_w().has_value() == points["W"]["value"].is_number());
  if (reading.power_w()) CHECK(*reading.power_w() == doctest::Approx(points["W"]["value"].get<double>()));
}

void compare_energy(const std::optional<Energy>& energy, const nlohmann::json& point) {
  CHECK(energy.has_value() == point["value"].is_number());
  if (energy) CHECK(energy->count == static_cast<std::int64_t>(std::floor(point["value"].get<double>())));
}

void compare(const std::filesystem::path& dump) {
  INFO(dump.filename().string());
  std::ifstream file(dump.parent_path() / "expected" / dump.stem().concat(".json"));
  const nlohmann::json expected = nlohmann::json::parse(file);
  const std::vector<RegisterImage> runs = read_dump(dump);
  ScriptedDevice server(
      ScriptedDevice::Line::tcp,
      {.unit = 1,
       .images = [&runs](std::uint8_t function) { return function == 3 ? runs : std::vector<RegisterImage>{}; }},
      [](int descriptor, const Octets& answer, int) {
        put(descriptor, answer);
        return Afterwards::stay;
      });
  MeterDevice device(
      plan_device({.id = *MeterId::from("m1"), .url = server.url() + "&base=4096"}, ProfileLibrary({})).value());
  const Result<DeviceReading, MeterError> reading = device.read(FrozenClock(UtcTime::from_seconds(0)));
  const nlohmann::json* const inverter = model_of(expected, {101, 102, 103, 111, 112, 113, 701});
  const nlohmann::json* const meter = model_of(expected, {201, 202, 203, 204});
  REQUIRE((inverter != nullptr || meter != nullptr));
  const std::string why = reading ? "" : to_text(reading.error());
  INFO(why);
  REQUIRE(reading);
  const nlohmann::json& common = *model_of(expected, {1});
  CHECK(device.identity()->maker == trimmed(common["Mn"]["value"]));
  CHECK(device.identity()->model == trimmed(common["Md"]["value"]));
  CHECK(device.identity()->serial == trimmed(common["SN"]["value"]));
  if (inverter != nullptr) {
    compare_power(*reading, *inverter);
    const bool is_der = (*inverter)["ID"]["value"] == 701;
    compare_energy(reading->energy_produced(), (*inverter)[is_der ? "TotWhInj" : "WH"]);
    if (!is_der) CHECK_FALSE(reading->energy_import());
    return;
  }
  compare_power(*reading, *meter);
  compare_energy(reading->energy_import(), (*meter)["TotWhImp"]);
  // The one departure: an export counter of 0 is a count (see sunspec.cpp), which pysunspec2 reports as absent.
  if ((*meter)["TotWhExp"]["value"].is_number()) {
    compare_energy(reading->energy_export(), (*meter)["TotWhExp"]);
  } else {
    CHECK(reading->energy_export() == Energy{0});
  }
}

}  // namespace

TEST_CASE("real devices' dumps read as an independent decoder reads them") {
  if (!std::filesystem::exists(sunspec_dumps())) {
    std::cout << "skipped: no reference data at " << sunspec_dumps() << std::endl;
    return;
  }
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(sunspec_dumps())) {
    if (entry.path().extension() != ".regs") continue;
    compare(entry.path());
    ++compared;
  }
  std::cout << compared << " dumps compared" << std::endl;
  CHECK(compared > 0);
}
