#include "meter/estimation.hpp"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <numeric>

namespace commonwatt {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t day_seconds = 86'400;
constexpr std::int64_t week_seconds = 7 * day_seconds;

std::optional<Energy> usual(std::int64_t begin, const EnergyHistory& history) {
  for (int weeks = 1; weeks <= profile_weeks_max; ++weeks) {
    const auto found = history.find(begin - weeks * week_seconds);
    if (found != history.end()) return found->second;
  }
  const auto found = history.find(begin - day_seconds);
  return found == history.end() ? std::nullopt : std::optional(found->second);
}

/// The usual energies of the gap's intervals; nothing unless each has one.
std::optional<std::vector<Energy>> profile_of(const EnergyGap& gap, const EnergyHistory& history) {
  std::vector<Energy> profile;
  Interval interval = gap.first;
  for (std::size_t i = 0; i < gap.intervals; ++i, interval = interval.next()) {
    const std::optional<Energy> energy = usual(interval.begin_seconds(), history);
    if (!energy) return std::nullopt;
    profile.push_back(*energy);
  }
  return profile;
}

}  // namespace

const char* to_text(EstimateMethod method) {
  switch (method) {
    case EstimateMethod::linear:
      return "linear";
    case EstimateMethod::profile:
      return "profile";
    case EstimateMethod::expected:
      return "expected";
  }
  std::abort();
}

std::optional<Energy> register_at(UtcTime boundary, const std::optional<RegisterPoint>& before,
                                  const RegisterPoint& after, Duration reading_period) {
  if (after.time == boundary) return after.value;
  if (!before || before->time >= boundary || after.time < boundary) return std::nullopt;
  if (boundary - before->time > reading_period || after.time - boundary > reading_period) return std::nullopt;
  const Wide rise = (after.value - before->value).count;
  assert(rise >= 0);
  const Wide part = rise * (boundary - before->time).count() / (after.time - before->time).count();
  return before->value + Energy{static_cast<std::int64_t>(part)};
}

std::vector<Energy> share_out(Energy total, const std::vector<Energy>& weights) {
  assert(total >= Energy{0} && !weights.empty());
  Wide sum = 0;
  for (const Energy weight : weights) {
    assert(weight >= Energy{0});
    sum += weight.count;
  }
  const bool evenly = sum == 0;
  if (evenly) sum = static_cast<Wide>(weights.size());

  struct Part {
    std::size_t place;
    Wide remainder;
  };
  std::vector<Energy> energies;
  std::vector<Part> parts;
  Energy left = total;
  for (std::size_t place = 0; place < weights.size(); ++place) {
    const Wide numerator = static_cast<Wide>(total.count) * (evenly ? 1 : weights[place].count);
    energies.push_back({static_cast<std::int64_t>(numerator / sum)});
    parts.push_back({place, numerator % sum});
    left -= energies.back();
  }
  std::stable_sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.remainder > b.remainder; });
  // Fewer watt-hours are left than there are parts with a remainder.
  for (std::size_t i = 0; left > Energy{0}; ++i, left -= Energy{1}) energies[parts[i].place] += Energy{1};
  return energies;
}

std::optional<GapEstimate> estimate_gap(const EnergyGap& gap, const EnergyHistory& history) {
  assert(gap.intervals >= 1);
  const bool is_short = gap.intervals <= linear_intervals_max;
  if (gap.total && is_short) {
    return GapEstimate{EstimateMethod::linear, share_out(*gap.total, std::vector<Energy>(gap.intervals))};
  }
  const std::optional<std::vector<Energy>> profile = profile_of(gap, history);
  if (!gap.total) return profile ? std::optional(GapEstimate{EstimateMethod::expected, *profile}) : std::nullopt;
  if (profile) return GapEstimate{EstimateMethod::profile, share_out(*gap.total, *profile)};
  return GapEstimate{EstimateMethod::linear, share_out(*gap.total, std::vector<Energy>(gap.intervals))};
}

}  // namespace commonwatt
