// Money that households pay in and are paid out: what is booked once, what is refused, and what a journal keeps of it.
#include <doctest/doctest.h>

#include "controller/journal_reader.hpp"
#include "controller/manifest.hpp"
#include "controller/payment.hpp"
#include "controller/sqlite.hpp"
#include "controller/verify.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::Neighbourhood;
using test::only;
using test::raises_alarm;
using test::street_houses;
using test::TemporaryDirectory;

const UtcTime before_first_gate = UtcTime::from_seconds(test::street_begin - 100);
const UtcTime day = UtcTime::from_seconds(test::street_begin / 86'400 * 86'400);
constexpr Money unit{1'000'000'000};

Account account_of(std::size_t house) {
  return {.kind = AccountKind::household, .household = street_houses()[house].id};
}
PaymentBooked payment(std::size_t house, Money amount, const std::string& reference) {
  return {.household = street_houses()[house].id, .amount = amount, .time = day, .reference = reference};
}
Money bank_of(const State& state) {
  return state.ledger.balance({.kind = AccountKind::bank, .household = {}});
}

/// The street with a last house that has no credit.
MarketConfigured without_credit() {
  MarketConfigured configured = test::street_configuration();
  configured.households[3].credit_limit = Money{0};
  return configured;
}

std::string answer(const Effects& effects) {
  const Receipt& receipt = only<SendReceipt>(effects).receipt;
  return receipt.rejection ? to_text(static_cast<OrderReject>(*receipt.rejection)) : "accepted";
}

TEST_CASE("a deposit is credit: an order refused for want of funds is taken after it") {
  Neighbourhood street;
  street.happen(without_credit(), before_first_gate);
  const OrderReceived order{street_houses()[3].id, test::signed_order(3, test::street_order(3, 0))};
  const Money spend = worst_case_spend(order.order.order);
  CHECK(answer(street.happen(order, before_first_gate)) == "insufficient_funds");
  street.happen(payment(3, spend - Money{1}, "a"), before_first_gate);
  CHECK(answer(street.happen(order, before_first_gate)) == "insufficient_funds");
  const Effects effects = street.happen(payment(3, Money{1}, "b"), before_first_gate);
  CHECK(only<StorePayment>(effects) == StorePayment{.number = 2, .payment = payment(3, Money{1}, "b")});
  CHECK(answer(street.happen(order, before_first_gate)) == "accepted");
  CHECK(street.state.ledger.balance(account_of(3)) == spend);
  CHECK(bank_of(street.state) == -spend);
  CHECK(street.state.ledger.sum() == Money{0});
  CHECK(open_spends(street.state).at(street_houses()[3].id) == open_spend(street.state, street_houses()[3].id));
}

TEST_CASE("a payout takes what the household has to its credit and not a nano-unit more") {
  Neighbourhood street;
  street.happen(payment(0, unit, "in"), before_first_gate);
  const Bytes before = encode(street.state);
  const PaymentBooked beyond = payment(0, Money{-unit.count - 1}, "out");
  CHECK(payment_fault(street.state, beyond) == PaymentReject::beyond_credit);
  CHECK(raises_alarm(street.happen(beyond, before_first_gate)));
  CHECK(encode(street.state) == before);
  const PaymentBooked all = payment(0, -unit, "out");
  street.happen(all, before_first_gate);
  CHECK(street.happen(all, before_first_gate).empty());
  CHECK(street.state.ledger.balance(account_of(0)) == Money{0});
  CHECK(bank_of(street.state) == Money{0});
}

TEST_CASE("a payment that comes again is booked once, and its reference is taken") {
  Neighbourhood street;
  const PaymentBooked first = payment(1, unit, "transfer 1");
  CHECK_FALSE(is_booked(street.state, first));
  street.happen(first, before_first_gate);
  CHECK(is_booked(street.state, first));
  const Bytes before = encode(street.state);
  CHECK(street.happen(first, before_first_gate).empty());
  PaymentBooked other = first;
  other.amount = Money{2};
  for (const PaymentBooked& changed : {payment(2, unit, "transfer 1"), other}) {
    CHECK(payment_fault(street.state, changed) == PaymentReject::changed);
    CHECK(raises_alarm(street.happen(changed, before_first_gate)));
  }
  CHECK(encode(street.state) == before);
  // The control: it is the reference that keeps the second away.
  street.happen(payment(1, unit, "transfer 2"), before_first_gate);
  CHECK(street.state.ledger.balance(account_of(1)) == unit + unit);
}

TEST_CASE("every payment that cannot be is refused by the first rule it breaks") {
  Neighbourhood street;
  street.happen(payment(0, unit, "taken"), before_first_gate);
  const auto fault = [&](const PaymentBooked& one) { return payment_fault(street.state, one); };
  PaymentBooked stranger = payment(0, unit, "x");
  stranger.household = *HouseholdId::from("hh99");
  CHECK(fault(stranger) == PaymentReject::unknown_household);
  CHECK(fault(payment(0, Money{0}, "x")) == PaymentReject::malformed);
  CHECK(fault(payment(0, payment_max + Money{1}, "x")) == PaymentReject::malformed);
  CHECK(fault(payment(0, -payment_max - Money{1}, "x")) == PaymentReject::malformed);
  CHECK(fault(payment(0, {std::numeric_limits<std::int64_t>::min()}, "x")) == PaymentReject::malformed);
  CHECK(fault(payment(0, unit, "")) == PaymentReject::malformed);
  for (const std::int64_t time : {std::int64_t{-1}, payment_time_end.nanoseconds}) {
    PaymentBooked dated = payment(0, unit, "x");
    dated.time = UtcTime{time};
    CHECK(fault(dated) == PaymentReject::malformed);
  }
  stranger.reference = "taken";
  CHECK(fault(stranger) == PaymentReject::changed);
  CHECK_FALSE(fault(payment(0, payment_max, "x")).has_value());
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(enum_last(PaymentReject{})); ++i)
    CHECK(std::string(explain(static_cast<PaymentReject>(i))).size() > 20);
}

