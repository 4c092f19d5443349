// Where the sun stands, what it gives without clouds, and the most a solar plant can make of it.
#pragma once

#include "core/time.hpp"
#include "core/units.hpp"

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

/// A solar plant of which nothing is known but where it is and how large: any tilt, any azimuth, tracked or not.
struct SolarPlant {
  Site site;
  Power peak;  // of its modules, at 1000 W/m2
};

/// More than such a plant can make at that time, in W; 0 at night. Made to be exceeded by faults only:
///   - The module faces the sun: a clear sky's global horizontal irradiance over cos z is no less than the direct and
///     diffuse irradiance of any plane.
///   - Twice that: clouds beside the sun add up to half for minutes (Jaervelae, Lappalainen and Valkealahti, Solar
///     Energy, 2020), cold, bifacial and under-declared modules and snow the rest. At every height of the sun it is
///     above the "extremely rare" limit for horizontal irradiance of the BSRN's quality tests (Long and Dutton, 2002).
///   - 100 W/m2 more while there is daylight, for thin air, in which the low sun gives more than Haurwitz says.
///   - The sun is taken 2 degrees higher than it is: refraction and its radius are 0.8, the horizon of a hill 0.5, and
///     the error of the position 0.6. Night is below -2 degrees.
double solar_power_max(const SolarPlant& plant, UtcTime time);

/// The same for energy between two times: the integral, rounded up. Over more than a week, what the plant would make in
/// full sun by day and night.
Energy solar_energy_max(const SolarPlant& plant, UtcTime from, UtcTime to);

}  // namespace commonwatt
