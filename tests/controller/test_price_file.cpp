#include <doctest/doctest.h>

#include "controller/price_file.hpp"

namespace commonwatt {
namespace {

std::string error_of(const std::string& rows, std::int64_t resolution_seconds = 900) {
  const auto prices = read_day_ahead("prices.csv", "time,price\n" + rows, resolution_seconds);
  return prices ? "no error" : prices.error();
}

TEST_CASE("prices of quarter-hours are read as they come, below zero too") {
  const auto prices = read_day_ahead("prices.csv",
                                     "time,price\n2026-06-21T10:00:00Z,91300\n2026-06-21T12:15:00+02:00,-5\n"
                                     "1782037800,0\n",
                                     900);
  REQUIRE(prices.ok());
  CHECK(prices->begin_seconds == 1'782'036'000);
  CHECK(prices->prices == std::vector{Price{91'300}, Price{-5}, Price{0}});
}

TEST_CASE("an hourly price holds for its four quarter-hours") {
  const auto prices = read_day_ahead("prices.csv", "time,price\n0,7\n3600,8\n", 3'600);
  REQUIRE(prices.ok());
  CHECK(prices->prices == std::vector{Price{7}, Price{7}, Price{7}, Price{7}, Price{8}, Price{8}, Price{8}, Price{8}});
}

TEST_CASE("a price per MWh is a thousandth of one per kWh, exactly") {
  const auto price = [](const std::string& text) -> std::string {
    const auto prices = read_day_ahead("prices.csv", "time,price_per_mwh\n0," + text + "\n", 900);
    return prices ? std::to_string(prices->prices.at(0).count) : prices.error();
  };
  CHECK(price("91.3") == "91300");
  CHECK(price("-0.5") == "-500");
  CHECK(price("-0.001") == "-1");
  CHECK(price("4000") == "4000000");
  CHECK(price("1000000.000") == "1000000000");
  CHECK(price("0.00") == "0");
  for (const char* bad : {"", ".", "-", "1.", ".5", "-.5", "1.2345", "1.-5", "1e3", "91,3", "1000000.001", "1..2", " 1",
                          "+1", "--1", "99999999999999999999"}) {
    CAPTURE(bad);
    CHECK(price(bad).starts_with("prices.csv:2: "));
  }
}

TEST_CASE("line ends of Windows and a byte order mark are no part of any field") {
  const auto prices = read_day_ahead("prices.csv", "\xEF\xBB\xBFtime,price\r\n0,7\r\n900,8", 900);
  REQUIRE(prices.ok());
  CHECK(prices->prices.size() == 2);
}

TEST_CASE("a duplicate, a missing and a misplaced row are errors with their line") {
  const std::string first = "2026-06-21T10:00:00Z,1\n2026-06-21T10:15:00Z,2\n";
  CHECK(error_of(first + "2026-06-21T12:15:00+02:00,3\n") ==
        "prices.csv:4: 2026-06-21T10:15:00Z is on the line before already");
  CHECK(error_of(first + "2026-06-21T10:00:00Z,3\n") ==
        "prices.csv:4: 2026-06-21T10:00:00Z is not after the line before; rows go from the oldest to the newest");
  CHECK(error_of(first + "2026-06-21T10:45:00Z,3\n") ==
        "prices.csv:4: the price of 2026-06-21T10:30:00Z is missing, the row is of 2026-06-21T10:45:00Z");
  CHECK(error_of(first + "2026-06-21T10:30:01Z,3\n").starts_with("prices.csv:4: the price of 2026-06-21T10:30:00Z"));
  CHECK(error_of("0,1\n3600,2\n") ==
        "prices.csv:3: the price of 1970-01-01T00:15:00Z is missing, the row is of 1970-01-01T01:00:00Z; if each "
        "price holds for an hour, set resolution_seconds = 3600");
  CHECK(error_of("0,1\n900,2\n", 3'600).starts_with("prices.csv:3: 1970-01-01T00:15:00Z is not after"));
}

TEST_CASE("the hour that local clocks show twice is two rows, told apart by their offsets") {
  CHECK(error_of("2026-10-25T02:00:00+02:00,1\n2026-10-25T02:00:00+01:00,2\n2026-10-25T03:00:00+01:00,3\n", 3'600) ==
        "no error");
}

TEST_CASE("a bad row is an error with its line and what is expected") {
  CHECK(error_of("0,1\n\n900,2\n") == "prices.csv:3: not two columns, a time and a price");
  CHECK(error_of("0,1,2\n") == "prices.csv:2: not two columns, a time and a price");
  CHECK(error_of("2026-06-21T10:00:00,1\n")
            .starts_with("prices.csv:2: time '2026-06-21T10:00:00' is neither seconds since 1970 nor a time with its"));
  CHECK(error_of("1,1\n") == "prices.csv:2: 1970-01-01T00:00:01Z is not the beginning of a quarter-hour");
  CHECK(error_of("0,1.5\n") == "prices.csv:2: price '1.5' is not a whole number from -1000000000 to 1000000000");
  CHECK(error_of("0,1000000001\n").starts_with("prices.csv:2: price '1000000001' is not"));
  CHECK(error_of(std::string("0,\0\n", 4)) ==
        "prices.csv:2: price '?' is not a whole number from -1000000000 to 1000000000");
  CHECK(error_of("") == "prices.csv:2: there is no row with a price");
  CHECK(read_day_ahead("prices.csv", "", 900).error() ==
        "prices.csv:1: the header is neither time,price nor time,price_per_mwh");
  CHECK_FALSE(read_day_ahead("prices.csv", "price,time\n0,1\n", 900).ok());
}

}  // namespace
}  // namespace commonwatt
