// Validation of a cumulative energy register before any money (RULEBOOK section 5: monotonic, plausible, ordered,
// consistent). Pure: time is an argument.
#pragma once

#include <optional>
#include <string>

#include "core/time.hpp"
#include "core/units.hpp"

namespace commonwatt {

enum class CounterVerdict {
  accepted,         // becomes the last good value
  not_newer,        // its time is not above the last one's: a duplicate or a replay
  dropped_to_zero,  // zero, where the register was not: a device that restarts
  below_last_good,  // lower than it was
  jump,             // rose by more than the fuse or the nameplate allows in that time
  rebased,          // it has counted on from a value that was held: a reset or a replaced meter, not yet declared
  stuck,            // has not moved while the power reported must have moved it
};
constexpr CounterVerdict enum_last(CounterVerdict) {
  return CounterVerdict::stuck;
}
/// Why a value is not accepted, in words for the owner of the meter.
const char* to_text(CounterVerdict verdict);

struct CounterCheck {
  CounterVerdict verdict = CounterVerdict::accepted;
  std::string reason;  // empty when accepted; else the words and the figures
};

struct CounterLimits {
  Power rated;  // the most the register can gain per hour: the fuse rating (import), the nameplate (export)
  int tolerance_percent = 10;  // on top of that
  Energy quantum{1};           // the register's own step; 2 of them are forgiven on each difference
  Energy stuck_min{50};        // an unmoved register is stuck once the power reported must have moved it by this much
};

/// Watches one register of one meter. A value that is not accepted is held: it leaves the last good one as it is, and
/// the next plausible value counts from there. No passing of time turns a held value into a good one; only a declared
/// event, `declare`, starts from another value.
class CounterMonitor {
 public:
  explicit CounterMonitor(CounterLimits limits) : limits_(limits) {}

  /// Judges the value read at `time`. `power_w` is the power in the register's own direction (>= 0), if known.
  CounterCheck check(UtcTime time, Energy value, std::optional<double> power_w);

  /// A replaced meter or a rollover, declared by the operator: counting starts anew from `value` at `time`.
  void declare(UtcTime time, Energy value);

  /// The last accepted value and when it was read.
  [[nodiscard]] std::optional<Energy> last_good() const;
  [[nodiscard]] std::optional<UtcTime> last_good_time() const;

 private:
  struct Sample {
    UtcTime time;
    Energy value;
  };
  [[nodiscard]] bool reachable(const Sample& from, UtcTime time, Energy value) const;
  [[nodiscard]] CounterVerdict judge(UtcTime time, Energy value) const;
  [[nodiscard]] bool is_stuck(UtcTime time, Energy value, std::optional<double> power_w);

  CounterLimits limits_;
  std::optional<Sample> good_;
  std::optional<Sample> held_;        // the last value that was held since the last good one
  bool held_counts_ = false;          // values held below the last good one have been seen to rise
  std::optional<UtcTime> last_time_;  // of any value, held ones included
  std::optional<double> last_power_w_;
  double unmoved_wh_ = 0;  // what the power says has flowed since the register last moved
};

}  // namespace commonwatt
