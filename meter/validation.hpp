// Validation of what one meter says, reading by reading, before any of it is money (RULEBOOK section 5). Pure: time is
// that of the readings.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "core/units.hpp"
#include "meter/clear_sky.hpp"
#include "meter/counter_monitor.hpp"
#include "meter/device_reading.hpp"
#include "meter/meter_fault.hpp"

namespace commonwatt {

/// What may be wrong with a reading. The first four keep its registers out of settlement; the others are told, and the
/// registers stand: a counter that passes its monitor is not made wrong by a figure beside it.
enum class ReadingFlag : std::uint8_t {
  missing,             // no answer, or a register without a value
  stale,               // said before: marked so by its device, its meter's clock stands, or the same octets again
  held,                // a register is held by its monitor
  unconfirmed,         // plausible, but the next reading must confirm it
  power_too_high,      // above what the connection or the plant can carry
  beyond_sun,          // more power than the sun can give at that hour
  supply_implausible,  // a voltage or frequency that no grid has
  phases_disagree,     // the phases' powers do not add up to the total
  power_disagrees,     // the registers and the power over a quarter-hour tell two stories
  both_directions,     // both registers rise at once: the meter sums its phases without netting them
  clock_drift,         // the meter's own clock is off; values are stamped by the gateway's
};
constexpr ReadingFlag enum_last(ReadingFlag) {
  return ReadingFlag::clock_drift;
}
const char* to_text(ReadingFlag flag);
/// Whether such a reading gives settlement no registers.
bool withholds(ReadingFlag flag);

struct ReadingFinding {
  ReadingFlag flag = ReadingFlag::missing;
  std::string reason;  // words and figures for the owner
};

/// What of a reading may be used.
struct ValidatedReading {
  /// When the registers were read: the reading's time, or that of an earlier one which it has confirmed.
  UtcTime time;
  /// Cumulative and never falling: wraps and exchanges undone. A connection has both or none, a plant has no import.
  std::optional<Energy> import;
  std::optional<Energy> export_;
  Quality quality = Quality::good;  // good: without findings; suspect; stale; missing
  std::vector<ReadingFinding> findings;

  [[nodiscard]] bool has(ReadingFlag flag) const;
  /// The findings in words, joined; empty when there is none.
  [[nodiscard]] std::string reason() const;
};

/// What a meter's registers count.
enum class MeteredFlow : std::uint8_t {
  connection,  // what flows in and what flows out, apart
  production,  // what a plant makes
};

struct ValidationLimits {
  MeteredFlow flow = MeteredFlow::connection;
  Power rating;                                   // the fuse of a connection, the nameplate of a plant
  int tolerance_percent = 10;                     // on top of that
  std::optional<Energy> wraps_at = std::nullopt;  // see CounterLimits
  /// Of a solar plant whose site is known. Not for a register through which a battery discharges at night too.
  std::optional<SolarPlant> plant = std::nullopt;
  /// A register is stuck once the power must have moved it by this much and its step. So much may pass unseen to the
  /// next interval when a register freezes on a boundary.
  Energy stuck_min{10};
  double nominal_voltage = 230;  // phase to neutral
  double nominal_frequency = 50;
  Duration clock_drift_max = std::chrono::minutes{1};
};

struct ValidationState {
  std::optional<CounterState> import = std::nullopt;
  std::optional<CounterState> export_ = std::nullopt;
  friend bool operator==(const ValidationState&, const ValidationState&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.import, self.export_);
  }
};

/// What the operator declares of a meter that was replaced, reset or re-based: both registers at once.
struct MeterExchange {
  UtcTime time;
  std::optional<Energy> closing_import = std::nullopt;  // the last that the old meter showed, where it is known
  std::optional<Energy> closing_export = std::nullopt;
  Energy opening_import = {};  // the first that the new one shows
  Energy opening_export = {};
};

/// Watches one meter. Its registers are those that DeviceReading names energy_import, energy_export and
/// energy_produced.
class MeterValidation {
 public:
  /// `state` is what an earlier run stored; without it the first reading must be confirmed by the second.
  explicit MeterValidation(const ValidationLimits& limits, const ValidationState& state = {});

  /// Judges the next reading, or its absence at `time`. `meter_clock` is the time the meter itself states, if any: one
  /// that stands means a telegram that was said before.
  ValidatedReading check(const DeviceReading& reading, std::optional<UtcTime> meter_clock = std::nullopt);
  ValidatedReading missed(UtcTime time, const MeterError& error);

  /// Continues both series from a replaced meter; of a plant the export alone. One that is not newer than the last good
  /// registers was declared before and changes nothing. Fails with the reason of CounterMonitor::declare; then neither
  /// register changes.
  Result<Done, std::string> declare(const MeterExchange& exchange);

  [[nodiscard]] ValidationState state() const { return {import_.state(), export_.state()}; }
  [[nodiscard]] const CounterMonitor& import_monitor() const { return import_; }
  [[nodiscard]] const CounterMonitor& export_monitor() const { return export_; }

 private:
  /// What the power says of the energy since `begin`, and what the registers say. Powers between two readings are
  /// taken to lie between theirs.
  struct Balance {
    UtcTime begin;
    CounterSample import;
    CounterSample export_;
    double import_min_wh = 0;
    double import_max_wh = 0;
    double export_min_wh = 0;
    double export_max_wh = 0;
    double both_wh = 0;  // the lesser gain of the two registers in each short step
  };

  bool is_repeated(const DeviceReading& reading, std::optional<double> power_w, std::optional<UtcTime> meter_clock);
  void check_figures(const DeviceReading& reading, std::optional<double> power_w, ValidatedReading& validated) const;
  void check_registers(const DeviceReading& reading, std::optional<double> power_w, ValidatedReading& validated);
  std::optional<CounterSample> check_register(CounterMonitor& monitor, const MeasuredValue* value,
                                              std::optional<double> power_w, UtcTime time, const char* name,
                                              ValidatedReading& validated) const;
  void check_balance(double power_w, Energy quantum, ValidatedReading& validated);
  void add_to_balance(double power_w, const CounterSample& import, const CounterSample& exported);

  ValidationLimits limits_;
  CounterMonitor import_;
  CounterMonitor export_;
  std::optional<UtcTime> last_meter_clock_;
  std::vector<RawPiece> last_raw_;
  std::optional<UtcTime> last_time_;
  std::optional<double> last_power_w_;  // import positive
  double repeated_wh_ = 0;              // what the power says has flowed while the octets stayed the same
  std::optional<Balance> balance_;
  CounterSample last_import_;
  CounterSample last_export_;
};

}  // namespace commonwatt
