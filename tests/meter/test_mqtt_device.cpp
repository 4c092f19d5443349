// A device that speaks on several topics, each in its own time: what is good, stale, missing or gone.
#include <deque>

#include <doctest/doctest.h>

#include "meter/device.hpp"
#include "meter/mqtt_device.hpp"
#include "tests/meter/frozen_clock.hpp"
#include "tests/meter/mqtt_sample.hpp"

using namespace commonwatt;
using namespace commonwatt::test;
using std::chrono::seconds;

namespace {

constexpr UtcTime start = UtcTime::from_seconds(1'700'000'000);

/// What a test makes a device hear.
struct Script {
  std::deque<MqttArrival> messages;
  std::optional<MeterError> fault;
  MessageRequest request;
  seconds machine{100};
};

class ScriptedMessages : public MessageSource {
 public:
  explicit ScriptedMessages(Script& script) : script_(script) {}
  Result<std::optional<MqttArrival>, MeterError> receive(std::chrono::nanoseconds deadline) override {
    if (script_.fault) return Fail{*std::exchange(script_.fault, std::nullopt)};
    if (script_.messages.empty()) {
      script_.machine = std::max(script_.machine, std::chrono::duration_cast<seconds>(deadline));
      return std::optional<MqttArrival>();
    }
    std::optional<MqttArrival> next = std::move(script_.messages.front());
    script_.messages.pop_front();
    return next;
  }

 private:
  Script& script_;
};

MqttArrival said(std::string topic, std::string_view payload, bool is_kept = false) {
  const ByteView octets = as_bytes(payload);
  return {std::move(topic), Bytes(octets.begin(), octets.end()), is_kept};
}
MqttArrival power(std::string_view payload = "{\"p\":-1}") {
  return said("cellar/power", payload);
}
MqttArrival energy(std::string_view payload = "{\"all\":3,\"back\":1,\"sn\":\"A1\"}") {
  return said("cellar/energy/2", payload);
}

MeterDevice device_of(Script& script, const std::string& serial = "") {
  DeviceConfig config{.url = "mqtt://127.0.0.1/cellar?channel=2", .serial = serial};
  const auto url = parse_device_url(config.url);
  REQUIRE(url);
  DevicePlan plan{.config = config, .url = *url, .profile = nullptr, .timing = {}};
  plan.mqtt_profile = std::make_shared<const MqttProfile>(parsed_sample());
  plan.timing.response_timeout = seconds{60};
  plan.open_messages = [&script](const MessageRequest& request) -> Result<std::unique_ptr<MessageSource>, MeterError> {
    script.request = request;
    return std::unique_ptr<MessageSource>(std::make_unique<ScriptedMessages>(script));
  };
  return MeterDevice(plan, nullptr, [&script] { return script.machine; });
}

const MeasuredValue& find(const DeviceReading& reading, std::string_view name) {
  const MeasuredValue* const value = reading.find(*quantity_from_text(name));
  REQUIRE(value != nullptr);
  return *value;
}

}  // namespace

TEST_CASE("a reading is put together from all topics, each value with its own time") {
  MqttDevice device(std::make_shared<const MqttProfile>(parsed_sample()), {"cellar", 2});
  CHECK(device.topics() == std::vector<std::string>{"cellar/power", "cellar/energy/2", "cellar/online"});
  CHECK(device.take(power(), {start, seconds{0}}).value());
  CHECK_FALSE(device.is_complete());
  CHECK(find(device.reading(seconds{0}), "energy_import").reason == "nothing was heard on cellar/energy/2");
  CHECK(device.take(energy(), {start + seconds{5}, seconds{5}}).value());
  CHECK(device.is_complete());
  const DeviceReading reading = device.reading(seconds{5});
  CHECK(find(reading, "active_power").time == start);
  CHECK(find(reading, "energy_import").time == start + seconds{5});
  CHECK(reading.time == start + seconds{5});
  CHECK(reading.quality == Quality::good);
  CHECK(reading.energy_import() == Energy{2000});
  CHECK(reading.energy_export() == Energy{1000});
  CHECK(reading.power_w() == 1000.0);
  CHECK(reading.raw.size() == 2);
  CHECK(device.serial() == "A1");
}

TEST_CASE("a topic that falls silent makes its values stale and leaves the others good") {
  MqttDevice device(std::make_shared<const MqttProfile>(parsed_sample()), {"cellar", 2});
  REQUIRE(device.take(energy(), {start, seconds{0}}).value());
  REQUIRE(device.take(power(), {start + seconds{61}, seconds{61}}).value());
  CHECK(device.reading(seconds{60}).quality == Quality::good);
  const DeviceReading reading = device.reading(seconds{61});
  CHECK(find(reading, "active_power").quality == Quality::good);
  CHECK(find(reading, "energy_import").quality == Quality::stale);
  CHECK(find(reading, "energy_import").reason == "nothing was heard on cellar/energy/2 for 61 s");
  CHECK(reading.quality == Quality::stale);
}

TEST_CASE("what the broker kept is stale, brings nothing new, and never replaces what was heard") {
  MqttDevice device(std::make_shared<const MqttProfile>(parsed_sample()), {"cellar", 2});
  CHECK_FALSE(device.take(said("cellar/energy/2", "{\"all\":3}", true), {start, seconds{0}}).value());
  CHECK_FALSE(device.is_complete());
  CHECK(find(device.reading(seconds{0}), "energy_import").quality == Quality::stale);
  REQUIRE(device.take(energy("{\"all\":4}"), {start, seconds{0}}).value());
  CHECK_FALSE(device.take(said("cellar/energy/2", "{\"all\":3}", true), {start, seconds{0}}).value());
  CHECK(device.reading(seconds{0}).energy_import() == Energy{4000});
}

TEST_CASE("a register that a device had and says no longer is missing, not absent") {
  MqttDevice device(std::make_shared<const MqttProfile>(parsed_sample()), {"cellar", 2});
  REQUIRE(device.take(energy(), {start, seconds{0}}).value());
  REQUIRE(device.take(energy("{\"all\":4}"), {start, seconds{1}}).value());
  CHECK(find(device.reading(seconds{1}), "energy_export").reason == "the message has it no longer");
}

TEST_CASE("a device that says good-bye is forgotten until it speaks again") {
  MqttDevice device(std::make_shared<const MqttProfile>(parsed_sample()), {"cellar", 2});
  REQUIRE(device.take(energy(), {start, seconds{0}}).value());
  CHECK_FALSE(device.take(said("cellar/online", "{\"state\":\"no\"}", true), {start, seconds{0}}).value());
  CHECK_FALSE(device.is_online());
  CHECK(find(device.reading(seconds{0}), "energy_import").quality == Quality::missing);
  CHECK(device.take(power(), {start, seconds{0}}).value());
  CHECK(device.is_online());
  CHECK_FALSE(device.take(said("cellar/other", "x"), {start, seconds{0}}).value());
}

TEST_CASE("reading everything waits for all topics, reading energy for the next message") {
  Script script;
  const FrozenClock clock(start);
  MeterDevice device = device_of(script);
  script.messages = {power()};
  const auto first = device.read(clock, Wanted::energy);
  REQUIRE(first);
  CHECK(script.request.topics.size() == 3);
  CHECK(find(*first, "energy_import").quality == Quality::missing);
  CHECK_FALSE(device.identity());
  script.messages = {power("{\"p\":-2}"), energy()};
  const auto second = device.read(clock, Wanted::everything);
  REQUIRE(second);
  CHECK(second->power_w() == 2000.0);
  CHECK(second->energy_import() == Energy{2000});
  CHECK(device.identity() == DeviceIdentity{"Acme", "M1", "A1"});
}

TEST_CASE("silence, a lost broker and a broken message are faults, and the next message ends them") {
  Script script;
  const FrozenClock clock(start);
  MeterDevice device = device_of(script);
  const auto silent = device.read(clock);
  REQUIRE_FALSE(silent);
  CHECK(to_text(silent.error()) == "no answer in time: no message under cellar/power");
  CHECK(script.machine == seconds{160});
  CHECK(device.read(clock).error().fault == MeterFault::backing_off);
  script.machine += seconds{10};
  script.fault = MeterError{MeterFault::connection_lost, "to the broker"};
  CHECK(device.read(clock).error().fault == MeterFault::connection_lost);
  script.machine += seconds{10};
  script.messages = {energy("{\"all\":"), energy()};
  CHECK(to_text(device.read(clock).error()) == "a broken telegram: cellar/energy/2: no JSON (octet 8)");
  script.machine += seconds{10};
  CHECK(device.read(clock).ok());
  script.messages = {said("cellar/online", "{\"state\":\"no\"}")};
  CHECK(device.read(clock).error().fault == MeterFault::absent);
}

TEST_CASE("another serial number is another device") {
  Script script;
  const FrozenClock clock(start);
  MeterDevice device = device_of(script);
  script.messages = {energy()};
  REQUIRE(device.read(clock));
  script.messages = {energy("{\"all\":9,\"sn\":\"B2\"}")};
  CHECK(device.read(clock).error().fault == MeterFault::identity_changed);
  MeterDevice strict = device_of(script, "A1");
  script.messages = {power()};
  CHECK(strict.read(clock).error().fault == MeterFault::identity_changed);
  script.machine += seconds{10};
  script.messages = {energy()};
  CHECK(strict.read(clock).ok());
}

TEST_CASE("an MQTT device needs a profile of its kind and somebody who listens") {
  const OpenMessages nobody = [](const MessageRequest&) -> Result<std::unique_ptr<MessageSource>, MeterError> {
    return Fail{MeterError{}};
  };
  const ProfileLibrary library({});
  const auto plan = plan_device({.url = "mqtt://h/a", .profile = "shelly-pro-3em"}, library, nobody);
  REQUIRE(plan);
  CHECK(plan->timing.response_timeout == seconds{150});
  CHECK_FALSE(plan_device({.url = "mqtt://h/a", .profile = "shelly-pro-3em"}, library));
  CHECK_FALSE(plan_device({.url = "mqtt://h/a"}, library, nobody));
  CHECK_FALSE(plan_device({.url = "mqtt://h/a", .profile = "abb-b23"}, library, nobody));
}

TEST_CASE("an MQTT URL names a broker and a device there") {
  const auto plain = parse_device_url("mqtt://192.0.2.7/shellies/cellar");
  REQUIRE(plain);
  CHECK(std::get<TcpAddress>(plain->line).port == 1883);
  CHECK(plain->mqtt.name == MqttName{"shellies/cellar", 0});
  CHECK(line_name(*plain) == "192.0.2.7:1883/shellies/cellar:0");
  const auto secure =
      parse_device_url("mqtts://h:99/Living%20room?channel=1&user=me&password_file=/etc/secret&ca=/etc/ca.pem");
  REQUIRE(secure);
  CHECK(std::get<TcpAddress>(secure->line).port == 99);
  CHECK(std::get<TcpAddress>(secure->line).tls->ca == "/etc/ca.pem");
  CHECK(secure->mqtt.name == MqttName{"Living room", 1});
  CHECK(secure->mqtt.user == "me");
  for (const char* text :
       {"mqtt://h", "mqtt://h/", "mqtt:///a", "mqtt://h/a/", "mqtt://h/a+", "mqtt://h/%23", "mqtt://h/%0a",
        "mqtt://h/%2", "mqtt://h/a?unit=1", "mqtt://h/a?channel=10", "mqtt://h/a?ca=/c", "mqtts://h/a",
        "mqtts://h/a?ca=/c&cert=/d", "mqtt://h/a?password_file=/p", "mqtt://h/a?user=u&password_file=p"}) {
    INFO(text);
    CHECK_FALSE(parse_device_url(text));
  }
}
