#include "sim/register_image.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>

namespace commonwatt {
namespace {

constexpr std::uint16_t sunspec_base = 40000;
constexpr double voltage = 230.0;
constexpr double power_factor = 0.98;
constexpr double frequency = 50.0;
constexpr std::uint16_t int16_absent = 0x8000;
constexpr std::uint16_t uint16_absent = 0xFFFF;

using Words = std::vector<std::uint16_t>;
using Phases = std::array<std::int64_t, 3>;

std::uint16_t word(std::int64_t value) {
  return static_cast<std::uint16_t>(value & 0xFFFF);
}
std::uint16_t word(double value) {
  return word(std::int64_t{std::llround(value)});
}

void set32(Words& words, std::size_t at, std::int64_t value) {
  words[at] = word(value >> 16);
  words[at + 1] = word(value);
}

/// Thirds that add up to the whole; each rises when the whole does.
Phases split(std::int64_t whole, unsigned phases) {
  if (phases == 1) return {whole, 0, 0};
  const std::int64_t sign = whole < 0 ? -1 : 1;
  const std::int64_t size = whole * sign;
  return {sign * ((size + 2) / 3), sign * ((size + 1) / 3), sign * (size / 3)};
}

double apparent(std::int64_t watts) {
  return static_cast<double>(std::abs(watts)) / power_factor;
}
double reactive(std::int64_t watts) {
  return static_cast<double>(watts) * std::tan(std::acos(power_factor));
}
double current(std::int64_t watts) {
  return apparent(watts) / voltage;
}

void append_text(Words& words, const std::string& text, std::size_t registers) {
  for (std::size_t i = 0; i < registers * 2; i += 2) {
    const auto byte = [&text](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
    words.push_back(static_cast<std::uint16_t>((byte(i) << 8U) | byte(i + 1)));
  }
}

/// "SunS" and model 1 with its pad (L = 66).
Words sunspec_head(const ImageIdentity& identity) {
  Words words{0x5375, 0x6E53, 1, 66};
  append_text(words, identity.maker, 16);
  append_text(words, identity.model, 16);
  append_text(words, "", 8);
  append_text(words, "1.0", 8);
  append_text(words, identity.serial, 16);
  words.push_back(identity.unit);
  words.push_back(int16_absent);
  return words;
}

RegisterImage sunspec_image(const ImageIdentity& identity, const Words& model) {
  RegisterImage image{.address = sunspec_base, .words = sunspec_head(identity)};
  image.words.insert(image.words.end(), model.begin(), model.end());
  image.words.push_back(0xFFFF);
  image.words.push_back(0);
  return image;
}

/// Four int16 in a row: the sum and the phases, those that do not exist marked so.
template <class Value>
void set_phases(Words& words, std::size_t at, unsigned phases, const Phases& watts, Value value) {
  std::int64_t sum = 0;
  for (unsigned phase = 0; phase < 3; ++phase) {
    const std::int64_t part = std::llround(value(watts[phase]));
    words[at + 1 + phase] = phase < phases ? word(part) : int16_absent;
    sum += phase < phases ? part : 0;
  }
  words[at] = word(sum);
}

void set_meter_energy(Words& words, std::size_t at, unsigned phases, Energy energy) {
  const Phases parts = split(energy.count, phases);
  set32(words, at, energy.count);
  for (unsigned phase = 0; phase < phases; ++phase) set32(words, at + 2 + 2 * phase, parts[phase]);
}

}  // namespace

float kwh_float(Energy energy) {
  return static_cast<float>(static_cast<double>(energy.count) / 1000.0);
}

RegisterImage sunspec_meter_image(const ImageIdentity& identity, unsigned phases, const Measurement& now) {
  Words model(107, int16_absent);  // offsets: sunspec/models json/model_203.json
  model[0] = phases == 1 ? 201 : 203;
  model[1] = 105;
  const Phases watts = split(now.power_w, phases);
  set_phases(model, 2, phases, watts, [](std::int64_t w) { return current(w) * 100; });
  model[6] = word(std::int64_t{-2});
  for (std::size_t at = 7; at <= 10; ++at) model[at] = at - 7 <= phases ? word(voltage * 10) : int16_absent;
  for (std::size_t at = 11; at <= 14; ++at)
    model[at] = phases == 3 ? word(voltage * std::sqrt(3.0) * 10) : int16_absent;
  model[15] = word(std::int64_t{-1});
  model[16] = word(frequency * 100);
  model[17] = word(std::int64_t{-2});
  set_phases(model, 18, phases, watts, [](std::int64_t w) { return static_cast<double>(w); });
  model[22] = 0;
  set_phases(model, 23, phases, watts, apparent);
  model[27] = 0;
  set_phases(model, 28, phases, watts, reactive);
  model[32] = 0;
  for (std::size_t at = 33; at <= 36; ++at) model[at] = at - 33 <= phases ? word(power_factor * 100) : int16_absent;
  model[37] = word(std::int64_t{-2});
  std::fill(model.begin() + 38, model.begin() + 54, std::uint16_t{0});
  set_meter_energy(model, 38, phases, now.energy_export);
  set_meter_energy(model, 46, phases, now.energy_import);
  model[54] = 0;
  // VAh and varh are not counted: accumulators 0, their scale factors absent.
  std::fill(model.begin() + 55, model.begin() + 71, std::uint16_t{0});
  std::fill(model.begin() + 72, model.begin() + 104, std::uint16_t{0});
  set32(model, 105, 0);
  return sunspec_image(identity, model);
}

RegisterImage sunspec_inverter_image(const ImageIdentity& identity, unsigned phases, const Measurement& now) {
  Words model(52, uint16_absent);  // offsets: sunspec/models json/model_101.json
  model[0] = phases == 1 ? 101 : 103;
  model[1] = 50;
  const bool producing = now.power_w > 0;
  const Phases watts = split(now.power_w, phases);
  std::int64_t amperes = 0;
  for (unsigned phase = 0; phase < phases; ++phase) {
    const std::int64_t part = std::llround(current(watts[phase]) * 100);
    model[3 + phase] = word(part);
    model[10 + phase] = word(voltage * 10);
    if (phases == 3) model[7 + phase] = word(voltage * std::sqrt(3.0) * 10);
    amperes += part;
  }
  model[2] = word(amperes);
  model[6] = word(std::int64_t{-2});
  model[13] = word(std::int64_t{-1});
  model[14] = word(now.power_w);
  model[15] = 0;
  model[16] = word(frequency * 100);
  model[17] = word(std::int64_t{-2});
  model[18] = word(apparent(now.power_w));
  model[19] = 0;
  model[20] = word(reactive(now.power_w));
  model[21] = 0;
  model[22] = word(power_factor * 100);
  model[23] = word(std::int64_t{-2});
  set32(model, 24, now.energy_export.count);
  model[26] = 0;
  const double direct_w = static_cast<double>(now.power_w) * 1.03;
  model[27] = word(direct_w / 620.0 * 100);
  model[28] = word(std::int64_t{-2});
  model[29] = producing ? word(std::int64_t{6200}) : word(std::int64_t{0});
  model[30] = word(std::int64_t{-1});
  model[31] = word(direct_w);
  model[32] = 0;
  model[33] = producing ? word(std::int64_t{412}) : word(std::int64_t{231});
  std::fill(model.begin() + 34, model.begin() + 37, int16_absent);
  model[37] = word(std::int64_t{-1});
  model[38] = producing ? 4 : 2;  // St: MPPT, sleeping
  std::fill(model.begin() + 40, model.begin() + 44, std::uint16_t{0});
  return sunspec_image(identity, model);
}

RegisterImage sdm630_input_image(unsigned phases, const Measurement& now) {
  RegisterImage image{.address = 0, .words = Words(80, 0)};
  const auto set = [&image](std::size_t at, double value) {
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
    image.words[at] = word(std::int64_t{bits >> 16U});
    image.words[at + 1] = word(std::int64_t{bits & 0xFFFFU});
  };
  const Phases watts = split(now.power_w, phases);
  const double angle_degrees = std::acos(power_factor) * 57.29577951308232;
  for (std::size_t phase = 0; phase < phases; ++phase) {
    const std::int64_t part = watts[phase];
    set(2 * phase, voltage);
    set(6 + 2 * phase, current(part));
    set(12 + 2 * phase, static_cast<double>(part));
    set(18 + 2 * phase, apparent(part));
    set(24 + 2 * phase, reactive(part));
    set(30 + 2 * phase, power_factor);
    set(36 + 2 * phase, angle_degrees);
  }
  set(42, voltage);
  set(46, current(now.power_w) / phases);
  set(48, current(now.power_w));
  set(52, static_cast<double>(now.power_w));
  set(56, apparent(now.power_w));
  set(60, reactive(now.power_w));
  set(62, power_factor);
  set(66, angle_degrees);
  set(70, frequency);
  set(72, static_cast<double>(kwh_float(now.energy_import)));
  set(74, static_cast<double>(kwh_float(now.energy_export)));
  return image;
}

RegisterImage sdm630_serial_image(std::uint32_t serial) {
  return {.address = 0xFC00, .words = {word(std::int64_t{serial >> 16U}), word(std::int64_t{serial & 0xFFFFU})}};
}

}  // namespace commonwatt
