#include <doctest/doctest.h>

#include "market/participants.hpp"

namespace commonwatt {
namespace {

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
