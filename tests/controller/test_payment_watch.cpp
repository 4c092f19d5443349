// The file of payments while the controller runs: looked at by the machine's time, each row booked once, faults told
// once.
#include <doctest/doctest.h>

#include "controller/payment_watch.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::Neighbourhood;
using test::TemporaryDirectory;
using test::write_text;

const std::string header = std::string(payment_header) + "\n";
const UtcTime now = UtcTime::from_seconds(test::street_begin - 100);

/// A street, its file and a clock of the machine that only the test moves.
struct Desk {
  TemporaryDirectory directory;
  std::filesystem::path file = directory / "payments.csv";
  Neighbourhood street;
  PaymentWatch watch{file};
  std::chrono::steady_clock::time_point machine{std::chrono::hours(1)};
  std::vector<std::string> alarms;

  /// Books what is due until nothing is; how many that were.
  std::size_t book() {
    std::size_t booked = 0;
    for (bool more = true; more;) {
      const PaymentsDue due = watch.due(street.state, machine);
      alarms.insert(alarms.end(), due.alarms.begin(), due.alarms.end());
      for (const PaymentBooked& payment : due.payments) {
        const Effects effects = street.happen(payment, now);
        REQUIRE(effects.size() == 1);
        REQUIRE(std::holds_alternative<StorePayment>(effects[0]));
      }
      booked += due.payments.size();
      more = !due.payments.empty();
    }
    return booked;
  }
  std::size_t book_later() {
    machine += PaymentWatch::period;
    return book();
  }
};

std::string row(int number, const char* household = "hh01", const char* amount = "1") {
  return std::string("2026-06-21,") + household + "," + amount + ",row " + std::to_string(number) + "\n";
}

TEST_CASE("rows that are appended are booked once each, ten seconds of the machine's time later at most") {
  Desk desk;
  write_text(desk.file, header + row(1) + row(2));
  CHECK(desk.book() == 2);
  write_text(desk.file, header + row(1) + row(2) + row(3, "hh02"));
  CHECK(desk.book() == 0);
  CHECK(desk.book_later() == 1);
  CHECK(desk.book_later() == 0);
  // A controller that starts again reads everything and books nothing.
  desk.watch = PaymentWatch(desk.file);
  CHECK(desk.book() == 0);
  CHECK(desk.street.state.payments.size() == 3);
  CHECK(desk.alarms.empty());
}

TEST_CASE("a payout may rest on the deposit before it, and no bad row holds up the others") {
  Desk desk;
  write_text(desk.file, header + row(1, "hh01", "5") + row(2, "hh09") + row(3, "hh01", "-5") + "nonsense\n" +
                            row(4, "hh01", "-0.01") + row(5, "hh02"));
  CHECK(desk.book() == 3);
  REQUIRE(desk.alarms.size() == 3);
  CHECK(desk.alarms[0].find("payments.csv:5: not the four columns") != std::string::npos);
  CHECK(desk.alarms[1].find("payments.csv:3: household 'hh09' is no household") != std::string::npos);
  CHECK(desk.alarms[2].find("payments.csv:6: amount '-0.01' is more than the household has") != std::string::npos);
  CHECK(desk.alarms[2].find("the balance of hh01 is 0.00") != std::string::npos);
  // Told once; and again when the file has changed, when what was refused may have become right.
  CHECK(desk.book_later() == 0);
  CHECK(desk.alarms.size() == 3);
  write_text(desk.file, header + row(6) + row(4, "hh01", "-0.01"));
  CHECK(desk.book_later() == 2);
  CHECK(desk.alarms.size() == 3);
}

TEST_CASE("a booked row that was edited is an alarm and changes nothing") {
  Desk desk;
  write_text(desk.file, header + row(1));
  CHECK(desk.book() == 1);
  write_text(desk.file, header + row(1, "hh01", "10"));
  CHECK(desk.book_later() == 0);
  REQUIRE(desk.alarms.size() == 1);
  CHECK(desk.alarms[0].find("payments.csv:2: reference 'row 1' is that of a payment booked") != std::string::npos);
}

TEST_CASE("a row is not read before its line has ended") {
  Desk desk;
  write_text(desk.file, header + "2026-06-21,hh01,100,ro");
  CHECK(desk.book() == 0);
  CHECK(desk.alarms.at(0).find(":2: the line has no end") != std::string::npos);
  write_text(desk.file, header + "2026-06-21,hh01,100,row 1\n");
  CHECK(desk.book_later() == 1);
}

TEST_CASE("a file that is missing, or too large, is said once") {
  Desk desk;
  CHECK(desk.book() == 0);
  CHECK(desk.book_later() == 0);
  REQUIRE(desk.alarms.size() == 1);
  CHECK(desk.alarms[0].find("payments.csv: is not there") != std::string::npos);
  write_text(desk.file, header + row(1));
  std::filesystem::resize_file(desk.file, PaymentWatch::bytes_max + 1);
  CHECK(desk.book_later() == 0);
  CHECK(desk.book_later() == 0);
  REQUIRE(desk.alarms.size() == 2);
  CHECK(desk.alarms[1].find("larger than 16 MiB") != std::string::npos);
  PaymentWatch none{{}};
  CHECK(none.due(desk.street.state, desk.machine).alarms.empty());
}

TEST_CASE("a thousand bad rows are twenty alarms and a sum, and a thousand good ones are handed out in parts") {
  Desk desk;
  std::string text = header;
  for (int i = 0; i < 1'000; ++i) text += row(i, i % 2 == 0 ? "hh99" : "hh01");
  for (int i = 1'000; i < 1'500; ++i) text += row(i, ("hh0" + std::to_string(1 + i % 4)).c_str());
  write_text(desk.file, text);
  CHECK(desk.watch.due(desk.street.state, desk.machine).payments.size() == PaymentWatch::payments_max);
  desk.watch = PaymentWatch(desk.file);
  CHECK(desk.book() == 1'000);
  CHECK(desk.alarms.size() == PaymentWatch::alarms_max + 1);
  CHECK(desk.alarms.back().find("480 more rows are not booked") != std::string::npos);
}

}  // namespace
}  // namespace commonwatt
