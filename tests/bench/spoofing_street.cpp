#include "tests/bench/spoofing_street.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "market/zone_balance.hpp"
#include "meter/clear_sky.hpp"

namespace commonwatt::bench {
namespace {

constexpr std::int64_t interval_seconds = 900;
constexpr std::size_t day_intervals = 96;
constexpr std::int64_t day_seconds = 86'400;
constexpr std::int64_t loss_permille = 20;
constexpr Site site{};

using DayShape = std::array<double, day_intervals>;

/// A direction as east, north and up.
struct Direction {
  double east = 0;
  double north = 0;
  double up = 0;
  [[nodiscard]] double dot(const Direction& other) const {
    return east * other.east + north * other.north + up * other.up;
  }
};

/// Where the sun stands; its azimuth follows from the time before or after noon.
Direction sun_direction(UtcTime time) {
  const double up = solar_zenith_cosine(time, site);
  // Four hours on either side tell which side of noon it is, and how far: the azimuth to some degrees, which is enough.
  const double hour = static_cast<double>(time.seconds() % day_seconds) / 3'600 + site.longitude_degrees / 15;
  const double azimuth = (hour - 12) * 15 * std::numbers::pi / 180;  // from south, west positive
  const double flat = std::sqrt(std::max(0.0, 1 - up * up));
  return {.east = -flat * std::sin(azimuth), .north = -flat * std::cos(azimuth), .up = up};
}

enum class DayKind { clear, mixed, overcast };

/// How much of a clear sky's light reaches the street, by interval.
DayShape clearness(Draw& draw) {
  const double kind_of = draw.uniform(0, 1);
  const DayKind kind = kind_of < 0.35 ? DayKind::clear : kind_of < 0.75 ? DayKind::mixed : DayKind::overcast;
  const double level = kind == DayKind::clear   ? draw.uniform(0.9, 1.0)
                       : kind == DayKind::mixed ? draw.uniform(0.5, 0.9)
                                                : draw.uniform(0.3, 0.5);
  const double swing = kind == DayKind::clear ? 0.02 : kind == DayKind::mixed ? 0.2 : 0.08;
  DayShape shape{};
  double cloud = normal(draw);
  for (double& factor : shape) {
    cloud = 0.9 * cloud + std::sqrt(1 - 0.81) * normal(draw);  // clouds pass in about two hours
    factor = std::clamp(level + swing * cloud, 0.1, 1.05);
  }
  return shape;
}

struct SkyDay {
  std::array<Direction, day_intervals> sun{};
  DayShape global{};  // W/m2 of a clear sky on the ground
  DayShape clearness{};
};

struct SimulatedPlant {
  double peak_kw = 0;
  Direction facing;
  double noise = 0;
};

SimulatedPlant draw_plant(Draw& draw, const StreetPlan& plan) {
  const double side = draw.uniform(0, 1);
  const double azimuth = (side < 0.6 ? draw.uniform(-30, 30) : side < 0.8 ? -90.0 : 90.0) * std::numbers::pi / 180;
  const double tilt = draw.uniform(15, 45) * std::numbers::pi / 180;
  return {.peak_kw = draw.uniform(3, 10),
          .facing = {.east = -std::sin(tilt) * std::sin(azimuth),
                     .north = -std::sin(tilt) * std::cos(azimuth),
                     .up = std::cos(tilt)},
          .noise = draw.uniform(plan.plant_noise_min, plan.plant_noise_max)};
}

/// Wh of a plant in each interval. Under clouds light comes from everywhere, and where a plant faces matters less.
DayShape plant_energy(const SimulatedPlant& plant, const SkyDay& sky, Draw& draw) {
  DayShape energy{};
  const double of_day = std::exp(plant.noise * normal(draw));
  double own_cloud = 0;
  for (std::size_t i = 0; i < day_intervals; ++i) {
    own_cloud = 0.7 * own_cloud + 0.7 * normal(draw);
    if (sky.global[i] <= 0) continue;
    const double clear = std::clamp(sky.clearness[i] * (1 + 0.05 * own_cloud), 0.05, 1.1);
    const double diffuse_part = std::clamp(1.2 - clear, 0.15, 1.0);
    const double global = sky.global[i] * clear;
    const double beam = global * (1 - diffuse_part) / std::max(sky.sun[i].up, 0.1);
    const double on_modules =
        beam * std::max(0.0, plant.facing.dot(sky.sun[i])) + global * diffuse_part * (1 + plant.facing.up) / 2;
    energy[i] = std::min(on_modules / 1'000 * 0.75 * of_day, 0.9) * plant.peak_kw * 250;
  }
  return energy;
}

/// Wh of a home in each interval: a base, a morning, an evening, and chance.
DayShape home_energy(double kwh_a_day, Draw& draw) {
  DayShape energy{};
  const double of_day = std::exp(0.2 * normal(draw));
  for (std::size_t i = 0; i < day_intervals; ++i) {
    const double hour = static_cast<double>(i) / 4;
    const auto bump = [&](double at, double width) {
      return std::exp(-(hour - at) * (hour - at) / (2 * width * width));
    };
    const double shape = 0.55 + 0.8 * bump(7, 1) + 1.8 * bump(19, 2) + 0.5 * bump(12, 1.5);
    energy[i] = kwh_a_day * of_day * shape / 96 * 1'000 / 1.15 * std::exp(0.4 * normal(draw));
  }
  return energy;
}

/// A counter: whole watt-hours, rounded down, that never lose what they rounded.
class Counter {
 public:
  Energy count(double watt_hours) {
    const double before = std::floor(total_);
    total_ += watt_hours;
    return Energy{static_cast<std::int64_t>(std::floor(total_) - before)};
  }

 private:
  double total_ = 0;
};

SkyDay sky_of(std::int64_t begin, Draw draw) {
  SkyDay sky;
  sky.clearness = clearness(draw);
  for (std::size_t i = 0; i < day_intervals; ++i) {
    const auto middle = UtcTime::from_seconds(begin + static_cast<std::int64_t>(i) * interval_seconds + 450);
    sky.sun[i] = sun_direction(middle);
    sky.global[i] = clear_sky_irradiance(sky.sun[i].up);
  }
  return sky;
}

std::vector<Energy> sun_max_of(std::int64_t begin) {
  std::vector<Energy> most;
  for (std::size_t i = 0; i < day_intervals; ++i) {
    const UtcTime from = UtcTime::from_seconds(begin + static_cast<std::int64_t>(i) * interval_seconds);
    most.push_back(solar_energy_max({.site = site, .peak = Power{1'000}}, from, from + Duration{900'000'000'000}));
  }
  return most;
}

struct ImperfectMeter {
  Counter counter;
  double gain = 1;
};

class SimulatedStreet {
 public:
  SimulatedStreet(std::uint64_t seed, const Attack& attack, const StreetPlan& plan)
      : seed_(seed),
        attack_(attack),
        plan_(plan),
        plants_(plan.plants),
        plant_meters_(plan.plants),
        homes_(plan.homes) {
    Draw draw{seed, 1};
    record_.baseline_days = plan.baseline_days;
    record_.plants.resize(plan.plants);
    for (std::size_t i = 0; i < plan.plants; ++i) {
      plants_[i] = draw_plant(draw, plan);
      plant_meters_[i].gain = 1 + draw.uniform(-plan.meter_error, plan.meter_error);
      record_.plants[i].nameplate = Power{static_cast<std::int64_t>(plants_[i].peak_kw * 1'000)};
    }
    for (ImperfectMeter& home : homes_) home.gain = 1 + draw.uniform(-plan.meter_error, plan.meter_error);
    for (std::size_t i = 0; i < plan.homes; ++i) home_kwh_.push_back(draw.uniform(5, 15));
    head_import_.gain = head_export_.gain = 1 + draw.uniform(-plan.head_error, plan.head_error);
    loss_factor_ = draw.uniform(0.9, 1.1) * static_cast<double>(loss_permille) / 1'000;
    // Some day from April to July, 2026; the street is judged until August at the latest.
    begin_ = 1'775'001'600 + draw.whole(0, 100) * day_seconds;
  }

  StreetRecord run() {
    for (std::size_t day = 0; day < plan_.baseline_days + plan_.judged_days; ++day) add_day(day);
    return std::move(record_);
  }

 private:
  void add_day(std::size_t day) {
    const std::int64_t begin = begin_ + static_cast<std::int64_t>(day) * day_seconds;
    const SkyDay sky = sky_of(begin, Draw{seed_, 2, day});
    record_.sun_max.push_back(sun_max_of(begin));
    DayShape net{};   // what the homes draw and do not make, in truth
    DayShape flow{};  // what plants feed in or the homes draw, whichever is more
    ZoneEnergy balance;
    for (std::size_t plant = 0; plant < plants_.size(); ++plant) {
      Draw draw{seed_, 3, day, plant};
      const DayShape made = plant_energy(plants_[plant], sky, draw);
      const std::vector<Energy> shown = shown_by(plant, day, made, sky);
      for (const Energy energy : shown) balance.households.export_ += energy;
      record_.plants[plant].days.push_back(shown);
      for (std::size_t i = 0; i < day_intervals; ++i) net[i] -= made[i];
    }
    for (std::size_t i = 0; i < day_intervals; ++i) flow[i] = -net[i];
    for (std::size_t home = 0; home < homes_.size(); ++home) {
      Draw draw{seed_, 4, day, home};
      const DayShape used = home_energy(home_kwh_[home], draw);
      for (std::size_t i = 0; i < day_intervals; ++i) {
        balance.households.import += homes_[home].counter.count(used[i] * homes_[home].gain);
        net[i] += used[i];
      }
    }
    if (plan_.has_head_meter) add_head(day, net, flow, balance);
  }

  void add_head(std::size_t day, const DayShape& net, const DayShape& flow, ZoneEnergy& balance) {
    Draw draw{seed_, 5, day};
    const double noise = plan_.unmetered_noise * normal(draw);
    for (std::size_t i = 0; i < day_intervals; ++i) {
      const double through = std::max(flow[i], flow[i] + net[i]);
      const double used = flow[i] + net[i];
      const double noisy = plan_.noise_of == NoiseOf::head ? std::abs(net[i]) : used;
      const double head = net[i] + through * loss_factor_ + used * plan_.unmetered_share + noisy * noise;
      (head > 0 ? balance.head.import : balance.head.export_) +=
          head > 0 ? head_import_.counter.count(head * head_import_.gain)
                   : head_export_.counter.count(-head * head_export_.gain);
    }
    record_.feeder.emplace_back(FeederDay{.residual = residual_of(balance, loss_permille).residual,
                                          .flow = balance.flow(),
                                          .fed_in = balance.households.export_,
                                          .drawn = balance.households.import});
  }

  std::vector<Energy> shown_by(std::size_t plant, std::size_t day, const DayShape& made, const SkyDay& sky) {
    const bool lies = plant < attack_.attackers && day >= plan_.baseline_days;
    auto& days = record_.plants[plant].days;
    if (lies && attack_.replay_days > 0) return days[day - attack_.replay_days];
    std::vector<Energy> shown;
    for (std::size_t i = 0; i < day_intervals; ++i) {
      double energy = made[i] * plant_meters_[plant].gain;
      if (lies) energy = energy * attack_.scale + (sky.global[i] > 0 ? attack_.day_kw : attack_.night_kw) * 250;
      shown.push_back(plant_meters_[plant].counter.count(energy));
    }
    return shown;
  }

  std::uint64_t seed_;
  const Attack& attack_;
  const StreetPlan& plan_;
  std::vector<SimulatedPlant> plants_;
  std::vector<ImperfectMeter> plant_meters_;
  std::vector<ImperfectMeter> homes_;
  std::vector<double> home_kwh_;
  ImperfectMeter head_import_;
  ImperfectMeter head_export_;
  double loss_factor_ = 0;
  std::int64_t begin_ = 0;
  StreetRecord record_;
};

}  // namespace

double normal(Draw& draw) {
  const double radius = std::sqrt(-2 * std::log(draw.uniform(1e-12, 1)));
  return radius * std::cos(draw.uniform(0, 2 * std::numbers::pi));
}

StreetRecord simulated_street(std::uint64_t seed, const Attack& attack, const StreetPlan& plan) {
  return SimulatedStreet(seed, attack, plan).run();
}

}  // namespace commonwatt::bench
