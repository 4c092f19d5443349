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
  CHECK(refused("modbus+tcp://a?slave=1") == "unknown parameter @ slave");
  CHECK(refused("modbus+tcp://a?baud=9600") == "a parameter of serial lines @ baud");
  CHECK(refused("modbus+tcp://a?unit=1&unit=2") == "a parameter is given twice @ unit");
  CHECK(refused("modbus+tcp://a?unit") == "not a parameter @ unit");
  CHECK(refused("modbus+tcp://a?unit=") == "not a parameter @ unit=");
  CHECK(refused("modbus+tcp://a?base=65534") == "impossible SunSpec base address @ 65534");
  CHECK(refused("modbus+rtu://dev/x") == "the serial line is not an absolute path @ dev/x");
  CHECK(refused("modbus+rtu:///dev/x?baud=9601") == "unknown baud rate @ 9601");
  CHECK(refused("modbus+rtu:///dev/x?parity=X") == "unknown parity @ X");
  CHECK(refused("modbus+rtu:///dev/x?stop=3") == "impossible number of stop bits @ 3");
  CHECK(refused("modbus+tcp://a b").starts_with("a blank or unprintable character"));
  CHECK(refused(std::string(600, 'a')).starts_with("too long"));
}
