// Where the sun stands and what it gives without clouds.
#pragma once

#include "core/time.hpp"

namespace commonwatt {

/// A place on earth: degrees, north and east positive.
struct Site {
  double latitude_degrees = 48.2;
  double longitude_degrees = 16.4;
};

/// The cosine of the sun's zenith angle; negative below the horizon. Fourier series of Spencer (1971) for declination
/// and equation of time as in NOAA's "General Solar Position Calculations"; good to about half a degree.
double solar_zenith_cosine(UtcTime time, const Site& site);

/// Global horizontal irradiance of a clear sky in W/m2, 0 when the sun is down: 1098 cos z exp(-0.059 / cos z)
/// (Haurwitz, Journal of Meteorology 2 (1945) and 3 (1946)).
double clear_sky_irradiance(double zenith_cosine);

}  // namespace commonwatt
