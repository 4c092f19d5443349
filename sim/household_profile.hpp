// Households that can be computed: who lives in the neighbourhood, what they draw and produce every minute, and what
// their meters show at any instant. The same seed gives the same neighbourhood in every process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/id.hpp"
#include "core/time.hpp"
#include "core/units.hpp"
#include "meter/clear_sky.hpp"

namespace commonwatt {

/// How a household's heat pump meter (an SDM630 of its own, behind the main meter) is wired.
enum class HeatPumpMeter { none, tcp, rtu };

struct HouseholdPlan {
  unsigned index = 0;      // 0-based
  HouseholdId id;          // "hh01" for index 0
  std::string name;        // "Household 01"
  std::uint64_t seed = 0;  // of the neighbourhood
  unsigned phases = 3;     // 1 or 3, of the connection; the inverter has as many
  double pv_peak_kw = 0;   // 0: no photovoltaics
  HeatPumpMeter heat_pump = HeatPumpMeter::none;
  Power fuse;        // 24150 W (3 x 35 A) or 14490 W (63 A), at 230 V
  Power nameplate;   // of the inverter, 0 without one
  Price buy_limit;   // 80000..300000 micro per kWh, above sell_limit's usual range
  Price sell_limit;  // 80000..300000 micro per kWh

  [[nodiscard]] bool has_pv() const { return pv_peak_kw > 0; }
  [[nodiscard]] bool has_heat_pump() const { return heat_pump != HeatPumpMeter::none; }
};

/// The households of a neighbourhood. About two thirds have photovoltaics, about one in six a heat pump; the first
/// heat pump's meter is on a serial line. A household's plan does not depend on how many others there are, the serial
/// line aside. At most 99 households.
std::vector<HouseholdPlan> plan_neighbourhood(std::uint64_t seed, unsigned households);
inline constexpr unsigned households_max = 99;

enum class Sky { sunny, changeable, overcast };
constexpr Sky enum_last(Sky) {
  return Sky::overcast;
}

struct SimulatedWeather {
  Site site;
  Sky sky = Sky::sunny;
};

/// The demo's day, 2026-06-21, from midnight to midnight UTC.
inline constexpr UtcTime sunny_day_begin = UtcTime::from_seconds(1'782'000'000);
inline constexpr UtcTime sunny_day_end = UtcTime::from_seconds(1'782'086'400);

/// What a household's meters show at one instant: cumulative registers in whole Wh, rounded down as counters do.
struct HouseholdRegisters {
  Energy produced;          // inverter
  Energy grid_import;       // main meter
  Energy grid_export;       // main meter
  Energy heat_pump_import;  // heat pump meter
  friend bool operator==(const HouseholdRegisters&, const HouseholdRegisters&) = default;
};

/// Watts, held for a whole minute. The heat pump's share is part of the load.
struct HouseholdPower {
  std::int64_t pv = 0;
  std::int64_t load = 0;
  std::int64_t heat_pump = 0;
  [[nodiscard]] std::int64_t grid_import() const { return load > pv ? load - pv : 0; }
  [[nodiscard]] std::int64_t grid_export() const { return pv > load ? pv - load : 0; }
  friend bool operator==(const HouseholdPower&, const HouseholdPower&) = default;
};

/// Energy since `begin` in watt-seconds: exact, so that at every instant
/// produced - used = grid_export - grid_import without any tolerance.
struct HouseholdWattSeconds {
  std::int64_t produced = 0;
  std::int64_t used = 0;
  std::int64_t grid_import = 0;
  std::int64_t grid_export = 0;
  std::int64_t heat_pump = 0;
};

/// One household over a simulated span, computed once. Holds 46 bytes per minute. Before `begin` power is that at
/// `begin` and the counters count accordingly; at and after `end` power is 0 and the counters stand still.
class HouseholdEnergy {
 public:
  /// `begin` and `end` are rounded outwards to whole minutes; the span is at most 400 days. Power does not depend on
  /// the span, registers count from the household's own offsets at `begin`.
  HouseholdEnergy(const HouseholdPlan& plan, UtcTime begin, UtcTime end, const SimulatedWeather& weather = {});

  [[nodiscard]] const HouseholdPlan& plan() const { return plan_; }
  [[nodiscard]] UtcTime begin() const { return begin_; }
  [[nodiscard]] UtcTime end() const;
  [[nodiscard]] HouseholdPower power(UtcTime time) const;
  [[nodiscard]] HouseholdWattSeconds since_begin(UtcTime time) const;
  [[nodiscard]] HouseholdRegisters registers(UtcTime time) const;
  /// What the registers show at `begin`: between 1,000 and 9,000 kWh each, so that an SDM630 stays below 16,384 kWh
  /// where its float counts single Wh. Produced and exported are 0 without photovoltaics.
  [[nodiscard]] const HouseholdRegisters& offsets() const { return offsets_; }

 private:
  struct Minute {
    std::uint16_t pv = 0;
    std::uint16_t load = 0;
    std::uint16_t heat_pump = 0;
  };
  struct Position {
    std::size_t minute = 0;
    std::int64_t nanoseconds = 0;  // into that minute
  };
  [[nodiscard]] Position position(UtcTime time) const;

  HouseholdPlan plan_;
  UtcTime begin_;
  HouseholdRegisters offsets_;
  std::vector<Minute> minutes_;
  std::vector<HouseholdWattSeconds> sums_;  // sums_[i] is the energy before minute i; one more than minutes
};

}  // namespace commonwatt
