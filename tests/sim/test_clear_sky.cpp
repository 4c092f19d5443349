#include <cmath>

#include <doctest/doctest.h>

#include "sim/clear_sky.hpp"

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
