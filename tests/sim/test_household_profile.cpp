#include <algorithm>
#include <tuple>

#include <doctest/doctest.h>

#include "sim/household_profile.hpp"
#include "sim/random.hpp"

using namespace commonwatt;

namespace {

constexpr UtcTime minute(std::int64_t of_day) {
  return sunny_day_begin + std::chrono::minutes{of_day};
}

HouseholdEnergy sunny_day(const HouseholdPlan& plan, Sky sky = Sky::sunny) {
  return {plan, sunny_day_begin, sunny_day_end, {.site = {}, .sky = sky}};
}

/// Instants in order, from before the day to after it, few of them on a minute.
std::vector<UtcTime> instants(std::uint64_t seed, int count) {
  std::vector<UtcTime> all;
  Draw draw({seed});
  for (int i = 0; i < count; ++i) {
    all.push_back({draw.whole(sunny_day_begin.nanoseconds - 1'000'000'000, sunny_day_end.nanoseconds + 1'000'000'000)});
  }
  std::sort(all.begin(), all.end());
  return all;
}

auto everything(const HouseholdPlan& plan) {
  return std::tuple(plan.index, plan.id, plan.name, plan.phases, plan.pv_peak_kw, plan.heat_pump, plan.fuse,
                    plan.nameplate, plan.buy_limit, plan.sell_limit);
}

}  // namespace

TEST_CASE("energy is conserved to the watt-second at every instant") {
  for (const HouseholdPlan& plan : plan_neighbourhood(7, 12)) {
    const HouseholdEnergy household = sunny_day(plan);
    for (const UtcTime time : instants(plan.index, 2000)) {
      const HouseholdWattSeconds sum = household.since_begin(time);
      REQUIRE(sum.produced - sum.used == sum.grid_export - sum.grid_import);
      REQUIRE(sum.heat_pump <= sum.used);
    }
  }
}

TEST_CASE("a day's energy is the sum of its minutes' power") {
  for (const HouseholdPlan& plan : plan_neighbourhood(3, 8)) {
    const HouseholdEnergy household = sunny_day(plan);
    HouseholdWattSeconds sum;
    for (std::int64_t i = 0; i < 1440; ++i) {
      const HouseholdPower power = household.power(minute(i));
      REQUIRE(power == household.power(minute(i) + std::chrono::seconds{59}));
      sum.produced += 60 * power.pv;
      sum.used += 60 * power.load;
      sum.heat_pump += 60 * power.heat_pump;
    }
    const HouseholdWattSeconds day = household.since_begin(sunny_day_end);
    CHECK(day.produced == sum.produced);
    CHECK(day.used == sum.used);
    CHECK(day.heat_pump == sum.heat_pump);
  }
}

TEST_CASE("no register ever runs backwards") {
  for (const HouseholdPlan& plan : plan_neighbourhood(11, 12)) {
    const HouseholdEnergy household = sunny_day(plan, Sky::changeable);
    HouseholdRegisters last = household.offsets();
    for (const UtcTime time : instants(plan.index, 2000)) {
      const HouseholdRegisters now = household.registers(time);
      REQUIRE(now.produced >= last.produced);
      REQUIRE(now.grid_import >= last.grid_import);
      REQUIRE(now.grid_export >= last.grid_export);
      REQUIRE(now.heat_pump_import >= last.heat_pump_import);
      last = now;
    }
  }
}

TEST_CASE("before its span a household takes what it takes at the begin, behind it nothing") {
  const HouseholdEnergy household = sunny_day(plan_neighbourhood(1, 2)[1]);
  // Whoever starts to read before the span must not take the meter for one that stands still.
  const HouseholdRegisters earlier = household.registers(sunny_day_begin - std::chrono::hours{5});
  const HouseholdPower then = household.power(sunny_day_begin);
  CHECK(household.offsets().grid_import - earlier.grid_import == Energy{5 * then.grid_import()});
  CHECK(household.offsets().produced - earlier.produced == Energy{5 * then.pv});
  CHECK(household.registers(sunny_day_begin - std::chrono::nanoseconds{1}).grid_import <=
        household.offsets().grid_import);
  CHECK(household.registers(sunny_day_end + std::chrono::hours{5}) == household.registers(sunny_day_end));
  CHECK(household.power(sunny_day_end) == HouseholdPower{});
}

