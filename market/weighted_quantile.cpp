#include "market/weighted_quantile.hpp"

#include <algorithm>
#include <cassert>

namespace commonwatt {
namespace {

using Steps = std::span<PricedEnergy>;

bool is_cheaper(const PricedEnergy& a, const PricedEnergy& b) {
  return a.price < b.price;
}

Price median(Price a, Price b, Price c) {
  return std::max(std::min(a, b), std::min(std::max(a, b), c));
}

/// A price near the middle: the median of three, of three times three where there are many.
Price pivot_of(Steps steps) {
  constexpr std::size_t many = 400;
  const auto at = [&](std::size_t eighths) { return steps[eighths * (steps.size() - 1) / 8].price; };
  if (steps.size() < many) return median(at(1), at(4), at(7));
  return median(median(at(0), at(1), at(2)), median(at(3), at(4), at(5)), median(at(6), at(7), at(8)));
}

/// Keeps the steps on one side of the pivot. Written without a branch: which step stays is a coin toss, and a branch
/// that is guessed wrong every other time costs more than everything else here.
template <class Stays>
Steps keep(Steps steps, Stays stays) {
  std::size_t kept = 0;
  for (const PricedEnergy step : steps) {
    steps[kept] = step;
    kept += stays(step.price) ? 1U : 0U;
  }
  return steps.first(kept);
}

Price walk(Steps steps, Energy target) {
  std::sort(steps.begin(), steps.end(), is_cheaper);
  Energy sum;
  for (const PricedEnergy& step : steps) {
    sum += step.quantity;
    if (sum >= target) return step.price;
  }
  assert(false);  // The target is within the sum.
  return steps.back().price;
}

}  // namespace

Price weighted_quantile(Steps steps, Energy target) {
  assert(!steps.empty() && target > Energy{0});
  // Prices laid out to spoil every pivot would make this quadratic; after so many rounds they are sorted instead.
  constexpr int rounds_max = 64;
  constexpr std::size_t few = 12;
  for (int round = 0; round < rounds_max && steps.size() > few; ++round) {
    const Price pivot = pivot_of(steps);
    std::int64_t below = 0;
    std::int64_t at = 0;
    for (const PricedEnergy& step : steps) {
      below += watt_hours_if(step.price.count < pivot.count, step.quantity);
      at += watt_hours_if(step.price.count == pivot.count, step.quantity);
    }
    if (target.count <= below) {
      steps = keep(steps, [pivot](Price price) { return price.count < pivot.count; });
    } else if (target.count <= below + at) {
      return pivot;
    } else {
      target.count -= below + at;
      steps = keep(steps, [pivot](Price price) { return price.count > pivot.count; });
    }
  }
  return walk(steps, target);
}

}  // namespace commonwatt
