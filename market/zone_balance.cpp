#include "market/zone_balance.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "core/wide.hpp"
#include "market/robust_statistics.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t whole_permille = 1'000;
constexpr std::int64_t whole_ppm = 1'000'000;
/// Ten times the flow: more says only that something is very wrong, and would pass 63 bits where it is used.
constexpr Wide residual_ppm_max = 10'000'000;

Energy part(Energy whole, std::int64_t count, std::int64_t of) {
  const Wide share = half_even_divide(wide(whole.count) * count, of);
  assert(share <= std::numeric_limits<std::int64_t>::max() && share >= std::numeric_limits<std::int64_t>::min());
  return Energy{static_cast<std::int64_t>(share)};
}

}  // namespace

ZoneEnergy& ZoneEnergy::operator+=(const ZoneEnergy& other) {
  head += other.head;
  households += other.households;
  meters += other.meters;
  return *this;
}

ZoneResidual residual_of(const ZoneEnergy& energy, std::int64_t loss_permille) {
  ZoneResidual account{.head = energy.head.import - energy.head.export_,
                       .metered = energy.households.import - energy.households.export_,
                       .loss = part(energy.flow(), loss_permille, whole_permille),
                       .residual = {}};
  account.residual = account.head - account.metered - account.loss;
  return account;
}

std::optional<std::int64_t> residual_ppm(const ZoneEnergy& energy, const ZoneResidual& residual) {
  const Energy flow = energy.flow();
  if (flow <= Energy{0}) return std::nullopt;
  const Wide share = half_even_divide(wide(residual.residual.count) * whole_ppm, flow.count);
  return static_cast<std::int64_t>(std::clamp(share, -residual_ppm_max, residual_ppm_max));
}

UnmeteredShare learn_unmetered(const std::vector<std::int64_t>& residuals_ppm) {
  if (residuals_ppm.size() < unmetered_samples_min) return {};
  return {.share_ppm = robust_location(residuals_ppm), .spread_ppm = robust_spread(residuals_ppm)};
}

std::int64_t residual_spread(std::int64_t share_ppm, const std::vector<std::int64_t>& residuals_ppm) {
  std::vector<std::int64_t> deviations;
  for (const std::int64_t residual : residuals_ppm)
    deviations.push_back(residual < share_ppm ? share_ppm - residual : residual - share_ppm);
  return median(std::move(deviations)) * 14'826 / 10'000;
}

Energy balance_tolerance(const ZoneEnergy& energy, const UnmeteredShare& unmetered, const BalanceRules& rules) {
  const Energy noise = part(energy.flow(), unmetered.spread_ppm * rules.spreads, whole_ppm);
  return part(energy.head.import + energy.head.export_, rules.head_class_permille, whole_permille) +
         part(energy.households.import + energy.households.export_, rules.meter_class_permille, whole_permille) +
         noise + Energy{energy.meters + 1};
}

bool is_in_tolerance(const ZoneEnergy& energy, const ZoneResidual& residual, const UnmeteredShare& unmetered,
                     const BalanceRules& rules) {
  const Energy off = residual.residual - part(energy.flow(), unmetered.share_ppm, whole_ppm);
  const Energy tolerance = balance_tolerance(energy, unmetered, rules);
  return off <= tolerance && -off <= tolerance;
}

}  // namespace commonwatt
