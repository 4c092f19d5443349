// The profiles that come with the program: each against its own test vectors, all of them against the register facts
// they were made from, and two against register dumps of real devices. Facts and dumps stay where they are; without
// them the cases say that they were skipped.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include <doctest/doctest.h>

#include "meter/profile_decode.hpp"
#include "meter/profile_library.hpp"
#include "meter/profile_lint.hpp"
#include "tests/controller/temporary_directory.hpp"
#include "tests/meter/profile_sample.hpp"

using namespace commonwatt;

namespace {

constexpr std::size_t devices_with_facts = 47;

Profile built_in(std::string_view name) {
  Result<Profile, ProfileFaults> profile = ProfileLibrary({}).find(name);
  const std::string fault = profile ? "" : profile.error().front();
  INFO(fault);
  REQUIRE(profile);
  return std::move(*profile);
}

std::filesystem::path reference_data() {
  const char* const configured = std::getenv("COMMONWATT_REFERENCE_DATA");
  return configured != nullptr ? configured : COMMONWATT_SOURCE_DIR "/../shared/data";
}

/// Whether the file is there; says that the case is skipped when it is not.
bool is_there(const std::filesystem::path& file) {
  if (std::filesystem::exists(file)) return true;
  std::cout << "skipped: no reference data at " << file << std::endl;
  return false;
}

/// One row of the facts: tab-separated, with the names of the columns in the second line.
struct Fact {
  std::string device;
  std::uint8_t function = 0;
  std::uint16_t address = 0;
  RegisterType type = RegisterType::u16;
  WordOrder order = WordOrder::big;
  double scale = 1;  // to the canonical unit
  std::string quantity;
  std::vector<std::uint64_t> absent;  // declared sentinels
};

/// "0x80000000|0x7FFFFFFF=overflow"; NaN is known without being declared.
std::vector<std::uint64_t> sentinels_of(const std::string& text) {
  std::vector<std::uint64_t> sentinels;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, '|');) {
    if (part.starts_with("0x")) sentinels.push_back(std::stoull(part, nullptr, 16));
  }
  return sentinels;
}

RegisterType type_of(const std::string& text) {
  const std::map<std::string, RegisterType> types{{"uint16", RegisterType::u16},  {"int16", RegisterType::i16},
                                                  {"uint32", RegisterType::u32},  {"int32", RegisterType::i32},
                                                  {"uint64", RegisterType::u64},  {"int64", RegisterType::i64},
                                                  {"float32", RegisterType::f32}, {"float64", RegisterType::f64}};
  return types.at(text);
}

std::vector<Fact> facts_of(const std::filesystem::path& path) {
  std::vector<Fact> facts;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#' || line.starts_with("device\t")) continue;
    std::istringstream columns(line);
    std::vector<std::string> cells;
    for (std::string cell; std::getline(columns, cell, '\t');) cells.push_back(cell);
    REQUIRE(cells.size() >= 9);
    const bool is_kilo = cells[7].starts_with("k");
    facts.push_back({.device = cells[0],
                     .function = static_cast<std::uint8_t>(std::stoi(cells[1])),
                     .address = static_cast<std::uint16_t>(std::stoi(cells[2])),
                     .type = type_of(cells[4]),
                     .order = cells[5] == "little" ? WordOrder::little : WordOrder::big,
                     .scale = std::stod(cells[6]) * (is_kilo ? 1000 : 1),
                     .quantity = cells[8],
                     .absent = sentinels_of(cells.size() > 9 ? cells[9] : "")});
  }
  return facts;
}