TEST_CASE("the same seed gives the same neighbourhood, another seed another one") {
  const std::vector<HouseholdPlan> plans = plan_neighbourhood(5, 6);
  const std::vector<HouseholdPlan> again = plan_neighbourhood(5, 6);
  const std::vector<HouseholdPlan> others = plan_neighbourhood(6, 6);
  for (std::size_t i = 0; i < plans.size(); ++i) {
    CHECK(everything(plans[i]) == everything(again[i]));
    CHECK(everything(plans[i]) != everything(others[i]));
    const HouseholdRegisters evening = sunny_day(plans[i]).registers(minute(1200));
    CHECK(evening == sunny_day(again[i]).registers(minute(1200)));
    CHECK_FALSE(evening == sunny_day(others[i]).registers(minute(1200)));
  }
}

TEST_CASE("a household is the same however many neighbours it has and whenever the simulation begins") {
  const HouseholdPlan plan = plan_neighbourhood(2, 4)[3];
  CHECK(everything(plan) == everything(plan_neighbourhood(2, 60)[3]));
  const HouseholdEnergy whole = sunny_day(plan);
  const HouseholdEnergy afternoon(plan, minute(725), sunny_day_end);
  for (std::int64_t i = 725; i < 1440; ++i) REQUIRE(afternoon.power(minute(i)) == whole.power(minute(i)));
}

TEST_CASE("two in three households have photovoltaics, in every neighbourhood of any size") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::vector<HouseholdPlan> plans = plan_neighbourhood(seed, 99);
    for (std::size_t i = 0; i + 3 <= plans.size(); ++i) {
      const auto three = plans.begin() + static_cast<std::ptrdiff_t>(i);
      CHECK(std::count_if(three, three + 3, [](const HouseholdPlan& plan) { return plan.has_pv(); }) == 2);
    }
  }
}

TEST_CASE("the first heat pump is metered on a serial line, the others by TCP") {
  const std::vector<HouseholdPlan> plans = plan_neighbourhood(4, 20);
  std::vector<HeatPumpMeter> meters;
  for (const HouseholdPlan& plan : plans) {
    if (plan.has_heat_pump()) meters.push_back(plan.heat_pump);
  }
  CHECK(meters == std::vector{HeatPumpMeter::rtu, HeatPumpMeter::tcp, HeatPumpMeter::tcp, HeatPumpMeter::tcp});
}

TEST_CASE("limits, names and ratings are ones the market accepts") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (const HouseholdPlan& plan : plan_neighbourhood(seed, households_max)) {
      for (const Price limit : {plan.buy_limit, plan.sell_limit}) {
        REQUIRE(limit >= Price{80'000});
        REQUIRE(limit <= Price{300'000});
      }
      REQUIRE(HouseholdId::from(plan.id.text()) == plan.id);
      REQUIRE((plan.phases == 1 || plan.phases == 3));
      REQUIRE(plan.has_pv() == (plan.nameplate > Power{0}));
    }
  }
}

TEST_CASE("no household exceeds its fuse or its inverter's nameplate") {
  for (const HouseholdPlan& plan : plan_neighbourhood(13, 18)) {
    const HouseholdEnergy household = sunny_day(plan);
    for (std::int64_t i = 0; i < 1440; ++i) {
      const HouseholdPower power = household.power(minute(i));
      REQUIRE(power.load <= plan.fuse.count);
      REQUIRE(power.pv <= plan.nameplate.count);
      REQUIRE(power.heat_pump <= power.load);
      REQUIRE((power.heat_pump > 0) == plan.has_heat_pump());
    }
  }
}

TEST_CASE("photovoltaics give nothing at night and something at noon, and clouds cost") {
  for (const HouseholdPlan& plan : plan_neighbourhood(9, 9)) {
    const HouseholdEnergy household = sunny_day(plan);
    for (std::int64_t i = 0; i < 1440; ++i) {
      const bool is_night = i < 160 || i > 1150;  // the sun is up from 02:54 to 18:58
      if (is_night) REQUIRE(household.power(minute(i)).pv == 0);
    }
    CHECK((household.power(minute(656)).pv > 0) == plan.has_pv());
    if (!plan.has_pv()) {
      CHECK(household.registers(sunny_day_end).produced == Energy{0});
      CHECK(household.registers(sunny_day_end).grid_export == Energy{0});
      continue;
    }
    const auto produced = [&plan](Sky sky) { return sunny_day(plan, sky).since_begin(sunny_day_end).produced; };
    CHECK(produced(Sky::overcast) < produced(Sky::changeable));
    CHECK(produced(Sky::changeable) < produced(Sky::sunny));
  }
}
