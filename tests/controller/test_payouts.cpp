// What can be paid out: only what can change no more, less what open orders can cost, in whole hundredths.
#include <sstream>

#include <doctest/doctest.h>

#include "controller/bill_files.hpp"
#include "controller/book_export.hpp"
#include "controller/export_command.hpp"
#include "controller/payment_file.hpp"
#include "controller/payouts.hpp"
#include "controller/payouts_command.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::Neighbourhood;
using test::street_houses;
using test::TemporaryDirectory;

constexpr Money unit{1'000'000'000};
constexpr std::int64_t hundredth = 10'000'000;

/// The street's journal as its controller writes it.
void write_street(const Neighbourhood& street, const std::filesystem::path& directory) {
  const auto journal = std::move(Journal::open(directory)).value();
  State state;
  for (const Neighbourhood::Happened& happened : street.events) {
    std::vector<StoreBatch> batches;
    std::vector<StorePayment> payments;
    for (const Effect& effect : step(state, happened.event, happened.time)) {
      if (const auto* store = std::get_if<StoreBatch>(&effect)) batches.push_back(*store);
      if (const auto* store = std::get_if<StorePayment>(&effect)) payments.push_back(*store);
    }
    REQUIRE(journal->append({{happened.time, happened.event}}, batches, payments).ok());
  }
}

void pay(Neighbourhood& street, std::size_t house, Money amount, const std::string& reference) {
  street.happen(PaymentBooked{.household = street_houses()[house].id,
                              .amount = amount,
                              .time = UtcTime::from_seconds(test::street_begin / 86'400 * 86'400),
                              .reference = reference},
                street.events.back().time);
}

JournalBooks books_of(const Neighbourhood& street, std::optional<UtcTime> until = {}) {
  const TemporaryDirectory directory;
  write_street(street, directory.path());
  return std::move(read_books(directory / journal_file, until)).value();
}

/// What the street's batches posted to a house for its first intervals.
Money posted(const Neighbourhood& street, std::size_t house, std::int64_t intervals) {
  Ledger ledger;
  for (const StoreBatch& store : street.batches) {
    if (store.entry.interval < test::street_interval(intervals)) ledger.post(store.postings);
  }
  return ledger.balance({.kind = AccountKind::household, .household = street_houses()[house].id});
}

Money hundredths(Money amount) {
  return {amount.count / hundredth * hundredth};
}

/// Eight intervals, the first three of them settled for good.
const Neighbourhood& street_of_three_final() {
  static const std::unique_ptr<Neighbourhood> lived = [] {
    auto made = std::make_unique<Neighbourhood>();
    made->live(8);
    made->run_until(made->state.rules.final_time(test::street_interval(2)));
    return made;
  }();
  return *lived;
}

TEST_CASE("only what is final is payable, in whole hundredths, and the rest stays") {
  const Neighbourhood& street = street_of_three_final();
  const JournalBooks books = books_of(street);
  const std::vector<HouseholdPayout> list = payouts(books, {.minimum = Money{hundredth}, .until = {}});
  REQUIRE(list.size() == 4);
  for (std::size_t house = 0; house < 2; ++house) {
    CAPTURE(house);
    const Money final_part = posted(street, house, 3);
    const Money all = posted(street, house, 8);
    REQUIRE(final_part > Money{hundredth});
    REQUIRE(all > final_part);
    CHECK(list[house].balance == all);
    CHECK(list[house].late == all - final_part);
    CHECK(list[house].payable == hundredths(final_part));
  }
  const auto settled = payouts(books, {.minimum = Money{hundredth}, .until = {}, .basis = PayoutBasis::settled_runs});
  CHECK(settled[0].payable == hundredths(posted(street, 0, 8)));
  CHECK(payouts(books, {.minimum = unit + unit, .until = {}})[0].payable == Money{0});
  // Who bought owes, and a debt that is not final is no credit either.
  CHECK(list[3].balance < Money{0});
  CHECK(list[3].payable == Money{0});
}

TEST_CASE("intervals that end after the time asked for do not count") {
  const Neighbourhood& street = street_of_three_final();
  for (std::int64_t intervals = 0; intervals <= 8; ++intervals) {
    const UtcTime until = test::street_interval(intervals).begin();
    const JournalBooks books = books_of(street, until);
    const auto final_only = payouts(books, {.minimum = Money{hundredth}, .until = until});
    CHECK(final_only[0].payable == hundredths(posted(street, 0, std::min<std::int64_t>(3, intervals))));
    const auto settled =
        payouts(books, {.minimum = Money{hundredth}, .until = until, .basis = PayoutBasis::settled_runs});
    CHECK(settled[0].payable == hundredths(posted(street, 0, intervals)));
  }
}

TEST_CASE("what open orders can cost, and debts that are not final, are held back from a deposit") {
  Neighbourhood street;
  pay(street, 3, unit, "in");
  street.send_orders(0);
  const Money spend = open_spend(street.state, street_houses()[3].id);
  REQUIRE(spend > Money{0});
  CHECK(payouts(books_of(street), {.minimum = Money{hundredth}, .until = {}}).at(0).payable ==
        hundredths(unit - spend));
  street.close_gate(0);
  street.send_readings(0);
  for (std::int64_t number = 1; number < 8; ++number) street.pass(number, 5);
  REQUIRE(posted(street, 3, 5) < Money{0});
  const JournalBooks books = books_of(street);
  CHECK(open_spend(books.state, street_houses()[3].id) == Money{0});
  CHECK(payouts(books, {.minimum = Money{hundredth}, .until = {}})[3].payable ==
        hundredths(unit + posted(street, 3, 5)));
}

TEST_CASE("the file for the bank is booked as it is, and then nothing is left to be paid") {
  Neighbourhood street;
  street.live(4);
  pay(street, 2, unit + unit, "in");
  const TemporaryDirectory directory;
  write_street(street, directory.path());
  std::ostringstream out;
  std::ostringstream errors;
  PayoutsOptions options;
  options.directory = directory.path().string();
  options.minimum = "0.01";
  options.include_provisional = true;
  options.csv = "-";
  REQUIRE(run_payouts(options, out, errors) == 0);
  const PaymentRows read = read_payments(out.str());
  CHECK(read.faults.empty());
  REQUIRE(read.rows.size() == 3);
  for (const PaymentRow& row : read.rows) {
    CHECK(std::holds_alternative<StorePayment>(street.happen(row.payment, street.events.back().time).at(0)));
  }
  for (const HouseholdPayout& payout :
       payouts(books_of(street), {.minimum = Money{1}, .until = {}, .basis = PayoutBasis::settled_runs})) {
    CHECK(payout.payable == Money{0});
    CHECK(payout.balance < Money{hundredth});
  }
}

TEST_CASE("the table says who gets and who owes, and wrong options are named") {
  const TemporaryDirectory directory;
  write_street(street_of_three_final(), directory.path());
  PayoutsOptions options;
  options.directory = directory.path().string();
  options.minimum = "0.01";
  options.csv = (directory / "payouts.csv").string();
  std::ostringstream out;
  std::ostringstream errors;
  REQUIRE(run_payouts(options, out, errors) == 0);
  CHECK(out.str().find("not counted yet") != std::string::npos);
  CHECK(test::file_text(options.csv).find("-hh01\n") != std::string::npos);
  CHECK(test::file_text(options.csv).find("hh03") == std::string::npos);
  const auto status = [&](auto change) {
    PayoutsOptions changed = options;
    change(changed);
    return run_payouts(changed, out, errors);
  };
  CHECK(status([](PayoutsOptions& o) { o.minimum = "-1"; }) == 64);
  CHECK(status([](PayoutsOptions& o) { o.minimum = "much"; }) == 64);
  CHECK(status([](PayoutsOptions& o) { o.until = "June"; }) == 64);
  CHECK(status([](PayoutsOptions& o) { o.until = "2026-06-21"; }) == 0);
  CHECK(status([](PayoutsOptions& o) { o.directory += "/nowhere"; }) == 65);
  CHECK(status([](PayoutsOptions& o) { o.csv = o.directory; }) == 1);
}

TEST_CASE("a journal's books have every payment as a transaction of its own, and the balances of its controller") {
  Neighbourhood street;
  pay(street, 0, unit, "transfer (1)");
  street.live(4);
  pay(street, 0, -unit, "back");
  const TemporaryDirectory directory;
  write_street(street, directory.path());
  ExportOptions options;
  options.directory = directory.path().string();
  std::ostringstream csv;
  std::ostringstream errors;
  REQUIRE(run_export(options, csv, errors) == 0);
  CHECK(csv.str().find(",,deposit,hh01,assets:bank,assets:receivable:household:hh01,1000000000,1.000000000,EUR,"
                       "transfer (1)\n") != std::string::npos);
  CHECK(
      csv.str().find(",,payout,hh01,assets:receivable:household:hh01,assets:bank,1000000000,1.000000000,EUR,back\n") !=
      std::string::npos);
  options.format = ExportFormat::ledger;
  std::ostringstream journal;
  REQUIRE(run_export(options, journal, errors) == 0);
  CHECK(journal.str().find(" Payment, deposit of hh01\n    ; reference: transfer (1)\n") != std::string::npos);
  CHECK(journal.str().find(" Payment, payout of hh01\n    ; reference: back\n") != std::string::npos);
  for (const auto& [account, balance] : street.state.ledger.balances()) {
    // In the books a debit is positive.
    const Money booked = -balance;
    const std::string name = to_text(account);
    CAPTURE(name);
    CHECK(journal.str().find(book_name(name) + "  0.000000000 EUR = " + exact_decimal(booked) + " EUR\n") !=
          std::string::npos);
  }
}

}  // namespace
}  // namespace commonwatt
