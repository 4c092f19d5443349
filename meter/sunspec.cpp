#include "meter/sunspec.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace commonwatt {
namespace {

constexpr std::array<std::uint16_t, 2> marker{0x5375, 0x6E53};  // "SunS"
constexpr std::array<std::uint16_t, 3> usual_bases{40000, 0, 50000};
constexpr std::uint16_t end_id = 0xFFFF;
constexpr int address_max = 65535;

using Words = std::vector<std::uint16_t>;

/// Whether a fault means "there is nothing at this address" rather than "the line is in trouble".
bool says_nothing_there(MeterFault fault) {
  return fault == MeterFault::refused || fault == MeterFault::device_failure;
}

Result<bool, MeterError> has_marker(const ReadRegisters& read, std::uint16_t base) {
  const Result<Words, MeterError> words = read(base, 2);
  if (words) return words->size() == 2 && std::equal(words->begin(), words->end(), marker.begin());
  if (says_nothing_there(words.error().fault)) return false;
  return Fail{words.error()};
}

/// ID and L at `address`; nothing at the end of the chain. Some devices have no L behind the end marker, and some
/// no end marker at all: a refusal ends the walk.
Result<std::optional<SunSpecModel>, MeterError> model_at(const ReadRegisters& read, std::uint16_t address) {
  const std::optional<SunSpecModel> none;
  const Result<Words, MeterError> words = address < address_max ? read(address, 2) : read(address, 1);
  if (!words && !says_nothing_there(words.error().fault)) return Fail{words.error()};
  if (!words || words->size() != 2) return none;
  const std::uint16_t id = (*words)[0];
  if (id == end_id || id == 0) return none;
  return std::optional(SunSpecModel{.id = id, .address = address, .length = (*words)[1]});
}

Result<SunSpecChain, MeterError> walk(const ReadRegisters& read, std::uint16_t base) {
  SunSpecChain chain{.base = base, .models = {}};
  int address = base + 2;
  while (address <= address_max && chain.models.size() < sunspec_models_max) {
    const Result<std::optional<SunSpecModel>, MeterError> model = model_at(read, static_cast<std::uint16_t>(address));
    if (!model) return Fail{model.error()};
    if (!*model) break;
    chain.models.push_back(**model);
    address += 2 + (*model)->length;
  }
  return chain;
}

std::string text_at(std::span<const std::uint16_t> words, std::size_t at, std::size_t registers) {
  std::string text;
  for (std::size_t i = at; i < std::min(at + registers, words.size()); ++i) {
    for (const unsigned byte : {static_cast<unsigned>(words[i] >> 8U), static_cast<unsigned>(words[i] & 0xFFU)}) {
      if (byte == 0) {
        text.erase(text.find_last_not_of(' ') + 1);
        return text;
      }
      text += byte >= 0x20 && byte < 0x7F ? static_cast<char>(byte) : '?';
    }
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

/// Where a model keeps its points: offsets from the ID register, sunspec/models json/model_101.json and so on.
struct PowerLayout {
  std::size_t power = 0;
  std::size_t power_scale = 0;
  std::size_t energy_export = 0;
  std::optional<std::size_t> energy_import;
  std::size_t energy_scale = 0;
};
constexpr PowerLayout inverter_layout{14, 15, 24, std::nullopt, 26};  // W, W_SF, WH, WH_SF
constexpr PowerLayout meter_layout{18, 22, 38, 46, 54};               // W, W_SF, TotWhExp, TotWhImp, TotWh_SF

bool is_meter(std::uint16_t id) {
  return id >= 201 && id <= 204;
}

std::optional<std::uint16_t> word_at(std::span<const std::uint16_t> words, std::size_t at) {
  if (at >= words.size()) return std::nullopt;
  return words[at];
}

std::optional<int> exponent_of(std::uint16_t sunssf) {
  const int exponent = static_cast<std::int16_t>(sunssf);
  if (exponent < -10 || exponent > 10) return std::nullopt;
  return exponent;
}

std::optional<double> scaled_int16(std::span<const std::uint16_t> words, std::size_t at, std::size_t scale_at) {
  const std::optional<std::uint16_t> raw = word_at(words, at);
  const std::optional<std::uint16_t> scale = word_at(words, scale_at);
  if (!raw || !scale || *raw == 0x8000) return std::nullopt;
  const std::optional<int> exponent = exponent_of(*scale);
  if (!exponent) return std::nullopt;
  const double value = static_cast<std::int16_t>(*raw);
  // A power of ten that is divided by is exact; 0.1 is not.
  return *exponent < 0 ? value / std::pow(10.0, -*exponent) : value * std::pow(10.0, *exponent);
}

/// What an accumulator of 0 means. SunSpec writes a counter it does not keep as 0, which is also what a counter shows
/// that has never counted.
enum class Zero { is_absent, is_value };

std::optional<Energy> accumulator(std::span<const std::uint16_t> words, std::size_t at, std::size_t scale_at,
                                  Zero zero) {
  const std::optional<std::uint16_t> high = word_at(words, at);
  const std::optional<std::uint16_t> low = word_at(words, at + 1);
  const std::optional<std::uint16_t> scale = word_at(words, scale_at);
  if (!high || !low || !scale) return std::nullopt;
  const std::uint32_t raw = (std::uint32_t{*high} << 16U) | *low;
  if (raw == 0 && zero == Zero::is_absent) return std::nullopt;
  // Not the accumulator's own sentinel, but what devices send that fill a map with the one of unsigned integers.
  if (raw == 0xFFFFFFFFU) return std::nullopt;
  return scale_energy(raw, *scale);
}

}  // namespace

Result<SunSpecChain, MeterError> discover_sunspec(const ReadRegisters& read, std::optional<std::uint16_t> base) {
  std::vector<std::uint16_t> bases;
  if (base) bases.push_back(*base);
  for (const std::uint16_t usual : usual_bases) {
    if (base != usual) bases.push_back(usual);
  }
  std::string tried;
  for (const std::uint16_t candidate : bases) {
    const Result<bool, MeterError> found = has_marker(read, candidate);
    if (!found) return Fail{found.error()};
    if (*found) return walk(read, candidate);
    tried += (tried.empty() ? "" : ", ") + std::to_string(candidate);
  }
  return Fail{MeterError{MeterFault::no_sunspec_marker, "looked at " + tried + "; another address is set with base="}};
}

SunSpecCommon decode_sunspec_common(std::span<const std::uint16_t> words) {
  return {.maker = text_at(words, 2, 16),
          .model = text_at(words, 18, 16),
          .version = text_at(words, 42, 8),
          .serial = text_at(words, 50, 16)};
}

bool is_sunspec_inverter(std::uint16_t id) {
  return id >= 101 && id <= 103;
}

bool is_sunspec_power_model(std::uint16_t id) {
  return is_sunspec_inverter(id) || is_meter(id);
}

std::uint16_t sunspec_power_words(std::uint16_t id) {
  return is_meter(id) ? 55 : 27;
}

SunSpecPower decode_sunspec_power(std::span<const std::uint16_t> words) {
  SunSpecPower power;
  if (words.empty() || !is_sunspec_power_model(words[0])) return power;
  const PowerLayout& layout = is_meter(words[0]) ? meter_layout : inverter_layout;
  power.power_w = scaled_int16(words, layout.power, layout.power_scale);
  // A household without a plant never exports, and its meter shows 0 for ever: taken as absent, its every interval
  // would lack a reading. TotWhExp is mandatory in the model, so a 0 there is a count. The other accumulators start
  // to move within hours of installation; there a 0 is far more often a device that has not loaded its counters yet.
  const Zero export_zero = is_meter(words[0]) ? Zero::is_value : Zero::is_absent;
  power.energy_export = accumulator(words, layout.energy_export, layout.energy_scale, export_zero);
  if (layout.energy_import) {
    power.energy_import = accumulator(words, *layout.energy_import, layout.energy_scale, Zero::is_absent);
  }
  return power;
}

std::optional<Energy> scale_energy(std::uint32_t raw, std::uint16_t sunssf) {
  const std::optional<int> exponent = exponent_of(sunssf);
  if (!exponent) return std::nullopt;
  std::int64_t value = raw;
  for (int i = 0; i < *exponent; ++i) {
    if (value > std::numeric_limits<std::int64_t>::max() / 10) return std::nullopt;
    value *= 10;
  }
  for (int i = 0; i > *exponent; --i) value /= 10;
  return Energy{value};
}

}  // namespace commonwatt
