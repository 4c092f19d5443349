#include <map>
#include <mutex>

#include <doctest/doctest.h>
#include <signal.h>

#include "controller/mqtt_bus.hpp"
#include "tests/edges/edge_fixture.hpp"

using namespace commonwatt;
using namespace commonwatt::test;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr int not_authorized = 0x87;
/// Longer than promised, as a loaded machine is slow, and shorter than Paho waits for a broker.
constexpr milliseconds stop_max = 4 * mqtt_stop_max;

/// What the handlers of one bus were told.
class Record {
 public:
  MqttHandlers handlers() {
    return {.on_message =
                [this](const std::string& topic, const Bytes& payload) {
                  const std::lock_guard lock(mutex_);
                  messages_[topic].push_back(as_text(payload));
                },
            .on_connection =
                [this](bool up) {
                  const std::lock_guard lock(mutex_);
                  connections_.push_back(up);
                },
            .on_refused =
                [this](const std::string& topic, int reason) {
                  const std::lock_guard lock(mutex_);
                  refused_[topic] = reason;
                },
            .on_failure =
                [this](const std::string& text) {
                  const std::lock_guard lock(mutex_);
                  failures_.push_back(text);
                }};
  }
  std::vector<std::string> messages(const std::string& topic) {
    const std::lock_guard lock(mutex_);
    return messages_[topic];
  }
  std::size_t topics() {
    const std::lock_guard lock(mutex_);
    return messages_.size();
  }
  int refused(const std::string& topic) {
    const std::lock_guard lock(mutex_);
    return refused_.contains(topic) ? refused_[topic] : 0;
  }
  std::vector<bool> connections() {
    const std::lock_guard lock(mutex_);
    return connections_;
  }
  std::vector<std::string> failures() {
    const std::lock_guard lock(mutex_);
    return failures_;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> messages_;
  std::map<std::string, int> refused_;
  std::vector<bool> connections_;
  std::vector<std::string> failures_;
};

MqttOptions options_for(const std::string& uri, const std::string& ca_file, const CertificateFiles& certificate,
                        const std::string& client_id) {
  return {.broker = uri,
          .ca_file = ca_file,
          .certificate_file = certificate.certificate,
          .key_file = certificate.key,
          .client_id = client_id,
          .subscriptions = {"cw/v1/" + client_id + "/down/#", "cw/v1/market/#"},
          .keep_alive = std::chrono::seconds{2},
          .reconnect_min = milliseconds{50},
          .reconnect_max = milliseconds{500}};
}

/// One client and what it was told. The record outlives the bus.
struct Peer {
  explicit Peer(MqttOptions options) {
    auto started = MqttBus::start(std::move(options), record.handlers());
    REQUIRE_MESSAGE(started.ok(), (started.ok() ? "" : started.error().text));
    bus = std::move(started).value();
  }
  bool comes_up() {
    return eventually([&] { return bus->connected(); });
  }
  PublishOutcome say(const std::string& topic, const std::string& text,
                     MqttDelivery delivery = MqttDelivery::at_least_once, MqttRetain retain = MqttRetain::no) {
    return bus->publish(topic, as_bytes(text), delivery, retain);
  }

  Record record;
  std::unique_ptr<MqttBus> bus;
};

/// An authority, a broker and the certificates of the controller and two households.
struct Street {
  TemporaryDirectory directory;
  Authority authority{directory / "pki"};
  CertificateFiles controller_files = authority.client(broker_controller_name);
  CertificateFiles hh01_files = authority.client("hh01");
  CertificateFiles hh02_files = authority.client("hh02");
  Broker broker{directory / "broker", authority.ca_file(), authority.server("broker")};

  MqttOptions controller() const {
    MqttOptions options = options_for(broker.uri(), authority.ca_file(), controller_files, broker_controller_name);
    options.subscriptions = {"cw/v1/+/up/#"};
    return options;
  }
  MqttOptions hh01() const { return options_for(broker.uri(), authority.ca_file(), hh01_files, "hh01"); }
  MqttOptions hh02() const { return options_for(broker.uri(), authority.ca_file(), hh02_files, "hh02"); }

