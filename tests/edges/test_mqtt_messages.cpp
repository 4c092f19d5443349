// MQTT meters through a real broker: what they publish is read, and their silence is noticed.
#include <doctest/doctest.h>

#include "controller/mqtt_bus.hpp"
#include "controller/mqtt_messages.hpp"
#include "controller/system_clock.hpp"
#include "meter/device.hpp"
#include "tests/edges/edge_fixture.hpp"

using namespace commonwatt;
using namespace commonwatt::test;
using std::chrono::milliseconds;

namespace {

constexpr const char* power_message =
    R"({"id":0,"a_current":1.2,"a_voltage":231.4,"a_act_power":-410.3,"a_aprt_power":578.5,"b_current":1.1,)"
    R"("b_voltage":230.9,"b_act_power":250.1,"b_aprt_power":254,"c_current":0.4,"c_voltage":232,"c_act_power":60,)"
    R"("c_aprt_power":92.8,"n_current":null,"total_current":4,"total_act_power":-100.2,"total_aprt_power":925.3})";
constexpr const char* energy_message =
    R"({"id":0,"a_total_act_energy":1050.75,"a_total_act_ret_energy":310.2,"b_total_act_energy":500,)"
    R"("b_total_act_ret_energy":0,"c_total_act_energy":20.99,"c_total_act_ret_energy":0,"total_act":1571.74,)"
    R"("total_act_ret":310.2})";

/// A broker, a client that speaks as the meter does, and the URL under which the meter is read. The broker lets a
/// client do what its certificate's name allows, so that everything lies below that name.
struct House {
  House() {
    broker.start();
    MqttOptions options{.broker = broker.uri(),
                        .ca_file = authority.ca_file(),
                        .certificate_file = certificate.certificate,
                        .key_file = certificate.key,
                        .client_id = "meter",
                        .subscriptions = {}};
    MqttHandlers handlers{.on_message = [](const std::string&, const Bytes&) {},
                          .on_connection = [](bool) {},
                          .on_refused = [](const std::string&, int) {}};
    auto started = MqttBus::start(std::move(options), std::move(handlers));
    REQUIRE(started.ok());
    meter = std::move(started).value();
    REQUIRE(eventually([this] { return meter->connected(); }));
  }
  void say(const std::string& topic, const std::string& text, MqttRetain retain = MqttRetain::no) const {
    REQUIRE(meter->publish("cw/v1/market/cellar/" + topic, as_bytes(text), MqttDelivery::at_least_once, retain) ==
            PublishOutcome::accepted);
  }
  std::string url() const {
    return "mqtts://127.0.0.1:" + std::to_string(broker.port()) + "/cw/v1/market/cellar?ca=" + authority.ca_file() +
           "&cert=" + certificate.certificate + "&key=" + certificate.key;
  }
  MeterDevice device(milliseconds timeout) const {
    DeviceConfig config{.url = url(), .profile = "shelly-pro-3em", .response_timeout = timeout};
    auto plan = plan_device(std::move(config), ProfileLibrary({}), open_mqtt_messages);
    REQUIRE(plan.ok());
    return MeterDevice(*plan);
  }

  TemporaryDirectory directory;
  Authority authority{directory / "ca"};
  CertificateFiles certificate = authority.client("controller");
  Broker broker{directory / "broker", authority.ca_file(), authority.server("broker")};
  std::unique_ptr<MqttBus> meter;
};

}  // namespace

TEST_CASE("a meter that publishes is read, a retained message is stale, silence and a good-bye are faults") {
  const House house;
  const SystemClock clock;
  house.say("status/emdata:0", energy_message, MqttRetain::yes);
  MeterDevice device = house.device(milliseconds{2000});

  // Nobody knows when the device is subscribed: it is spoken to until it has heard.
  std::optional<DeviceReading> heard;
  REQUIRE(eventually([&] {
    house.say("status/em:0", power_message);
    if (auto reading = device.read(clock); reading) heard = std::move(*reading);
    return heard.has_value();
  }));
  CHECK(heard->power_w() == doctest::Approx(-100.2));
  CHECK(heard->energy_import() == Energy{1571});
  CHECK(heard->quality == Quality::stale);

  house.say("status/emdata:0", energy_message);
  auto reading = device.read(clock, Wanted::everything);
  REQUIRE_MESSAGE(reading.ok(), (reading ? "" : to_text(reading.error())));
  CHECK(reading->quality == Quality::good);
  CHECK(reading->energy_import() == Energy{1571});
  CHECK(reading->energy_export() == Energy{310});
  CHECK(device.identity()->model == "Pro 3EM");

  house.say("online", "false");
  CHECK(device.read(clock).error().fault == MeterFault::absent);
  MeterDevice late = house.device(milliseconds{1500});
  const auto silent = late.read(clock);
  REQUIRE_FALSE(silent);
  CHECK(silent.error().fault == MeterFault::timed_out);
}

TEST_CASE("a broker that is not there is a fault at once, with the reason") {
  DeviceConfig config{.url = "mqtt://127.0.0.1:" + std::to_string(free_port()) + "/plug", .profile = "tasmota-energy"};
  const auto plan = plan_device(std::move(config), ProfileLibrary({}), open_mqtt_messages);
  REQUIRE(plan.ok());
  MeterDevice device(*plan);
  const auto reading = device.read(SystemClock());
  REQUIRE_FALSE(reading);
  CHECK(reading.error().fault == MeterFault::cannot_connect);
}
