#include "sim/household_profile.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdio>

#include "sim/random.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t minutes_per_day = 1440;
constexpr std::int64_t nanoseconds_per_minute = 60'000'000'000;
constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;
constexpr std::int64_t watt_seconds_per_watt_hour = 3600;
constexpr std::int64_t span_minutes_max = 400 * minutes_per_day;

/// What a draw is for, so that no two purposes share their chance.
enum Purpose : std::uint64_t { plan_draw = 1, clouds_draw, day_draw, noise_draw, offset_draw };

std::int64_t floor_divide(std::int64_t value, std::int64_t divisor) {
  const std::int64_t quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

HouseholdPlan plan_household(std::uint64_t seed, unsigned index) {
  Draw draw({seed, plan_draw, index});
  std::array<char, 8> number{};
  std::snprintf(number.data(), number.size(), "%02u", index + 1);
  HouseholdPlan plan;
  plan.index = index;
  plan.id = *HouseholdId::from("hh" + std::string(number.data()));
  plan.name = "Household " + std::string(number.data());
  plan.seed = seed;
  // Two in three exactly, so that a small neighbourhood too has both sides of the market.
  if ((index + seed) % 3 != 2) plan.pv_peak_kw = static_cast<double>(draw.whole(30, 99)) / 10.0;
  if (index % 6 == 1) plan.heat_pump = index == 1 ? HeatPumpMeter::rtu : HeatPumpMeter::tcp;
  // Above 4.6 kW an inverter must feed in on three phases, and a heat pump wants them too.
  const bool small = plan.pv_peak_kw <= 4.6 && !plan.has_heat_pump();
  plan.phases = small && draw.chance(0.5) ? 1 : 3;
  plan.fuse = plan.phases == 1 ? Power{14'490} : Power{24'150};
  plan.nameplate = Power{std::llround(plan.pv_peak_kw * 950.0)};
  plan.buy_limit = Price{draw.whole(180, 300) * 1000};
  plan.sell_limit = Price{draw.whole(80, 220) * 1000};
  return plan;
}

using DayWatts = std::array<double, minutes_per_day>;

void add_run(DayWatts& watts, std::int64_t begin, std::int64_t minutes, double power) {
  for (std::int64_t minute = std::max<std::int64_t>(begin, 0); minute < std::min(begin + minutes, minutes_per_day);
       ++minute) {
    watts[static_cast<std::size_t>(minute)] += power;
  }
}

/// Times are UTC on a site two hours east: breakfast about 05:00, supper about 17:00.
DayWatts day_of_appliances(const HouseholdPlan& plan, std::int64_t day) {
  const double base = Draw({plan.seed, day_draw, plan.index}).uniform(70, 190);
  Draw draw({plan.seed, day_draw, plan.index, static_cast<std::uint64_t>(day)});
  DayWatts watts{};
  const double morning = draw.uniform(250, 700);
  const double evening = draw.uniform(350, 1000);
  const double morning_at = draw.uniform(280, 370);
  const double evening_at = draw.uniform(1020, 1140);
  for (std::size_t minute = 0; minute < watts.size(); ++minute) {
    const double from_morning = (static_cast<double>(minute) - morning_at) / 45.0;
    const double from_evening = (static_cast<double>(minute) - evening_at) / 90.0;
    watts[minute] = base + morning * std::exp(-from_morning * from_morning / 2) +
                    evening * std::exp(-from_evening * from_evening / 2);
  }
  const std::int64_t fridge_phase = draw.whole(0, 44);
  for (std::int64_t begin = -fridge_phase; begin < minutes_per_day; begin += 45) add_run(watts, begin, 15, 95);
  for (std::int64_t kettles = draw.whole(2, 6); kettles > 0; --kettles) add_run(watts, draw.whole(240, 1260), 4, 2000);
  add_run(watts, draw.whole(540, 620), 25, draw.uniform(800, 2200));    // lunch
  add_run(watts, draw.whole(960, 1080), 40, draw.uniform(1200, 2500));  // supper
  if (draw.chance(0.5)) {
    const std::int64_t begin = draw.whole(360, 900);
    add_run(watts, begin, 20, 2000);  // washing: heating, then turning
    add_run(watts, begin + 20, 60, 250);
  }
  if (draw.chance(0.6)) add_run(watts, draw.whole(660, 1290), 75, 900);  // dishwasher
  return watts;
}

/// Hot water twice a day, and standby.
DayWatts day_of_heat_pump(const HouseholdPlan& plan, std::int64_t day) {
  DayWatts watts{};
  if (!plan.has_heat_pump()) return watts;
  Draw draw({plan.seed, day_draw, plan.index, static_cast<std::uint64_t>(day), 1});
  watts.fill(9);
  add_run(watts, draw.whole(210, 270), draw.whole(30, 55), draw.uniform(1800, 2600));
  add_run(watts, draw.whole(600, 720), draw.whole(40, 70), draw.uniform(1800, 2600));
  return watts;
}

struct CloudRange {
  double low = 0;
  double high = 1;
  double step = 0;
};

CloudRange cloud_range(Sky sky) {
  switch (sky) {
    case Sky::sunny:
      return {0.88, 1.0, 0.01};
    case Sky::changeable:
      return {0.25, 1.0, 0.08};
    case Sky::overcast:
      return {0.08, 0.35, 0.02};
  }
  std::abort();
}

/// The share of the clear sky's light that arrives, the same over the whole neighbourhood: a random walk between two
/// walls, begun anew at midnight so that a day does not depend on where the simulated span begins.
DayWatts day_of_light(std::uint64_t seed, std::int64_t day, Sky sky) {
  const CloudRange range = cloud_range(sky);
  Draw draw({seed, clouds_draw, static_cast<std::uint64_t>(day)});
  DayWatts light{};
  double now = draw.uniform(range.low, range.high);
  for (double& share : light) {
    now = std::clamp(now + draw.uniform(-range.step, range.step), range.low, range.high);
    share = now;
  }
  return light;
}

std::uint16_t whole_watts(double watts, std::int64_t most) {
  return static_cast<std::uint16_t>(std::clamp<std::int64_t>(std::llround(watts), 0, most));
}

struct SimulatedDay {
  DayWatts appliances;
  DayWatts heat_pump;
  DayWatts light;
};

SimulatedDay simulate_day(const HouseholdPlan& plan, std::int64_t day, Sky sky) {
  return {day_of_appliances(plan, day), day_of_heat_pump(plan, day), day_of_light(plan.seed, day, sky)};
}

HouseholdRegisters draw_offsets(const HouseholdPlan& plan) {
  Draw draw({plan.seed, offset_draw, plan.index});
  HouseholdRegisters offsets;
  offsets.grid_import = Energy{draw.whole(1'000'000, 9'000'000)};
  const Energy exported{draw.whole(1'000'000, 5'000'000)};
  const Energy kept{draw.whole(500'000, 4'000'000)};
  if (plan.has_pv()) {
    offsets.grid_export = exported;
    offsets.produced = exported + kept;
  }
  const Energy pumped{draw.whole(1'000'000, 9'000'000)};
  if (plan.has_heat_pump()) offsets.heat_pump_import = pumped;
  return offsets;
}

}  // namespace

std::vector<HouseholdPlan> plan_neighbourhood(std::uint64_t seed, unsigned households) {
  assert(households <= households_max);
  std::vector<HouseholdPlan> plans;
  for (unsigned index = 0; index < households; ++index) plans.push_back(plan_household(seed, index));
  return plans;
}

HouseholdEnergy::HouseholdEnergy(const HouseholdPlan& plan, UtcTime begin, UtcTime end, const SimulatedWeather& weather)
    : plan_(plan), offsets_(draw_offsets(plan)) {
  const std::int64_t first = floor_divide(begin.nanoseconds, nanoseconds_per_minute);
  const std::int64_t last = -floor_divide(-end.nanoseconds, nanoseconds_per_minute);
  assert(first <= last && last - first <= span_minutes_max);
  begin_ = UtcTime{first * nanoseconds_per_minute};
  minutes_.reserve(static_cast<std::size_t>(last - first));
  // What the panels give per W/m2: their peak is rated at 1000 W/m2; roofs, wiring and warmth cost the rest.
  const double watts_per_irradiance =
      plan_.pv_peak_kw * Draw({plan_.seed, offset_draw, plan_.index, 1}).uniform(0.75, 0.9);
  const std::int64_t load_max = plan_.fuse.count * 8 / 10;
  SimulatedDay today{};
  std::int64_t day_of_today = floor_divide(first, minutes_per_day) - 1;
  for (std::int64_t minute = first; minute < last; ++minute) {
    const std::int64_t day = floor_divide(minute, minutes_per_day);
    if (day != day_of_today) today = simulate_day(plan_, day, weather.sky);
    day_of_today = day;
    const auto at = static_cast<std::size_t>(minute - day * minutes_per_day);
    const double noise =
        Draw({plan_.seed, noise_draw, plan_.index, static_cast<std::uint64_t>(minute)}).uniform(0.95, 1.05);
    const UtcTime middle{minute * nanoseconds_per_minute + nanoseconds_per_minute / 2};
    const double irradiance = clear_sky_irradiance(solar_zenith_cosine(middle, weather.site)) * today.light[at];
    Minute entry;
    entry.heat_pump = whole_watts(today.heat_pump[at] * noise, load_max / 2);
    entry.load = static_cast<std::uint16_t>(entry.heat_pump + whole_watts(today.appliances[at] * noise, load_max / 2));
    entry.pv = whole_watts(irradiance * watts_per_irradiance, plan_.nameplate.count);
    minutes_.push_back(entry);
  }
  sums_.reserve(minutes_.size() + 1);
  sums_.emplace_back();
  for (const Minute& entry : minutes_) {
    const HouseholdPower power{entry.pv, entry.load, entry.heat_pump};
    HouseholdWattSeconds sum = sums_.back();
    sum.produced += 60 * power.pv;
    sum.used += 60 * power.load;
    sum.grid_import += 60 * power.grid_import();
    sum.grid_export += 60 * power.grid_export();
    sum.heat_pump += 60 * power.heat_pump;
    sums_.push_back(sum);
  }
}

UtcTime HouseholdEnergy::end() const {
  return UtcTime{begin_.nanoseconds + static_cast<std::int64_t>(minutes_.size()) * nanoseconds_per_minute};
}

HouseholdEnergy::Position HouseholdEnergy::position(UtcTime time) const {
  if (time <= begin_) return {};
  if (time >= end()) return {.minute = minutes_.size(), .nanoseconds = 0};
  const std::int64_t elapsed = (time - begin_).count();
  return {.minute = static_cast<std::size_t>(elapsed / nanoseconds_per_minute),
          .nanoseconds = elapsed % nanoseconds_per_minute};
}

HouseholdPower HouseholdEnergy::power(UtcTime time) const {
  const Position at = position(time);
  if (at.minute >= minutes_.size()) return {};
  const Minute& entry = minutes_[at.minute];
  return {entry.pv, entry.load, entry.heat_pump};
}

HouseholdWattSeconds HouseholdEnergy::since_begin(UtcTime time) const {
  if (time < begin_) {
    const HouseholdPower then = power(begin_);
    const std::int64_t seconds = time.seconds() - begin_.seconds();  // negative
    return {.produced = then.pv * seconds,
            .used = then.load * seconds,
            .grid_import = then.grid_import() * seconds,
            .grid_export = then.grid_export() * seconds,
            .heat_pump = then.heat_pump * seconds};
  }
  const Position at = position(time);
  HouseholdWattSeconds sum = sums_[at.minute];
  if (at.nanoseconds == 0) return sum;
  const HouseholdPower now = power(time);
  const auto part = [&at](std::int64_t watts) { return watts * at.nanoseconds / nanoseconds_per_second; };
  // One of import and export is 0 within a minute, and the used energy is what balances: rounding each on its own
  // would lose a watt-second now and then.
  sum.produced += part(now.pv);
  sum.grid_import += part(now.grid_import());
  sum.grid_export += part(now.grid_export());
  sum.heat_pump += part(now.heat_pump);
  sum.used = sum.produced + sum.grid_import - sum.grid_export;
  return sum;
}

HouseholdRegisters HouseholdEnergy::registers(UtcTime time) const {
  const HouseholdWattSeconds sum = since_begin(time);
  // Rounded down on both sides of `begin`, so that no register ever falls.
  const auto whole = [](std::int64_t watt_seconds) {
    const std::int64_t wh = watt_seconds / watt_seconds_per_watt_hour;
    return Energy{watt_seconds % watt_seconds_per_watt_hour < 0 ? wh - 1 : wh};
  };
  return {.produced = offsets_.produced + whole(sum.produced),
          .grid_import = offsets_.grid_import + whole(sum.grid_import),
          .grid_export = offsets_.grid_export + whole(sum.grid_export),
          .heat_pump_import = offsets_.heat_pump_import + whole(sum.heat_pump)};
}

}  // namespace commonwatt
