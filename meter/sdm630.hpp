// Eastron SDM630 (also v2 and MCT): input registers with IEEE 754 floats, most significant word first.
// Source: the vendor's Modbus protocol document as collected in volkszaehler/mbmd meters/rs485/sdm.go (addresses),
// cross-checked with OpenEMS for registers 0 to 0x46.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/units.hpp"

namespace commonwatt {

/// The one block that holds all the market needs: registers 0 to 79, read with function 4 in one request.
inline constexpr std::uint16_t sdm630_block_words = 80;
/// Holding registers 0xFC00 and 0xFC01, read with function 3: the serial number as an unsigned 32-bit integer. Meters
/// without it answer with an exception.
inline constexpr std::uint16_t sdm630_serial_address = 0xFC00;
inline constexpr std::uint16_t sdm630_serial_words = 2;

struct Sdm630Values {
  std::optional<double> power_w;  // import positive
  std::optional<Energy> energy_import;
  std::optional<Energy> energy_export;
};
/// Decodes the block of 80 registers. NaN, infinity, a negative counter and a missing register are absent, never 0.
Sdm630Values decode_sdm630(std::span<const std::uint16_t> block);
/// The serial number; absent when the registers are missing, all 0 or all ones.
std::optional<std::string> decode_sdm630_serial(std::span<const std::uint16_t> words);

/// A kWh float as Wh, rounded to the nearest. Exact to the float's own step: 1 Wh below 16,384 kWh, 2 Wh below
/// 32,768 kWh, doubling from there.
std::optional<Energy> energy_from_kwh(float kwh);
/// The step of a float register that shows `energy` in kWh, in whole Wh, at least 1: what a difference of two
/// readings may be off by.
Energy kwh_float_quantum(Energy energy);

}  // namespace commonwatt
