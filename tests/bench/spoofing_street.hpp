// A street whose meters are known to lie, or not to: what market/spoofing is tried on. Doubles, since it plays nature.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "market/spoofing.hpp"
#include "sim/random.hpp"

namespace commonwatt::bench {

/// What the daily noise of what flows unmetered is a share of.
enum class NoiseOf : std::uint8_t { head, use };

/// What is assumed about a street. docs/spoofing.md says the same in words.
struct StreetPlan {
  std::size_t homes = 50;
  std::size_t plants = 30;
  std::size_t baseline_days = 20;
  std::size_t judged_days = 20;
  double meter_error = 0.01;      ///< class B: each meter's gain is off by as much at most, evenly, for good
  double head_error = 0.005;      ///< the head meter's
  double unmetered_share = 0.03;  ///< of what the homes use
  double unmetered_noise = 0.01;  ///< standard deviation of what else flows unmetered, from day to day
  NoiseOf noise_of = NoiseOf::head;
  double plant_noise_min = 0.05;  ///< each plant's own daily standard deviation lies evenly between these
  double plant_noise_max = 0.11;
  bool has_head_meter = true;
};

/// What the first plants of the street do to their meters from the first judged day on.
struct Attack {
  std::string name = "none (false alarm)";
  std::size_t attackers = 0;
  double scale = 1;
  double day_kw = 0;            ///< added while the sun is up
  double night_kw = 0;          ///< added while it is down
  std::size_t replay_days = 0;  ///< shows what it showed so many days before
};

/// A draw from the normal distribution of mean 0 and standard deviation 1.
double normal(Draw& draw);

/// The same seed gives the same street, whatever is done to its meters.
StreetRecord simulated_street(std::uint64_t seed, const Attack& attack, const StreetPlan& plan = {});

}  // namespace commonwatt::bench
