#include <limits>
#include <random>

#include <doctest/doctest.h>

#include "controller/sparkplug_payload.hpp"

namespace commonwatt {
namespace {

Bytes hex(std::string_view digits) {
  const std::optional<Bytes> bytes = from_hex(digits);
  REQUIRE(bytes.has_value());
  return *bytes;
}

SparkplugPayload read(std::string_view digits) {
  const Result<SparkplugPayload, SparkplugError> payload = decode_sparkplug(hex(digits));
  REQUIRE_MESSAGE(payload.ok(), (payload.ok() ? "" : payload.error().what));
  return *payload;
}

std::string fault(std::string_view digits) {
  const Result<SparkplugPayload, SparkplugError> payload = decode_sparkplug(hex(digits));
  return payload ? "none" : std::to_string(payload.error().offset) + ": " + payload.error().what;
}

/// Written by the npm package sparkplug-payload 1.0.3 (encodePayload of spBv1.0).
constexpr std::string_view foreign =
    "08fb82b98ff932121d0a0d656e657267795f696d706f727418e482b98ff932200458959aef3a12320a0c6163746976655f706f77657218e4"
    "82b98ff932200a4a100a07656e67556e69741205080c4201576900000000004a93c012180a0b626174746572792f736f6318e482b98ff932"
    "200a3801121a0a144e6f646520436f6e74726f6c2f52656269727468200b7001120d0a016610ac022009650000003f120b0a0169200350fe"
    "ffffff0f120b0a017520075880d0acf30e12160a0174200c7a0f5769726b6c65697374756e6720c3bc12070a0164200d5800120b0a016220"
    "118201030102ff1807";

SparkplugPayload foreign_content() {
  constexpr std::uint64_t sampled = 1'750'500'000'100;
  SparkplugPayload payload{.timestamp = 1'750'500'000'123, .seq = 7};
  payload.metrics = {
      {.name = "energy_import", .timestamp = sampled, .datatype = 4, .value = std::uint64_t{123'456'789}},
      {.name = "active_power", .timestamp = sampled, .datatype = 10, .unit = "W", .value = -1234.5},
      {.name = "battery/soc", .timestamp = sampled, .datatype = 10, .is_null = true},
      {.name = "Node Control/Rebirth", .datatype = 11, .value = true},
      {.name = "f", .alias = 300, .datatype = 9, .value = 0.5F},
      {.name = "i", .datatype = 3, .value = static_cast<std::uint32_t>(-2)},
      {.name = "u", .datatype = 7, .value = std::uint64_t{4'000'000'000}},  // it writes every UInt32 as a long
      {.name = "t", .datatype = 12, .value = std::string("Wirkleistung \xc3\xbc")},
      {.name = "d", .datatype = 13, .value = std::uint64_t{0}},
      {.name = "b", .datatype = 17, .value = Bytes{1, 2, 255}},
  };
  return payload;
}

SparkplugMetric random_metric(std::mt19937_64& random) {
  const auto text = [&] { return std::string(random() % 20, static_cast<char>(random())); };
  const auto maybe = [&] { return random() % 2 == 0 ? std::nullopt : std::optional(random() >> (random() % 64)); };
  SparkplugMetric metric{.name = text(), .alias = maybe(), .timestamp = maybe(), .unit = text()};
  if (random() % 2 == 0) metric.datatype = static_cast<std::uint32_t>(random());
  metric.is_historical = random() % 2 == 0;
  metric.is_transient = random() % 2 == 0;
  metric.is_null = random() % 2 == 0;
  switch (random() % 8) {
    case 0:
      metric.value = static_cast<std::uint32_t>(random());
      break;
    case 1:
      metric.value = std::uint64_t{random()};
      break;
    case 2:
      metric.value = static_cast<float>(random()) * -0.25F;
      break;
    case 3:
      metric.value = static_cast<double>(random()) * -0.25;
      break;
    case 4:
      metric.value = random() % 2 == 0;
      break;
    case 5:
      metric.value = text();
      break;
    case 6:
      metric.value = Bytes(random() % 20, static_cast<std::uint8_t>(random()));
      break;
    default:
      break;
  }
  return metric;
}

TEST_CASE("what another implementation wrote is read") {
  CHECK(read(foreign) == foreign_content());
}

TEST_CASE("the same content is written in the same octets as by another implementation") {
  CHECK(to_hex(encode(foreign_content())) == foreign);
}

TEST_CASE("a death of another implementation, with the session as UInt64, is read") {
  const SparkplugPayload death = read("0801120b0a05626453657120085803");
  REQUIRE(death.metrics.size() == 1);
  CHECK(death.metrics[0].name == "bdSeq");
  CHECK(death.metrics[0].value == SparkplugValue{std::uint64_t{3}});
  CHECK_FALSE(death.seq.has_value());
}

TEST_CASE("a death written by hand") {
  // 12 0b: a metric of 11 octets; 0a 05: its name; 20 04: Int64; 58 05: long_value 5.
  const SparkplugPayload death{.metrics = {{.name = "bdSeq", .datatype = 4, .value = std::uint64_t{5}}}};
  CHECK(to_hex(encode(death)) == "120b0a05626453657120045805");
}

TEST_CASE("numbers at their ends survive") {
  SparkplugPayload payload{.timestamp = std::numeric_limits<std::uint64_t>::max(), .seq = 0};
  for (const SparkplugValue& value :
       {SparkplugValue{std::numeric_limits<std::uint64_t>::max()}, SparkplugValue{std::uint32_t{0}},
        SparkplugValue{std::numeric_limits<double>::infinity()}, SparkplugValue{-0.0}, SparkplugValue{false}}) {
    payload.metrics.push_back({.name = "x", .value = value});
  }
  const auto again = decode_sparkplug(encode(payload));
  REQUIRE(again.ok());
  CHECK(*again == payload);
}

TEST_CASE("whatever is written is read back the same") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 500; ++i) {
    SparkplugPayload payload{.uuid = std::string(random() % 4, 'u'), .body = Bytes(random() % 4, 9)};
    if (random() % 2 == 0) payload.timestamp = random();
    if (random() % 2 == 0) payload.seq = random() % 256;
    for (std::size_t n = random() % 10; n > 0; --n) payload.metrics.push_back(random_metric(random));
    const auto again = decode_sparkplug(encode(payload));
    REQUIRE(again.ok());
    REQUIRE(*again == payload);
  }
}

TEST_CASE("every payload that is cut short is refused, or is a whole one of fewer fields") {
  const Bytes whole = hex(foreign);
  std::size_t read_as_whole = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto payload = decode_sparkplug(ByteView(whole).first(size));
    if (!payload) {
      CHECK(payload.error().offset <= size);
      continue;
    }
    ++read_as_whole;
    CHECK(encode(*payload).size() == size);
  }
  CHECK(read_as_whole == 12);  // nothing, the timestamp, and after each of the ten metrics
}

TEST_CASE("what cannot be is refused, and where it stands is said") {
  CHECK(fault("08") == "1: a number that does not end");
  CHECK(fault("08ffffffffffffffffff02") == "10: a number that does not end");
  CHECK(fault("0005") == "1: a field number that cannot be");
  CHECK(fault("1205") == "2: a length beyond the end");
  CHECK(fault("12ffffffffffffffffff01") == "11: a length beyond the end");
  CHECK(fault("0b") == "1: a group or an unknown wire type");
  CHECK(fault("0c") == "1: a group or an unknown wire type");
  CHECK(fault("0f") == "1: a group or an unknown wire type");
  CHECK(fault("0a00") == "0: a field of another wire type than the schema's");
  CHECK(fault("1000") == "0: a field of another wire type than the schema's");
  CHECK(fault("12025801") == "none");
  CHECK(fault("12025a00") == "2: a field of another wire type than the schema's");
  CHECK(fault("1203650000") == "3: a number beyond the end");
  CHECK(fault("120e4a0c0a07656e67556e697412010a") == "16: a length that does not end");
}

TEST_CASE("unknown fields, data sets and templates are skipped, and the last of two values counts") {
  CHECK(read("f80101").metrics.empty());
  CHECK(read("12068a01000a0161").metrics.at(0).name == "a");
  CHECK(read("12045001500a").metrics.at(0).value == SparkplugValue{std::uint32_t{10}});
  CHECK(read("1205500158ac02").metrics.at(0).value == SparkplugValue{std::uint64_t{300}});
}

TEST_CASE("a negative 32-bit number in ten octets is taken as its low half") {
  CHECK(read("120b50feffffffffffffffff01").metrics.at(0).value == SparkplugValue{static_cast<std::uint32_t>(-2)});
}

TEST_CASE("the unit is found among other properties by the order of its key") {
  // keys: "a", "engUnit"; values: (Int32 1), (String "V").
  CHECK(read("121b4a190a01610a07656e67556e69741204080318011205080c420156").metrics.at(0).unit == "V");
  // A key without a value is no unit.
  CHECK(read("120b4a090a07656e67556e6974").metrics.at(0).unit.empty());
}

TEST_CASE("too many metrics are refused") {
  SparkplugPayload payload;
  payload.metrics.resize(sparkplug_metrics_max);
  CHECK(decode_sparkplug(encode(payload)).ok());
  payload.metrics.emplace_back();
  const auto refused = decode_sparkplug(encode(payload));
  REQUIRE_FALSE(refused.ok());
  CHECK(std::string(refused.error().what) == "too many metrics");
}

}  // namespace
}  // namespace commonwatt
