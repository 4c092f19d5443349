// What a zone's head meter says beside its households' meters (RULEBOOK section 5, check `balance`). Of one interval or
// of a whole day alike: whoever calls adds up.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/units.hpp"
#include "market/delivery.hpp"

namespace commonwatt {

/// What the meters of a zone counted in the same time.
struct ZoneEnergy {
  Registers head;           ///< import: what came into the zone; export: what left it
  Registers households;     ///< sums over its households' meters
  std::int64_t meters = 0;  ///< how many meters that is, the head meter not counted

  /// What came into the zone's wires, from above and from its households. In truth it is what left them plus losses.
  [[nodiscard]] Energy flow() const { return head.import + households.export_; }
  ZoneEnergy& operator+=(const ZoneEnergy& other);

  friend bool operator==(const ZoneEnergy&, const ZoneEnergy&) = default;
};

/// The same as one account. Positive figures are consumption.
struct ZoneResidual {
  Energy head;      ///< import - export through the head meter
  Energy metered;   ///< sum of the households' import - export
  Energy loss;      ///< modelled
  Energy residual;  ///< head - metered - loss: used by nobody's meter, or fed in only on paper
};

/// Losses are `loss_permille` of the flow, half to even.
ZoneResidual residual_of(const ZoneEnergy& energy, std::int64_t loss_permille);

/// The residual in millionths of the flow, at most ten times it; nothing without a flow.
std::optional<std::int64_t> residual_ppm(const ZoneEnergy& energy, const ZoneResidual& residual);

/// What flows past the meters of a feeder although nobody lies: street lamps, pumps, losses the model misses.
struct UnmeteredShare {
  std::int64_t share_ppm = 0;        ///< of the flow; below zero when the model has too much loss
  std::int64_t spread_ppm = 10'000;  ///< its standard deviation
};

/// Learns it from the residuals of days, or of intervals, in which nothing else was wrong, robustly: fewer than 29 % of
/// wrong ones hardly matter. With fewer than `unmetered_samples_min` the default of the struct: no share, with 1 % of
/// noise, as the published benchmark of spoofing assumes (docs/spoofing.md).
UnmeteredShare learn_unmetered(const std::vector<std::int64_t>& residuals_ppm);
inline constexpr std::size_t unmetered_samples_min = 5;

/// How far residuals scatter about a share, as a standard deviation: 1.4826 times the median absolute deviation. For
/// the many intervals of a baseline. At least one residual.
std::int64_t residual_spread(std::int64_t share_ppm, const std::vector<std::int64_t>& residuals_ppm);

/// How far head meter and households may lie apart. Accuracy at reference conditions: class B of EN 50470-3 is 1 %, as
/// households have it; class 0.5 S of IEC 62053-22 (and class C of EN 50470-3) is 0.5 %, as transformers have it.
struct BalanceRules {
  std::int64_t head_class_permille = 5;
  std::int64_t meter_class_permille = 10;
  std::int64_t spreads = 3;  ///< so many standard deviations of the unmetered share
};

/// What the residual may be off the unmetered share: the head meter's class on what passes it either way, the
/// households' on theirs, as if all erred the same way, the noise of the unmetered share, and one watt-hour of rounding
/// for each meter.
Energy balance_tolerance(const ZoneEnergy& energy, const UnmeteredShare& unmetered, const BalanceRules& rules);

/// Whether the residual, less the unmetered share of the flow, is within the tolerance.
bool is_in_tolerance(const ZoneEnergy& energy, const ZoneResidual& residual, const UnmeteredShare& unmetered,
                     const BalanceRules& rules);

}  // namespace commonwatt
