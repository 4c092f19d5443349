#include <doctest/doctest.h>

#include "meter/device_url.hpp"

using namespace commonwatt;

TEST_CASE("a TCP device is a host, a port and a unit") {
  const auto url = parse_device_url("modbus+tcp://192.0.2.7:1502?unit=3");
  REQUIRE(url);
  CHECK(std::get<TcpAddress>(url->line) == TcpAddress{.host = "192.0.2.7", .port = 1502});
  CHECK(url->unit == 3);
  CHECK_FALSE(url->sunspec_base);
}

TEST_CASE("what is left out of a URL has its usual value") {
  const auto tcp = parse_device_url("modbus+tcp://meter.local");
  REQUIRE(tcp);
  CHECK(std::get<TcpAddress>(tcp->line).port == 502);
  CHECK(tcp->unit == 1);
  const auto serial = parse_device_url("modbus+rtu:///dev/ttyUSB0");
  REQUIRE(serial);
  CHECK(std::get<SerialLine>(serial->line) ==
        SerialLine{.path = "/dev/ttyUSB0", .baud = 9600, .parity = 'N', .stop_bits = 1});
}

TEST_CASE("a serial device states its line, and any device its SunSpec base") {
  const auto url = parse_device_url("modbus+rtu:///dev/ttyUSB0?baud=19200&parity=E&stop=2&unit=247&base=4096");
  REQUIRE(url);
  CHECK(std::get<SerialLine>(url->line) ==
        SerialLine{.path = "/dev/ttyUSB0", .baud = 19200, .parity = 'E', .stop_bits = 2});
  CHECK(url->unit == 247);
  CHECK(url->sunspec_base == 4096);
}

TEST_CASE("an IPv6 address stands in brackets") {
  const auto url = parse_device_url("modbus+tcp://[2001:db8::7]:502?unit=1");
  REQUIRE(url);
  CHECK(std::get<TcpAddress>(url->line) == TcpAddress{.host = "2001:db8::7", .port = 502});
}

TEST_CASE("RTU frames may go through a serial server, which has no usual port") {
  const auto url = parse_device_url("modbus+rtutcp://192.0.2.7:4001?unit=3&base=4096&gap=20");
  REQUIRE(url);
  CHECK(std::get<TcpAddress>(url->line) == TcpAddress{.host = "192.0.2.7", .port = 4001});
  CHECK(url->framing == ModbusFraming::rtu);
  CHECK(url->sunspec_base == 4096);
  CHECK(url->gap == std::chrono::milliseconds{20});
  CHECK_FALSE(parse_device_url("modbus+rtutcp://192.0.2.7"));
}

TEST_CASE("a secured device names the three files of its TLS, and port 802 is the usual one") {
  const auto url = parse_device_url("modbus+tls://meter.local?unit=2&ca=/a.pem&cert=/b.pem&key=/c.pem");
  REQUIRE(url);
  const auto& address = std::get<TcpAddress>(url->line);
  CHECK(address.port == 802);
  CHECK(address.tls == TlsFiles{.ca = "/a.pem", .certificate = "/b.pem", .key = "/c.pem"});
  CHECK_FALSE(parse_device_url("modbus+tls://meter.local?ca=/a.pem&cert=/b.pem"));
  CHECK_FALSE(parse_device_url("modbus+tls://meter.local?ca=a.pem&cert=/b.pem&key=/c.pem"));
}

TEST_CASE("telegrams come from a port, a socket or a file") {
  const auto port = parse_device_url("p1:///dev/ttyUSB0");
  REQUIRE(port);
  CHECK(port->protocol == DeviceProtocol::p1);
  CHECK(std::get<SerialLine>(port->line).baud == 115200);
  const auto old = parse_device_url("p1:///dev/ttyUSB0?baud=9600&parity=E&bits=7");
  REQUIRE(old);
  CHECK(std::get<SerialLine>(old->line).data_bits == 7);
  const auto socket = parse_device_url("sml+tcp://192.0.2.9:7000");
  REQUIRE(socket);
  CHECK(socket->protocol == DeviceProtocol::sml);
  const auto file = parse_device_url("sml+file:///tmp/a.bin");
  REQUIRE(file);
  CHECK(std::get<FilePath>(file->line).path == "/tmp/a.bin");
  CHECK_FALSE(parse_device_url("p1+tcp://192.0.2.9"));
  CHECK_FALSE(parse_device_url("p1+tcp://192.0.2.9:1?unit=1"));
  CHECK_FALSE(parse_device_url("modbus+rtu:///dev/x?bits=7"));
}

