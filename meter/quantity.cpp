#include "meter/quantity.hpp"

#include <array>
#include <cstdlib>

namespace commonwatt {
namespace {

constexpr std::array<std::string_view, 4> part_prefixes{"", "grid:", "pv:", "battery:"};
static_assert(part_prefixes.size() == static_cast<std::size_t>(enum_last(DevicePart{})) + 1);

constexpr std::array<std::string_view, 11> share_suffixes{"",     "_l1", "_l2", "_l3", "_l12", "_l23",
                                                          "_l31", "_t1", "_t2", "_t3", "_t4"};
static_assert(share_suffixes.size() == static_cast<std::size_t>(enum_last(Share{})) + 1);

struct MeasurandText {
  std::string_view name;
  const char* unit;
};
constexpr std::array<MeasurandText, 22> measurands{{
    {"active_power", "W"},
    {"active_power_import", "W"},
    {"active_power_export", "W"},
    {"apparent_power", "VA"},
    {"reactive_power", "var"},
    {"power_factor", ""},
    {"phase_angle", "deg"},
    {"voltage", "V"},
    {"current", "A"},
    {"frequency", "Hz"},
    {"thd", "%"},
    {"energy_import", "Wh"},
    {"energy_export", "Wh"},
    {"energy_sum", "Wh"},
    {"energy_yield", "Wh"},
    {"energy_charge", "Wh"},
    {"energy_discharge", "Wh"},
    {"reactive_energy_import", "varh"},
    {"reactive_energy_export", "varh"},
    {"reactive_energy_sum", "varh"},
    {"soc", "%"},
    {"max_ac_power", "W"},
}};
static_assert(measurands.size() == static_cast<std::size_t>(enum_last(Measurand{})) + 1);

/// The place in `names` of the longest one that `text` ends with.
std::size_t longest_suffix(std::string_view text) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < share_suffixes.size(); ++i) {
    if (text.ends_with(share_suffixes[i]) && share_suffixes[i].size() > share_suffixes[best].size()) best = i;
  }
  return best;
}

}  // namespace

std::string to_text(const MeasuredQuantity& quantity) {
  std::string text(part_prefixes[static_cast<std::size_t>(quantity.part)]);
  text += measurands[static_cast<std::size_t>(quantity.measurand)].name;
  text += share_suffixes[static_cast<std::size_t>(quantity.share)];
  return text;
}

std::optional<MeasuredQuantity> quantity_from_text(std::string_view text) {
  MeasuredQuantity quantity;
  for (std::size_t i = 1; i < part_prefixes.size(); ++i) {
    if (!text.starts_with(part_prefixes[i])) continue;
    quantity.part = static_cast<DevicePart>(i);
    text.remove_prefix(part_prefixes[i].size());
    break;
  }
  const std::size_t share = longest_suffix(text);
  quantity.share = static_cast<Share>(share);
  text.remove_suffix(share_suffixes[share].size());
  for (std::size_t i = 0; i < measurands.size(); ++i) {
    if (text != measurands[i].name) continue;
    quantity.measurand = static_cast<Measurand>(i);
    return quantity;
  }
  return std::nullopt;
}

const char* unit_of(Measurand measurand) {
  return measurands[static_cast<std::size_t>(measurand)].unit;
}

bool is_energy_register(Measurand measurand) {
  switch (measurand) {
    case Measurand::energy_import:
    case Measurand::energy_export:
    case Measurand::energy_sum:
    case Measurand::energy_yield:
    case Measurand::energy_charge:
    case Measurand::energy_discharge:
      return true;
    case Measurand::active_power:
    case Measurand::active_power_import:
    case Measurand::active_power_export:
    case Measurand::apparent_power:
    case Measurand::reactive_power:
    case Measurand::power_factor:
    case Measurand::phase_angle:
    case Measurand::voltage:
    case Measurand::current:
    case Measurand::frequency:
    case Measurand::thd:
    case Measurand::reactive_energy_import:
    case Measurand::reactive_energy_export:
    case Measurand::reactive_energy_sum:
    case Measurand::soc:
    case Measurand::max_ac_power:
      return false;
  }
  std::abort();
}

}  // namespace commonwatt
