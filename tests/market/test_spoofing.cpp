#include <algorithm>

#include <doctest/doctest.h>

#include "market/spoofing.hpp"
#include "tests/bench/spoofing_street.hpp"
#include "tests/campaign.hpp"

namespace commonwatt {
namespace {

using bench::Attack;
using bench::simulated_street;
using bench::StreetPlan;

/// In how many streets of a hundred something is found.
template <class Found>
std::int64_t percent(const Attack& attack, const StreetPlan& plan, const SpoofRules& rules, Found found) {
  constexpr std::int64_t streets = 20;
  std::int64_t count = 0;
  for (std::uint64_t i = 0; i < streets; ++i) {
    const StreetRecord street = simulated_street(test::seed(1) + i, attack, plan);
    if (found(find_spoofing(street, rules))) ++count;
  }
  return count * 100 / streets;
}

bool anything(const std::vector<SpoofFinding>& findings) {
  return !findings.empty();
}

const Attack lone{.name = "one x1.2", .attackers = 1, .scale = 1.2};
const Attack everybody{.name = "all x1.1", .attackers = 30, .scale = 1.1};

TEST_CASE("a lone meter that says a fifth more is found within twenty days, and by the peers' rule alone") {
  CHECK(percent(lone, {}, {}, anything) >= 90);
  CHECK(percent(lone, {}, {.physical = false, .shape = true, .peers = false, .feeder = true}, anything) <= 40);
}

TEST_CASE("a whole street that says a tenth more is found the same day, and by the head meter alone") {
  const StreetPlan plan;
  const auto same_day = [&](const std::vector<SpoofFinding>& findings) {
    return std::any_of(findings.begin(), findings.end(), [&](const SpoofFinding& finding) {
      return finding.reason == SpoofReason::above_feeder && finding.day == plan.baseline_days;
    });
  };
  CHECK(percent(everybody, plan, {}, same_day) == 100);
  StreetPlan without = plan;
  without.has_head_meter = false;
  const SpoofRules no_nameplates{.physical = false, .shape = true, .peers = true, .feeder = true};
  CHECK(percent(everybody, without, no_nameplates, anything) <= 10);
}

TEST_CASE("an honest street is left alone") {
  CHECK(percent({}, {}, {}, anything) <= 10);  // 2 of 20; the benchmark's hundreds of streets show at most 5 %
}

/// Six plants that make the same every day, but for a few watt-hours.
StreetRecord quiet_street(std::size_t days) {
  StreetRecord street;
  street.baseline_days = 20;
  street.plants.resize(6);
  for (std::size_t plant = 0; plant < 6; ++plant) {
    for (std::size_t day = 0; day < days; ++day) {
      std::vector<Energy> made(96);
      for (std::size_t i = 30; i < 60; ++i)
        made[i] = Energy{static_cast<std::int64_t>(500 + (day * 7 + plant * 3 + i * 11) % 23 * 4)};
      street.plants[plant].days.push_back(made);
    }
  }
  for (std::size_t day = 0; day < days; ++day) {
    std::vector<Energy> sun(96);
    for (std::size_t i = 28; i < 62; ++i) sun[i] = Energy{400};
    street.sun_max.push_back(sun);
  }
  return street;
}

TEST_CASE("energy in the dark is a finding for that plant and day, with its strength") {
  StreetRecord street = quiet_street(22);
  CHECK(find_spoofing(street).empty());
  street.plants[2].days[21][3] = Energy{25};
  CHECK(
      find_spoofing(street) ==
      std::vector<SpoofFinding>{{.plant = 2, .day = 21, .reason = SpoofReason::at_night, .strength_permille = 2'500}});
  street.plants[2].days[4][3] = Energy{25};  // a battery that has always done so
  CHECK(find_spoofing(street).empty());
}

TEST_CASE("an interval above nameplate or sun is a finding") {
  StreetRecord street = quiet_street(21);
  street.plants[0].nameplate = Power{3'000};
  CHECK(find_spoofing(street).empty());
  street.plants[0].days[20][40] = Energy{900};
  CHECK(find_spoofing(street).at(0).reason == SpoofReason::above_nameplate);
  street.plants[0].days[20][40] = Energy{500};
  street.sun_max[20][40] = Energy{100};
  CHECK(find_spoofing(street).at(0).reason == SpoofReason::above_sun);
}

TEST_CASE("a day that repeats an older one is a finding, unless days always do") {
  StreetRecord street = quiet_street(21);
  street.plants[1].days[20] = street.plants[1].days[15];
  const std::vector<SpoofFinding> found = find_spoofing(street);
  REQUIRE(found.size() == 1);
  CHECK(found[0].plant == 1U);
  CHECK(found[0].reason == SpoofReason::replayed_day);
  street.plants[1].days[10] = street.plants[1].days[5];
  CHECK(find_spoofing(street).empty());
}

TEST_CASE("a plant that was not read is not judged, and neither is anything with too short a baseline") {
  StreetRecord street = quiet_street(30);
  for (std::size_t day = 20; day < 30; ++day) street.plants[3].days[day].clear();
  CHECK(find_spoofing(street).empty());
  StreetRecord young = simulated_street(3, everybody);
  young.baseline_days = 19;
  CHECK(find_spoofing(young, {.physical = false, .shape = false, .peers = true, .feeder = true}).empty());
  CHECK(find_spoofing({}).empty());
}

TEST_CASE("every reason has a name and words") {
  for (std::size_t i = 0; i <= static_cast<std::size_t>(enum_last(SpoofReason{})); ++i) {
    CHECK(*to_text(static_cast<SpoofReason>(i)) != '\0');
    CHECK(*explain(static_cast<SpoofReason>(i)) != '\0');
  }
}

}  // namespace
}  // namespace commonwatt
