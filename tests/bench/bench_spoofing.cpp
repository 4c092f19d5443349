// bench-spoofing: how many lying meters the rules of market/spoofing find in simulated streets, how soon, and how often
// honest ones are suspected. What is assumed about the streets, and what the figures mean: docs/spoofing.md.
#include <array>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "sim/random.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/spoofing_street.hpp"

namespace commonwatt::bench {
namespace {

using Json = nlohmann::ordered_json;

/// Which kind of rule a finding is of.
enum class RuleKind { physical, peers, shape, feeder };
constexpr std::array rule_kinds{"physical", "peers", "shape", "feeder"};

RuleKind kind_of(SpoofReason reason) {
  switch (reason) {
    case SpoofReason::above_nameplate:
    case SpoofReason::above_sun:
    case SpoofReason::at_night:
      return RuleKind::physical;
    case SpoofReason::replayed_day:
      return RuleKind::shape;
    case SpoofReason::above_peers:
      return RuleKind::peers;
    case SpoofReason::above_feeder:
    case SpoofReason::feeder_and_peers:
      return RuleKind::feeder;
  }
  return RuleKind::physical;
}

std::vector<Attack> attacks(const StreetPlan& plan) {
  std::vector<Attack> list{{}};
  for (const double scale : {1.05, 1.10, 1.20, 1.50})
    list.push_back({.name = "one scales x" + std::to_string(scale).substr(0, 4), .attackers = 1, .scale = scale});
  list.push_back({.name = "one adds 0.3 kW by day", .attackers = 1, .day_kw = 0.3});
  list.push_back({.name = "one adds 1.0 kW by day", .attackers = 1, .day_kw = 1.0});
  list.push_back({.name = "one adds 0.1 kW at night", .attackers = 1, .night_kw = 0.1});
  list.push_back({.name = "one replays 5 days ago", .attackers = 1, .replay_days = 5});
  for (const double scale : {1.1, 1.2})
    list.push_back({.name = "10 collude x" + std::to_string(scale).substr(0, 3), .attackers = 10, .scale = scale});
  for (const double scale : {1.1, 1.2}) {
    list.push_back(
        {.name = "all collude x" + std::to_string(scale).substr(0, 3), .attackers = plan.plants, .scale = scale});
  }
  return list;
}

/// What came of an attack in some streets.
struct Tally {
  std::size_t runs = 0;
  std::array<std::size_t, 4> found_by{};
  std::size_t found = 0;
  std::size_t named_right = 0;  ///< a plant that lies is named, and none that does not
  std::size_t named_wrong = 0;  ///< a plant that does not lie is named
  std::size_t same_day = 0;
  std::vector<double> days;  ///< to the first finding, the first day of the attack being 1
};

void add(Tally& tally, const StreetRecord& street, const Attack& attack) {
  ++tally.runs;
  std::array<bool, 4> found_by{};
  bool named_liar = false;
  bool named_honest = false;
  const std::vector<SpoofFinding> findings = find_spoofing(street);
  for (const SpoofFinding& finding : findings) {
    found_by[static_cast<std::size_t>(kind_of(finding.reason))] = true;
    if (finding.plant) (*finding.plant < attack.attackers ? named_liar : named_honest) = true;
  }
  for (std::size_t i = 0; i < found_by.size(); ++i) tally.found_by[i] += found_by[i] ? 1U : 0U;
  tally.named_right += named_liar && !named_honest ? 1U : 0U;
  tally.named_wrong += named_honest ? 1U : 0U;
  if (findings.empty()) return;
  ++tally.found;
  tally.same_day += findings.front().day == street.baseline_days ? 1U : 0U;
  tally.days.push_back(static_cast<double>(findings.front().day - street.baseline_days + 1));
}

double percent(std::size_t part, std::size_t whole) {
  return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

Json to_json(const Attack& attack, const Tally& tally) {
  Json row{{"attack", attack.name}, {"runs", tally.runs}};
  for (std::size_t i = 0; i < rule_kinds.size(); ++i) row[rule_kinds[i]] = percent(tally.found_by[i], tally.runs);
  row["any"] = percent(tally.found, tally.runs);
  row["same_day"] = percent(tally.same_day, tally.runs);
  row["median_days"] = tally.days.empty() ? Json() : Json(median(tally.days));
  row["named_right"] = percent(tally.named_right, tally.runs);
  row["named_wrong"] = percent(tally.named_wrong, tally.runs);
  return row;
}

void print(const Attack& attack, const Tally& tally) {
  std::printf("%-25s", attack.name.c_str());
  for (const std::size_t found : tally.found_by) std::printf("  %8.1f", percent(found, tally.runs));
  std::printf("  %5.1f  %8.1f", percent(tally.found, tally.runs), percent(tally.same_day, tally.runs));
  std::printf("  %5s", tally.days.empty() ? "-" : std::to_string(static_cast<int>(median(tally.days))).c_str());
  std::printf("  %5.0f  %5.0f\n", percent(tally.named_right, tally.runs), percent(tally.named_wrong, tally.runs));
}

/// Honest streets whose figures are normal and independent: in how many of a hundred the peers' rule finds something.
void calibrate(std::size_t runs) {
  std::puts("plants  suspected %");
  for (const std::size_t plants : {5U, 10U, 30U, 100U, 500U}) {
    std::size_t suspected = 0;
    for (std::size_t run = 0; run < runs; ++run) {
      StreetRecord street{.interval_seconds = 900, .baseline_days = 20, .plants = {}, .sun_max = {}, .feeder = {}};
      street.plants.resize(plants);
      for (std::size_t plant = 0; plant < plants; ++plant) {
        Draw draw{run, plants, plant};
        for (std::size_t day = 0; day < 40; ++day)
          street.plants[plant].days.push_back({Energy{static_cast<std::int64_t>(20'000 * (1 + 0.08 * normal(draw)))}});
      }
      suspected += find_spoofing(street).empty() ? 0U : 1U;
    }
    std::printf("%6zu  %11.1f\n", plants, percent(suspected, runs));
  }
}

int run(int argc, char** argv) {
  CLI::App app("How many lying meters are found in simulated streets", "bench-spoofing");
  bool json = false;
  bool quick = false;
  bool calibrates = false;
  std::size_t runs = 200;
  std::uint64_t seed = 1;
  std::string noise_of = "head";
  StreetPlan plan;
  app.add_flag("--json", json, "prints one JSON object");
  app.add_flag("--quick", quick, "few streets, to see that the benchmark works");
  app.add_flag("--calibrate", calibrates, "how often the peers' rule suspects streets of normal figures");
  std::size_t honest_runs = 0;
  app.add_option("--honest-runs", honest_runs, "streets without a liar; 0: as --runs");
  app.add_option("--runs", runs, "streets for each attack")->capture_default_str()->check(CLI::Range(1, 100'000));
  app.add_option("--seed", seed, "of the first street")->capture_default_str();
  app.add_option("--noise-of", noise_of,
                 "what the unmetered noise is a share of: head, what flows through the head meter; use, what homes use")
      ->capture_default_str()
      ->check(CLI::IsMember({"head", "use"}));
  app.add_option("--unmetered-noise", plan.unmetered_noise, "its daily standard deviation, as a share")
      ->capture_default_str();
  app.add_option("--noise-min", plan.plant_noise_min, "the steadiest plant's own daily noise")->capture_default_str();
  app.add_option("--noise-max", plan.plant_noise_max, "the least steady plant's")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (quick) runs = 3;
  plan.noise_of = noise_of == "head" ? NoiseOf::head : NoiseOf::use;
  if (calibrates) {
    calibrate(quick ? 100 : 2'000);
    return 0;
  }
  Json report = Json::array();
  if (!json) {
    std::puts(
        "attack                     physical     peers     shape    feeder    any  same day   days  right  wrong");
  }
  for (const Attack& attack : attacks(plan)) {
    Tally tally;
    const std::size_t streets = attack.attackers == 0 && honest_runs > 0 && !quick ? honest_runs : runs;
    for (std::size_t i = 0; i < streets; ++i) add(tally, simulated_street(seed + i, attack, plan), attack);
    report.push_back(to_json(attack, tally));
    if (!json) print(attack, tally);
  }
  if (json) std::cout << report.dump() << "\n";
  return 0;
}

}  // namespace
}  // namespace commonwatt::bench

int main(int argc, char** argv) {
  return commonwatt::bench::run(argc, argv);
}
