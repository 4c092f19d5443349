// What the SunSpec models say in the words of quantity.hpp.
// Source: the descriptions of the points in github.com/sunspec/models, json/model_*.json (Apache-2.0). The W of a
// meter is positive for import, that of an inverter and of model 701 for what it gives. A power factor is a ratio for
// some makers and a percentage for others. Fronius hybrids list their battery among the inputs of model 160,
// as "StCha" (a log in github.com/evcc-io/evcc, number 16256, shows "StCha 3") and "StDisCha".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/units.hpp"
#include "meter/device_reading.hpp"
#include "meter/sunspec.hpp"

namespace commonwatt {

/// Whether a model measures power and counts energy: an inverter (101 to 103, 111 to 113, 701) or a meter (201 to 204,
/// 211 to 214).
bool is_sunspec_power_model(std::uint16_t id);
bool is_sunspec_inverter(std::uint16_t id);

/// Everything a power model, and the models 124, 160, 713, 714 and 802, measure, from registers of one snapshot, ID
/// first: of other models, nothing. What the device does not say is there and missing, with the reason. Times are left
/// to the caller.
///   energies   exact; the value is given with its fraction, the quantum is the device's own step (of floats: at that
///              value, at least 1 Wh)
///   160, 714   pv:active_power, the sum of those inputs that state one; needs the whole model
///   124, 713, 802  battery:soc
/// A counter that shows 0: the export of a meter, and the import of a DER, may well be 0 for ever, and 0 is their
/// count. Every other is absent at 0: accumulators have no other value for "not implemented", and a counter that starts
/// to move within hours of its installation is at 0 far more often because a device has not loaded it yet.
std::vector<MeasuredValue> sunspec_values(std::span<const std::uint16_t> words);

/// The same for one model that is read again and again, with its layout looked up once. Readers of models of the same
/// ID and length share what they looked up. For any thread.
class SunSpecValueReader {
 public:
  explicit SunSpecValueReader(const SunSpecModel& model);
  /// As sunspec_values. `words` begin with the ID and L of that model.
  [[nodiscard]] std::vector<MeasuredValue> values(std::span<const std::uint16_t> words) const;

 private:
  struct Row;
  using Rows = std::vector<Row>;
  static Rows look_up(const SunSpecModel& model);
  std::shared_ptr<const Rows> rows_;  // none for models whose layout depends on what they hold
};

/// How many registers from the ID on, in one request, hold all that sunspec_values reads of a model and the scale
/// factors of it, so far as the device's own length goes. 0 when that is nothing, or more than one request may have:
/// read_sunspec_model reads such a model.
std::uint16_t sunspec_value_words(const SunSpecModel& model);

/// raw x 10^exponent as whole Wh, a fraction rounded down. Absent when the exponent is not within -10..10, and when raw
/// or the result has more than 63 bits.
std::optional<Energy> scale_energy(std::uint64_t raw, int exponent);

}  // namespace commonwatt