/// The profile of each device of the facts.
const std::map<std::string, std::string> profile_of_device{
    {"ABB A/B series (B21/B23/B24)", "abb-b23"},
    {"Alpha ESS Smile", "alpha-ess-smile"},
    {"Carlo Gavazzi EM24 (RS-485)", "carlo-gavazzi-em24"},
    {"Carlo Gavazzi EM24_E1 (Ethernet)", "carlo-gavazzi-em24-e1"},
    {"Carlo Gavazzi EM330/EM340/ET330/ET340", "carlo-gavazzi-em340"},
    {"Chint DTSU666 (generic firmware)", "chint-dtsu666"},
    {"DZG DVH4013", "dzg-dvh4013"},
    {"Deye hybrid 3p", "deye-hybrid-3p"},
    {"E3/DC", "e3dc"},
    {"Eastron SDM120", "eastron-sdm120"},
    {"Eastron SDM220", "eastron-sdm220"},
    {"Eastron SDM230", "eastron-sdm230"},
    {"Eastron SDM630 (also SDM630 v2/MCT)", "eastron-sdm630"},
    {"Eastron SDM72DM", "eastron-sdm72dm"},
    {"Eastron SDM72DM-V2", "eastron-sdm72dm-v2"},
    {"Fox ESS H3", "fox-ess-h3"},
    {"GoodWe ET/EH/BH/BT", "goodwe-et"},
    {"GoodWe SDT/DT", "goodwe-dt"},
    {"Growatt hybrid", "growatt-hybrid"},
    {"Huawei SUN2000", "huawei-sun2000"},
    {"Huawei SUN2000 hybrid (+DTSU666/LUNA)", "huawei-sun2000-hybrid"},
    {"Inepro PRO380", "inepro-pro380"},
    {"Janitza B21/B23/B24 (= ABB EQ hardware, float map)", "janitza-b23"},
    {"Janitza UMG 511", "janitza-umg511"},
    {"Janitza UMG 604", "janitza-umg604"},
    {"Janitza UMG 96RM-E", "janitza-umg96rm-e"},
    {"Kostal KSEM (direct Modbus)", "kostal-ksem"},
    {"Kostal Plenticore (port 1502, unit 71)", "kostal-plenticore"},
    {"Kostal Plenticore AC side", "kostal-plenticore-ac"},
    {"ORNO WE-516/517", "orno-we-516"},
    {"SMA Smart Energy hybrid (unit 3)", "sma-smart-energy"},
    {"SMA Sunny Boy Storage", "sma-sunny-boy-storage"},
    {"SMA Sunny Home Manager 2.0 (OpenEMS)", "sma-shm2-phases"},
    {"SMA Sunny Home Manager 2.0 (unit 2)", "sma-shm2"},
    {"SMA Sunny Island", "sma-sunny-island"},
    {"SMA inverter (unit 3)", "sma-inverter"},
    {"Saia Burgess ALE3", "saia-burgess-ale3"},
    {"Schneider iEM3000 (iEM3155/3255)", "schneider-iem3000"},
    {"Siemens PAC2200", "siemens-pac2200"},
    {"Sigenergy", "sigenergy"},
    {"SolaX hybrid", "solax-hybrid"},
    {"Solis hybrid", "solis-hybrid"},
    {"Sungrow SG", "sungrow-sg"},
    {"Sungrow SH hybrid", "sungrow-sh"},
    {"Victron GX (com.victronenergy.system, unit 100)", "victron-gx-system"},
    {"Victron GX acload", "victron-gx-acload"},
    {"Victron GX grid meter (com.victronenergy.grid)", "victron-gx-grid"},
};

/// What a register of the facts is in the profile.
struct ExpectedRegister {
  std::string quantity;  // empty: no value of its own
  double scale = 1;      // with its sign
};

