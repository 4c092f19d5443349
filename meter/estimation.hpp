// Energy that was not measured, computed from what was (RULEBOOK section 5). Integers only and deterministic: the same
// arguments give the same watt-hours on every machine, and a total that is known is never changed by sharing it out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/time.hpp"
#include "core/units.hpp"

namespace commonwatt {

/// A cumulative register at a time.
struct RegisterPoint {
  UtcTime time;
  Energy value;
  friend bool operator==(const RegisterPoint&, const RegisterPoint&) = default;
};

/// The register at a boundary: read at it, or on the straight line between its two neighbours, rounded down, when both
/// lie within the reading period of it. Nothing otherwise: then there is no measured value, and settlement estimates.
/// `before` is absent when there is no earlier point; the registers of the two must not fall.
std::optional<Energy> register_at(UtcTime boundary, const std::optional<RegisterPoint>& before,
                                  const RegisterPoint& after, Duration reading_period);

/// `total` shared out in proportion to `weights` (each >= 0), in equal parts when all are 0. Whole watt-hours by the
/// largest remainder, ties to the earlier place; the parts sum to `total` exactly, and none is negative. `total` >= 0.
std::vector<Energy> share_out(Energy total, const std::vector<Energy>& weights);

enum class EstimateMethod : std::uint8_t {
  linear,    // the known total, evenly: a short gap
  profile,   // the known total, in the shape of the same weekday
  expected,  // the weekday's own energies: the total is not known yet, and corrects them when it is
};
constexpr EstimateMethod enum_last(EstimateMethod) {
  return EstimateMethod::expected;
}
const char* to_text(EstimateMethod method);

/// Consecutive intervals of one register without measured values.
struct EnergyGap {
  Interval first;
  std::size_t intervals = 1;  // >= 1
  std::optional<Energy> total =
      std::nullopt;  // the register's difference over the gap; absent while its end is not known
};

/// Measured energies of the same register by the begin of their interval in seconds, all of one interval length.
using EnergyHistory = std::map<std::int64_t, Energy>;

struct GapEstimate {
  EstimateMethod method = EstimateMethod::linear;
  std::vector<Energy> energies;  // of the gap's intervals in order; they sum to the total when it is known
};

/// So many intervals are bridged by a straight line; more follow the shape of the day.
inline constexpr std::size_t linear_intervals_max = 2;
/// How far back the same weekday is looked for.
inline constexpr int profile_weeks_max = 4;

/// The gap's energies. Each interval's profile is the latest measured one of the same weekday and time (UTC: for a week
/// after the clocks change it is an hour off) within four weeks, else that of the day before. Where one interval has
/// none, a known total is shared evenly; nothing when the total is not known either. Missing is never zero.
std::optional<GapEstimate> estimate_gap(const EnergyGap& gap, const EnergyHistory& history);

}  // namespace commonwatt
