// OBIS codes, and what the registers of an electricity meter that have one are to a market.
// Source: IEC 62056-61 (OBIS): medium 1 is electricity; C is the quantity, D = 7 its present value, D = 8 its total
// since the beginning, E the tariff.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "meter/decimal.hpp"
#include "meter/device_reading.hpp"

namespace commonwatt {

/// A-B:C.D.E*F; F is 255 unless stated otherwise.
struct ObisCode {
  std::uint8_t a = 0;
  std::uint8_t b = 0;
  std::uint8_t c = 0;
  std::uint8_t d = 0;
  std::uint8_t e = 0;
  std::uint8_t f = 255;
  friend bool operator==(const ObisCode&, const ObisCode&) = default;
};
/// "1-0:1.8.0*255".
std::string to_text(const ObisCode& code);

/// One number of a telegram.
struct ObisRegister {
  ObisCode code;
  std::optional<Decimal> value;  // absent: the telegram names the register and gives no number
  std::string unit;              // "W", "Wh", "V", "A", "Hz": never with a prefix
  Quality quality = Quality::good;
  std::string reason = {};  // why it is not good
};

/// Sets the values, the quality and the reason of `reading` from a meter's registers (of 1-0:...*255), import positive.
///   energy_import     1.8.0, else the sum of the tariffs the telegram has of 1.8.1 to 1.8.4, which are there as _t1 to
///                     _t4 as well; energy_export likewise from 2.8
///   active_power      16.7.0, else 1.7.0 - 2.7.0; one of the two alone is suspect when the meter counts both ways
///   active_power_l1   36.7.0, else 21.7.0 - 22.7.0; l2 and l3 are 20 and 40 further; voltage 32.7.0, current 31.7.0
///   frequency         14.7.0
/// A register the telegram does not have gives no value, one without a number or in another unit a missing one.
void set_values(DeviceReading& reading, std::span<const ObisRegister> registers);

}  // namespace commonwatt
