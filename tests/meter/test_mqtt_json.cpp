// What a payload decodes to, exactly, and what is refused or missing instead.
#include <random>

#include <doctest/doctest.h>

#include "meter/mqtt_json.hpp"
#include "tests/meter/mqtt_sample.hpp"

using namespace commonwatt;
using namespace commonwatt::test;

namespace {

MqttDecoded decoded(std::string_view payload, std::size_t topic = 1) {
  static const MqttProfile profile = parsed_sample();
  Result<MqttDecoded, TelegramError> result = decode_mqtt_json(profile, topic, payload);
  INFO((result ? "" : to_text(result.error())));
  REQUIRE(result);
  return std::move(*result);
}

std::string refusal(std::string_view payload) {
  const Result<MqttDecoded, TelegramError> result = decode_mqtt_json(parsed_sample(), 1, payload);
  return result ? "" : to_text(result.error());
}

MeasuredValue value(std::string_view payload, std::string_view name, std::size_t topic = 1) {
  const MqttDecoded all = decoded(payload, topic);
  for (const MeasuredValue& one : all.values) {
    if (to_text(one.quantity) == name) return one;
  }
  FAIL("no such value");
  return {};
}

std::int64_t import_wh(std::string_view number) {
  const MeasuredValue import = value("{\"all\":" + std::string(number) + "}", "energy_import");
  return import.energy ? import.energy->count : -1;
}

}  // namespace

TEST_CASE("an energy is exact: its digits never pass a double") {
  CHECK(import_wh("1290.396") == 1290396);
  CHECK(import_wh("0.0019999") == 1);
  CHECK(import_wh("9007199254740.993") == 9007199254740993);  // 2^53 + 1
  CHECK(import_wh("2043.1047000000001") == 2043104);
  CHECK(import_wh("1.2903960000000000000000001") == 1290);
  CHECK(import_wh("12") == 12000);
  CHECK(import_wh("1.5e3") == 1500000);
  CHECK(import_wh("15E+2") == 1500000);
  CHECK(import_wh("15000e-1") == 1500000);
  CHECK(import_wh("0e99") == -1);
  CHECK(import_wh("-0.0") == 0);
}

TEST_CASE("an energy beyond all bounds is missing, not wrapped") {
  for (const char* number : {"9223372036854775807", "18446744073709551615", "1e17", "1e-99", "123456789012345678901",
                             "99999999999999999999999.5"}) {
    INFO(number);
    CHECK(import_wh(number) == -1);
  }
}

TEST_CASE("random decimals of up to three places are the whole Wh they say") {
  const std::uint64_t seed = std::random_device{}();
  INFO("seed ", seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 2000; ++i) {
    const auto wh = static_cast<std::int64_t>(random() >> (10 + random() % 40));
    const std::string thousandths = std::to_string(1000 + wh % 1000).substr(1);
    CHECK(import_wh(std::to_string(wh / 1000) + "." + thousandths) == wh);
  }
}

TEST_CASE("null, texts, booleans and what is not there are missing, never zero") {
  const auto reason = [](std::string_view payload) {
    const MeasuredValue import = value(payload, "energy_import");
    CHECK(import.quality == Quality::missing);
    CHECK_FALSE(import.value);
    CHECK_FALSE(import.energy);
    return import.reason;
  };
  CHECK(reason("{\"all\":null}") == "'/all' is null");
  CHECK(reason("{\"all\":\"12\"}") == "'/all' is no number");
  CHECK(reason("{\"all\":true}") == "'/all' is no number");
  CHECK(reason("{\"all\":[12]}") == "'/all' is no number");
  CHECK(reason("{}") == "the message has no '/all'");
  CHECK(reason("[1,2]") == "the message has no '/all'");
  CHECK(reason("{\"all\":-1}") == "a register of energy is never negative");
  CHECK(reason("{\"all\":1,\"back\":2}") == "a register of energy is never negative");
  CHECK(reason("{\"all\":1,\"back\":null}") == "'/back' is null");
}

TEST_CASE("what a device need not have is left out, and a term of it is nothing") {
  const MqttDecoded without = decoded("{\"all\":3.5}");
  REQUIRE(without.values.size() == 1);
  CHECK(without.values[0].energy == Energy{3500});
  const MqttDecoded with = decoded("{\"all\":3.5,\"back\":1.25}");
  REQUIRE(with.values.size() == 2);
  CHECK(with.values[0].energy == Energy{2250});
  CHECK(with.values[0].quantum == 1);
  CHECK(with.values[1].energy == Energy{1250});
}

