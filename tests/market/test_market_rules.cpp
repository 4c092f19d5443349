#include <doctest/doctest.h>

#include "market/market_rules.hpp"

namespace commonwatt {
namespace {

TEST_CASE("the gate closes before the interval begins and settlement waits for the lag after it ends") {
  MarketRules rules;
  rules.gate_closure_seconds = 60;
  rules.settlement_lag_seconds = 1800;
  const Interval interval(9000, 900);
  CHECK(rules.gate_closure(interval) == UtcTime::from_seconds(8940));
  CHECK(rules.settlement_time(interval) == UtcTime::from_seconds(9000 + 900 + 1800));
}

TEST_CASE("late readings are settled at the next full hour, and intervals for good after two weeks") {
  const MarketRules rules;
  CHECK(rules.revision_time(UtcTime::from_seconds(7'200)) == UtcTime::from_seconds(10'800));
  CHECK(rules.revision_time(UtcTime::from_seconds(10'799)) == UtcTime::from_seconds(10'800));
  CHECK(rules.final_time(Interval(9'000, 900)) == UtcTime::from_seconds(9'900 + 14 * 86'400));
}

TEST_CASE("an interval without a tariff is not traded, and has no terms") {
  TariffVersion version;
  version.retail.otherwise = Price{100'000};
  version.retail.day_ahead_permille = 1'000;
  version.feed_in.day_ahead_permille = 500;
  version.feed_in.otherwise = Price{0};
  version.levies = {{.name = "levy", .price = Price{20'000}, .on_utility_energy = true}};
  TariffTerms terms;
  terms.versions = {version};
  terms.day_ahead = {.begin_seconds = 1'782'000'000, .prices = {Price{40'000}, Price{-60'000}}};
  MarketRules rules;
  rules.tariff = TariffSchedule::from(terms).value();
  rules.loss_permille = 25;
  rules.network_fee = Price{9'000};
  const Interval known(1'782'000'900, 900);
  CHECK(rules.is_traded(known));
  const std::optional<IntervalTerms> found = rules.terms(known);
  REQUIRE(found.has_value());
  CHECK(found->tariff == Tariff{.retail = Price{40'000}, .feed_in = Price{-30'000}});
  CHECK(found->charges.levies == version.levies);
  CHECK(found->charges.loss_permille == 25);
  CHECK(found->charges.network_fee == Price{9'000});
  CHECK_FALSE(rules.is_traded(known.next()));
  CHECK_FALSE(rules.terms(known.next()).has_value());
}

}  // namespace
}  // namespace commonwatt
