#include "controller/chain/outbox_fees.hpp"

#include <algorithm>
#include <cassert>

namespace commonwatt {
namespace {

/// An eighth more, rounded up, and at least one.
Uint256 eighth_more(const Uint256& number) {
  return number + (number + 8) / 8;
}

}  // namespace

GasPrice asked_price(const Uint256& base_fee, const Uint256& tip) {
  return {.fee_max = base_fee * 2 + tip, .tip_max = tip};
}

GasPrice raised(const GasPrice& offered) {
  return {.fee_max = eighth_more(offered.fee_max), .tip_max = eighth_more(offered.tip_max)};
}

GasPrice dearer(const GasPrice& a, const GasPrice& b) {
  return {.fee_max = std::max(a.fee_max, b.fee_max), .tip_max = std::max(a.tip_max, b.tip_max)};
}

std::optional<GasPrice> within(const GasPrice& price, const Uint256& base_fee, std::int64_t gas_limit,
                               const Uint256& cost_max) {
  assert(gas_limit > 0);
  GasPrice cut = price;
  cut.fee_max = std::min(price.fee_max, Uint256(cost_max / gas_limit));
  if (cut.fee_max < base_fee) return std::nullopt;
  cut.tip_max = std::min(cut.tip_max, cut.fee_max);
  return cut;
}

}  // namespace commonwatt