  std::vector<std::string> foreign_client(const std::string& program, const CertificateFiles* files,
                                          const std::vector<std::string>& rest) const {
    std::vector<std::string> command = {program,
                                        "-V",
                                        "5",
                                        "-q",
                                        "1",
                                        "-h",
                                        "127.0.0.1",
                                        "-p",
                                        std::to_string(broker.port()),
                                        "--cafile",
                                        authority.ca_file()};
    if (files != nullptr) command.insert(command.end(), {"--cert", files->certificate, "--key", files->key});
    command.insert(command.end(), rest.begin(), rest.end());
    return command;
  }
};

/// The options lead to no connection: several attempts have failed, and none succeeded.
void check_is_refused(MqttOptions options) {
  Peer peer(std::move(options));
  CHECK(eventually([&] { return peer.record.failures().size() >= 3; }));
  CHECK(!peer.bus->connected());
  CHECK(peer.record.connections().empty());
  for (const std::string& text : peer.record.failures()) MESSAGE(text);
}

}  // namespace

TEST_CASE("a household and the controller talk in their own topics") {
  Street street;
  street.broker.start();
  Peer controller(street.controller());
  Peer household(street.hh01());
  REQUIRE(controller.comes_up());
  REQUIRE(household.comes_up());

  CHECK(household.say("cw/v1/hh01/up/order", "buy") == PublishOutcome::accepted);
  CHECK(household.say("cw/v1/hh01/up/reading", "7", MqttDelivery::at_most_once) == PublishOutcome::accepted);
  CHECK(controller.say("cw/v1/hh01/down/bill", "paid") == PublishOutcome::accepted);
  CHECK(controller.say("cw/v1/market/price", "142500") == PublishOutcome::accepted);
  CHECK(
      eventually([&] { return controller.record.messages("cw/v1/hh01/up/order") == std::vector<std::string>{"buy"}; }));
  CHECK(eventually([&] { return !controller.record.messages("cw/v1/hh01/up/reading").empty(); }));
  CHECK(eventually([&] { return !household.record.messages("cw/v1/hh01/down/bill").empty(); }));
  CHECK(eventually([&] { return !household.record.messages("cw/v1/market/price").empty(); }));
  CHECK(household.record.connections() == std::vector<bool>{true});
}

TEST_CASE("a household cannot speak for its neighbour, and is told so") {
  Street street;
  street.broker.start();
  Peer controller(street.controller());
  Peer neighbour(street.hh02());
  REQUIRE(controller.comes_up());
  REQUIRE(neighbour.comes_up());
  for (const char* topic : {"cw/v1/hh01/up/order", "cw/v1/hh02/down/bill", "cw/v1/market/price", "elsewhere"}) {
    CAPTURE(topic);
    CHECK(neighbour.say(topic, "forged") == PublishOutcome::accepted);
    CHECK(eventually([&] { return neighbour.record.refused(topic) == not_authorized; }));
  }
  // What is allowed still arrives, and nothing of the rest did before it.
  CHECK(neighbour.say("cw/v1/hh02/up/order", "own") == PublishOutcome::accepted);
  CHECK(eventually([&] { return !controller.record.messages("cw/v1/hh02/up/order").empty(); }));
  CHECK(controller.record.topics() == 1);
}

TEST_CASE("a household that listens everywhere hears only its own and the market") {
  Street street;
  street.broker.start();
  MqttOptions nosy = street.hh02();
  nosy.subscriptions = {"#", "cw/v1/+/up/#", "cw/v1/hh01/down/#", "cw/v1/hh01/#"};
  Peer neighbour(nosy);
  Peer controller(street.controller());
  Peer household(street.hh01());
  REQUIRE((neighbour.comes_up() && controller.comes_up() && household.comes_up()));
  CHECK(household.say("cw/v1/hh01/up/order", "secret") == PublishOutcome::accepted);
  CHECK(controller.say("cw/v1/hh01/down/bill", "secret") == PublishOutcome::accepted);
  CHECK(eventually([&] { return !controller.record.messages("cw/v1/hh01/up/order").empty(); }));
  CHECK(eventually([&] { return !household.record.messages("cw/v1/hh01/down/bill").empty(); }));
  CHECK(controller.say("cw/v1/hh02/down/bill", "own") == PublishOutcome::accepted);
  CHECK(eventually([&] { return !neighbour.record.messages("cw/v1/hh02/down/bill").empty(); }));
  CHECK(neighbour.record.topics() == 1);
}

