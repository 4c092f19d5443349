// Where dealing with oneself would pay: a scan over what a kWh earns and over what of the fee comes back to whoever
// paid it. As CSV, and as a picture for docs/rewards.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/market/reward_attacks.hpp"

namespace commonwatt::test {

struct RegionPoint {
  std::int64_t reward_permille = 0;    ///< the worth of what a kWh earns, of the fee
  std::int64_t returned_permille = 0;  ///< of the fee, what does not burn but comes back
  RewardAttack best = RewardAttack::hidden_circle;
  Money profit;  ///< the highest, of streets without losses and taxes

  [[nodiscard]] bool pays() const { return profit > Money{0}; }
};

/// Rows of rising reward, then returned. The budget is never short.
std::vector<RegionPoint> scan_region(std::uint64_t seed);
std::string region_csv(const std::vector<RegionPoint>& region);
std::string region_svg(const std::vector<RegionPoint>& region);

}  // namespace commonwatt::test
