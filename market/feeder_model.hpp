// What is usual between a feeder's head meter and its households' meters, and how unusual a day is. An honest residual
// follows the day's feed-in and use, since meters have gains and losses are modelled; what does not follow them is what
// flows unmetered, and lies.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/units.hpp"

namespace commonwatt {

/// A day of a zone's meters (market/zone_balance.hpp).
struct FeederDay {
  Energy residual;  ///< head - metered - loss
  Energy flow;      ///< what came into the zone's wires
  Energy fed_in;    ///< by its households
  Energy drawn;     ///< by its households
};

/// With fewer read days nothing is usual.
inline constexpr std::size_t feeder_days_min = 15;

/// residual = a x fed_in + b x drawn, by least squares over days, each divided by its flow: the noise of a day is taken
/// to grow with it. Meters of their classes, and losses, make a no more than about half a hundredth, where days scatter
/// by a hundredth: it is held to that by a ridge, so that days unlike those learnt from are expected well too. A day
/// whose remainder is more than six standard deviations of all others' is left out, at most one of ten. Integers only.
class FeederModel {
 public:
  /// From days on which nobody lied; at least `feeder_days_min` of them with a flow, or nothing is learnt.
  static std::optional<FeederModel> learn(const std::vector<std::optional<FeederDay>>& days);

  /// How far the day's residual is above what its feed-in and use let expect, in thousandths of a standard deviation.
  /// Nothing without a flow.
  [[nodiscard]] std::optional<std::int64_t> score(const FeederDay& day) const;

  /// Days learnt from, less the two coefficients.
  [[nodiscard]] std::int64_t degrees_of_freedom() const { return freedom_; }
  /// Standard deviation, in millionths of the flow, of what is left of the days it was learnt from.
  [[nodiscard]] std::int64_t spread_ppm() const { return spread_; }

 private:
  /// A day in millionths of its flow.
  struct Shares {
    std::int64_t residual = 0;
    std::int64_t fed_in = 0;
    std::int64_t drawn = 0;
  };

  static std::optional<Shares> shares_of(const FeederDay& day);
  static FeederModel fit(const std::vector<Shares>& days);
  [[nodiscard]] std::int64_t remainder(const Shares& day) const;

  std::int64_t per_fed_in_ = 0;  ///< a, in millionths
  std::int64_t per_drawn_ = 0;   ///< b
  std::int64_t spread_ = 0;
  std::int64_t freedom_ = 0;
};

}  // namespace commonwatt
