#include "meter/sdm630.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace commonwatt {
namespace {

// Input registers, protocol addresses (0-based).
constexpr std::size_t total_power_at = 52;    // 30053, total system power, W
constexpr std::size_t energy_import_at = 72;  // 30073, total import, kWh
constexpr std::size_t energy_export_at = 74;  // 30075, total export, kWh

std::optional<float> float_at(std::span<const std::uint16_t> words, std::size_t at) {
  if (at + 2 > words.size()) return std::nullopt;
  const std::uint32_t bits = (std::uint32_t{words[at]} << 16U) | words[at + 1];
  const float value = std::bit_cast<float>(bits);
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<Energy> energy_at(std::span<const std::uint16_t> words, std::size_t at) {
  const std::optional<float> kwh = float_at(words, at);
  return kwh ? energy_from_kwh(*kwh) : std::nullopt;
}

}  // namespace

std::optional<Energy> energy_from_kwh(float kwh) {
  constexpr float kwh_max = 1e12F;
  if (!std::isfinite(kwh) || kwh < 0 || kwh > kwh_max) return std::nullopt;
  return Energy{std::llround(static_cast<double>(kwh) * 1000.0)};
}

Energy kwh_float_quantum(Energy energy) {
  const float kwh = static_cast<float>(static_cast<double>(std::max<std::int64_t>(energy.count, 0)) / 1000.0);
  const float step = std::nextafter(kwh, INFINITY) - kwh;
  return Energy{std::max<std::int64_t>(1, std::llround(std::ceil(static_cast<double>(step) * 1000.0)))};
}

Sdm630Values decode_sdm630(std::span<const std::uint16_t> block) {
  const std::optional<float> power = float_at(block, total_power_at);
  return {.power_w = power ? std::optional<double>(static_cast<double>(*power)) : std::nullopt,
          .energy_import = energy_at(block, energy_import_at),
          .energy_export = energy_at(block, energy_export_at)};
}

std::optional<std::string> decode_sdm630_serial(std::span<const std::uint16_t> words) {
  if (words.size() < sdm630_serial_words) return std::nullopt;
  const std::uint32_t serial = (std::uint32_t{words[0]} << 16U) | words[1];
  if (serial == 0 || serial == 0xFFFFFFFFU) return std::nullopt;
  return std::to_string(serial);
}

}  // namespace commonwatt
