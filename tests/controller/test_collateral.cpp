// Collateral in a vault takes the place of credit limits: what is known to be free there is the most that may be owed.
#include <doctest/doctest.h>

#include "controller/payouts.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::Neighbourhood;
using test::only;
using test::raises_alarm;
using test::street_houses;

const UtcTime before_first_gate = UtcTime::from_seconds(test::street_begin - 100);
constexpr std::size_t buyer = 3;

MarketConfigured with_vault(bool has_vault = true) {
  MarketConfigured configured = test::street_configuration();
  configured.has_vault = has_vault;
  return configured;
}
CollateralKnown known(Money free, Money paid = {}, std::int64_t block = 1) {
  return {.household = street_houses()[buyer].id, .block = block, .free = free, .paid = paid};
}
OrderReceived order(std::int64_t number = 0) {
  return {street_houses()[buyer].id, test::signed_order(buyer, test::street_order(buyer, number))};
}
std::string answer(const Effects& effects) {
  const Receipt& receipt = only<SendReceipt>(effects).receipt;
  return receipt.rejection ? to_text(static_cast<OrderReject>(*receipt.rejection)) : "accepted";
}

TEST_CASE("with a vault a household may owe its free collateral to the last nano, and no credit limit") {
  const Money spend = worst_case_spend(order().order.order);
  Neighbourhood control(with_vault(false));
  CHECK(answer(control.happen(order(), before_first_gate)) == "accepted");
  Neighbourhood street(with_vault());
  CHECK(answer(street.happen(order(), before_first_gate)) == "insufficient_funds");
  street.happen(known(spend - Money{1}), before_first_gate);
  CHECK(answer(street.happen(order(), before_first_gate)) == "insufficient_funds");
  street.happen(known(spend), before_first_gate);
  CHECK(answer(street.happen(order(), before_first_gate)) == "accepted");
  CHECK(answer(street.happen(order(1), before_first_gate)) == "insufficient_funds");
}

TEST_CASE("what the vault has paid out is not there a second time") {
  const Money spend = worst_case_spend(order().order.order);
  Neighbourhood street(with_vault());
  const PaymentBooked deposit{
      .household = street_houses()[buyer].id, .amount = spend, .time = UtcTime::from_seconds(0), .reference = "a"};
  street.happen(deposit, before_first_gate);
  street.happen(known(Money{0}, Money{1}), before_first_gate);
  CHECK(unpaid_balance(street.state, street_houses()[buyer].id) == spend - Money{1});
  CHECK(answer(street.happen(order(), before_first_gate)) == "insufficient_funds");
  // Nor by bank.
  PaymentBooked payout = deposit;
  payout.amount = -spend;
  payout.reference = "b";
  CHECK(payment_fault(street.state, payout) == PaymentReject::beyond_credit);
  payout.amount = Money{1} - spend;
  CHECK_FALSE(payment_fault(street.state, payout).has_value());
  street.happen(known(Money{1}, Money{1}), before_first_gate);
  CHECK(answer(street.happen(order(), before_first_gate)) == "accepted");
}

TEST_CASE("without the vault's mode collateral means nothing") {
  Neighbourhood street(with_vault(false));
  street.happen(known(Money{0}, Money{5}), before_first_gate);
  CHECK(unpaid_balance(street.state, street_houses()[buyer].id) == Money{0});
  CHECK(answer(street.happen(order(), before_first_gate)) == "accepted");
}

TEST_CASE("collateral of a stranger and amounts out of range change nothing and raise an alarm") {
  Neighbourhood street(with_vault());
  const Bytes before = encode(street.state);
  CollateralKnown stranger = known(Money{1});
  stranger.household = *HouseholdId::from("hh99");
  for (const CollateralKnown& bad :
       {stranger, known(Money{-1}), known(Money{1}, Money{-1}), known(Money{1}, Money{0}, -1),
        known(Money{payments_balance_max.count + 1}), known(Money{1}, Money{payments_balance_max.count + 1})}) {
    CHECK(raises_alarm(street.happen(bad, before_first_gate)));
    CHECK(encode(street.state) == before);
  }
}

TEST_CASE("what is paid by the vault is not paid out by bank") {
  Neighbourhood street(with_vault());
  const HouseholdId& id = street_houses()[buyer].id;
  constexpr Money unit{1'000'000'000};
  street.happen(
      PaymentBooked{
          .household = id, .amount = Money{10 * unit.count}, .time = UtcTime::from_seconds(0), .reference = "a"},
      before_first_gate);
  street.happen(known(Money{0}, Money{4 * unit.count}), before_first_gate);
  JournalBooks books;
  books.state = street.state;
  const std::vector<HouseholdPayout> list = payouts(books, {});
  REQUIRE(list.size() == 1);
  CHECK(list[0].paid == Money{4 * unit.count});
  CHECK(list[0].payable == Money{6 * unit.count});
  CHECK(payout_table(list, books).find("paid by vault") != std::string::npos);
}

}  // namespace
}  // namespace commonwatt
