#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <thread>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controller/mirror_server.hpp"
#include "controller/system_clock.hpp"
#include "meter/meter_fleet.hpp"
#include "meter/modbus_bus.hpp"
#include "tests/edges/edge_fixture.hpp"
#include "tests/meter/profile_sample.hpp"

using namespace commonwatt;
using namespace commonwatt::test;
using std::chrono::milliseconds;

namespace {

/// An inverter as many are: whoever connects last is served, and the one before is hung up on. It needs 2 ms for an
/// answer.
class OneClientDevice {
 public:
  OneClientDevice() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), stop_(::eventfd(0, EFD_CLOEXEC)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener_, generic, size) == 0);
    REQUIRE(::listen(listener_, 4) == 0);
    ::getsockname(listener_, generic, &size);
    port_ = std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { run(); });
  }
  ~OneClientDevice() {
    ::eventfd_write(stop_, 1);
    thread_.join();
    for (const int descriptor : {listener_, client_, stop_}) {
      if (descriptor >= 0) ::close(descriptor);
    }
  }
  OneClientDevice(const OneClientDevice&) = delete;
  OneClientDevice& operator=(const OneClientDevice&) = delete;
  [[nodiscard]] std::string url() const { return "modbus+tcp://127.0.0.1:" + port_ + "?unit=7"; }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] int requests() const { return requests_; }

 private:
  void run() {
    while (true) {
      std::array<pollfd, 3> waiting{{{stop_, POLLIN, 0}, {listener_, POLLIN, 0}, {client_, POLLIN, 0}}};
      ::poll(waiting.data(), waiting.size(), -1);
      if (waiting[0].revents != 0) return;
      if (waiting[2].revents != 0) serve();
      if (waiting[1].revents != 0) accept();
    }
  }
  void accept() {
    if (client_ >= 0) ::close(client_);
    client_ = ::accept(listener_, nullptr, nullptr);
    received_.clear();
    ++connections_;
  }
  void serve() {
    std::array<std::uint8_t, 512> buffer{};
    const ssize_t size = ::read(client_, buffer.data(), buffer.size());
    if (size <= 0) {
      ::close(client_);
      client_ = -1;
      return;
    }
    received_.insert(received_.end(), buffer.begin(), buffer.begin() + size);
    while (const auto answer = answer_frame(ModbusFraming::tcp, only({.unit = 7, .images = images}), received_)) {
      ++requests_;
      std::this_thread::sleep_for(milliseconds{2});
      ::send(client_, answer->bytes.data(), answer->bytes.size(), MSG_NOSIGNAL);
    }
  }
  /// The device of the sample profile, with registers 2000 to 2999 beside.
  static std::vector<RegisterImage> images(std::uint8_t function) {
    if (function == 4) {
      return {{10, {5000, 0, 250, 0, 1000, 0x447A, 0, 0, 0, 0, 300, 301}}, {100, {0, 4000, 0, 4001}}};
    }
    RegisterImage beside{2000, {}};
    for (std::uint16_t i = 0; i < 1000; ++i) beside.words.push_back(i);
    return {{900, {0x4F4E, 0x4500}}, {910, {0, 17}}, beside};
  }

  int listener_;
  int stop_;
  int client_ = -1;
  std::string port_;
  std::vector<std::uint8_t> received_;
  std::atomic<int> connections_ = 0;
  std::atomic<int> requests_ = 0;
  std::thread thread_;
};

DevicePlan plan_of(const std::string& url) {
  DevicePlan plan{.config = {.id = MeterId::from("roof").value(), .url = url, .profile = "acme-one"},
                  .url = parse_device_url(url).value(),
                  .profile = std::make_shared<const Profile>(parse_profile(profile_sample, "sample").value()),
                  .timing = {}};
  plan.timing.response_timeout = std::chrono::seconds{10};  // a loaded machine is slow
  return plan;
}

constexpr std::chrono::seconds age_max{300};

/// A gateway's part in it: polls, and hands them on.
struct House {
  explicit House(const std::string& url) : fleet({plan_of(url)}, clock) {
    GatewayMeter meter;
    meter.record.id = MeterId::from("roof").value();
    meter.device = plan_of(url);
    auto mirror = std::make_unique<ModbusMirror>(
        std::vector{meter}, age_max, clock,
        [this](std::size_t device, ModbusRequest request) { return fleet.pass(device, std::move(request)); },
        [](Severity, const std::string&) {});
    auto started = MirrorServer::start("127.0.0.1:0", std::move(mirror));
    REQUIRE(started.ok());
    server = std::move(*started);
  }
  void poll() {
    std::vector<MeterLook> looks;
    for (const MeterFleet::Outcome& outcome : fleet.poll(Wanted::everything)) {
      INFO((outcome.reading ? "" : to_text(outcome.reading.error())));
      REQUIRE(outcome.reading.ok());
      looks.push_back({MeterId::from("roof").value(), outcome.identity, *outcome.reading});
    }
    server->mirror().take(looks);
  }
  [[nodiscard]] std::string url() const { return "modbus+tcp://127.0.0.1:" + server->port() + "?unit=1"; }

  SystemClock clock;
  MeterFleet fleet;
  std::unique_ptr<MirrorServer> server;
};

