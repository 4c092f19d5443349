#include <string>

#include <doctest/doctest.h>

#include "market/admission.hpp"

namespace commonwatt {
namespace {

constexpr Interval interval(1'782'000'000, 900);

MarketRules rules() {
  MarketRules rules;
  rules.tariff = TariffSchedule::constant({.retail = Price{300'000}, .feed_in = Price{80'000}});
  return rules;
}

HouseholdRecord household() {
  HouseholdRecord household;
  household.id = *HouseholdId::from("hh01");
  household.owner = household.id;
  household.fuse_rating = Power{14'000};  // 3500 Wh in a quarter of an hour
  household.nameplate = Power{6'000};
  household.storage = Power{2'000};  // with the plant, 2000 Wh
  household.credit_limit = Money{1'000'000'000};
  return household;
}

Order order(Side side, std::int64_t quantity, std::int64_t limit) {
  Order order;
  order.household = *HouseholdId::from("hh01");
  order.interval = interval;
  order.side = side;
  order.quantity = Energy{quantity};
  order.limit = Price{limit};
  order.sequence = 5;
  return order;
}

/// The world of an order that is fine, for each test to spoil.
struct World {
  MarketRules market = rules();
  HouseholdRecord record = household();
  std::vector<StandingOrder> standing;
  bool known = true;
  bool signature_holds = true;
  bool gate_was_closed = false;
  UtcTime received = market.gate_closure(interval) - Duration{1};
  std::int64_t last_sequence = 4;
  Money open_spend;
  Money balance;

  [[nodiscard]] std::string verdict(const Order& asked) const {
    const Result<AcceptedOrder, OrderReject> outcome = admit(asked, {.rules = market,
                                                                     .household = known ? &record : nullptr,
                                                                     .signature_holds = signature_holds,
                                                                     .received = received,
                                                                     .gate_was_closed = gate_was_closed,
                                                                     .last_sequence = last_sequence,
                                                                     .standing = standing,
                                                                     .open_spend = open_spend,
                                                                     .balance = balance,
                                                                     .credit = record.credit_limit});
    if (!outcome) return to_text(outcome.error());
    return outcome->order() == asked ? "accepted" : "another order was accepted";
  }

  void stand(const char* owner, const Order& placed) { standing.push_back({placed, *HouseholdId::from(owner)}); }
};

TEST_CASE("a good order is accepted as it is") {
  CHECK(World().verdict(order(Side::buy, 500, 200'000)) == "accepted");
  CHECK(World().verdict(order(Side::sell, 500, 200'000)) == "accepted");
}

TEST_CASE("the first rule that fails names the rejection, in the order of the rulebook") {
  // An order and a world in which every rule fails; mending them one by one uncovers the next.
  World world;
  world.known = false;
  world.signature_holds = false;
  world.received = interval.begin();
  world.last_sequence = 5;
  world.balance = Money{-1'000'000'000};
  world.stand("hh01", order(Side::sell, 100, 80'000));
  Order asked = order(Side::buy, 0, 300'001);
  CHECK(world.verdict(asked) == "malformed");
  asked.quantity = Energy{3'501};
  CHECK(world.verdict(asked) == "unknown_household");
  world.known = true;
  CHECK(world.verdict(asked) == "bad_signature");
  world.signature_holds = true;
  CHECK(world.verdict(asked) == "gate_closed");
  world.received = world.market.gate_closure(interval) - Duration{1};
  CHECK(world.verdict(asked) == "replayed");
  world.last_sequence = 4;
  CHECK(world.verdict(asked) == "price_out_of_bounds");
  asked.limit = Price{300'000};
  CHECK(world.verdict(asked) == "quantity_out_of_bounds");
  asked.quantity = Energy{3'500};
  CHECK(world.verdict(asked) == "self_crossing");
  world.standing.clear();
  CHECK(world.verdict(asked) == "insufficient_funds");
  world.balance = Money{50'000'000};
  CHECK(world.verdict(asked) == "accepted");
}

TEST_CASE("an order with a field out of range is malformed") {
  const Order good = order(Side::buy, 500, 200'000);
  std::vector<Order> bad(7, good);
  bad[0].quantity = Energy{0};
  bad[1].quantity = Energy{-1};
  bad[2].quantity = order_energy_max + Energy{1};
  bad[3].limit = price_magnitude_max + Price{1};
  bad[4].limit = -price_magnitude_max - Price{1};
  bad[5].sequence = 0;
  bad[6].interval = Interval(interval.begin_seconds(), 1800);
  for (const Order& asked : bad) CHECK(World().verdict(asked) == "malformed");
}

TEST_CASE("the gate opens a day ahead and is closed at the very moment of its closure") {
  World world;
  const Order asked = order(Side::buy, 500, 200'000);
  const UtcTime closure = world.market.gate_closure(interval);
  CHECK(closure == UtcTime::from_seconds(interval.begin_seconds() - 60));
  world.received = closure;
  CHECK(world.verdict(asked) == "gate_closed");
  world.received = closure - std::chrono::hours(24);
  CHECK(world.verdict(asked) == "accepted");
  world.gate_was_closed = true;  // Under rules that let it close earlier.
  CHECK(world.verdict(asked) == "gate_closed");
  world.gate_was_closed = false;
  world.received = closure - std::chrono::hours(24) - Duration{1};
  CHECK(world.verdict(asked) == "gate_closed");
}

TEST_CASE("the interval that begins at the end of trading is not traded, the one before it is") {
  World world;
  const Order asked = order(Side::buy, 500, 200'000);
  world.market.trading_end = interval.begin();
  CHECK(world.verdict(asked) == "gate_closed");
  world.market.trading_end = interval.begin() + Duration{1};
  CHECK(world.verdict(asked) == "accepted");
}

TEST_CASE("limits from feed-in to retail are good, both included") {
  CHECK(World().verdict(order(Side::sell, 500, 80'000)) == "accepted");
  CHECK(World().verdict(order(Side::sell, 500, 79'999)) == "price_out_of_bounds");
  CHECK(World().verdict(order(Side::buy, 500, 300'000)) == "accepted");
  CHECK(World().verdict(order(Side::buy, 500, 300'001)) == "price_out_of_bounds");
}

TEST_CASE("a household buys what its fuse carries and sells what plant and storage give, never more than the fuse") {
  World world;
  CHECK(world.verdict(order(Side::buy, 3'500, 200'000)) == "accepted");
  CHECK(world.verdict(order(Side::buy, 3'501, 200'000)) == "quantity_out_of_bounds");
  CHECK(world.verdict(order(Side::sell, 2'000, 200'000)) == "accepted");
  CHECK(world.verdict(order(Side::sell, 2'001, 200'000)) == "quantity_out_of_bounds");
  world.record.nameplate = Power{60'000};
  CHECK(world.verdict(order(Side::sell, 3'500, 200'000)) == "accepted");
  CHECK(world.verdict(order(Side::sell, 3'501, 200'000)) == "quantity_out_of_bounds");
}

TEST_CASE("orders of one owner never trade with each other, orders of two owners may") {
  World world;
  world.stand("hh01", order(Side::sell, 100, 200'000));
  CHECK(world.verdict(order(Side::buy, 100, 200'000)) == "self_crossing");
  CHECK(world.verdict(order(Side::buy, 100, 199'999)) == "accepted");
  CHECK(world.verdict(order(Side::sell, 100, 80'000)) == "accepted");
  world.standing.clear();
  world.stand("hh01", order(Side::buy, 100, 200'000));
  CHECK(world.verdict(order(Side::sell, 100, 200'000)) == "self_crossing");
  CHECK(world.verdict(order(Side::sell, 100, 200'001)) == "accepted");
  world.standing.clear();
  world.stand("hh02", order(Side::buy, 100, 300'000));
  CHECK(world.verdict(order(Side::sell, 100, 80'000)) == "accepted");
}

TEST_CASE("an order may spend balance and credit to the last nano, open orders included") {
  World world;
  world.record.credit_limit = Money{60'000'000};
  world.balance = Money{50'000'000};
  world.open_spend = Money{10'000'000};
  CHECK(world.verdict(order(Side::buy, 500, 200'000)) == "accepted");  // 10 + 100 of 110 million
  world.open_spend += Money{1};
  CHECK(world.verdict(order(Side::buy, 500, 200'000)) == "insufficient_funds");
  CHECK(world.verdict(order(Side::sell, 500, 200'000)) == "accepted");
}

TEST_CASE("the worst case of an order is what it costs filled whole at its limit, and never below zero") {
  CHECK(worst_case_spend(order(Side::buy, 500, 200'000)) == Money{100'000'000});
  CHECK(worst_case_spend(order(Side::buy, 500, -200'000)) == Money{0});
  CHECK(worst_case_spend(order(Side::sell, 500, 200'000)) == Money{0});
  CHECK(worst_case_spend(order(Side::sell, 500, -200'000)) == Money{100'000'000});
}

TEST_CASE("a power over an interval is rounded down to whole watt-hours") {
  CHECK(energy_over(Power{14'000}, 900) == Energy{3'500});
  CHECK(energy_over(Power{7}, 900) == Energy{1});
  CHECK(energy_over(Power{11}, 300) == Energy{0});
}

TEST_CASE("every reason has a name and an explanation of its own") {
  std::vector<std::string> texts;
  for (int i = 0; i <= static_cast<int>(enum_last(OrderReject{})); ++i) {
    texts.emplace_back(to_text(static_cast<OrderReject>(i)));
    texts.emplace_back(explain(static_cast<OrderReject>(i)));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    CHECK_FALSE(texts[i].empty());
    for (std::size_t j = 0; j < i; ++j) CHECK(texts[i] != texts[j]);
  }
}

}  // namespace
}  // namespace commonwatt
