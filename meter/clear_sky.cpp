#include "meter/clear_sky.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>

namespace commonwatt {
namespace {

constexpr double radians_per_degree = std::numbers::pi / 180.0;
constexpr std::int64_t seconds_per_day = 86'400;
constexpr double irradiance_of_peak = 1000.0;
constexpr double beyond_clear_sky = 2.0;
constexpr double daylight_min = 100.0;
constexpr double sun_raised_degrees = 2.0;
/// The sun moves by at most 1.25 degrees in a step, and less than the plant's bound leaves room for.
constexpr Duration integration_step = std::chrono::minutes{5};
constexpr Duration integrated_max = std::chrono::hours{24 * 7};

/// Days since 1 January of the year, 0 on 1 January; RULEBOOK times are UTC.
int day_of_year(UtcTime time) {
  const std::chrono::sys_days day{std::chrono::days{static_cast<int>(time.seconds() / seconds_per_day)}};
  const std::chrono::year_month_day date{day};
  return static_cast<int>((day - std::chrono::sys_days{date.year() / 1 / 1}).count());
}

double hours(Duration span) {
  return static_cast<double>(span.count()) / 3.6e12;
}

}  // namespace

double solar_zenith_cosine(UtcTime time, const Site& site) {
  const double minutes = static_cast<double>(time.seconds() % seconds_per_day) / 60.0;
  const double angle = 2 * std::numbers::pi / 365.0 * (day_of_year(time) + (minutes / 60.0 - 12.0) / 24.0);
  const double equation_of_time_minutes = 229.18 * (0.000075 + 0.001868 * std::cos(angle) - 0.032077 * std::sin(angle) -
                                                    0.014615 * std::cos(2 * angle) - 0.040849 * std::sin(2 * angle));
  const double declination = 0.006918 - 0.399912 * std::cos(angle) + 0.070257 * std::sin(angle) -
                             0.006758 * std::cos(2 * angle) + 0.000907 * std::sin(2 * angle) -
                             0.002697 * std::cos(3 * angle) + 0.00148 * std::sin(3 * angle);
  const double solar_minutes = minutes + equation_of_time_minutes + 4.0 * site.longitude_degrees;
  const double hour_angle = (solar_minutes / 4.0 - 180.0) * radians_per_degree;
  const double latitude = site.latitude_degrees * radians_per_degree;
  return std::sin(latitude) * std::sin(declination) + std::cos(latitude) * std::cos(declination) * std::cos(hour_angle);
}

double clear_sky_irradiance(double zenith_cosine) {
  if (zenith_cosine <= 0) return 0;
  return 1098.0 * zenith_cosine * std::exp(-0.059 / zenith_cosine);
}

double solar_power_max(const SolarPlant& plant, UtcTime time) {
  const double height = std::asin(std::clamp(solar_zenith_cosine(time, plant.site), -1.0, 1.0));
  const double raised = std::min(height + sun_raised_degrees * radians_per_degree, std::numbers::pi / 2);
  if (raised <= 0) return 0;
  const double facing_the_sun = clear_sky_irradiance(std::sin(raised)) / std::sin(raised);
  const double irradiance = beyond_clear_sky * facing_the_sun + daylight_min;
  return static_cast<double>(plant.peak.count) * irradiance / irradiance_of_peak;
}

Energy solar_energy_max(const SolarPlant& plant, UtcTime from, UtcTime to) {
  double watt_hours = 0;
  if (to - from > integrated_max) {
    const double full_sun = beyond_clear_sky * clear_sky_irradiance(1) + daylight_min;
    watt_hours = static_cast<double>(plant.peak.count) * full_sun / irradiance_of_peak * hours(to - from);
    return Energy{std::llround(std::ceil(watt_hours))};
  }
  // The larger end of each step, so that the sum is not below the integral.
  double power_at_begin = solar_power_max(plant, from);
  for (UtcTime begin = from; begin < to;) {
    const UtcTime end = std::min(begin + integration_step, to);
    const double power_at_end = solar_power_max(plant, end);
    watt_hours += std::max(power_at_begin, power_at_end) * hours(end - begin);
    begin = end;
    power_at_begin = power_at_end;
  }
  return Energy{std::llround(std::ceil(watt_hours))};
}

}  // namespace commonwatt