TEST_CASE("deposits without end stop before the books cannot be summed") {
  Neighbourhood street;
  int number = 0;
  const auto next = [&] { return payment(0, payment_max, "rich " + std::to_string(++number)); };
  while (!payment_fault(street.state, next())) step(street.state, next(), before_first_gate);
  CHECK(payment_fault(street.state, next()) == PaymentReject::beyond_books);
  CHECK(bank_of(street.state) < -payments_balance_max);
  CHECK(bank_of(street.state) >= -payments_balance_max - payment_max);
  CHECK(street.state.ledger.sum() == Money{0});
}

TEST_CASE("a household that has left is paid out what it has, and cannot be charged for another's name") {
  Neighbourhood street;
  street.happen(payment(3, unit, "in"), before_first_gate);
  MarketConfigured smaller = test::street_configuration();
  smaller.households.pop_back();
  street.happen(smaller, before_first_gate);
  CHECK_FALSE(payment_fault(street.state, payment(3, -unit, "out")).has_value());
  smaller.households.pop_back();
  street.happen(smaller, before_first_gate);
  CHECK(payment_fault(street.state, payment(2, unit, "in again")) == PaymentReject::unknown_household);
}

TEST_CASE("references are what text files can hold") {
  for (const char* good : {"1", "NTRF 2026/06-21 (a):b.c_d#e'f+g?", "payout-12-hh01"})
    CHECK(is_payment_reference(good));
  for (const char* bad : {"", " a", "a ", "-a", "=1+1", "a,b", "a\"b", "a;b", "a[b", "a\nb", "a\xc3\xa4"})
    CHECK_FALSE(is_payment_reference(bad));
  CHECK(is_payment_reference(std::string(payment_reference_max, 'x')));
  CHECK_FALSE(is_payment_reference(std::string(payment_reference_max + 1, 'x')));
}

