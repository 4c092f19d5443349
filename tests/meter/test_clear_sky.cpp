#include <algorithm>
#include <cmath>
#include <numbers>

#include <doctest/doctest.h>

#include "meter/clear_sky.hpp"

using namespace commonwatt;

TEST_CASE("at the summer solstice's noon the sun stands 24.8 degrees from Vienna's zenith") {
  const UtcTime solar_noon = *time_from_text("2026-06-21T10:56:00Z");
  CHECK(solar_zenith_cosine(solar_noon, Site{}) == doctest::Approx(std::cos(0.432)).epsilon(0.002));
  CHECK(solar_zenith_cosine(solar_noon, Site{}) > solar_zenith_cosine(solar_noon + std::chrono::hours{1}, Site{}));
  CHECK(solar_zenith_cosine(solar_noon, Site{}) > solar_zenith_cosine(solar_noon - std::chrono::hours{1}, Site{}));
}

TEST_CASE("the sun rises and sets within ten minutes of the almanac") {
  // Vienna, 21 June: 02:54 and 18:58 UTC, refraction included.
  CHECK(solar_zenith_cosine(*time_from_text("2026-06-21T02:44:00Z"), Site{}) < 0);
  CHECK(solar_zenith_cosine(*time_from_text("2026-06-21T03:09:00Z"), Site{}) > 0);
  CHECK(solar_zenith_cosine(*time_from_text("2026-06-21T18:43:00Z"), Site{}) > 0);
  CHECK(solar_zenith_cosine(*time_from_text("2026-06-21T19:08:00Z"), Site{}) < 0);
}

TEST_CASE("a clear sky gives nothing below the horizon and 1035 W/m2 from the zenith") {
  CHECK(clear_sky_irradiance(-0.1) == 0);
  CHECK(clear_sky_irradiance(0) == 0);
  CHECK(clear_sky_irradiance(1) == doctest::Approx(1035.1).epsilon(0.0001));
  CHECK(clear_sky_irradiance(0.5) < clear_sky_irradiance(0.6));
}

namespace {

double elevation_degrees(UtcTime time, const Site& site) {
  return std::asin(solar_zenith_cosine(time, site)) * 180 / std::numbers::pi;
}

}  // namespace

TEST_CASE("the sun stands where the published example of the Solar Position Algorithm puts it") {
  // Reda and Andreas, NREL/TP-560-34302: 17 October 2003, 12:30:30 at UTC-7, Golden: zenith 50.11 degrees.
  const Site golden{39.742476, -105.1786};
  CHECK(std::abs(elevation_degrees(*time_from_text("2003-10-17T19:30:30Z"), golden) - 39.89) < 0.6);
}

TEST_CASE("over the year noon is as high as the declination of the solstices and equinoxes says") {
  const Site greenwich{51.4779, 0};
  CHECK(std::abs(elevation_degrees(*time_from_text("2026-06-21T12:02:00Z"), greenwich) - (90 - 51.48 + 23.44)) < 0.1);
  CHECK(std::abs(elevation_degrees(*time_from_text("2026-12-21T11:58:00Z"), greenwich) - (90 - 51.48 - 23.44)) < 0.1);
  CHECK(std::abs(elevation_degrees(*time_from_text("2026-03-20T12:07:00Z"), greenwich) - (90 - 51.48)) < 0.6);
}

TEST_CASE("a plant's bound is above what any plane gets, at every height of the sun, and 0 at night") {
  const SolarPlant plant{.site = {}, .peak = Power{1000}};
  const UtcTime begin = *time_from_text("2026-01-01T00:00:00Z");
  for (int step = 0; step < 365 * 24 * 4; step += 3) {
    const UtcTime time = begin + std::chrono::minutes{15 * step};
    const double cosine = solar_zenith_cosine(time, plant.site);
    const double bound = solar_power_max(plant, time);
    const double height = std::asin(cosine) * 180 / std::numbers::pi;
    if (height < -2) REQUIRE(bound == 0);
    if (height < 0) continue;
    // BSRN, "extremely rare" for horizontal irradiance, the sun at its nearest.
    REQUIRE(bound > 1.2 * 1361 * 1.034 * std::pow(cosine, 1.2) + 50);
    // A plane that faces the sun beside a bright cloud: direct and diffuse light, half as much again.
    REQUIRE(bound > 1.5 * clear_sky_irradiance(cosine) / std::max(cosine, 1e-9));
  }
}

TEST_CASE("energy's bound is the integral of power's, never below it, and adds up") {
  const SolarPlant plant{.site = {}, .peak = Power{4400}};
  const UtcTime midnight = *time_from_text("2026-06-21T00:00:00Z");
  const auto bound = [&](int from, int to) {
    return solar_energy_max(plant, midnight + std::chrono::hours{from}, midnight + std::chrono::hours{to}).count;
  };
  CHECK(bound(-3, 2) == 0);  // the sun is above -2 degrees until 19:20 and from 02:30
  CHECK(bound(12, 12) == 0);
  double sum = 0;
  for (int second = 0; second < 86'400; second += 10) {
    sum += solar_power_max(plant, midnight + std::chrono::seconds{second}) / 360;
  }
  CHECK(static_cast<double>(bound(0, 24)) >= sum);
  CHECK(static_cast<double>(bound(0, 24)) < sum * 1.02);
  CHECK(bound(0, 24 * 7) <= bound(0, 24 * 7 + 1));
  CHECK(bound(0, 24) > 4400 * 16);  // far above any real day
}
