#include "sim/clear_sky.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace commonwatt {
namespace {

constexpr double radians_per_degree = std::numbers::pi / 180.0;
constexpr std::int64_t seconds_per_day = 86'400;

/// Days since 1 January of the year, 0 on 1 January; RULEBOOK times are UTC.
int day_of_year(UtcTime time) {
  const std::chrono::sys_days day{std::chrono::days{static_cast<int>(time.seconds() / seconds_per_day)}};
  const std::chrono::year_month_day date{day};
  return static_cast<int>((day - std::chrono::sys_days{date.year() / 1 / 1}).count());
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

}  // namespace commonwatt
