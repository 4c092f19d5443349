#include <functional>

#include <doctest/doctest.h>

#include "controller/home_assistant.hpp"
#include "tests/controller/home_assistant_rules.hpp"

namespace commonwatt {
namespace {

using nlohmann::json;
using test::HomeAssistantRules;

constexpr MeasuredQuantity energy{.measurand = Measurand::energy_import};
constexpr MeasuredQuantity power{.measurand = Measurand::active_power};
constexpr MeasuredQuantity charge{.part = DevicePart::battery, .measurand = Measurand::soc};

UtcTime at(std::int64_t seconds) {
  return UtcTime::from_seconds(1'750'500'000 + seconds);
}

HomeAssistantOptions options(DiscoveryForm form = DiscoveryForm::device) {
  return {.household = *HouseholdId::from("hh01"),
          .form = form,
          .version = "0.1.0",
          .lost_after = std::chrono::seconds(30)};
}

ToolDevice device(std::string serial = "SN 17/a") {
  return {.meter = *MeterId::from("hh01-grid"),
          .maker = "Eastron",
          .model = "SDM630",
          .serial = std::move(serial),
          .version = "1.2"};
}

ToolReading reading(std::int64_t seconds, std::optional<std::int64_t> wh, std::optional<double> watts) {
  return {.device = device(),
          .time = at(seconds),
          .values = {{.quantity = energy, .count = wh}, {.quantity = power, .number = watts}}};
}

HomeAssistantFeed feed(DiscoveryForm form = DiscoveryForm::device, Announced announced = {}) {
  return HomeAssistantFeed(options(form), std::move(announced), {*MeterId::from("hh01-grid")});
}

/// Every quantity there can be.
std::vector<MeasuredQuantity> all_quantities() {
  std::vector<MeasuredQuantity> all;
  for (int part = 0; part <= static_cast<int>(enum_last(DevicePart{})); ++part) {
    for (int measurand = 0; measurand <= static_cast<int>(enum_last(Measurand{})); ++measurand) {
      for (int share = 0; share <= static_cast<int>(enum_last(Share{})); ++share) {
        all.push_back({static_cast<DevicePart>(part), static_cast<Measurand>(measurand), static_cast<Share>(share)});
      }
    }
  }
  return all;
}

std::vector<std::string> faults_of(const std::vector<ToolMessage>& messages) {
  HomeAssistantRules rules("homeassistant");
  std::vector<std::string> faults;
  for (const ToolMessage& message : messages) {
    for (std::string& fault : rules.faults_of(message.topic, message.payload)) faults.push_back(std::move(fault));
  }
  return faults;
}

const ToolMessage& of_topic(const std::vector<ToolMessage>& messages, const std::string& topic) {
  for (const ToolMessage& message : messages) {
    if (message.topic == topic) return message;
  }
  FAIL("nothing is said in ", topic);
  return messages.front();
}

TEST_CASE("every quantity is announced by the rules of Home Assistant's documentation, in both forms") {
  for (const DiscoveryForm form : {DiscoveryForm::device, DiscoveryForm::entity}) {
    const auto messages = discovery_messages(options(form), device(), all_quantities());
    CHECK(messages.size() == (form == DiscoveryForm::device ? 1 : all_quantities().size()));
    CHECK(faults_of(messages) == std::vector<std::string>{});
    for (const ToolMessage& message : messages) {
      CHECK(message.retain == MqttRetain::yes);
      CHECK(message.payload.size() < mqtt_payload_max);
      CHECK(message.topic.size() < mqtt_topic_max);
    }
  }
}

TEST_CASE("the unit of an announcement is the one the values come in") {
  for (int number = 0; number <= static_cast<int>(enum_last(Measurand{})); ++number) {
    const auto measurand = static_cast<Measurand>(number);
    const SensorDescription description = sensor_description(measurand);
    const std::string unit = description.unit == nullptr ? "" : description.unit;
    CHECK(unit == (measurand == Measurand::phase_angle ? "°" : unit_of(measurand)));
    const std::string state = description.state_class;
    CHECK((state == "total_increasing") == is_counter(measurand));
    if (is_energy_register(measurand)) CHECK(description.device_class == std::string("energy"));
  }
}

TEST_CASE("the rules find what is wrong with an announcement") {
  const ToolMessage good = discovery_messages(options(DiscoveryForm::entity), device(), {energy}).at(0);
  const auto broken = [&](const std::function<void(json&)>& change) {
    json config = json::parse(good.payload);
    change(config);
    const auto faults = HomeAssistantRules("homeassistant").faults_of(good.topic, config.dump());
    return faults.empty() ? std::string("nothing") : faults.front();
  };
  CHECK(broken([](json&) {}) == "nothing");
  CHECK(broken([](json& c) { c["state_class"] = "measurement"; }) ==
        "state_class measurement does not go with device_class energy");
  CHECK(broken([](json& c) { c["unit_of_measurement"] = "W"; }) == "unit 'W' is not one of device_class energy");
  CHECK(broken([](json& c) { c["device_class"] = "energie"; }) == "unknown device_class energie");
  CHECK(broken([](json& c) { c["statetopic"] = "x"; }) == "unknown key statetopic in sensor");
  CHECK(broken([](json& c) { c.erase("state_topic"); }) == "no state_topic");
  CHECK(broken([](json& c) { c["state_topic"] = "a/#"; }) == "no state_topic");
  CHECK(broken([](json& c) { c.erase("unique_id"); }).starts_with("no unique_id"));
  CHECK(broken([](json& c) { c.erase("value_template"); }) == "no value_template");
  CHECK(broken([](json& c) { c["expire_after"] = "60"; }) == "expire_after is no number of seconds");
  CHECK(broken([](json& c) { c["device"].erase("identifiers"); }) == "a device needs identifiers or connections");
  CHECK(broken([](json& c) { c["device"]["colour"] = "red"; }) == "unknown key colour in device");
  CHECK(broken([](json& c) { c["origin"].erase("name"); }) == "origin has no name");
  CHECK(broken([](json& c) { c["availability_topic"] = "x"; }).starts_with("availability and availability_topic"));
  CHECK(broken([](json& c) { c["availability_mode"] = "some"; }) == "unknown availability_mode");
  // The abbreviations are the same keys.
  CHECK(broken([](json& c) {
          c["stat_cla"] = "measurement";
          c.erase("state_class");
        }) == "state_class measurement does not go with device_class energy");

  HomeAssistantRules rules("homeassistant");
  CHECK(rules.faults_of(good.topic, good.payload).empty());
  CHECK(rules.faults_of(good.topic, good.payload).front().ends_with("is there twice"));
  CHECK(rules.faults_of("homeassistant/sensor/a b/c/config", good.payload).front().ends_with("is no announcement"));
  CHECK(rules.faults_of("homeassistant/sensor/config", good.payload).front().ends_with("is no announcement"));
  CHECK(rules.faults_of(good.topic, "{").front() == "the payload is no JSON object");

  const ToolMessage whole = discovery_messages(options(), device(), {energy}).at(0);
  for (const char* key : {"device", "origin", "components"}) {
    json config = json::parse(whole.payload);
    config.erase(key);
    CHECK(HomeAssistantRules("homeassistant").faults_of(whole.topic, config.dump()).front() ==
          std::string("no ") + key);
  }
  json config = json::parse(whole.payload);
  config["components"]["energy_import"].erase("platform");
  CHECK(HomeAssistantRules("homeassistant").faults_of(whole.topic, config.dump()).front() ==
        "component energy_import has no platform");
}

TEST_CASE("an announcement as Home Assistant gets it") {
  const ToolMessage message = discovery_messages(options(DiscoveryForm::entity), device(), {charge}).at(0);
  CHECK(message.topic == "homeassistant/sensor/commonwatt_hh01_hh01-grid_SN_17_a/battery_soc/config");
  CHECK(json::parse(message.payload) == json::parse(R"({
    "name": "Battery soc",
    "unique_id": "commonwatt_hh01_hh01-grid_SN_17_a_battery_soc",
    "device_class": "battery", "state_class": "measurement", "unit_of_measurement": "%",
    "state_topic": "commonwatt/hh01/hh01-grid/state",
    "value_template": "{{ value_json['battery:soc'] | default('None') }}",
    "expire_after": 30,
    "availability": [{"topic": "commonwatt/hh01/availability"}, {"topic": "commonwatt/hh01/hh01-grid/availability"}],
    "availability_mode": "all",
    "device": {"identifiers": ["commonwatt_hh01_hh01-grid_SN_17_a"], "name": "hh01-grid", "manufacturer": "Eastron",
               "model": "SDM630", "serial_number": "SN 17/a", "sw_version": "1.2"},
    "origin": {"name": "Commonwatt", "sw_version": "0.1.0"}})"));
  const ToolMessage whole = discovery_messages(options(), device(), {charge}).at(0);
  CHECK(whole.topic == "homeassistant/device/commonwatt_hh01_hh01-grid_SN_17_a/config");
  CHECK(json::parse(whole.payload)["components"]["battery_soc"]["platform"] == "sensor");
}

TEST_CASE("unique ids stay over restarts, and change with the meter") {
  const auto id = [](const std::string& serial) {
    return home_assistant_id(*HouseholdId::from("hh01"), device(serial));
  };
  CHECK(id("17") == id("17"));
  CHECK(id("17") != id("18"));
  CHECK(id("") == "commonwatt_hh01_hh01-grid");
}

TEST_CASE("texts of a device that are no UTF-8 do no harm") {
  ToolDevice odd = device("\xff\xfe");
  odd.maker = "\xc3";
  const auto messages = discovery_messages(options(), odd, {energy});
  CHECK(faults_of(messages) == std::vector<std::string>{});
}

TEST_CASE("a new meter is announced before its first state, and then only its states are said") {
  HomeAssistantFeed home = feed();
  CHECK(home.connected(0, at(0)) ==
        std::vector<ToolMessage>{
            {.topic = "commonwatt/hh01/availability", .payload = "online", .retain = MqttRetain::yes}});
  const auto first = home.read(reading(0, 1000, 1234.56789), at(0));
  REQUIRE(first.size() == 3);
  CHECK(first[0].topic.starts_with("homeassistant/device/"));
  CHECK(first[1] ==
        ToolMessage{.topic = "commonwatt/hh01/hh01-grid/availability", .payload = "online", .retain = MqttRetain::yes});
  CHECK(first[2].topic == "commonwatt/hh01/hh01-grid/state");
  CHECK(json::parse(first[2].payload) ==
        json{{"active_power", 1234.568}, {"energy_import", 1000}, {"time", to_text(at(0))}});
  const auto second = home.read(reading(10, 1001, 5), at(10));
  REQUIRE(second.size() == 1);
  CHECK(second[0].retain == MqttRetain::no);
}

TEST_CASE("a missing value is left out of the state") {
  HomeAssistantFeed home = feed();
  const auto messages = home.read(reading(0, 1000, std::nullopt), at(0));
  CHECK(json::parse(messages.back().payload) == json{{"energy_import", 1000}, {"time", to_text(at(0))}});
}

TEST_CASE("a value that comes later is announced, and one that is gone stays announced") {
  HomeAssistantFeed home = feed();
  home.read(reading(0, 1000, 1), at(0));
  ToolReading more = reading(10, 1000, 1);
  more.values = {{.quantity = charge, .number = 50}};
  const auto messages = home.read(more, at(10));
  const json components = json::parse(messages.at(0).payload)["components"];
  CHECK(components.size() == 3);
  CHECK(components.contains("battery_soc"));
}

TEST_CASE("a meter that is not read for too long is offline, once, and online with its next state") {
  HomeAssistantFeed home = feed();
  home.read(reading(0, 1000, 1), at(0));
  CHECK(home.passed(at(30)).empty());
  CHECK(home.passed(at(31)) ==
        std::vector<ToolMessage>{
            {.topic = "commonwatt/hh01/hh01-grid/availability", .payload = "offline", .retain = MqttRetain::yes}});
  CHECK(home.passed(at(32)).empty());
  // Home Assistant starts meanwhile: it is told the meter, and that it is offline, but no old state.
  const auto again = home.heard("homeassistant/status", as_bytes("online"), at(33));
  CHECK(of_topic(again, "commonwatt/hh01/hh01-grid/availability").payload == "offline");
  for (const ToolMessage& message : again) CHECK(message.topic != "commonwatt/hh01/hh01-grid/state");
  const auto back = home.read(reading(40, 1000, 1), at(40));
  CHECK(of_topic(back, "commonwatt/hh01/hh01-grid/availability").payload == "online");
}

TEST_CASE("when Home Assistant starts, everything is said again") {
  HomeAssistantFeed home = feed();
  CHECK(home.status_topic() == "homeassistant/status");
  home.read(reading(0, 1000, 1), at(0));
  const auto again = home.heard("homeassistant/status", as_bytes("online"), at(5));
  CHECK(again.size() == 4);
  CHECK(of_topic(again, "commonwatt/hh01/availability").payload == "online");
  CHECK(home.heard("homeassistant/status", as_bytes("offline"), at(5)).empty());
  CHECK(home.heard("elsewhere", as_bytes("online"), at(5)).empty());
}

TEST_CASE("a replaced meter takes the old one's place, under names of its own") {
  HomeAssistantFeed home = feed();
  const std::string old = home.read(reading(0, 1000, 1), at(0)).at(0).topic;
  ToolReading replaced = reading(10, 3, 1);
  replaced.device = device("18");
  const auto messages = home.read(replaced, at(10));
  REQUIRE(messages.size() == 4);
  CHECK(messages[0] == removal_message(old));
  CHECK(messages[0].payload.empty());
  CHECK(messages[0].retain == MqttRetain::yes);
  CHECK(messages[1].topic == "homeassistant/device/commonwatt_hh01_hh01-grid_18/config");
}

TEST_CASE("what an earlier run announced is removed when the meter or the form is no more") {
  HomeAssistantFeed before = feed(DiscoveryForm::entity);
  before.read(reading(0, 1000, 1), at(0));
  Announced announced = before.announced();
  CHECK(announced.at(*MeterId::from("hh01-grid")).size() == 2);
  announced[*MeterId::from("hh01-roof")] = {"homeassistant/device/roof/config"};

  HomeAssistantFeed after = feed(DiscoveryForm::device, announced);
  const auto hello = after.connected(0, at(0));
  REQUIRE(hello.size() == 3);
  CHECK(hello[1] == removal_message("homeassistant/device/roof/config"));
  CHECK(hello[2] == removal_message("commonwatt/hh01/hh01-roof/availability"));
  // The meter's own topics go when it is known how it is announced now, not while it does not answer.
  const auto first = after.read(reading(0, 1000, 1), at(0));
  REQUIRE(first.size() == 5);
  CHECK(first[0].payload.empty());
  CHECK(first[1].payload.empty());
  CHECK(first[2].topic.starts_with("homeassistant/device/"));
  CHECK(after.announced().size() == 1);
}

TEST_CASE("the goodbye is what the will says") {
  HomeAssistantFeed home = feed();
  CHECK(
      home.goodbye(at(0)) ==
      std::vector<ToolMessage>{{.topic = home.availability_topic(), .payload = "offline", .retain = MqttRetain::yes}});
}

}  // namespace
}  // namespace commonwatt
