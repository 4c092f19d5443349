// SunSpec over Modbus: finding a device's models and reading them whole.
// Source: SunSpec Device Information Model Specification 1.1 (discovery, model 1); Modbus Application Protocol 1.1b3,
// section 6.3 (125 registers in one request).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
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

/// A device of a chain: model 1, and the models from there to the next model 1.
struct SunSpecDevice {
  SunSpecModel common;
  std::vector<SunSpecModel> models;  // without model 1; one id may be there more than once
  friend bool operator==(const SunSpecDevice&, const SunSpecDevice&) = default;
};
/// The devices of a chain: the device itself, and those behind it (an inverter's meter), each of which begins with a
/// model 1 of its own. Models before the first model 1 are nobody's and left out.
std::vector<SunSpecDevice> sunspec_devices(const SunSpecChain& chain);

/// The most registers of one Modbus request.
inline constexpr std::uint16_t sunspec_request_words_max = 125;

/// Reads a model whole, ID first. One that is longer than a request is read in pieces that cut no point in two. Its
/// scale factors are read with the first piece and again behind the last; when they differ, all is read anew, a bounded
/// number of times. Fails with map_changed when ID and L are not (or no longer) at the model's address, or when the
/// scale factors do not rest; with garbled when an answer has not the length asked for; and with the faults of the
/// line.
Result<std::vector<std::uint16_t>, MeterError> read_sunspec_model(const ReadRegisters& read, const SunSpecModel& model);

/// Model 1. A text that is not implemented is empty; padding and blanks at the end are removed.
struct SunSpecCommon {
  std::string maker;    // Mn
  std::string model;    // Md
  std::string version;  // Vr
  std::string serial;   // SN
  friend bool operator==(const SunSpecCommon&, const SunSpecCommon&) = default;
};
/// Decodes model 1 from its registers, ID first. A text that is not whole among them is empty.
SunSpecCommon decode_sunspec_common(std::span<const std::uint16_t> words);

}  // namespace commonwatt
