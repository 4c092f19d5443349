// A household's account over the period of its bill.
#include <random>

#include <doctest/doctest.h>

#include "controller/bill_files.hpp"
#include "controller/bill_page.hpp"
#include "controller/household_account.hpp"
#include "tests/controller/bill_sample.hpp"

namespace commonwatt {
namespace {

using test::bill_household;

constexpr std::int64_t june_21 = 1'781'992'800;  // 2026-06-20T22:00:00Z, midnight in Zurich
constexpr std::int64_t day = 86'400;

BookPosting posting(std::int64_t begin_seconds, const char* debit, const char* credit, std::int64_t amount) {
  return {.begin_seconds = begin_seconds,
          .run = "initial",
          .debit = debit,
          .credit = credit,
          .amount = Money{amount},
          .kind = "energy",
          .household = {},
          .reference = {}};
}
/// Received from hh01 where the amount is above zero.
BookPosting payment(std::int64_t utc_day, std::int64_t amount, const char* reference) {
  BookPosting made = amount > 0 ? posting(utc_day, "bank", "household:hh01", amount)
                                : posting(utc_day, "household:hh01", "bank", -amount);
  made.run.clear();
  made.kind = "payment";
  made.reference = reference;
  return made;
}

/// Two quarter-hours on 21 June, 75,000,000 each.
HouseholdBill bill_of_june_21() {
  return *make_household_bill(bill_household(), {test::plain_row(june_21), test::plain_row(june_21 + 900)},
                              {.zone = test::zone_of("Europe/Zurich"),
                               .period = {UtcTime::from_seconds(june_21), UtcTime::from_seconds(june_21 + day)},
                               .currency = "CHF"});
}

}  // namespace

TEST_CASE("an account goes from what was owed before over the bill and the payments to what is owed after") {
  HouseholdBill bill = bill_of_june_21();
  REQUIRE(bill.sums.total == Money{150'000'000});
  constexpr std::int64_t utc_june_21 = june_21 + 2 * 3'600;
  const std::vector<BookPosting> postings{
      posting(june_21 - 900, "household:hh01", "utility", 40),
      posting(june_21, "household:hh01", "utility", 80'000'000),
      posting(june_21, "escrow", "household:hh01", 5'000'000),  // its revised run gives some back
      posting(june_21 + 900, "household:hh01", "utility", 75'000'000),
      posting(june_21 + 900, "household:hh02", "utility", 1),      // a neighbour's
      posting(june_21 + day, "household:hh01", "utility", 1'000),  // the next day
      payment(utc_june_21 - day, 30, "the day before"),
      payment(utc_june_21, -2'000, "out"),
      payment(utc_june_21, 100'000'000, "in"),
      payment(utc_june_21 + day, 7, "the day after"),
  };
  const Result<HouseholdAccount, std::string> account = account_of(bill, postings);
  REQUIRE(account);
  CHECK(account->opening == Money{10});
  CHECK(account->settled == Money{150'000'000});
  REQUIRE(account->payments.size() == 2);
  CHECK(account->payments[0].reference == "out");
  CHECK(account->payments[0].amount == Money{2'000});
  CHECK(to_text(account->payments[1].day) == "2026-06-21");
  CHECK(account->payments[1].amount == Money{-100'000'000});
  CHECK(account->closing == Money{50'002'010});

  bill.account = *account;
  const std::string text = bill_text(bill, Language::en);
  CHECK(text.find("Received on 21 June 2026, in") != std::string::npos);
  CHECK(text.find("At the end of the period you owe " + money_text(Money{50'002'010}, "CHF", Language::en)) !=
        std::string::npos);
  const std::string page = bill_page(bill, "", Language::de);
  CHECK(page.find("Ausgezahlt am 21. Juni 2026, out") != std::string::npos);
  CHECK(page.find("Am Ende des Zeitraums schulden Sie") != std::string::npos);
  CHECK(bill_json(bill, Language::en).find(R"("closing":50002010)") != std::string::npos);
}

TEST_CASE("books that settled something else than the bills say, or know nobody of that name, are refused") {
  const HouseholdBill bill = bill_of_june_21();
  CHECK(account_of(bill, std::vector{posting(june_21, "household:hh01", "utility", 149'999'999)}).error() ==
        "have 0.149999999 settled for hh01 in this period, its bills 0.150000000; take books and bills of the same "
        "market and moment, with every bill of the period");
  CHECK(account_of(bill, std::vector{posting(june_21, "household:hh011", "utility", 150'000'000)}).error() ==
        "have no account of hh01");
}

TEST_CASE("wherever a year of postings is cut into periods, each begins with what the one before left") {
  std::mt19937_64 draw(20'261'122);
  const auto below = [&draw](std::int64_t bound) {
    return std::uniform_int_distribution<std::int64_t>(0, bound - 1)(draw);
  };
  std::vector<BookPosting> postings;
  std::vector<BillRow> rows;
  Money owed;
  for (std::int64_t at = june_21; at < june_21 + 365 * day; at += 900 * (1 + below(200))) {
    BillRow row = test::random_row(draw, at);
    rows.push_back(row);
    const bool pays = row.total > Money{0};
    postings.push_back(posting(at, pays ? "household:hh01" : "utility", pays ? "utility" : "household:hh01",
                               pays ? row.total.count : -row.total.count));
    owed += row.total;
    if (below(5) > 0) continue;
    const std::int64_t amount = 1 + below(1'000'000'000);
    const bool in = below(2) == 0;
    postings.push_back(payment(at / day * day, in ? amount : -amount, "some"));
    owed += Money{in ? -amount : amount};
  }
  Money before;
  std::size_t payments = 0;
  for (std::int64_t from = june_21; from < june_21 + 366 * day;) {
    const std::int64_t to = from + day * (3 + below(60));
    const LocalZone zone = test::zone_of("Europe/Zurich");
    const auto midnight = [&zone](std::int64_t seconds) {
      return zone.day_begin(zone.at(UtcTime::from_seconds(seconds)).date);
    };
    const BillPeriod period{midnight(from), midnight(to)};
    const Result<HouseholdBill, std::string> bill =
        make_household_bill(bill_household(), rows, {.zone = zone, .period = period, .currency = "CHF"});
    from = to;
    if (!bill) continue;  // beyond the last interval: in three days there is always one
    const Result<HouseholdAccount, std::string> account = account_of(*bill, postings);
    REQUIRE(account);
    CHECK(account->opening == before);
    before = account->closing;
    payments += account->payments.size();
  }
  CHECK(before == owed);
  CHECK(payments > 50);
}

}  // namespace commonwatt
