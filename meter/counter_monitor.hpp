// Validation of a cumulative energy register before any money (RULEBOOK section 5: monotonic, plausible, ordered,
// consistent), and the one rising series that settlement takes differences of. Pure: time is an argument.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "core/time.hpp"
#include "core/units.hpp"

namespace commonwatt {

enum class CounterVerdict {
  accepted,         // becomes the last good value
  not_newer,        // its time is not above the last one's: a duplicate or a replay
  no_value,         // a pattern that stands for "no value", or one that no such register can show
  dropped_to_zero,  // zero, where the register was not: a device that restarts
  below_last_good,  // lower than it was
  jump,             // rose by more than the fuse or the nameplate allows in that time
  torn,             // one of its two register words is old: 65,536 steps away from where it was
  rebased,          // it has counted on from a value that was held: a reset or a replaced meter, not yet declared
  unconfirmed,      // plausible, but nothing vouches for it yet: it becomes good when the next value counts on from it
  stuck,            // has not moved while the power reported must have moved it
};
constexpr CounterVerdict enum_last(CounterVerdict) {
  return CounterVerdict::stuck;
}
/// Why a value is not accepted, in words for the owner of the meter.
const char* to_text(CounterVerdict verdict);

/// A register as it was read.
struct CounterReading {
  UtcTime time;
  Energy value;
  std::optional<double> power_w = std::nullopt;  // in the register's own direction, >= 0
  Energy quantum{1};  // the register's step at this value: that of a 32-bit float grows with it
  std::optional<Energy> gain_max = std::nullopt;  // since the last good value, where more is known than the rating
  bool is_vouched_for = true;                     // false: a telegram without a checksum; the next one must confirm it
};

/// A good value on the series that never falls: the register with all wraps and exchanges undone.
struct CounterSample {
  UtcTime time;
  Energy unwrapped;
  friend bool operator==(const CounterSample&, const CounterSample&) = default;
};

struct CounterCheck {
  CounterVerdict verdict = CounterVerdict::accepted;
  std::string reason;                      // empty when accepted; else the words and the figures
  std::optional<CounterSample> good = {};  // what has become good: this value, or the one that it has confirmed
};

struct CounterLimits {
  Power rated;  // the most the register can gain per hour: the fuse rating (import), the nameplate (export)
  int tolerance_percent = 10;  // on top of that
  Energy quantum{1};           // the register's own step, if larger than the reading's; 2 are forgiven on a difference
  Energy stuck_min{50};        // an unmoved register is stuck once the power reported must have moved it by this much
  /// The value that follows the register's highest: 2^32, 10^9. A profile that states it declares the rollover; of a
  /// register without it, a rollover is held until it is declared.
  std::optional<Energy> wraps_at = std::nullopt;
  /// After a longer silence a spike fits within the rating, so the first value must be confirmed.
  Duration silence_max = std::chrono::hours{1};
};

/// What a gateway stores so that its series goes on after a restart.
struct CounterState {
  UtcTime time;   // of the last good value
  Energy value;   // as the register showed it
  Energy offset;  // unwrapped - value
  friend bool operator==(const CounterState&, const CounterState&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.time, self.value, self.offset);
  }
};

/// What the operator declares of a replaced, reset or re-based meter.
struct CounterExchange {
  UtcTime time;
  /// The last that the old register showed. Not known: what it counted since the last good value is lost, not guessed.
  std::optional<Energy> closing = std::nullopt;
  Energy opening;  // the first that the new one shows
};

/// Watches one register of one meter. A value that is not accepted is held: it leaves the last good one as it is, and
/// the next plausible value counts from there. No passing of time turns a held value into a good one; only a declared
/// event, `declare`, starts from another value. Where two stories fit, the value is held: a register that may be
/// counting on from a held value bills nothing until it shows otherwise or the change is declared.
///
/// The first value of all must be confirmed by the second: a device may be restarting when it is first read.
class CounterMonitor {
 public:
  explicit CounterMonitor(CounterLimits limits, std::optional<CounterState> state = std::nullopt)
      : limits_(limits), state_(state) {
    if (state_) last_time_ = state_->time;
  }

  CounterCheck check(const CounterReading& reading);

  /// Continues the series from `opening`. Refused, as a value would be, when it is older than the last good value or
  /// when `closing` could not have been reached from it; then nothing changes.
  CounterCheck declare(const CounterExchange& exchange);

  /// The last good value as the register showed it, when it was read, and how far the series is; to be stored.
  [[nodiscard]] const std::optional<CounterState>& state() const { return state_; }
  [[nodiscard]] std::optional<Energy> last_good() const;
  [[nodiscard]] std::optional<UtcTime> last_good_time() const;
  [[nodiscard]] std::optional<CounterSample> unwrapped() const;
  /// How many values were judged so.
  [[nodiscard]] std::uint64_t count(CounterVerdict verdict) const { return counts_[static_cast<std::size_t>(verdict)]; }

 private:
  struct Sample {
    UtcTime time;
    Energy value;
  };
  [[nodiscard]] bool can_show(Energy value) const;
  [[nodiscard]] bool is_value(const CounterReading& reading) const;
  [[nodiscard]] Energy quantum_of(const CounterReading& reading) const;
  [[nodiscard]] std::optional<Energy> gain(Energy from, Energy to) const;
  [[nodiscard]] double gain_max(Duration span, Energy quantum) const;
  [[nodiscard]] bool reachable(const Sample& from, const CounterReading& to) const;
  [[nodiscard]] CounterVerdict refusal(const CounterReading& reading) const;
  [[nodiscard]] CounterVerdict judge(const CounterReading& reading) const;
  bool is_stuck(const CounterReading& reading);
  void confirm_with(const CounterReading& reading);
  void hold(const CounterReading& reading);
  void accept(const Sample& sample);
  CounterCheck told(CounterVerdict verdict, Energy value);

  CounterLimits limits_;
  std::optional<CounterState> state_;  // the last good value
  std::optional<Sample> candidate_;    // plausible after it, not yet confirmed
  std::optional<Sample> held_;         // the last value that was held since the last good one
  bool held_counts_ = false;           // values held below the last good one have been seen to rise
  std::optional<UtcTime> last_time_;   // of any value, held ones included
  std::optional<double> last_power_w_;
  double unmoved_wh_ = 0;  // what the power says has flowed since the register last moved
  std::array<std::uint64_t, static_cast<std::size_t>(enum_last(CounterVerdict{})) + 1> counts_{};
};

}  // namespace commonwatt
