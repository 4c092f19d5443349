#include "meter/validation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <initializer_list>

namespace commonwatt {
namespace {

/// What an inverter or the meter before it may show at night.
constexpr double standby_w = 20;
constexpr Duration balance_span = std::chrono::minutes{15};
/// A longer step hides too much of what happens within it.
constexpr Duration balance_step_max = std::chrono::minutes{1};
constexpr double balance_tolerance = 0.15;
constexpr double balance_slack_wh = 100;  // loads that run between two readings only
constexpr double both_directions_wh = 20;
/// The same octets again are a repetition once so much must have flowed, besides two steps of the register.
constexpr double repeated_min_wh = 2;

double hours(Duration span) {
  return static_cast<double>(span.count()) / 3.6e12;
}

std::string watts(double value) {
  return std::to_string(std::llround(std::clamp(value, -1e15, 1e15)));
}

void find(ValidatedReading& validated, ReadingFlag flag, std::string reason) {
  validated.findings.push_back({flag, std::move(reason)});
}

/// The first of them the device has a value of, else the first that it has at all. The order is that of DeviceReading.
const MeasuredValue* first_register(const DeviceReading& reading, std::initializer_list<MeasuredQuantity> wanted) {
  const MeasuredValue* named = nullptr;
  for (const MeasuredQuantity& quantity : wanted) {
    const MeasuredValue* found = reading.find(quantity);
    if (found != nullptr && found->energy) return found;
    if (named == nullptr) named = found;
  }
  return named;
}

const MeasuredValue* import_register(const DeviceReading& reading) {
  return first_register(reading, {{.measurand = Measurand::energy_import},
                                  {.part = DevicePart::grid, .measurand = Measurand::energy_import}});
}
const MeasuredValue* export_register(const DeviceReading& reading, MeteredFlow flow) {
  if (flow == MeteredFlow::production) {
    return first_register(reading, {{.part = DevicePart::pv, .measurand = Measurand::energy_yield},
                                    {.measurand = Measurand::energy_yield},
                                    {.measurand = Measurand::energy_export}});
  }
  return first_register(reading, {{.measurand = Measurand::energy_export},
                                  {.part = DevicePart::grid, .measurand = Measurand::energy_export}});
}

Energy quantum_of(const MeasuredValue* value) {
  if (value == nullptr || !(value->quantum > 1) || value->quantum > 1e9) return Energy{1};
  return Energy{std::llround(std::ceil(value->quantum))};
}

std::optional<double> finite(std::optional<double> value) {
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<double> value_of(const DeviceReading& reading, const MeasuredQuantity& quantity) {
  const MeasuredValue* found = reading.find(quantity);
  return found == nullptr ? std::nullopt : finite(found->value);
}

/// What flows in; what a plant makes flows out.
std::optional<double> import_power(const DeviceReading& reading, MeteredFlow flow) {
  if (flow == MeteredFlow::connection) return finite(reading.power_w());
  const std::optional<double> produced = finite(reading.production_w());
  return produced ? std::optional(-*produced) : std::nullopt;
}

constexpr std::array<Share, 3> phases{Share::l1, Share::l2, Share::l3};

void check_phases(const DeviceReading& reading, ValidatedReading& validated) {
  for (const DevicePart part : {DevicePart::self, DevicePart::grid}) {
    const std::optional<double> total = value_of(reading, {part, Measurand::active_power, Share::total});
    double sum = 0;
    double magnitude = 0;
    bool complete = total.has_value();
    for (const Share phase : phases) {
      const std::optional<double> power = value_of(reading, {part, Measurand::active_power, phase});
      complete = complete && power;
      sum += power.value_or(0);
      magnitude += std::abs(power.value_or(0));
    }
    // Phases and total are measured one after the other.
    if (!complete || std::abs(sum - *total) <= 50 + 0.1 * std::max(magnitude, std::abs(*total))) continue;
    find(validated, ReadingFlag::phases_disagree,
         "the phases are " + watts(sum) + " W, the total " + watts(*total) + " W");
  }
}

/// An unused phase shows anything from 0 up, so only an excess counts against one, and a lack against all.
void check_supply(const DeviceReading& reading, const ValidationLimits& limits, ValidatedReading& validated) {
  std::optional<double> highest;
  for (const Share phase : phases) {
    const std::optional<double> voltage = value_of(reading, {DevicePart::self, Measurand::voltage, phase});
    if (voltage) highest = std::max(highest.value_or(0), *voltage);
  }
  if (highest && (*highest < 0.7 * limits.nominal_voltage || *highest > 1.25 * limits.nominal_voltage)) {
    find(validated, ReadingFlag::supply_implausible, "the highest voltage is " + watts(*highest) + " V");
  }
  const std::optional<double> frequency = value_of(reading, {DevicePart::self, Measurand::frequency, Share::total});
  if (frequency && std::abs(*frequency - limits.nominal_frequency) > 0.1 * limits.nominal_frequency) {
    find(validated, ReadingFlag::supply_implausible, "the frequency is " + watts(*frequency) + " Hz");
  }
}

CounterLimits counter_limits(const ValidationLimits& limits) {
  return {.rated = limits.rating,
          .tolerance_percent = limits.tolerance_percent,
          .stuck_min = limits.stuck_min,
          .wraps_at = limits.wraps_at};
}

Quality quality_of(const ValidatedReading& validated) {
  if (validated.has(ReadingFlag::missing)) return Quality::missing;
  if (validated.has(ReadingFlag::stale)) return Quality::stale;
  return validated.findings.empty() ? Quality::good : Quality::suspect;
}

}  // namespace

const char* to_text(ReadingFlag flag) {
  switch (flag) {
    case ReadingFlag::missing:
      return "no value";
    case ReadingFlag::stale:
      return "an old value again";
    case ReadingFlag::held:
      return "register held";
    case ReadingFlag::unconfirmed:
      return "not confirmed yet";
    case ReadingFlag::power_too_high:
      return "more power than the connection can carry";
    case ReadingFlag::beyond_sun:
      return "more power than the sun can give";
    case ReadingFlag::supply_implausible:
      return "no grid is like this";
    case ReadingFlag::phases_disagree:
      return "the phases do not add up";
    case ReadingFlag::power_disagrees:
      return "power and registers disagree";
    case ReadingFlag::both_directions:
      return "both registers rise at once; the meter sums its phases without netting them";
    case ReadingFlag::clock_drift:
      return "the meter's clock is off";
  }
  std::abort();
}

bool withholds(ReadingFlag flag) {
  return flag <= ReadingFlag::unconfirmed;
}

bool ValidatedReading::has(ReadingFlag flag) const {
  return std::any_of(findings.begin(), findings.end(), [flag](const ReadingFinding& it) { return it.flag == flag; });
}

std::string ValidatedReading::reason() const {
  std::string text;
  for (const ReadingFinding& finding : findings) {
    text += (text.empty() ? "" : "; ") + std::string(to_text(finding.flag)) + ": " + finding.reason;
  }
  return text;
}

MeterValidation::MeterValidation(const ValidationLimits& limits, const ValidationState& state)
    : limits_(limits), import_(counter_limits(limits), state.import), export_(counter_limits(limits), state.export_) {}

ValidatedReading MeterValidation::missed(UtcTime time, const MeterError& error) {
  last_power_w_.reset();
  balance_.reset();
  ValidatedReading validated{.time = time, .import = {}, .export_ = {}, .quality = Quality::missing, .findings = {}};
  find(validated, ReadingFlag::missing, to_text(error));
  return validated;
}

ValidatedReading MeterValidation::check(const DeviceReading& reading, std::optional<UtcTime> meter_clock) {
  ValidatedReading validated{.time = reading.time, .import = {}, .export_ = {}, .findings = {}};
  const std::optional<double> power_w = import_power(reading, limits_.flow);
  if (is_repeated(reading, power_w, meter_clock)) {
    balance_.reset();
    find(validated, ReadingFlag::stale, "the device repeats what it said before");
  } else {
    if (meter_clock && std::chrono::abs(*meter_clock - reading.time) > limits_.clock_drift_max) {
      const auto off = std::chrono::duration_cast<std::chrono::seconds>(*meter_clock - reading.time);
      find(validated, ReadingFlag::clock_drift, "by " + std::to_string(off.count()) + " s");
    }
    check_figures(reading, power_w, validated);
    check_registers(reading, power_w, validated);
  }
  last_time_ = reading.time;
  last_power_w_ = power_w;
  validated.quality = quality_of(validated);
  return validated;
}

bool MeterValidation::is_repeated(const DeviceReading& reading, std::optional<double> power_w,
                                  std::optional<UtcTime> meter_clock) {
  const bool clock_stands = meter_clock && last_meter_clock_ && *meter_clock <= *last_meter_clock_;
  if (meter_clock) last_meter_clock_ = meter_clock;
  const bool same_octets = !reading.raw.empty() && reading.raw == last_raw_;
  last_raw_ = reading.raw;
  if (!same_octets) repeated_wh_ = 0;
  if (same_octets && power_w && last_power_w_) {
    repeated_wh_ += std::min(std::abs(*power_w), std::abs(*last_power_w_)) * hours(reading.time - *last_time_);
  }
  const Energy quantum =
      std::max(quantum_of(import_register(reading)), quantum_of(export_register(reading, limits_.flow)));
  return clock_stands || repeated_wh_ >= repeated_min_wh + 2 * static_cast<double>(quantum.count);
}

void MeterValidation::check_figures(const DeviceReading& reading, std::optional<double> power_w,
                                    ValidatedReading& validated) const {
  check_supply(reading, limits_, validated);
  check_phases(reading, validated);
  if (!power_w) return;
  const double power_max = static_cast<double>(limits_.rating.count) * (100 + limits_.tolerance_percent) / 100.0;
  if (std::abs(*power_w) > power_max) {
    find(validated, ReadingFlag::power_too_high, watts(*power_w) + " W, at most " + watts(power_max) + " W");
  }
  if (!limits_.plant) return;
  const double sun_max = solar_power_max(*limits_.plant, reading.time) + standby_w;
  if (-*power_w > sun_max) {
    find(validated, ReadingFlag::beyond_sun, watts(-*power_w) + " W, at most " + watts(sun_max) + " W at this hour");
  }
}

std::optional<CounterSample> MeterValidation::check_register(CounterMonitor& monitor, const MeasuredValue* value,
                                                             std::optional<double> power_w, UtcTime time,
                                                             const char* name, ValidatedReading& validated) const {
  if (value == nullptr || !value->energy || value->quality == Quality::missing) {
    const bool told = value != nullptr && !value->reason.empty();
    find(validated, ReadingFlag::missing, told ? value->reason : std::string("no ") + name + " register");
    return std::nullopt;
  }
  if (value->quality == Quality::stale || value->quality == Quality::estimated) {
    find(validated, ReadingFlag::stale, value->reason);
    return std::nullopt;
  }
  CounterReading reading{.time = time, .value = *value->energy, .power_w = power_w, .quantum = quantum_of(value)};
  reading.is_vouched_for = value->quality == Quality::good;
  if (limits_.plant && monitor.state() && time > monitor.state()->time) {
    reading.gain_max = solar_energy_max(*limits_.plant, monitor.state()->time, time);
  }
  const CounterCheck check = monitor.check(reading);
  if (check.verdict != CounterVerdict::accepted) {
    const bool waits = check.verdict == CounterVerdict::unconfirmed;
    find(validated, waits ? ReadingFlag::unconfirmed : ReadingFlag::held, std::string(name) + ": " + check.reason);
  }
  return check.good;
}

void MeterValidation::check_registers(const DeviceReading& reading, std::optional<double> power_w,
                                      ValidatedReading& validated) {
  const bool produces = limits_.flow == MeteredFlow::production;
  std::optional<double> inward;
  std::optional<double> outward;
  if (power_w) inward = std::max(0.0, *power_w);
  if (power_w) outward = std::max(0.0, -*power_w);
  const MeasuredValue* exported = export_register(reading, limits_.flow);
  const std::optional<CounterSample> out =
      check_register(export_, exported, outward, reading.time, produces ? "production" : "export", validated);
  std::optional<CounterSample> in;
  const MeasuredValue* imported = produces ? nullptr : import_register(reading);
  if (!produces) in = check_register(import_, imported, inward, reading.time, "import", validated);

  // Both or none, of one time: settlement never sees one direction without the other.
  const bool complete = out && (produces || (in && in->time == out->time));
  if (complete) {
    validated.time = out->time;
    validated.export_ = out->unwrapped;
    if (in) validated.import = in->unwrapped;
  }
  if (!complete || validated.time != reading.time || !power_w) {
    balance_.reset();
    return;
  }
  check_balance(*power_w, std::max(quantum_of(imported), quantum_of(exported)), validated);
}

void MeterValidation::add_to_balance(double power_w, const CounterSample& import, const CounterSample& exported) {
  const double step = hours(import.time - last_import_.time);
  const auto [low, high] = std::minmax(power_w, *last_power_w_);
  balance_->import_min_wh += std::max(0.0, low) * step;
  balance_->import_max_wh += std::max(0.0, high) * step;
  balance_->export_min_wh += std::max(0.0, -high) * step;
  balance_->export_max_wh += std::max(0.0, -low) * step;
  balance_->both_wh += static_cast<double>(
      std::min(import.unwrapped - last_import_.unwrapped, exported.unwrapped - last_export_.unwrapped).count);
}

void MeterValidation::check_balance(double power_w, Energy quantum, ValidatedReading& validated) {
  const CounterSample import{validated.time, validated.import.value_or(Energy{0})};
  const CounterSample exported{validated.time, *validated.export_};
  const bool continues = balance_ && last_power_w_ && validated.time - last_import_.time <= balance_step_max;
  if (continues) add_to_balance(power_w, import, exported);
  last_import_ = import;
  last_export_ = exported;
  if (continues && validated.time - balance_->begin < balance_span) return;
  if (continues) {
    const double slack = balance_slack_wh + 2 * static_cast<double>(quantum.count);
    const auto compare = [&](const char* name, Energy gained, double low, double high) {
      const auto gain = static_cast<double>(gained.count);
      if (gain >= low * (1 - balance_tolerance) - slack && gain <= high * (1 + balance_tolerance) + slack) return;
      find(validated, ReadingFlag::power_disagrees,
           std::string(name) + " rose by " + watts(gain) + " Wh, the power says " + watts(low) + " to " + watts(high) +
               " Wh");
    };
    if (limits_.flow == MeteredFlow::connection) {
      compare("import", import.unwrapped - balance_->import.unwrapped, balance_->import_min_wh,
              balance_->import_max_wh);
    }
    compare("export", exported.unwrapped - balance_->export_.unwrapped, balance_->export_min_wh,
            balance_->export_max_wh);
    if (balance_->both_wh > both_directions_wh + 4 * static_cast<double>(quantum.count)) {
      find(validated, ReadingFlag::both_directions, watts(balance_->both_wh) + " Wh in a quarter-hour");
    }
  }
  balance_ = Balance{.begin = validated.time, .import = import, .export_ = exported};
}

Result<Done, std::string> MeterValidation::declare(const MeterExchange& exchange) {
  const auto is_known = [&exchange](const CounterMonitor& monitor) {
    return monitor.last_good_time() && *monitor.last_good_time() >= exchange.time;
  };
  const bool has_import = limits_.flow == MeteredFlow::connection;
  const bool knows_import = !has_import || is_known(import_);
  if (knows_import && is_known(export_)) return Done{};
  CounterMonitor import = import_;
  CounterMonitor exported = export_;
  if (!knows_import) {
    const CounterCheck check = import.declare({exchange.time, exchange.closing_import, exchange.opening_import});
    if (!check.good) return Fail{"import: " + check.reason};
  }
  if (!is_known(export_)) {
    const CounterCheck check = exported.declare({exchange.time, exchange.closing_export, exchange.opening_export});
    if (!check.good) return Fail{"export: " + check.reason};
  }
  import_ = import;
  export_ = exported;
  balance_.reset();
  return Done{};
}

}  // namespace commonwatt
