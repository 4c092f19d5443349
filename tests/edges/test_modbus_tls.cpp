// Modbus/TCP Security against a real TLS server: who may read whom.
#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>

#include <doctest/doctest.h>
#include <openssl/ssl.h>
#include <poll.h>

#include "meter/modbus_answer.hpp"
#include "meter/modbus_bus.hpp"
#include "tests/edges/edge_fixture.hpp"
#include "tests/meter/line_ends.hpp"

using namespace commonwatt;
using namespace commonwatt::test;

namespace {

constexpr std::uint8_t unit = 7;
constexpr in_addr_t other_loopback = INADDR_LOOPBACK + 1;  // 127.0.0.2: no certificate is made out to it

/// A device that shows a certificate and wants one; one connection after the other.
class TlsDevice {
 public:
  TlsDevice(const std::string& ca_file, const CertificateFiles& own, in_addr_t address = INADDR_LOOPBACK)
      : context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free), listener_(listen_on_loopback(address)) {
    if (SSL_CTX_load_verify_locations(context_.get(), ca_file.c_str(), nullptr) != 1 ||
        SSL_CTX_use_certificate_chain_file(context_.get(), own.certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context_.get(), own.key.c_str(), SSL_FILETYPE_PEM) != 1) {
      throw std::runtime_error("certificates");
    }
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    thread_ = std::thread([this] { run(); });
  }
  TlsDevice(const TlsDevice&) = delete;
  TlsDevice& operator=(const TlsDevice&) = delete;
  ~TlsDevice() {
    stop_ = true;
    ::shutdown(listener_.descriptor, SHUT_RDWR);
    thread_.join();
    ::close(listener_.descriptor);
  }
  [[nodiscard]] std::string port() const { return std::to_string(listener_.port); }
  [[nodiscard]] int answered() const { return answered_; }

 private:
  void run() {
    while (!stop_) {
      const int client = accept_client(listener_.descriptor);
      if (client < 0) continue;
      const timeval limit{.tv_sec = 5, .tv_usec = 0};
      ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      const std::unique_ptr<SSL, decltype(&SSL_free)> session(SSL_new(context_.get()), &SSL_free);
      SSL_set_fd(session.get(), client);
      if (SSL_accept(session.get()) == 1) serve(session.get());
      ::close(client);
    }
  }
  void serve(SSL* session) {
    const ModbusUnits units = only({.unit = unit, .images = [](std::uint8_t) {
                                      return std::vector<RegisterImage>{{.address = 100, .words = {0xCAFE, 0xBEEF}}};
                                    }});
    Octets received;
    std::array<std::uint8_t, 512> buffer{};
    while (true) {
      const int got = SSL_read(session, buffer.data(), static_cast<int>(buffer.size()));
      if (got <= 0) return;
      received.insert(received.end(), buffer.begin(), buffer.begin() + got);
      while (const std::optional<FrameAnswer> answer = answer_frame(ModbusFraming::tcp, units, received)) {
        ++answered_;
        SSL_write(session, answer->bytes.data(), static_cast<int>(answer->bytes.size()));
      }
    }
  }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  Listener listener_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> answered_ = 0;
  std::thread thread_;
};

struct Reader {
  std::string ca_file;
  CertificateFiles own;
};
/// A loaded machine is slow.
constexpr std::chrono::milliseconds patience{10'000};

ModbusBus bus_to(const std::string& host_and_port, const Reader& reader, std::chrono::milliseconds timeout = patience) {
  BusTiming timing;
  timing.response_timeout = timeout;
  const std::string url = "modbus+tls://" + host_and_port + "?unit=7&ca=" + reader.ca_file +
                          "&cert=" + reader.own.certificate + "&key=" + reader.own.key;
  return {parse_device_url(url).value(), timing};
}
Result<std::vector<std::uint16_t>, MeterError> read_from(ModbusBus& bus) {
  return bus.read(unit, RegisterTable::holding, 100, 2);
}

/// Two neighbourhoods that know nothing of each other.
struct Neighbourhoods {
  TemporaryDirectory directory;
  Authority ours{directory / "ours"};
  Authority theirs{directory / "theirs"};
  Reader reader{ours.ca_file(), ours.client("hh01")};
};

}  // namespace

