// SunSpec over Modbus: finding the models and reading the ones a market needs.
// Source: SunSpec Device Information Model Specification 1.1 (discovery, point types and their not-implemented
// values); the models 1, 101 to 103 and 201 to 204 of github.com/sunspec/models.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/units.hpp"
#include "meter/meter_fault.hpp"

namespace commonwatt {

/// Reads holding registers of one device; ModbusBus::read bound to its table.
using ReadRegisters =
    std::function<Result<std::vector<std::uint16_t>, MeterError>(std::uint16_t address, std::uint16_t count)>;

/// A model as the chain states it. `length` counts the registers after ID and L, and is what the device says: real
/// devices state 65 or 66 for model 1 and 81 for a model of 105, so it says where the next model is and no more.
struct SunSpecModel {
  std::uint16_t id = 0;
  std::uint16_t address = 0;  // of the ID register, 0-based
  std::uint16_t length = 0;
  friend bool operator==(const SunSpecModel&, const SunSpecModel&) = default;
};

struct SunSpecChain {
  std::uint16_t base = 0;  // of "SunS"
  std::vector<SunSpecModel> models;
};

/// The most models a chain may have; a device that goes on longer is walked no further.
inline constexpr std::size_t sunspec_models_max = 64;

/// Finds "SunS" at `base`, else at 40000, 0 and 50000, and walks the chain of models to its end marker, to the first
/// address the device refuses, or to the end of the address space. Fails with no_sunspec_marker, or with the first
/// fault of the line itself.
Result<SunSpecChain, MeterError> discover_sunspec(const ReadRegisters& read, std::optional<std::uint16_t> base);

/// Model 1. A text that is not implemented is empty; padding and blanks at the end are removed.
struct SunSpecCommon {
  std::string maker;    // Mn
  std::string model;    // Md
  std::string version;  // Vr
  std::string serial;   // SN
  friend bool operator==(const SunSpecCommon&, const SunSpecCommon&) = default;
};
/// Decodes model 1 from its registers, ID first; decodes what is there when they are fewer than the model has.
SunSpecCommon decode_sunspec_common(std::span<const std::uint16_t> words);

/// What the market takes from an inverter or a meter. Absent is what the device does not implement or cannot say now.
struct SunSpecPower {
  std::optional<double> power_w;        // meters: import positive; inverters: production positive
  std::optional<Energy> energy_import;  // meters only
  std::optional<Energy> energy_export;  // inverters: produced
};
/// Whether decode_sunspec_power reads this model: 101 to 103 (inverter, integer) and 201 to 204 (meter, integer).
bool is_sunspec_power_model(std::uint16_t id);
bool is_sunspec_inverter(std::uint16_t id);
/// How many registers of such a model, ID and L included, hold all that decode_sunspec_power needs.
std::uint16_t sunspec_power_words(std::uint16_t id);
/// Decodes such a model from one snapshot of its registers, ID first: scale factors change while a device runs, so a
/// value and its factor must come from one request.
SunSpecPower decode_sunspec_power(std::span<const std::uint16_t> words);

/// raw x 10^exponent as whole Wh, a fraction rounded down. Absent when the exponent is not within -10..10 (0x8000 is
/// "not implemented") or the result does not fit.
std::optional<Energy> scale_energy(std::uint32_t raw, std::uint16_t sunssf);

}  // namespace commonwatt
