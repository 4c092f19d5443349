#include "meter/sunspec_values.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <utility>

#include "meter/sunspec_points.hpp"

namespace commonwatt {
namespace {

using Points = std::vector<SunSpecPoint>;

/// What a counter of 0 means, see sunspec_values.
enum class Zero { is_absent, is_count };

struct ValueRow {
  std::string_view point;
  MeasuredQuantity quantity;
  Zero zero = Zero::is_absent;
};

constexpr MeasuredQuantity total(Measurand measurand) {
  return {.measurand = measurand};
}
constexpr MeasuredQuantity of(Measurand measurand, Share share) {
  return {.measurand = measurand, .share = share};
}
constexpr MeasuredQuantity state_of_charge{.part = DevicePart::battery, .measurand = Measurand::soc};
constexpr MeasuredQuantity panel_power{.part = DevicePart::pv, .measurand = Measurand::active_power};

constexpr auto inverter_rows = std::to_array<ValueRow>({
    {"W", total(Measurand::active_power)},
    {"WH", total(Measurand::energy_yield)},
    {"VA", total(Measurand::apparent_power)},
    {"VAr", total(Measurand::reactive_power)},
    {"PF", total(Measurand::power_factor)},
    {"Hz", total(Measurand::frequency)},
    {"A", total(Measurand::current)},
    {"AphA", of(Measurand::current, Share::l1)},
    {"AphB", of(Measurand::current, Share::l2)},
    {"AphC", of(Measurand::current, Share::l3)},
    {"PhVphA", of(Measurand::voltage, Share::l1)},
    {"PhVphB", of(Measurand::voltage, Share::l2)},
    {"PhVphC", of(Measurand::voltage, Share::l3)},
    {"PPVphAB", of(Measurand::voltage, Share::l12)},
    {"PPVphBC", of(Measurand::voltage, Share::l23)},
    {"PPVphCA", of(Measurand::voltage, Share::l31)},
});

// The integer meters of more than one phase, alone, call the voltages between phases PhVphAB and so on.
constexpr auto meter_rows = std::to_array<ValueRow>({
    {"W", total(Measurand::active_power)},
    {"WphA", of(Measurand::active_power, Share::l1)},
    {"WphB", of(Measurand::active_power, Share::l2)},
    {"WphC", of(Measurand::active_power, Share::l3)},
    {"TotWhImp", total(Measurand::energy_import)},
    {"TotWhImpPhA", of(Measurand::energy_import, Share::l1)},
    {"TotWhImpPhB", of(Measurand::energy_import, Share::l2)},
    {"TotWhImpPhC", of(Measurand::energy_import, Share::l3)},
    {"TotWhExp", total(Measurand::energy_export), Zero::is_count},
    {"TotWhExpPhA", of(Measurand::energy_export, Share::l1)},
    {"TotWhExpPhB", of(Measurand::energy_export, Share::l2)},
    {"TotWhExpPhC", of(Measurand::energy_export, Share::l3)},
    {"VA", total(Measurand::apparent_power)},
    {"VAphA", of(Measurand::apparent_power, Share::l1)},
    {"VAphB", of(Measurand::apparent_power, Share::l2)},
    {"VAphC", of(Measurand::apparent_power, Share::l3)},
    {"VAR", total(Measurand::reactive_power)},
    {"VARphA", of(Measurand::reactive_power, Share::l1)},
    {"VARphB", of(Measurand::reactive_power, Share::l2)},
    {"VARphC", of(Measurand::reactive_power, Share::l3)},
    {"PF", total(Measurand::power_factor)},
    {"PFphA", of(Measurand::power_factor, Share::l1)},
    {"PFphB", of(Measurand::power_factor, Share::l2)},
    {"PFphC", of(Measurand::power_factor, Share::l3)},
    {"Hz", total(Measurand::frequency)},
    {"A", total(Measurand::current)},
    {"AphA", of(Measurand::current, Share::l1)},
    {"AphB", of(Measurand::current, Share::l2)},
    {"AphC", of(Measurand::current, Share::l3)},
    {"PhV", total(Measurand::voltage)},
    {"PhVphA", of(Measurand::voltage, Share::l1)},
    {"PhVphB", of(Measurand::voltage, Share::l2)},
    {"PhVphC", of(Measurand::voltage, Share::l3)},
    {"PhVphAB", of(Measurand::voltage, Share::l12)},
    {"PhVphBC", of(Measurand::voltage, Share::l23)},
    {"PhVphCA", of(Measurand::voltage, Share::l31)},
    {"PPVphAB", of(Measurand::voltage, Share::l12)},
    {"PPVphBC", of(Measurand::voltage, Share::l23)},
    {"PPVphCA", of(Measurand::voltage, Share::l31)},
});

constexpr auto der_rows = std::to_array<ValueRow>({
    {"W", total(Measurand::active_power)},
    {"WL1", of(Measurand::active_power, Share::l1)},
    {"WL2", of(Measurand::active_power, Share::l2)},
    {"WL3", of(Measurand::active_power, Share::l3)},
    {"TotWhInj", total(Measurand::energy_yield)},
    {"TotWhInjL1", of(Measurand::energy_yield, Share::l1)},
    {"TotWhInjL2", of(Measurand::energy_yield, Share::l2)},
    {"TotWhInjL3", of(Measurand::energy_yield, Share::l3)},
    {"TotWhAbs", total(Measurand::energy_import), Zero::is_count},
    {"TotWhAbsL1", of(Measurand::energy_import, Share::l1)},
    {"TotWhAbsL2", of(Measurand::energy_import, Share::l2)},
    {"TotWhAbsL3", of(Measurand::energy_import, Share::l3)},
    {"VA", total(Measurand::apparent_power)},
    {"VAL1", of(Measurand::apparent_power, Share::l1)},
    {"VAL2", of(Measurand::apparent_power, Share::l2)},
    {"VAL3", of(Measurand::apparent_power, Share::l3)},
    {"Var", total(Measurand::reactive_power)},
    {"VarL1", of(Measurand::reactive_power, Share::l1)},
    {"VarL2", of(Measurand::reactive_power, Share::l2)},
    {"VarL3", of(Measurand::reactive_power, Share::l3)},
    {"PF", total(Measurand::power_factor)},
    {"PFL1", of(Measurand::power_factor, Share::l1)},
    {"PFL2", of(Measurand::power_factor, Share::l2)},
    {"PFL3", of(Measurand::power_factor, Share::l3)},
    {"Hz", total(Measurand::frequency)},
    {"A", total(Measurand::current)},
    {"AL1", of(Measurand::current, Share::l1)},
    {"AL2", of(Measurand::current, Share::l2)},
    {"AL3", of(Measurand::current, Share::l3)},
    {"LNV", total(Measurand::voltage)},
    {"VL1", of(Measurand::voltage, Share::l1)},
    {"VL2", of(Measurand::voltage, Share::l2)},
    {"VL3", of(Measurand::voltage, Share::l3)},
    {"VL1L2", of(Measurand::voltage, Share::l12)},
    {"VL2L3", of(Measurand::voltage, Share::l23)},
    {"VL3L1", of(Measurand::voltage, Share::l31)},
});

constexpr std::array<ValueRow, 1> storage_rows{{{"ChaState", state_of_charge}}};
constexpr std::array<ValueRow, 1> battery_rows{{{"SoC", state_of_charge}}};

constexpr std::uint16_t mppt_id = 160;
constexpr std::uint16_t der_dc_id = 714;

bool is_meter(std::uint16_t id) {
  return (id >= 201 && id <= 204) || (id >= 211 && id <= 214);
}

std::span<const ValueRow> rows_of(std::uint16_t id) {
  if (is_meter(id)) return meter_rows;
  if (id == 701) return der_rows;
  if (is_sunspec_inverter(id)) return inverter_rows;
  if (id == 124) return storage_rows;
  if (id == 713 || id == 802) return battery_rows;
  return {};
}

bool has_point(const SunSpecGroup& layout, std::string_view name) {
  return std::any_of(layout.points.begin(), layout.points.end(),
                     [name](const SunSpecPointLayout& point) { return point.name == name; });
}

/// The two reasons that most points of most models give, short enough that a string holds them without the heap: they
/// come with every reading.
constexpr const char* not_stated = "not stated";
constexpr const char* not_counted = "at 0: not kept";

MeasuredValue missing(const MeasuredQuantity& quantity, std::string reason) {
  return {.quantity = quantity, .quality = Quality::missing, .reason = std::move(reason)};
}

/// Why a point has no value.
std::string absence_of(const SunSpecPoint& point) {
  if (std::holds_alternative<std::monostate>(point.raw)) return not_stated;
  if (!point.exponent) return "its scale factor " + std::string(point.layout->scale) + " is absent or out of range";
  return "not a finite number";
}

/// Of -10 to 10, what a scale factor can be.
double power_of_ten(int exponent) {
  static constexpr std::array<double, 11> powers{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10};
  const double power = powers[static_cast<std::size_t>(std::abs(exponent))];
  return exponent < 0 ? 1 / power : power;
}

/// The step of a float at that value.
double float_step(double value) {
  const auto single = static_cast<float>(value);
  return static_cast<double>(std::nextafter(single, INFINITY) - single);
}

/// A counter that was read, as a whole count of Wh; absent when it cannot be one.
std::optional<Energy> energy_of(const SunSpecPoint& point) {
  if (const auto* raw = std::get_if<std::uint64_t>(&point.raw)) return scale_energy(*raw, *point.exponent);
  const auto* wh = std::get_if<double>(&point.raw);
  constexpr double wh_max = 1e15;
  if (wh == nullptr || *wh < 0 || *wh > wh_max) return std::nullopt;
  return Energy{static_cast<std::int64_t>(std::floor(*wh))};
}

/// What an accumulator never shows but a device that fills its map with the unsigned integers' "not implemented" does.
bool is_filled(const SunSpecPoint& point) {
  const auto* raw = std::get_if<std::uint64_t>(&point.raw);
  return raw != nullptr && point.layout->type == SunSpecType::acc32 && *raw == 0xFFFFFFFFU;
}

MeasuredValue counted(const ValueRow& row, const SunSpecPoint& point) {
  const bool is_accumulator = point.layout->type == SunSpecType::acc32;
  const bool is_zero = point.value == 0.0 || (is_accumulator && std::holds_alternative<std::monostate>(point.raw));
  if (is_zero && row.zero == Zero::is_absent) return missing(row.quantity, not_counted);
  if (!point.exponent || (!point.value && !is_zero)) return missing(row.quantity, absence_of(point));
  if (is_filled(point)) return missing(row.quantity, not_stated);
  const std::optional<Energy> energy = is_zero ? Energy{0} : energy_of(point);
  if (!energy) return missing(row.quantity, "no count can be negative or so large");
  const double value = point.value.value_or(0);
  const bool is_float = point.layout->type == SunSpecType::float32;
  return {.quantity = row.quantity,
          .value = value,
          .energy = energy,
          .quantum = is_float ? std::max(1.0, float_step(value)) : power_of_ten(*point.exponent)};
}

MeasuredValue measured(const ValueRow& row, const SunSpecPoint* point) {
  if (point == nullptr) return missing(row.quantity, "the device's model is too short for it");
  if (is_energy_register(row.quantity.measurand)) return counted(row, *point);
  if (!point->value) return missing(row.quantity, absence_of(*point));
  const bool is_float = point->layout->type == SunSpecType::float32;
  MeasuredValue value{.quantity = row.quantity,
                      .value = point->value,
                      .quantum = is_float ? float_step(std::abs(*point->value)) : power_of_ten(*point->exponent)};
  // A ratio is at most 1, and what is beyond that by more than an error of measurement is a percentage.
  constexpr double ratio_max = 1.5;
  if (row.quantity.measurand == Measurand::power_factor && std::abs(*value.value) > ratio_max) {
    value.value = *value.value / 100;
    value.quantum /= 100;
  }
  return value;
}

bool text_starts_with(const SunSpecPoint* point, std::string_view prefix) {
  const auto* text = point == nullptr ? nullptr : std::get_if<std::string>(&point->raw);
  return text != nullptr && text->starts_with(prefix);
}

/// Whether an input of model 160, or a port of model 714, has panels behind it and not a battery.
bool is_panel(const Points& points, const std::string& input) {
  const SunSpecPoint* const type = find_sunspec_point(points, input + "PrtTyp");
  if (type != nullptr) return type->raw == SunSpecRaw{std::uint64_t{0}};
  const SunSpecPoint* const name = find_sunspec_point(points, input + "IDStr");
  return !text_starts_with(name, "StCha") && !text_starts_with(name, "StDisCha");
}

/// The sum of what the inputs with panels state.
MeasuredValue panel_power_of(const Points& points, const std::string& group) {
  MeasuredValue sum{.quantity = panel_power};
  for (std::size_t i = 0;; ++i) {
    const std::string input = group + "[" + std::to_string(i) + "].";
    const SunSpecPoint* const power = find_sunspec_point(points, input + "DCW");
    if (power == nullptr) break;
    if (!power->value || !is_panel(points, input)) continue;
    sum.value = sum.value.value_or(0) + *power->value;
    sum.quantum = power_of_ten(*power->exponent);
  }
  if (!sum.value) return missing(panel_power, "no input states its power");
  return sum;
}

}  // namespace

bool is_sunspec_inverter(std::uint16_t id) {
  return (id >= 101 && id <= 103) || (id >= 111 && id <= 113) || id == 701;
}

bool is_sunspec_power_model(std::uint16_t id) {
  return is_sunspec_inverter(id) || is_meter(id);
}

std::vector<MeasuredValue> sunspec_values(std::span<const std::uint16_t> words) {
  if (words.size() < 2) return {};
  const std::uint16_t id = words[0];
  const Points points = decode_sunspec_points(words);
  if (id == mppt_id || id == der_dc_id) {
    // The inputs that were not read are missing from the sum, and nobody would know.
    if (words.size() < std::size_t{2} + words[1]) return {missing(panel_power, "not all inputs were read")};
    return {panel_power_of(points, id == mppt_id ? "module" : "Prt")};
  }
  std::vector<MeasuredValue> values;
  for (const ValueRow& row : rows_of(id)) {
    if (!has_point(*sunspec_layout(id), row.point)) continue;
    values.push_back(measured(row, find_sunspec_point(points, row.point)));
  }
  return values;
}

struct SunSpecValueReader::Row {
  ValueRow value;
  std::optional<SunSpecPlace> place;   // none: the model is too short for it
  std::optional<SunSpecPlace> factor;  // none: it has no scale factor
};

SunSpecValueReader::Rows SunSpecValueReader::look_up(const SunSpecModel& model) {
  if (sunspec_layout(model.id) == nullptr) return {};
  const std::array<std::uint16_t, 2> head{model.id, model.length};
  const std::vector<SunSpecPlace> places = sunspec_places(head);
  const auto place_of = [&places](std::string_view name) {
    const SunSpecPlace* const place = find_sunspec_place(places, name);
    return place == nullptr ? std::nullopt : std::optional(*place);
  };
  Rows rows;
  for (const ValueRow& row : rows_of(model.id)) {
    if (!has_point(*sunspec_layout(model.id), row.point)) continue;
    const std::optional<SunSpecPlace> place = place_of(row.point);
    rows.push_back({.value = row, .place = place, .factor = place ? place_of(place->layout->scale) : std::nullopt});
  }
  return rows;
}

SunSpecValueReader::SunSpecValueReader(const SunSpecModel& model) {
  using Key = std::pair<std::uint16_t, std::uint16_t>;
  static std::mutex mutex;
  static std::map<Key, std::weak_ptr<const Rows>> known;
  const std::lock_guard lock(mutex);
  const Key key(model.id, model.length);
  if (const auto found = known.find(key); found != known.end()) rows_ = found->second.lock();
  if (rows_) return;
  std::erase_if(known, [](const auto& entry) { return entry.second.expired(); });
  rows_ = std::make_shared<const Rows>(look_up(model));
  known.insert_or_assign(key, rows_);
}

std::vector<MeasuredValue> SunSpecValueReader::values(std::span<const std::uint16_t> words) const {
  if (rows_->empty()) return sunspec_values(words);
  std::vector<MeasuredValue> values;
  values.reserve(rows_->size());
  for (const Row& row : *rows_) {
    if (!row.place || row.place->end() > words.size()) {
      values.push_back(measured(row.value, nullptr));
      continue;
    }
    const SunSpecPoint point = decode_sunspec_point(*row.place, row.factor ? &*row.factor : nullptr, words);
    values.push_back(measured(row.value, &point));
  }
  return values;
}

std::uint16_t sunspec_value_words(const SunSpecModel& model) {
  const std::size_t whole = std::size_t{2} + model.length;
  std::size_t needed = model.id == mppt_id || model.id == der_dc_id ? whole : 0;
  const std::array<std::uint16_t, 2> head{model.id, model.length};
  const std::vector<SunSpecPlace> places = sunspec_places(head);
  for (const ValueRow& row : rows_of(model.id)) {
    const SunSpecPlace* const value = find_sunspec_place(places, row.point);
    if (value == nullptr) continue;
    const SunSpecPlace* const factor = find_sunspec_place(places, value->layout->scale);
    needed = std::max({needed, value->end(), factor == nullptr ? 0 : factor->end()});
  }
  return needed > sunspec_request_words_max ? std::uint16_t{0} : static_cast<std::uint16_t>(needed);
}

std::optional<Energy> scale_energy(std::uint64_t raw, int exponent) {
  constexpr std::int64_t energy_max = std::numeric_limits<std::int64_t>::max();
  constexpr int exponent_max = 10;
  if (exponent < -exponent_max || exponent > exponent_max || raw > std::uint64_t{energy_max}) return std::nullopt;
  auto value = static_cast<std::int64_t>(raw);
  for (int i = 0; i > exponent; --i) value /= 10;
  for (int i = 0; i < exponent; ++i) {
    if (value > energy_max / 10) return std::nullopt;
    value *= 10;
  }
  return Energy{value};
}

}  // namespace commonwatt
