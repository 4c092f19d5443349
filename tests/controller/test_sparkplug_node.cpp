#include <doctest/doctest.h>

#include "controller/sparkplug_node.hpp"

namespace commonwatt {
namespace {

constexpr MeasuredQuantity energy{.measurand = Measurand::energy_import};
constexpr MeasuredQuantity power{.measurand = Measurand::active_power};
constexpr MeasuredQuantity charge{.part = DevicePart::battery, .measurand = Measurand::soc};

UtcTime at(std::int64_t seconds) {
  return UtcTime::from_seconds(1'750'500'000 + seconds);
}
std::uint64_t ms(std::int64_t seconds) {
  return static_cast<std::uint64_t>(1'750'500'000 + seconds) * 1000;
}

ToolReading reading(const char* meter, std::int64_t seconds, std::int64_t wh, double watts) {
  return {
      .device = {.meter = *MeterId::from(meter), .maker = "Eastron", .model = "SDM630", .serial = "17", .version = {}},
      .time = at(seconds),
      .values = {{.quantity = energy, .count = wh}, {.quantity = power, .number = watts}}};
}

SparkplugOptions options() {
  return {.group = "street", .node = "hh01", .lost_after = std::chrono::seconds(30)};
}

/// "DBIRTH/hh01/grid": what follows the group.
std::string short_topic(const ToolMessage& message) {
  const std::string prefix = "spBv1.0/street/";
  REQUIRE(message.topic.starts_with(prefix));
  return message.topic.substr(prefix.size());
}

std::vector<std::string> topics(const std::vector<ToolMessage>& messages) {
  std::vector<std::string> result;
  for (const ToolMessage& message : messages) result.push_back(short_topic(message));
  return result;
}

SparkplugPayload payload(const ToolMessage& message) {
  const auto decoded = decode_sparkplug(as_bytes(message.payload));
  REQUIRE(decoded.ok());
  return *decoded;
}

SparkplugMetric metric(const ToolMessage& message, const std::string& name) {
  for (const SparkplugMetric& metric : payload(message).metrics) {
    if (metric.name == name) return metric;
  }
  FAIL("no metric ", name);
  return {};
}

Bytes command(const SparkplugValue& value, std::string name = "Node Control/Rebirth") {
  return encode({.timestamp = ms(0), .metrics = {{.name = std::move(name), .value = value}}});
}

TEST_CASE("a birth says the session, that it can be asked for again, and begins to count") {
  SparkplugNode node(options());
  const auto messages = node.connected(7, at(0));
  REQUIRE(topics(messages) == std::vector<std::string>{"NBIRTH/hh01"});
  CHECK(messages[0].delivery == MqttDelivery::at_most_once);
  CHECK(messages[0].retain == MqttRetain::no);
  CHECK(payload(messages[0]).seq == 0);
  CHECK(payload(messages[0]).timestamp == ms(0));
  CHECK(metric(messages[0], "bdSeq").value == SparkplugValue{std::uint64_t{7}});
  CHECK(metric(messages[0], "bdSeq").datatype == 4);
  CHECK(metric(messages[0], "Node Control/Rebirth").value == SparkplugValue{false});
  CHECK(metric(messages[0], "Node Control/Rebirth").datatype == 11);
}

TEST_CASE("the death of a session names it and nothing else, and is delivered at least once") {
  const ToolMessage death = node_death(options(), 7);
  CHECK(short_topic(death) == "NDEATH/hh01");
  CHECK(death.delivery == MqttDelivery::at_least_once);
  CHECK(death.retain == MqttRetain::no);
  CHECK(payload(death) == SparkplugPayload{.metrics = {{.name = "bdSeq", .datatype = 4, .value = std::uint64_t{7}}}});
  SparkplugNode node(options());
  node.connected(7, at(0));
  CHECK(node.goodbye(at(5)) == std::vector<ToolMessage>{death});
}

TEST_CASE("sessions are counted from 255 to 0") {
  CHECK(next_session(0) == 1);
  CHECK(next_session(254) == 255);
  CHECK(next_session(255) == 0);
}

TEST_CASE("a meter is born with all its values, their units and what it is, and then tells what has changed") {
  SparkplugNode node(options());
  node.connected(0, at(0));
  ToolReading first = reading("grid", 10, 1000, 250.5);
  first.values.push_back({.quantity = charge});
  const auto birth = node.read(first, at(11));
  REQUIRE(topics(birth) == std::vector<std::string>{"DBIRTH/hh01/grid"});
  CHECK(payload(birth[0]).seq == 1);
  CHECK(payload(birth[0]).timestamp == ms(11));
  CHECK(metric(birth[0], "Properties/Maker").value == SparkplugValue{std::string("Eastron")});
  CHECK(metric(birth[0], "Properties/Serial").datatype == 12);
  CHECK(metric(birth[0], "energy_import") ==
        SparkplugMetric{
            .name = "energy_import", .timestamp = ms(10), .datatype = 4, .unit = "Wh", .value = std::uint64_t{1000}});
  CHECK(metric(birth[0], "active_power").value == SparkplugValue{250.5});
  // Missing is null, never zero.
  CHECK(metric(birth[0], "battery/soc").is_null);
  CHECK(metric(birth[0], "battery/soc").value == SparkplugValue{});
  CHECK(metric(birth[0], "battery/soc").datatype == 10);

  ToolReading second = reading("grid", 20, 1000, 300);
  second.values.push_back({.quantity = charge});
  const auto data = node.read(second, at(20));
  REQUIRE(topics(data) == std::vector<std::string>{"DDATA/hh01/grid"});
  CHECK(payload(data[0]).seq == 2);
  REQUIRE(payload(data[0]).metrics.size() == 1);
  CHECK(metric(data[0], "active_power").timestamp == ms(20));
  CHECK(metric(data[0], "active_power").unit.empty());
  CHECK(node.read(second, at(21)).empty());
}

TEST_CASE("a value that goes missing is told as null, and a new one leads to a new birth") {
  SparkplugNode node(options());
  node.connected(0, at(0));
  node.read(reading("grid", 0, 1000, 1), at(0));
  ToolReading without = reading("grid", 10, 1000, 1);
  without.values[1].number.reset();
  const auto data = node.read(without, at(10));
  REQUIRE(topics(data) == std::vector<std::string>{"DDATA/hh01/grid"});
  CHECK(metric(data[0], "active_power").is_null);
  ToolReading more = reading("grid", 20, 1000, 1);
  more.values.push_back({.quantity = charge, .number = 50});
  CHECK(topics(node.read(more, at(20))) == std::vector<std::string>{"DBIRTH/hh01/grid"});
}

TEST_CASE("a replaced meter is born anew, without what only the old one had") {
  SparkplugNode node(options());
  node.connected(0, at(0));
  ToolReading old = reading("grid", 0, 1000, 1);
  old.values.push_back({.quantity = charge, .number = 50});
  node.read(old, at(0));
  ToolReading replaced = reading("grid", 10, 3, 1);
  replaced.device.serial = "18";
  const auto birth = node.read(replaced, at(10));
  REQUIRE(topics(birth) == std::vector<std::string>{"DBIRTH/hh01/grid"});
  CHECK(metric(birth[0], "Properties/Serial").value == SparkplugValue{std::string("18")});
  CHECK(metric(birth[0], "energy_import").value == SparkplugValue{std::uint64_t{3}});
  for (const SparkplugMetric& one : payload(birth[0]).metrics) CHECK(one.name != "battery/soc");
}

TEST_CASE("a meter that is not read for too long dies once, and is born when it answers again") {
  SparkplugNode node(options());
  node.connected(0, at(0));
  node.read(reading("grid", 0, 1000, 1), at(0));
  node.read(reading("roof", 0, 5, -2), at(0));
  CHECK(node.passed(at(30)).empty());
  node.read(reading("roof", 30, 6, -3), at(30));
  const auto death = node.passed(at(31));
  REQUIRE(topics(death) == std::vector<std::string>{"DDEATH/hh01/grid"});
  CHECK(payload(death[0]).metrics.empty());
  CHECK(payload(death[0]).seq == 4);
  CHECK(payload(death[0]).timestamp == ms(31));
  CHECK(node.passed(at(32)).empty());
  // The dead one has no part in a birth.
  CHECK(topics(node.connected(1, at(33))) == std::vector<std::string>{"NBIRTH/hh01", "DBIRTH/hh01/roof"});
  CHECK(topics(node.read(reading("grid", 40, 1000, 1), at(40))) == std::vector<std::string>{"DBIRTH/hh01/grid"});
}

TEST_CASE("a rebirth says everything again in the same session") {
  SparkplugNode node(options());
  node.connected(9, at(0));
  node.read(reading("grid", 0, 1000, 1), at(0));
  CHECK(node.command_topic() == "spBv1.0/street/NCMD/hh01");
  const auto births = node.heard(node.command_topic(), command(true), at(5));
  REQUIRE(topics(births) == std::vector<std::string>{"NBIRTH/hh01", "DBIRTH/hh01/grid"});
  CHECK(metric(births[0], "bdSeq").value == SparkplugValue{std::uint64_t{9}});
  CHECK(payload(births[0]).seq == 0);
  CHECK(payload(births[1]).seq == 1);
  CHECK(metric(births[1], "energy_import").timestamp == ms(0));
  // As other implementations write the flag.
  CHECK(node.heard(node.command_topic(), command(std::uint32_t{1}), at(5)).size() == 2);
  CHECK(node.heard(node.command_topic(), command(std::uint64_t{1}), at(5)).size() == 2);
}

TEST_CASE("other commands, and what is no command, change nothing") {
  SparkplugNode node(options());
  node.connected(0, at(0));
  CHECK(node.heard(node.command_topic(), command(false), at(1)).empty());
  CHECK(node.heard(node.command_topic(), command(true, "Node Control/Reboot"), at(1)).empty());
  CHECK(node.heard(node.command_topic(), as_bytes("{\"rebirth\":true}"), at(1)).empty());
  CHECK(node.heard(node.command_topic(), {}, at(1)).empty());
  CHECK(node.heard("spBv1.0/street/NCMD/hh02", command(true), at(1)).empty());
}

TEST_CASE("the sequence runs over all meters and from 255 to 0") {
  SparkplugNode node(options());
  node.connected(0, at(0));
  std::uint64_t expected = 0;
  for (int i = 0; i < 600; ++i) {
    const auto messages = node.read(reading(i % 2 == 0 ? "grid" : "roof", i, i, i), at(i));
    REQUIRE(messages.size() == 1);
    expected = (expected + 1) % 256;
    REQUIRE(payload(messages[0]).seq == expected);
  }
}

TEST_CASE("a negative counter keeps its sign in 64 bits") {
  SparkplugNode node(options());
  node.connected(0, at(0));
  const auto birth = node.read(reading("grid", 0, -1, 1), at(0));
  CHECK(metric(birth.at(0), "energy_import").value == SparkplugValue{~std::uint64_t{0}});
}

}  // namespace
}  // namespace commonwatt