TEST_CASE("a foreign program with a neighbour's certificate gets nothing and may publish nothing") {
  Street street;
  street.broker.start();
  Peer controller(street.controller());
  Peer household(street.hh01());
  REQUIRE((controller.comes_up() && household.comes_up()));
  // It prints what it hears and ends after the first message, which must be its own.
  Child listener(street.foreign_client("mosquitto_sub", &street.hh02_files, {"-t", "#", "-C", "1", "-v"}),
                 street.directory / "sub.out");
  Child writer(street.foreign_client("mosquitto_pub", &street.hh02_files, {"-t", "cw/v1/hh01/up/x", "-m", "forged"}),
               street.directory / "pub.out");
  writer.wait();
  CHECK(text_of(street.directory / "pub.out").find("Not authorized") != std::string::npos);
  CHECK(household.say("cw/v1/hh01/up/order", "secret") == PublishOutcome::accepted);
  CHECK(eventually([&] { return !controller.record.messages("cw/v1/hh01/up/order").empty(); }));
  CHECK(controller.record.messages("cw/v1/hh01/up/x").empty());
  std::string heard;
  CHECK(eventually([&] {
    CHECK(controller.say("cw/v1/hh01/down/bill", "secret") == PublishOutcome::accepted);
    CHECK(controller.say("cw/v1/hh02/down/bill", "own") == PublishOutcome::accepted);
    heard = text_of(street.directory / "sub.out");
    return !heard.empty();
  }));
  CHECK(listener.wait() == 0);
  CHECK(heard == "cw/v1/hh02/down/bill own\n");
}

TEST_CASE("a client that shows no good certificate is refused") {
  Street street;
  street.broker.start();
  const Authority other(street.directory / "other");
  Child without(street.foreign_client("mosquitto_pub", nullptr, {"-t", "cw/v1/hh01/up/x", "-m", "y"}),
                street.directory / "without.out");
  const auto status = without.wait();
  REQUIRE(status.has_value());
  CHECK(*status != 0);
  MqttOptions options = street.hh01();
  SUBCASE("of another authority") {
    const CertificateFiles files = other.client("hh01");
    options.certificate_file = files.certificate;
    options.key_file = files.key;
    check_is_refused(options);
  }
  SUBCASE("expired") {
    const CertificateFiles files = street.authority.client("late", valid_until_yesterday());
    options.certificate_file = files.certificate;
    options.key_file = files.key;
    check_is_refused(options);
  }
  SUBCASE("the broker's own") {
    const CertificateFiles files = street.authority.server("controller-two");
    options.certificate_file = files.certificate;
    options.key_file = files.key;
    check_is_refused(options);
  }
}

TEST_CASE("a false broker is refused") {
  Street street;
  MqttOptions options = street.hh01();
  SUBCASE("with a household's certificate") {
    Broker broker(street.directory / "false", street.authority.ca_file(), street.hh02_files);
    broker.start();
    options.broker = broker.uri();
    check_is_refused(options);
  }
  SUBCASE("with a server's certificate for another host") {
    Broker broker(street.directory / "false", street.authority.ca_file(), street.authority.server("other"),
                  "127.0.0.2");
    broker.start();
    options.broker = broker.uri();
    check_is_refused(options);
  }
  SUBCASE("of another authority") {
    const Authority other(street.directory / "other");
    Broker broker(street.directory / "false", other.ca_file(), other.server("broker"));
    broker.start();
    options.broker = broker.uri();
    check_is_refused(options);
  }
}

TEST_CASE("a broker that comes up late is found") {
  Street street;
  Peer household(street.hh01());
  CHECK(eventually([&] { return household.record.failures().size() >= 3; }));
  CHECK(household.say("cw/v1/hh01/up/order", "early") == PublishOutcome::not_connected);
  street.broker.start();
  CHECK(household.comes_up());
  CHECK(household.record.connections() == std::vector<bool>{true});
}