/// The deliberate differences, by profile and address.
std::optional<ExpectedRegister> departure_of(const std::string& profile, std::uint16_t address) {
  static const std::map<std::pair<std::string, int>, ExpectedRegister> departures{
      // The source computes currents from power and voltage; a profile gives the powers and voltages themselves.
      {{"sungrow-sh", 5602}, {"grid:active_power_l1", 1}},
      {{"sungrow-sh", 5604}, {"grid:active_power_l2", 1}},
      {{"sungrow-sh", 5606}, {"grid:active_power_l3", 1}},
      {{"sungrow-sh", 5018}, {"voltage_l1", 0.1}},
      {{"sungrow-sh", 5019}, {"voltage_l2", 0.1}},
      {{"sungrow-sh", 5020}, {"voltage_l3", 0.1}},
      // The power's direction, and a current that the source only looks at.
      {{"sungrow-sh", 13000}, {"", 1}},
      {{"sungrow-sh", 13020}, {"battery:current", 0.1}},
      // Terms of one phase each, which would double the power if they were added to it.
      {{"sma-smart-energy", 31259}, {"grid:active_power_l1", -1}},
      {{"sma-smart-energy", 31261}, {"grid:active_power_l2", -1}},
      {{"sma-smart-energy", 31263}, {"grid:active_power_l3", -1}},
      {{"sma-smart-energy", 31265}, {"grid:active_power_l1", 1}},
      {{"sma-smart-energy", 31267}, {"grid:active_power_l2", 1}},
      {{"sma-smart-energy", 31269}, {"grid:active_power_l3", 1}},
      // The maker states kW and kvar with two decimals; the source forgets the k.
      {{"saia-burgess-ale3", 37}, {"active_power_l1", 10}},
      {{"saia-burgess-ale3", 38}, {"reactive_power_l1", 10}},
      {{"saia-burgess-ale3", 42}, {"active_power_l2", 10}},
      {{"saia-burgess-ale3", 43}, {"reactive_power_l2", 10}},
      {{"saia-burgess-ale3", 47}, {"active_power_l3", 10}},
      {{"saia-burgess-ale3", 48}, {"reactive_power_l3", 10}},
      {{"saia-burgess-ale3", 50}, {"active_power", 10}},
      {{"saia-burgess-ale3", 51}, {"reactive_power", 10}},
  };
  const auto found = departures.find({profile, address});
  if (found == departures.end()) return std::nullopt;
  return found->second;
}

std::string without(std::string text, std::string_view part) {
  const std::size_t at = text.find(part);
  if (at != std::string::npos) text.erase(at, part.size());
  return text;
}

bool is_control(const std::string& quantity) {
  constexpr std::array<std::string_view, 4> words{"write_", "curtailed", "dimmed", "batterymode"};
  return std::any_of(words.begin(), words.end(),
                     [&quantity](std::string_view word) { return quantity.find(word) != std::string::npos; });
}

bool has_control(const Profile& profile, const Fact& fact) {
  const std::string name = without(without(fact.quantity, "write_"), "_term");
  return std::any_of(profile.controls.begin(), profile.controls.end(), [&](const ProfileControl& control) {
    const bool is_same_order = width_of(fact.type) == 1 || control.order == fact.order;
    return control.function == fact.function && control.address == fact.address && control.name == name &&
           control.type == fact.type && is_same_order && control.scale == fact.scale;
  });
}

bool is_that_register(const ProfileRegister& place, const Fact& fact, const ExpectedRegister& expected) {
  if (expected.quantity.empty()) return place.direction && place.direction->address == fact.address;
  const bool is_same_order = width_of(fact.type) == 1 || place.order == fact.order;
  const bool is_same_place = place.address == fact.address && place.type == fact.type && is_same_order;
  const double sign = place.sign == RegisterSign::inverted ? -1 : 1;
  const double scale = place.direction ? std::abs(expected.scale) : expected.scale;
  return is_same_place && place.absent == fact.absent && to_text(place.quantity) == expected.quantity &&
         to_double(place.scale) * sign == doctest::Approx(scale).epsilon(1e-12);
}

bool has_register(const Profile& profile, const Fact& fact) {
  ExpectedRegister expected =
      departure_of(profile.id, fact.address).value_or(ExpectedRegister{without(fact.quantity, "_term"), fact.scale});
  // The source counts what a battery gives as positive, we what it takes.
  if (expected.quantity.starts_with("battery:active_power")) expected.scale = -expected.scale;
  return std::any_of(profile.blocks.begin(), profile.blocks.end(), [&](const ProfileBlock& block) {
    return block.function == fact.function &&
           std::any_of(block.registers.begin(), block.registers.end(),
                       [&](const ProfileRegister& place) { return is_that_register(place, fact, expected); });
  });
}

