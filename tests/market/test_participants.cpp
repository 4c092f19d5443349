#include <doctest/doctest.h>

#include "market/participants.hpp"

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

TEST_CASE("every meter role is found by its name, and nothing else is") {
  for (const MeterRole role : {MeterRole::billing, MeterRole::production, MeterRole::submeter}) {
    CHECK(meter_role_from_text(to_text(role)) == role);
  }
  CHECK_FALSE(meter_role_from_text("").has_value());
  CHECK_FALSE(meter_role_from_text("Billing").has_value());
  CHECK_FALSE(meter_role_from_text("billing ").has_value());
}

}  // namespace
}  // namespace commonwatt
