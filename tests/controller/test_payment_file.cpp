// The operator's file of payments: every good row is read, every other is named with line, column and remedy.
#include <doctest/doctest.h>

#include "controller/payment_file.hpp"

namespace commonwatt {
namespace {

constexpr Money unit{1'000'000'000};
const std::string header = std::string(payment_header) + "\n";

std::string faults_of(const std::string& rows) {
  std::string text;
  for (const PaymentFault& fault : read_payments(header + rows).faults)
    text += std::to_string(fault.line) + ": " + fault.what + "\n";
  return text;
}
bool faults_with(const std::string& rows, const std::string& words) {
  const PaymentRows read = read_payments(header + rows);
  return read.rows.empty() && read.faults.size() == 1 && read.faults[0].line == 2 &&
         read.faults[0].what.find(words) != std::string::npos;
}

TEST_CASE("rows are read in order, whatever ends their lines") {
  const PaymentRows read = read_payments(
      "\xEF\xBB\xBF"
      "date,household,amount,reference\r\n2026-06-21,hh01,12.5,a 1\r\n\r\n2026-06-22,hh02,-0.000000001,b\n");
  CHECK(read.faults.empty());
  REQUIRE(read.rows.size() == 2);
  CHECK(read.rows[0].line == 2);
  CHECK(read.rows[0].payment.household.text() == "hh01");
  CHECK(read.rows[0].payment.amount == Money{12'500'000'000});
  CHECK(to_text(read.rows[0].payment.time) == "2026-06-21T00:00:00Z");
  CHECK(read.rows[0].payment.reference == "a 1");
  CHECK(read.rows[1].line == 4);
  CHECK(read.rows[1].payment.amount == Money{-1});
  CHECK(read_payments(header).rows.empty());
}

TEST_CASE("files may be put together with their headers, and the same row may come twice") {
  const std::string rows = "2026-06-21,hh01,1,a\n";
  const PaymentRows read = read_payments(header + rows + header + rows + "2026-06-21,hh01,1,b\n");
  CHECK(read.faults.empty());
  CHECK(read.rows.size() == 2);
}

TEST_CASE("a bad row is named and holds up no other") {
  const PaymentRows read =
      read_payments(header + "2026-06-31,hh01,1,a\n2026-06-21,hh01,1,b\n2026-06-21,hh01,2,b\n2026-06-21,hh02,1,c\n");
  REQUIRE(read.rows.size() == 2);
  CHECK(read.rows[1].payment.reference == "c");
  REQUIRE(read.faults.size() == 2);
  CHECK(read.faults[0].line == 2);
  CHECK(read.faults[0].what == "date '2026-06-31' is not a day from 1970 to 2199; write it as 2026-06-21");
  CHECK(read.faults[1].line == 4);
  CHECK(read.faults[1].what ==
        "reference 'b' is that of another payment, on line 3; give this one a reference of its own");
}

TEST_CASE("each column says what it wants") {
  CHECK(faults_with("21.06.2026,hh01,1,a\n", "date '21.06.2026'"));
  CHECK(faults_with("1969-12-31,hh01,1,a\n", "date '1969-12-31'"));
  CHECK(faults_with("2200-01-01,hh01,1,a\n", "date '2200-01-01'"));
  CHECK(faults_with("9999-01-01,hh01,1,a\n", "date '9999-01-01'"));
  CHECK(faults_with("2026-06-21,HH 01,1,a\n", "household 'HH 01'"));
  CHECK(faults_with("2026-06-21,hh01,1,\n", "reference ''"));
  CHECK(faults_with("2026-06-21,hh01,1,a;b\n", "reference 'a;b'"));
  CHECK(faults_with("2026-06-21,hh01,1\n", "not the four columns"));
  CHECK(faults_with("2026-06-21,hh01,1,a,\n", "not the four columns"));
  CHECK(faults_with("2026-06-21,hh01,\"1,50\",a\n", "without quotes"));
  CHECK(faults_with("2026-06-21,hh01,1,a", "may be half written"));
  CHECK(faults_of("2026-06-21,hh01,1,\x01\xff\n")
            .find("'?"
                  "?'") != std::string::npos);
}

TEST_CASE("without its header nothing is believed to be one, and an empty file says so") {
  CHECK(read_payments("").faults.at(0).what.find("the header is not date,household,amount,reference") == 0);
  const PaymentRows read = read_payments("household,date,amount,reference\n2026-06-21,hh01,1,a\n");
  CHECK(read.faults.size() == 1);
  CHECK(read.faults[0].line == 1);
}

TEST_CASE("amounts are exact, signed and bounded") {
  CHECK(amount_from_text("1") == unit);
  CHECK(amount_from_text("+1.000000001") == Money{1'000'000'001});
  CHECK(amount_from_text("-0.10") == Money{-100'000'000});
  CHECK(amount_from_text("1000000") == payment_max);
  CHECK(amount_from_text("000000000000000000000000000007") == Money{7'000'000'000});
  for (const char* bad : {"", "-", "+-1", "1.", ".5", "1,5", "1e3", "0", "-0.00", "1.0000000001", "1000000.000000001",
                          "99999999999999999999", " 1", "1 ", "0x1", "1.5.5"}) {
    CAPTURE(bad);
    CHECK_FALSE(amount_from_text(bad).has_value());
  }
  CHECK(amount_text(unit) == "1.00");
  CHECK(amount_text(Money{-12'340'000'000}) == "-12.34");
  CHECK(amount_text(Money{-1}) == "-0.000000001");
  CHECK(amount_text(Money{1'005'000'000}) == "1.005000000");
}

TEST_CASE("what is written is read again") {
  const PaymentBooked payment{.household = *HouseholdId::from("hh01"),
                              .amount = Money{-1'234'567'891},
                              .time = UtcTime::from_seconds(1'782'000'000 / 86'400 * 86'400),
                              .reference = "payout-7-hh01"};
  const PaymentRows read = read_payments(header + payment_line(payment));
  REQUIRE(read.rows.size() == 1);
  CHECK(read.rows[0].payment == payment);
}

}  // namespace
}  // namespace commonwatt