/// A dump's "address: hex words" lines by address.
std::map<int, std::uint16_t> dump_of(const std::filesystem::path& path) {
  std::map<int, std::uint16_t> words;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    int address = std::stoi(line);
    std::istringstream run(line.substr(line.find(':') + 1));
    for (std::string word; run >> word;) words[address++] = static_cast<std::uint16_t>(std::stoul(word, nullptr, 16));
  }
  return words;
}

std::vector<std::uint16_t> words_at(const std::map<int, std::uint16_t>& dump, int start, int count) {
  std::vector<std::uint16_t> words;
  for (int i = 0; i < count; ++i) {
    const auto found = dump.find(start + i);
    words.push_back(found == dump.end() ? std::uint16_t{0} : found->second);
  }
  return words;
}

/// What a profile makes of a dump.
std::map<std::string, MeasuredValue> read_dump(const Profile& profile, const std::map<int, std::uint16_t>& dump) {
  std::vector<std::vector<std::uint16_t>> words;
  std::vector<BlockWords> blocks;
  for (const ProfileBlock& block : profile.blocks) words.push_back(words_at(dump, block.start, block.count));
  for (std::size_t i = 0; i < words.size(); ++i) blocks.push_back({&profile.blocks[i], words[i]});
  std::map<std::string, MeasuredValue> values;
  for (const MeasuredValue& value : decode_blocks(profile, blocks)) values[to_text(value.quantity)] = value;
  return values;
}

}  // namespace

TEST_CASE("every built-in profile parses, has no findings, and is named after itself") {
  const ProfileLibrary library({});
  const std::vector<std::string> names = library.names();
  CHECK(names.size() >= devices_with_facts);
  CHECK(std::is_sorted(names.begin(), names.end()));
  for (const std::string& name : names) {
    CAPTURE(name);
    const Profile profile = built_in(name);
    CHECK(profile.id == name);
    CHECK_FALSE(profile.tests.empty());
    CHECK(lint_profile(profile) == std::vector<std::string>{});
  }
}

TEST_CASE("built-in profiles are sorted, as their search needs") {
  const std::span<const BuiltInProfile> profiles = built_in_profiles();
  CHECK(std::is_sorted(profiles.begin(), profiles.end(),
                       [](const BuiltInProfile& a, const BuiltInProfile& b) { return a.name < b.name; }));
}

TEST_CASE("a user's profile comes before the built-in one, and the first directory before the second") {
  const test::TemporaryDirectory first;
  const test::TemporaryDirectory second;
  const ProfileLibrary library({first.path(), second.path(), first / "none"});
  test::write_text(second / "acme-one.toml", std::string(test::profile_sample));
  REQUIRE(library.find("acme-one"));
  CHECK(library.find("acme-one")->model == "One");
  test::write_text(first / "acme-one.toml", test::sample_with("\"One\"", "\"Uno\""));
  CHECK(library.find("acme-one")->model == "Uno");
  test::write_text(first / "eastron-sdm630.toml", test::sample_with("\"One\"", "\"Mine\""));
  CHECK(library.find("eastron-sdm630")->model == "Mine");
  CHECK(library.names().size() == ProfileLibrary({}).names().size() + 1);
}

TEST_CASE("a user's profile that is wrong is told, not passed over") {
  const test::TemporaryDirectory directory;
  const ProfileLibrary library({directory.path()});
  test::write_text(directory / "eastron-sdm630.toml", "[device]\nid = 5\n");
  const Result<Profile, ProfileFaults> profile = library.find("eastron-sdm630");
  REQUIRE_FALSE(profile);
  CHECK(profile.error().front() ==
        (directory / "eastron-sdm630.toml").string() + ":2:6: device.id: must be a text in quotes");
}

TEST_CASE("a name there is no profile of names those of its maker") {
  const Result<Profile, ProfileFaults> profile = ProfileLibrary({}).find("goodwe-xx");
  REQUIRE_FALSE(profile);
  CHECK(profile.error() == ProfileFaults{"there is no device profile 'goodwe-xx'; there are: goodwe-dt, goodwe-et"});
  CHECK_FALSE(ProfileLibrary({}).find("../eastron-sdm630"));
  CHECK_FALSE(ProfileLibrary({}).find(""));
}