TEST_CASE("a broker that dies and comes back is found again, and the subscriptions are") {
  Street street;
  street.broker.start();
  Peer controller(street.controller());
  MqttOptions options = street.hh01();
  SUBCASE("without a session") {}
  SUBCASE("with a session that the broker forgot") {
    options.session_expiry = std::chrono::seconds{60};
  }
  Peer household(options);
  REQUIRE((controller.comes_up() && household.comes_up()));
  constexpr int deaths = 3;
  for (int death = 0; death < deaths; ++death) {
    CAPTURE(death);
    // Some messages are on their way when the broker dies.
    for (int i = 0; i < 20; ++i) CHECK(household.say("cw/v1/hh01/up/noise", "x") == PublishOutcome::accepted);
    street.broker.kill();
    CHECK(eventually([&] { return !household.bus->connected() && !controller.bus->connected(); }));
    CHECK(household.say("cw/v1/hh01/up/order", "lost") == PublishOutcome::not_connected);
    street.broker.start();
    REQUIRE((controller.comes_up() && household.comes_up()));
    const std::string text = "after death " + std::to_string(death);
    CHECK(household.say("cw/v1/hh01/up/order", text) == PublishOutcome::accepted);
    CHECK(controller.say("cw/v1/hh01/down/bill", text) == PublishOutcome::accepted);
    const auto has = [&](Record& record, const std::string& topic) {
      const auto messages = record.messages(topic);
      return !messages.empty() && messages.back() == text;
    };
    CHECK(eventually([&] { return has(controller.record, "cw/v1/hh01/up/order"); }));
    CHECK(eventually([&] { return has(household.record, "cw/v1/hh01/down/bill"); }));
  }
  CHECK(eventually([&] {
    return household.record.connections() == std::vector<bool>{true, false, true, false, true, false, true};
  }));
}

TEST_CASE("a broker that hangs is noticed, and does not hold up the end") {
  Street street;
  street.broker.start();
  auto household = std::make_unique<Peer>(street.hh01());
  REQUIRE(household->comes_up());
  street.broker.signal(SIGSTOP);
  SUBCASE("at once") {}
  SUBCASE("after the keep-alive") {
    CHECK(eventually([&] { return !household->bus->connected(); }));
  }
  const auto begin = steady_clock::now();
  household.reset();
  CHECK(steady_clock::now() - begin < stop_max);
  street.broker.signal(SIGCONT);
}

TEST_CASE("a bus ends at once while its broker is not there") {
  Street street;
  auto household = std::make_unique<Peer>(street.hh01());
  CHECK(eventually([&] { return !household->record.failures().empty(); }));
  const auto begin = steady_clock::now();
  household.reset();
  CHECK(steady_clock::now() - begin < stop_max);
}

TEST_CASE("a session keeps what came during an absence") {
  Street street;
  street.broker.start();
  Peer controller(street.controller());
  REQUIRE(controller.comes_up());
  MqttOptions options = street.hh01();
  options.session_expiry = std::chrono::seconds{60};
  {
    Peer household(options);
    REQUIRE(household.comes_up());
  }
  for (int i = 0; i < 10; ++i) {
    CHECK(controller.say("cw/v1/hh01/down/bill", std::to_string(i)) == PublishOutcome::accepted);
  }
  Peer household(options);
  CHECK(eventually([&] { return household.record.messages("cw/v1/hh01/down/bill").size() == 10; }));
}

TEST_CASE("the will is published when a household vanishes, and not when it says goodbye") {
  Street street;
  street.broker.start();
  Peer controller(street.controller());
  REQUIRE(controller.comes_up());
  MqttOptions options = street.hh01();
  options.will = MqttWill{"cw/v1/hh01/up/status", "offline"};
  {
    Peer household(options);
    REQUIRE(household.comes_up());
    CHECK(household.say("cw/v1/hh01/up/status", "online", MqttDelivery::at_least_once, MqttRetain::yes) ==
          PublishOutcome::accepted);
    CHECK(eventually([&] { return controller.record.messages("cw/v1/hh01/up/status").size() == 1; }));
  }
  Peer household(options);
  REQUIRE(household.comes_up());
  CHECK(controller.record.messages("cw/v1/hh01/up/status") == std::vector<std::string>{"online"});
  // A second client of the same name makes the broker drop the first without a goodbye of its own.
  options.will.reset();
  Peer second(options);
  CHECK(eventually([&] { return controller.record.messages("cw/v1/hh01/up/status").size() >= 2; }));
  CHECK(controller.record.messages("cw/v1/hh01/up/status").at(1) == "offline");
  CHECK(eventually([&] { return household.record.connections().size() >= 2; }));
}