/// Six settled intervals with payments before and between them.
const Neighbourhood& paying_street() {
  static const std::unique_ptr<Neighbourhood> lived = [] {
    auto made = std::make_unique<Neighbourhood>();
    made->happen(payment(2, unit, "first"), before_first_gate);
    made->happen(payment(2, Money{-unit.count - 1}, "refused"), before_first_gate);
    made->live(6);
    made->happen(payment(0, Money{-1'000}, "second"), made->events.back().time);
    made->happen(payment(2, unit, "first"), made->events.back().time);
    made->happen(payment(3, unit, "third"), made->events.back().time);
    return made;
  }();
  return *lived;
}

void write_street(const std::filesystem::path& directory) {
  const auto journal = std::move(Journal::open(directory)).value();
  State state;
  for (const Neighbourhood::Happened& happened : paying_street().events) {
    std::vector<StoreBatch> batches;
    std::vector<StorePayment> payments;
    for (const Effect& effect : step(state, happened.event, happened.time)) {
      if (const auto* store = std::get_if<StoreBatch>(&effect)) batches.push_back(*store);
      if (const auto* store = std::get_if<StorePayment>(&effect)) payments.push_back(*store);
    }
    REQUIRE(journal->append({{happened.time, happened.event}}, batches, payments).ok());
  }
  REQUIRE(journal->save_snapshot(state).ok());
}

TEST_CASE("a journal keeps payments beside their events, and its replay gives the same books") {
  const TemporaryDirectory directory;
  write_street(directory.path());
  CHECK(*std::move(Journal::open(directory.path())).value()->restore() == paying_street().state);
  const auto postings = read_postings(directory / journal_file);
  REQUIRE(postings.ok());
  REQUIRE(postings->payments.size() == 3);
  CHECK(postings->payments[1] == StorePayment{.number = 2, .payment = payment(0, Money{-1'000}, "second")});
  Ledger ledger;
  for (const auto& batch : postings->batches) ledger.post(batch.postings);
  const Ledger& whole = paying_street().state.ledger;
  CHECK(whole.balance(account_of(2)) == ledger.balance(account_of(2)) + unit);
  CHECK(whole.balance(account_of(0)) == ledger.balance(account_of(0)) - Money{1'000});
  const VerifyReport report = verify_directory(directory.path());
  CHECK(report.verified());
  CHECK(report.ledger_sum == 0);
}

TEST_CASE("books are read of one moment, with what is not final or later than asked") {
  const TemporaryDirectory directory;
  write_street(directory.path());
  const auto books = read_books(directory / journal_file, std::nullopt);
  REQUIRE(books.ok());
  CHECK(books->state == paying_street().state);
  CHECK(books->sequence == static_cast<std::int64_t>(paying_street().events.size()));
  CHECK(books->time == paying_street().events.back().time);
  CHECK(books->late.size() == 6);
  CHECK(read_books(directory / journal_file, test::street_interval(4).begin())->late.size() == 6);
  CHECK_FALSE(read_books(directory / "nowhere", std::nullopt).ok());
}

TEST_CASE("the auditor finds every change to a stored payment and names an interval") {
  for (const char* sql :
       {"UPDATE payment SET amount=amount+1 WHERE number=2", "DELETE FROM payment WHERE number=3",
        "UPDATE payment SET household='HH' WHERE number=1", "UPDATE payment SET time=0 WHERE number=1",
        "UPDATE payment SET reference='other' WHERE number=3", "DELETE FROM payment",
        "INSERT INTO payment VALUES(4, 'hh01', 5, 0, 'more')"}) {
    const TemporaryDirectory directory;
    write_street(directory.path());
    SqliteDatabase(directory / journal_file, OpenMode::read_write, "").execute(sql);
    CAPTURE(sql);
    const VerifyReport report = verify_directory(directory.path());
    CHECK_FALSE(report.verified());
    CHECK(report.first_bad_interval().has_value());
  }
}

TEST_CASE("a sealed journal knows which day a page of payments is about") {
  const PaymentBooked booked = payment(0, unit, "x");
  CHECK(interval_of_event(booked, before_first_gate, test::quarter) ==
        Interval::containing(before_first_gate, test::quarter).begin_seconds());
  const TemporaryDirectory directory;
  write_street(directory.path());
  REQUIRE(seal_journal(directory.path(), test::street_log_key()).ok());
  CHECK(check_manifest(directory.path()).damaged.empty());
  CHECK(verify_directory(directory.path()).verified());
}

}  // namespace
}  // namespace commonwatt