TEST_CASE("a serial line rests for 3.5 characters unless the URL or the profile says otherwise") {
  CHECK(parse_device_url("modbus+rtu:///dev/x")->gap == std::chrono::microseconds{4010});
  CHECK(parse_device_url("modbus+rtu:///dev/x?baud=115200")->gap == std::chrono::microseconds{1750});
  CHECK(parse_device_url("modbus+rtu:///dev/x", {.gap = std::chrono::milliseconds{500}})->gap ==
        std::chrono::milliseconds{500});
  CHECK(parse_device_url("modbus+rtu:///dev/x?gap=0", {.gap = std::chrono::milliseconds{500}})->gap ==
        std::chrono::milliseconds{0});
}

TEST_CASE("a profile's defaults hold for what the URL leaves out") {
  const LineDefaults kostal{.port = 1502, .unit = 71};
  const auto url = parse_device_url("modbus+tcp://192.0.2.7", kostal);
  REQUIRE(url);
  CHECK(url->unit == 71);
  CHECK(std::get<TcpAddress>(url->line).port == 1502);
  CHECK(parse_device_url("modbus+tcp://192.0.2.7:503?unit=2", kostal)->unit == 2);
}

TEST_CASE("devices on one wire share its name, whatever their units") {
  CHECK(line_name(*parse_device_url("modbus+tcp://h:1502?unit=3")) == "h:1502");
  CHECK(line_name(*parse_device_url("modbus+rtu:///dev/x?unit=3")) ==
        line_name(*parse_device_url("modbus+rtu:///dev/x?unit=4")));
}

TEST_CASE("a wrong URL says what is wrong and where") {
  const auto refused = [](std::string_view text) {
    const auto url = parse_device_url(text);
    REQUIRE_FALSE(url);
    CHECK_FALSE(url.error().remedy.empty());
    return url.error().what + " @ " + url.error().where;
  };
  CHECK(refused("") == "unknown kind of device URL @ ");
  CHECK(refused("http://meter") == "unknown kind of device URL @ http://meter");
  CHECK(refused("modbus+tcp://") == "no usable host @ ");
  CHECK(refused("modbus+tcp://a/b") == "no usable host @ a/b");
  CHECK(refused("modbus+tcp://[::1") == "an IPv6 address is not closed @ [::1");
  CHECK(refused("modbus+tcp://a:0") == "impossible port @ :0");
  CHECK(refused("modbus+tcp://a:65536") == "impossible port @ :65536");
  CHECK(refused("modbus+tcp://a:") == "impossible port @ :");
  CHECK(refused("modbus+tcp://a?unit=256") == "impossible unit id @ 256");
  CHECK(refused("modbus+tcp://a?unit=-1") == "impossible unit id @ -1");
  CHECK(refused("modbus+tcp://a?unit=1x") == "impossible unit id @ 1x");
  CHECK(refused("modbus+rtu:///dev/x?unit=0") == "impossible unit id @ 0");
  CHECK(refused("modbus+tcp://a?slave=1") == "a parameter that such a URL does not have @ slave");
  CHECK(refused("modbus+tcp://a?baud=9600") == "a parameter that such a URL does not have @ baud");
  CHECK(refused("modbus+tcp://a?unit=1&unit=2") == "a parameter is given twice @ unit");
  CHECK(refused("modbus+tcp://a?unit") == "not a parameter @ unit");
  CHECK(refused("modbus+tcp://a?unit=") == "not a parameter @ unit=");
  CHECK(refused("modbus+tcp://a?base=65534") == "impossible SunSpec base address @ 65534");
  CHECK(refused("modbus+rtu://dev/x") == "not an absolute path @ dev/x");
  CHECK(refused("modbus+rtu:///dev/x?baud=9601") == "unknown baud rate @ 9601");
  CHECK(refused("modbus+rtu:///dev/x?parity=X") == "unknown parity @ X");
  CHECK(refused("modbus+rtu:///dev/x?stop=3") == "impossible number of stop bits @ 3");
  CHECK(refused("modbus+tcp://a b").starts_with("a blank or unprintable character"));
  CHECK(refused(std::string(1100, 'a')).starts_with("too long"));
}
