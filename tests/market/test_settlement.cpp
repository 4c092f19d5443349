#include <string>

#include <doctest/doctest.h>

#include "market/settlement.hpp"

namespace commonwatt {
namespace {

TEST_CASE("runs have names") {
  for (const Run run : {Run::initial, Run::revised, Run::final}) CHECK(run_from_text(to_text(run)) == run);
  CHECK_FALSE(run_from_text("last").has_value());
}

TEST_CASE("a deviation is bought at one price and sold at the other") {
  const ImbalancePrices prices{.shortfall = Price{300'000}, .surplus = Price{80'000}};
  CHECK(imbalance_amount(Energy{150}, prices) == Money{45'000'000});
  CHECK(imbalance_amount(Energy{-150}, prices) == Money{-12'000'000});
  CHECK(imbalance_amount(Energy{0}, prices) == Money{0});
}

}  // namespace
}  // namespace commonwatt
