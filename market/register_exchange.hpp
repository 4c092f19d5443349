// Meters come, go and are replaced (RULEBOOK section 5: a replaced meter needs its declared event). What stands at one
// place one after the other counts on as one series.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "market/register_series.hpp"

namespace commonwatt {

/// At `time` one meter took another's place. At least one of the two is there.
struct RegisterExchange {
  std::int64_t time = 0;             ///< seconds; readings from then on are the new meter's
  std::optional<Registers> closing;  ///< what the old meter showed last; nothing: before there was none
  std::optional<Registers> opening;  ///< what the new one showed first; nothing: from then on there is none

  friend bool operator==(const RegisterExchange&, const RegisterExchange&) = default;
};

/// Why an exchange cannot have been.
enum class ExchangeFault : std::uint8_t {
  closing_below_reading,  ///< the old meter had shown more before
  opening_above_reading,  ///< the new meter shows less later
  nothing_to_close,       ///< it closes a meter where there was none
  nothing_to_open,        ///< it opens one where there still is another
};
/// The fault as an operator would understand it, with what to do.
const char* explain(ExchangeFault fault);

/// What is wrong with the exchange at `place` of the list, by the readings of both meters as they showed them. Readings
/// and exchanges come in strictly rising time.
std::optional<ExchangeFault> fault_of(std::span<const RegisterExchange> exchanges, std::size_t place,
                                      std::span<const BoundaryReading> readings);

/// What the readings at one place say when each meter is looked at by itself.
struct PlausibleReadings {
  std::vector<BoundaryReading> good;
  std::vector<HeldReading> held;                                         ///< as hold_implausible holds them
  std::vector<BoundaryReading> without_meter;                            ///< of times at which there was none
  std::vector<RegisterExchange> exchanges;                               ///< those that have no fault
  std::vector<std::pair<RegisterExchange, ExchangeFault>> contradicted;  ///< the others: they count as none
};
/// Readings and exchanges come in strictly rising time; `rating` is that of every meter at the place.
PlausibleReadings plausible_readings(std::span<const BoundaryReading> readings,
                                     std::span<const RegisterExchange> exchanges, std::optional<Power> rating);

/// The readings on one series that goes on over all exchanges, with what is known at the exchanges themselves. Where
/// there is no meter the series stands still, and its first and last boundary there count as read. Exchanges have no
/// fault.
std::vector<BoundaryReading> continued(std::span<const BoundaryReading> readings,
                                       std::span<const RegisterExchange> exchanges, std::int64_t interval_seconds);

/// Makes every interval in which there is no meter at all one of no energy, not estimated.
void clear_without_meter(std::span<Delivery> deliveries, const IntervalSpan& span,
                         std::span<const RegisterExchange> exchanges);

}  // namespace commonwatt