TEST_CASE("every register of the facts is in the profile of its device") {
  const std::filesystem::path path = reference_data() / ".." / "facts" / "device_registers.tsv";
  if (!is_there(path)) return;
  std::map<std::string, Profile> profiles;
  for (const auto& [device, id] : profile_of_device) profiles[device] = built_in(id);
  CHECK(profiles.size() == devices_with_facts);
  int registers = 0;
  int controls = 0;
  for (const Fact& fact : facts_of(path)) {
    CAPTURE(fact.device);
    CAPTURE(fact.address);
    CAPTURE(fact.quantity);
    REQUIRE(profiles.contains(fact.device));
    const Profile& profile = profiles[fact.device];
    if (is_control(fact.quantity)) {
      CHECK(has_control(profile, fact));
      ++controls;
    } else {
      CHECK(has_register(profile, fact));
      ++registers;
    }
  }
  std::cout << registers << " registers and " << controls << " controls compared" << std::endl;
  CHECK(registers > 700);
}

TEST_CASE("an iEM3255's registers read by the profile of its family") {
  const std::filesystem::path path =
      reference_data() / "meters" / "other" / "sn_schneider_schneider-test-pm3200-data-01.regs";
  if (!is_there(path)) return;
  const Profile profile = built_in("schneider-iem3000");
  const std::map<int, std::uint16_t> dump = dump_of(path);
  const std::map<std::string, MeasuredValue> values = read_dump(profile, dump);
  CHECK(values.at("energy_import").energy == Energy{82'872'323});
  CHECK(values.at("energy_export").energy == Energy{1'043'100});
  CHECK(values.at("energy_import_l1").energy == Energy{30'404'881});
  CHECK(*values.at("active_power").value == doctest::Approx(-607.0).epsilon(0.001));
  CHECK(*values.at("voltage_l1").value == doctest::Approx(239.29).epsilon(0.0001));
  CHECK(*values.at("frequency").value == doctest::Approx(50.066).epsilon(0.0001));
  const std::vector<std::vector<std::uint16_t>> match{words_at(dump, 49, 20)};
  std::vector<MeasuredValue> all;
  for (const auto& [name, value] : values) all.push_back(value);
  CHECK(profile_identity(profile, match, all).verdict == IdentityVerdict::confirmed);
  CHECK(identity_text(*profile.identity.serial, words_at(dump, 129, 2)) == "16233039");
}

TEST_CASE("an Elkor UPT's registers read by its profile") {
  const std::filesystem::path path = reference_data() / "meters" / "other" / "sn_elkor_upt-01.regs";
  if (!is_there(path)) return;
  const Profile profile = built_in("elkor-upt");
  const std::map<int, std::uint16_t> dump = dump_of(path);
  const std::map<std::string, MeasuredValue> values = read_dump(profile, dump);
  CHECK(*values.at("active_power").value == doctest::Approx(20'800).epsilon(0.0001));
  CHECK(*values.at("voltage_l1").value == doctest::Approx(284.8).epsilon(0.0001));
  CHECK(*values.at("frequency").value == doctest::Approx(60.0).epsilon(0.0001));
  CHECK(values.at("energy_export").energy == Energy{2'604'800});
  // The step of a float is 1/8 kWh at 2 GWh, so the sum of the phases may differ by that.
  const MeasuredValue& total = values.at("energy_import");
  CHECK(total.quantum == 125.0);
  const Energy phases = *values.at("energy_import_l1").energy + *values.at("energy_import_l2").energy +
                        *values.at("energy_import_l3").energy;
  CHECK(std::abs((*total.energy - phases).count) <= 2 * 125);
  std::vector<MeasuredValue> all;
  for (const auto& [name, value] : values) all.push_back(value);
  CHECK(profile_identity(profile, {}, all).verdict == IdentityVerdict::confirmed);
}
