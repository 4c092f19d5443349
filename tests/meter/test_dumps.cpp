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
#include "tests/meter/scripted_device.hpp"

using namespace commonwatt;

namespace {

std::filesystem::path dumps() {
  const char* const configured = std::getenv("COMMONWATT_REFERENCE_DATA");
  const std::filesystem::path root = configured != nullptr ? configured : COMMONWATT_SOURCE_DIR "/../shared/data";
  return root / "meters" / "sunspec";
}

/// The runs of "address: hex words" lines, joined where they touch.
std::vector<RegisterImage> runs_of(const std::filesystem::path& path) {
  std::vector<RegisterImage> runs;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t colon = line.find(':');
    const auto address = static_cast<std::uint16_t>(std::stoul(line.substr(0, colon)));
    if (runs.empty() || runs.back().address + runs.back().words.size() != address) runs.push_back({address, {}});
    std::istringstream words(line.substr(colon + 1));
    for (std::string word; words >> word;) {
      runs.back().words.push_back(static_cast<std::uint16_t>(std::stoul(word, nullptr, 16)));
    }
  }
  return runs;
}

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
  const std::vector<RegisterImage> runs = runs_of(dump);
  ScriptedDevice server(
      ScriptedDevice::Line::tcp,
      {.unit = 1,
       .images = [&runs](std::uint8_t function) { return function == 3 ? runs : std::vector<RegisterImage>{}; }},
      [](int descriptor, const Octets& answer, int) {
        put(descriptor, answer);
        return Afterwards::stay;
      });
  auto device = MeterDevice::create({.id = *MeterId::from("m1"),
                                     .url = server.url() + "&base=4096",
                                     .kind = DeviceKind::sunspec,
                                     .response_timeout = std::chrono::seconds{1},
                                     .serial = {}});
  const Result<DeviceReading, MeterError> reading = device->read(FrozenClock(UtcTime::from_seconds(0)));
  const nlohmann::json* const inverter = model_of(expected, {101, 102, 103});
  const nlohmann::json* const meter = model_of(expected, {201, 202, 203, 204});
  if (inverter == nullptr && meter == nullptr) {
    REQUIRE_FALSE(reading);
    CHECK(reading.error().fault == MeterFault::no_supported_model);
    return;
  }
  const std::string why = reading ? "" : to_text(reading.error());
  INFO(why);
  REQUIRE(reading);
  const nlohmann::json& common = *model_of(expected, {1});
  CHECK(device->identity()->maker == trimmed(common["Mn"]["value"]));
  CHECK(device->identity()->model == trimmed(common["Md"]["value"]));
  CHECK(device->identity()->serial == trimmed(common["SN"]["value"]));
  if (inverter != nullptr) {
    compare_power(*reading, *inverter);
    compare_energy(reading->energy_produced(), (*inverter)["WH"]);
    CHECK_FALSE(reading->energy_import());
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
  if (!std::filesystem::exists(dumps())) {
    std::cout << "skipped: no reference data at " << dumps() << std::endl;
    return;
  }
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dumps())) {
    if (entry.path().extension() != ".regs") continue;
    compare(entry.path());
    ++compared;
  }
  std::cout << compared << " dumps compared" << std::endl;
  CHECK(compared > 0);
}