TEST_CASE_FIXTURE(Neighbourhoods, "registers are read over TLS when each side knows the other") {
  const TlsDevice device(ours.ca_file(), ours.server("meter"));
  for (const char* host : {"127.0.0.1:", "localhost:"}) {
    CAPTURE(host);
    ModbusBus bus = bus_to(host + device.port(), reader);
    for (int i = 0; i < 3; ++i) {
      const auto registers = read_from(bus);
      REQUIRE_MESSAGE(registers.ok(), (registers.ok() ? "" : to_text(registers.error())));
      CHECK(*registers == std::vector<std::uint16_t>{0xCAFE, 0xBEEF});
    }
    CHECK(bus.read(unit, RegisterTable::holding, 0, 1).error().exception == 2);
    CHECK(bus.session() == 1);
  }
}

TEST_CASE_FIXTURE(Neighbourhoods, "a device with another authority's certificate is not asked anything") {
  const TlsDevice device(ours.ca_file(), theirs.server("meter"));
  ModbusBus bus = bus_to("127.0.0.1:" + device.port(), reader);
  CHECK(read_from(bus).error().fault == MeterFault::cannot_connect);
  CHECK(device.answered() == 0);
}

TEST_CASE_FIXTURE(Neighbourhoods, "a device whose certificate is made out to another host is not asked anything") {
  const TlsDevice device(ours.ca_file(), ours.server("meter"), other_loopback);
  ModbusBus bus = bus_to("127.0.0.2:" + device.port(), reader);
  const auto registers = read_from(bus);
  CHECK(registers.error().fault == MeterFault::cannot_connect);
  CHECK(registers.error().detail.find("IP address mismatch") != std::string::npos);
  CHECK(device.answered() == 0);
}

TEST_CASE_FIXTURE(Neighbourhoods, "a household's certificate does not make a device") {
  const TlsDevice device(ours.ca_file(), ours.client("hh02"));
  ModbusBus bus = bus_to("127.0.0.1:" + device.port(), reader);
  CHECK(read_from(bus).error().fault == MeterFault::cannot_connect);
  CHECK(device.answered() == 0);
}

TEST_CASE_FIXTURE(Neighbourhoods, "a reader the device does not know gets nothing") {
  const TlsDevice device(ours.ca_file(), ours.server("meter"));
  Reader stranger = reader;
  SUBCASE("its certificate is another authority's") {
    stranger.own = theirs.client("hh01");
  }
  SUBCASE("its certificate has expired") {
    stranger.own = ours.client("hh03", valid_until_yesterday());
  }
  ModbusBus bus = bus_to("127.0.0.1:" + device.port(), stranger);
  const auto registers = read_from(bus);
  // With TLS 1.3 the reader learns only after its own handshake that it was refused.
  REQUIRE_FALSE(registers.ok());
  CHECK((registers.error().fault == MeterFault::connection_lost ||
         registers.error().fault == MeterFault::cannot_connect));
  CHECK(device.answered() == 0);
}

TEST_CASE_FIXTURE(Neighbourhoods, "whoever does not speak TLS is given up on in time") {
  const Listener silent = listen_on_loopback();
  ModbusBus bus = bus_to("127.0.0.1:" + std::to_string(silent.port), reader, std::chrono::milliseconds{500});
  const auto registers = read_from(bus);
  CHECK(registers.error().fault == MeterFault::cannot_connect);
  CHECK(registers.error().detail.find("no TLS handshake in time") != std::string::npos);
  ::close(silent.descriptor);
}

TEST_CASE_FIXTURE(Neighbourhoods, "a file that is not there is named") {
  const TlsDevice device(ours.ca_file(), ours.server("meter"));
  Reader unprepared = reader;
  unprepared.own.key = directory / "nowhere.key";
  ModbusBus bus = bus_to("127.0.0.1:" + device.port(), unprepared);
  CHECK(read_from(bus).error().detail.find("nowhere.key") != std::string::npos);
}