TEST_CASE("powers take the sign and the unit of the profile, arrays are reached by index") {
  CHECK(value("{\"p\":0.25,\"u\":[229.5,1]}", "active_power", 0).value == -250.0);
  CHECK(value("{\"p\":0.25,\"u\":[229.5,1]}", "voltage", 0).value == 229.5);
  CHECK(value("{\"p\":-1.5e-2,\"u\":[[1],229.5]}", "active_power", 0).value == 15.0);
  CHECK(value("{\"p\":1,\"u\":[[1],229.5]}", "voltage", 0).quality == Quality::missing);
}

TEST_CASE("a payload that may be read in two ways is refused as a whole") {
  CHECK(refusal("{\"all\":1,\"all\":2}") == "a key is there twice (/all)");
  CHECK(refusal("{\"a\":{\"b\":1,\"b\":1},\"all\":1}") == "a key is there twice (/a/b)");
  CHECK(refusal("{\"a\":{\"b\":1},\"c\":{\"b\":1},\"all\":1}").empty());
  CHECK(refusal("").starts_with("no JSON"));
  CHECK(refusal("{\"all\":1").starts_with("no JSON"));
  CHECK(refusal("{\"all\":1}x").starts_with("no JSON"));
  CHECK(refusal("{\"all\":nan}").starts_with("no JSON"));
  CHECK(refusal("{\"all\":01}").starts_with("no JSON"));
  CHECK(refusal("{\"all\":1,}").starts_with("no JSON"));
  CHECK(refusal("{\"all\":1e999}").starts_with("no JSON"));
  CHECK(refusal("{\"\xff\":1}").starts_with("no JSON"));
}

TEST_CASE("payloads are bounded in length and depth") {
  CHECK(refusal("{\"all\":1}" + std::string(mqtt_json_max - 9, ' ')).empty());
  CHECK(refusal("{\"all\":1}" + std::string(mqtt_json_max - 8, ' ')) == "a payload that is too long (65537 octets)");
  CHECK(refusal(std::string(mqtt_json_depth_max, '[') + std::string(mqtt_json_depth_max, ']')).empty());
  CHECK(refusal(std::string(mqtt_json_depth_max + 1, '[')).starts_with("JSON that is nested too deeply"));
  CHECK(refusal(std::string(mqtt_json_max, '[')).starts_with("JSON that is nested too deeply"));
}

TEST_CASE("keys with a slash or a tilde are reached as RFC 6901 writes them") {
  const MqttProfile profile = parsed_sample(changed_sample({{"\"/u/0\"", "\"/a~1b/c~0d\""}}));
  const auto result = decode_mqtt_json(profile, 0, "{\"p\":1,\"a/b\":{\"c~d\":7},\"a\":{\"b\":{\"c~d\":8}}}");
  REQUIRE(result);
  CHECK(result->values[1].value == 7.0);
  CHECK(is_json_pointer(""));
  CHECK(is_json_pointer("/a~0/~1"));
  CHECK_FALSE(is_json_pointer("a"));
  CHECK_FALSE(is_json_pointer("/a~"));
  CHECK_FALSE(is_json_pointer("/a~2"));
}

TEST_CASE("a serial number is a short text or a whole number") {
  CHECK(decoded("{\"all\":1,\"sn\":\"A1\"}").serial == "A1");
  CHECK(decoded("{\"all\":1,\"sn\":4711}").serial == "4711");
  CHECK(decoded("{\"all\":1,\"sn\":\"A 1\"}").serial.empty());
  CHECK(decoded("{\"all\":1,\"sn\":\"" + std::string(65, 'a') + "\"}").serial.empty());
  CHECK(decoded("{\"all\":1,\"sn\":null}").serial.empty());
}

TEST_CASE("only the one word means that a device is there") {
  const MqttAvailability bare{.topic = "t", .at = "", .online = "true"};
  CHECK(says_online(bare, "true"));
  CHECK_FALSE(says_online(bare, "false"));
  CHECK_FALSE(says_online(bare, ""));
  const MqttAvailability object{.topic = "t", .at = "/state", .online = "online"};
  CHECK(says_online(object, "{\"state\":\"online\"}"));
  CHECK_FALSE(says_online(object, "{\"state\":\"offline\"}"));
  CHECK_FALSE(says_online(object, "online"));
}
