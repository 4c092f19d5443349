// Where the target-th watt-hour lies when all quantities stand in order of their price.
#pragma once

#include <span>

#include "core/units.hpp"

namespace commonwatt {

struct PricedEnergy {
  Price price;
  Energy quantity;  ///< above zero
};

/// The energy's count if the condition holds, else zero. A mask: what nobody can guess should not become a branch.
constexpr std::int64_t watt_hours_if(bool condition, Energy energy) {
  return -static_cast<std::int64_t>(condition) & energy.count;
}

/// The price at which the running sum of the quantities, in rising order of price, reaches `target`, which lies in
/// [1, sum of the quantities]. Linear time on average, at most n log n; no memory of its own. The steps are used up.
Price weighted_quantile(std::span<PricedEnergy> steps, Energy target);

}  // namespace commonwatt