TEST_CASE("more messages than the window takes are refused, and everything accepted arrives in order") {
  Street street;
  street.broker.start();
  Peer controller(street.controller());
  Peer household(street.hh01());
  REQUIRE((controller.comes_up() && household.comes_up()));
  for (const MqttDelivery delivery : {MqttDelivery::at_least_once, MqttDelivery::at_most_once}) {
    const std::string topic = delivery == MqttDelivery::at_least_once ? "cw/v1/hh01/up/sure" : "cw/v1/hh01/up/maybe";
    constexpr std::size_t wanted = 600;
    std::size_t accepted = 0;
    const std::string filling(20'000, 'x');
    REQUIRE(eventually([&] {
      while (accepted < wanted) {
        const PublishOutcome outcome = household.say(topic, std::to_string(accepted) + filling, delivery);
        if (outcome == PublishOutcome::window_full) return false;
        REQUIRE(outcome == PublishOutcome::accepted);
        ++accepted;
      }
      return true;
    }));
    CHECK(eventually([&] { return controller.record.messages(topic).size() == wanted; }));
    const auto messages = controller.record.messages(topic);
    for (std::size_t i = 0; i < messages.size(); ++i) REQUIRE(messages[i] == std::to_string(i) + filling);
  }
}

TEST_CASE("a message that could not be sent is refused by name") {
  Street street;
  street.broker.start();
  Peer controller(street.controller());
  Peer household(street.hh01());
  REQUIRE((controller.comes_up() && household.comes_up()));
  CHECK(household.say("", "x") == PublishOutcome::bad_topic);
  CHECK(household.say("cw/v1/+/up", "x") == PublishOutcome::bad_topic);
  CHECK(household.say("cw/v1/hh01/#", "x") == PublishOutcome::bad_topic);
  CHECK(household.say(std::string(mqtt_topic_max + 1, 'a'), "x") == PublishOutcome::bad_topic);
  CHECK(household.say("cw/v1/hh01/up/big", std::string(mqtt_payload_max + 1, 'x')) == PublishOutcome::too_large);
  CHECK(household.say("cw/v1/hh01/up/big", std::string(mqtt_payload_max, 'x')) == PublishOutcome::accepted);
  CHECK(eventually([&] { return !controller.record.messages("cw/v1/hh01/up/big").empty(); }));
  CHECK(controller.record.messages("cw/v1/hh01/up/big").at(0).size() == mqtt_payload_max);
}

TEST_CASE("options that cannot work are refused at the start, naming the file") {
  Street street;
  Record record;
  MqttOptions options = street.hh01();
  options.key_file = street.directory / "nothing.key";
  const auto started = MqttBus::start(options, record.handlers());
  REQUIRE(!started.ok());
  CHECK(started.error().text.find("nothing.key") != std::string::npos);
  options = street.hh01();
  options.broker = "tcp://127.0.0.1:1883";
  CHECK(!MqttBus::start(options, record.handlers()).ok());
}

TEST_CASE("a broker whose name nobody knows is not found, and told by name") {
  Record record;
  const MqttOptions options{.broker = "tcp://nowhere.invalid:1883",
                            .ca_file = {},
                            .certificate_file = {},
                            .key_file = {},
                            .client_id = "hh01",
                            .subscriptions = {}};
  const auto started = MqttBus::start(options, record.handlers());
  REQUIRE(started.ok());
  REQUIRE(eventually([&] { return !record.failures().empty(); }));
  CHECK(record.failures()[0].find("nowhere.invalid") != std::string::npos);
}