Result<std::vector<std::uint16_t>, MeterError> read_as_tool(ModbusBus& bus, std::uint8_t unit, RegisterTable table,
                                                            std::uint16_t address, std::uint16_t count) {
  if (const auto ready = bus.ready(); !ready) return Fail{ready.error()};
  return bus.read(unit, table, address, count);
}

using Words = std::vector<std::uint16_t>;

int median(std::vector<int> counts) {
  std::nth_element(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2), counts.end());
  return counts[counts.size() / 2];
}

}  // namespace

TEST_CASE("without the mirror a second client takes the device from the first") {
  OneClientDevice device;
  ModbusBus first(parse_device_url(device.url()).value(), {});
  ModbusBus second(parse_device_url(device.url()).value(), {});
  CHECK(read_as_tool(first, 7, RegisterTable::input, 20, 2).ok());
  CHECK(read_as_tool(second, 7, RegisterTable::input, 20, 2).ok());
  const auto kicked = read_as_tool(first, 7, RegisterTable::input, 20, 2);
  const bool lost = !kicked.ok();
  CHECK((lost || device.connections() > 2));
  CHECK(device.connections() >= 2);
}

TEST_CASE("three tools read a device through the mirror at once, and the device sees one connection") {
  OneClientDevice device;
  House house(device.url());
  house.poll();
  std::atomic<int> right = 0;
  constexpr int reads = 200;
  const auto tool = [&] {
    ModbusBus bus(parse_device_url(house.url()).value(), {});
    for (int i = 0; i < reads; ++i) {
      const auto polled = read_as_tool(bus, 1, RegisterTable::input, 20, 2);
      const auto other = read_as_tool(bus, 1, RegisterTable::holding, 2000, 3);
      const auto status = read_as_tool(bus, 1, RegisterTable::holding, mirror_status_address, 3);
      const bool is_right = polled && *polled == Words{300, 301} && other && *other == Words{0, 1, 2} && status &&
                            (*status)[0] == mirror_status_marker && (*status)[1] <= age_max.count() &&
                            (*status)[2] == 1;
      right += is_right ? 1 : 0;
    }
  };
  std::vector<std::thread> tools;
  for (int i = 0; i < 3; ++i) tools.emplace_back(tool);
  for (int i = 0; i < 20; ++i) house.poll();
  for (std::thread& one : tools) one.join();
  CHECK(right == 3 * reads);
  CHECK(device.connections() == 1);
  // The polls and the identification make a handful of requests each, the tools' 1800 made one.
  MESSAGE("requests at the device: ", device.requests());
  CHECK(device.requests() < 21 * 8);
}

TEST_CASE("a tool that floods the mirror keeps no poll waiting, and no other tool") {
  OneClientDevice device;
  House house(device.url());
  house.poll();
  std::atomic<bool> stop = false;
  std::atomic<int> flooded = 0;
  // Registers no poll reads, every time others, so that each read goes to the device.
  std::thread asking([&] {
    ModbusBus bus(parse_device_url(house.url()).value(), {});
    for (std::uint16_t i = 0; !stop; i = static_cast<std::uint16_t>((i + 1) % 990)) {
      const auto address = static_cast<std::uint16_t>(2000 + i);
      const auto found = read_as_tool(bus, 1, RegisterTable::holding, address, 1);
      if (found && *found == Words{i}) ++flooded;
    }
  });
  // And one that does not wait for its answers.
  std::thread pushing([&] {
    const int port = std::stoi(house.server->port());
    while (!stop) {
      const int own = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(static_cast<std::uint16_t>(port));
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      if (::connect(own, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        std::vector<std::uint8_t> many;
        for (std::uint8_t i = 0; i < 80; ++i) {
          const std::array<std::uint8_t, 12> one{0, i, 0, 0, 0, 6, 1, 3, 9, i, 0, 2};
          many.insert(many.end(), one.begin(), one.end());
        }
        for (int i = 0; i < 20 && !stop; ++i) ::send(own, many.data(), many.size(), MSG_NOSIGNAL);
      }
      ::close(own);
    }
  });
  ModbusBus polite(parse_device_url(house.url()).value(), {});
  // What the device was asked meanwhile. The machine may keep any one waiting, but not half of them.
  std::vector<int> during_polls;
  std::vector<int> during_reads;
  while (during_polls.size() < 51 || flooded <= 10) {
    const int before = device.requests();
    house.poll();
    const int between = device.requests();
    CHECK(read_as_tool(polite, 1, RegisterTable::input, 20, 2).ok());
    during_polls.push_back(between - before);
    during_reads.push_back(device.requests() - between);
  }
  stop = true;
  asking.join();
  pushing.join();
  MESSAGE("requests during a poll ", median(during_polls), ", during a read of another ", median(during_reads),
          ", flooded ", flooded.load());
  CHECK(median(during_polls) < 40);
  CHECK(median(during_reads) < 40);
  CHECK(device.connections() == 1);
}

TEST_CASE("a place that is taken is an error in words") {
  OneClientDevice device;
  House house(device.url());
  auto mirror = std::make_unique<ModbusMirror>(std::vector<GatewayMeter>{}, std::chrono::seconds{10}, house.clock,
                                               nullptr, nullptr);
  const auto second = MirrorServer::start("127.0.0.1:" + house.server->port(), std::move(mirror));
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().find("cannot listen at") == 0);
}
