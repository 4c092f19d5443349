#include "meter/counter_monitor.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace commonwatt {
namespace {

/// No meter comes near: 2^32 steps of 1 kWh are 4 x 10^12 Wh. Keeps every sum of two registers within 63 bits.
constexpr Energy register_max{1'000'000'000'000'000};
constexpr std::int64_t steps_per_word = 65'536;

double hours(Duration span) {
  return static_cast<double>(span.count()) / 3.6e12;
}

/// What 32-bit devices answer when they have no value, at any decimal scale their register may have.
bool stands_for_no_value(Energy value) {
  for (const std::int64_t pattern : {0xFFFF'FFFFLL, 0x8000'0000LL, 0x7FFF'FFFFLL}) {
    for (std::int64_t factor = 1; factor <= 1000; factor *= 10) {
      if (value.count == pattern * factor || value.count == pattern / factor) return true;
    }
  }
  return false;
}

}  // namespace

const char* to_text(CounterVerdict verdict) {
  switch (verdict) {
    case CounterVerdict::accepted:
      return "accepted";
    case CounterVerdict::not_newer:
      return "not newer than the last reading";
    case CounterVerdict::no_value:
      return "the meter shows what stands for no value, or what its register cannot hold";
    case CounterVerdict::dropped_to_zero:
      return "the meter shows 0, as devices do that restart";
    case CounterVerdict::below_last_good:
      return "the meter shows less than before";
    case CounterVerdict::jump:
      return "the meter has gained more than the connection can carry in that time";
    case CounterVerdict::torn:
      return "one half of the register is old";
    case CounterVerdict::rebased:
      return "the meter counts on from a value that was held; a reset or an exchange must be declared";
    case CounterVerdict::unconfirmed:
      return "the meter's next value must confirm this one";
    case CounterVerdict::stuck:
      return "the meter stands still although power flows";
  }
  std::abort();
}

bool CounterMonitor::can_show(Energy value) const {
  return value >= Energy{0} && value <= register_max && !(limits_.wraps_at && value >= *limits_.wraps_at);
}

/// A pattern that stands for no value is one only where the register could not have counted to it.
bool CounterMonitor::is_value(const CounterReading& reading) const {
  if (!can_show(reading.value)) return false;
  return !stands_for_no_value(reading.value) || (state_ && reachable({state_->time, state_->value}, reading));
}

Energy CounterMonitor::quantum_of(const CounterReading& reading) const {
  return std::max(limits_.quantum, reading.quantum);
}

std::optional<Energy> CounterMonitor::gain(Energy from, Energy to) const {
  if (to >= from) return to - from;
  return limits_.wraps_at ? std::optional(*limits_.wraps_at - from + to) : std::nullopt;
}

double CounterMonitor::gain_max(Duration span, Energy quantum) const {
  const double rated_w = static_cast<double>(limits_.rated.count) * (100 + limits_.tolerance_percent) / 100.0;
  return rated_w * hours(span) + 2.0 * static_cast<double>(quantum.count);
}

bool CounterMonitor::reachable(const Sample& from, const CounterReading& to) const {
  const std::optional<Energy> gained = gain(from.value, to.value);
  return gained && static_cast<double>(gained->count) <= gain_max(to.time - from.time, quantum_of(to));
}

/// Why a value that cannot be reached from the last good one is not on its series.
CounterVerdict CounterMonitor::refusal(const CounterReading& reading) const {
  const double distance = std::abs(static_cast<double>((reading.value - state_->value).count));
  const Energy quantum = quantum_of(reading);
  const double word = static_cast<double>(steps_per_word) * static_cast<double>(quantum.count);
  const double gained = gain_max(reading.time - state_->time, quantum);
  if (gained < word && std::abs(distance - word) <= gained) return CounterVerdict::torn;
  if (reading.value > state_->value) return CounterVerdict::jump;
  return reading.value.count == 0 ? CounterVerdict::dropped_to_zero : CounterVerdict::below_last_good;
}

CounterVerdict CounterMonitor::judge(const CounterReading& reading) const {
  if (!state_) return CounterVerdict::unconfirmed;
  const Sample good{state_->time, state_->value};
  const bool within_rating = reachable(good, reading);
  const bool is_wrap = reading.value < good.value;
  if (is_wrap && !within_rating) return refusal(reading);
  // Time alone widens what is reachable from the last good value, so a register that has jumped or was reset would
  // slip in after hours. What has visibly counted on from a held value is on the wrong track whatever the time.
  if (held_ && reachable(*held_, reading) && (held_->value >= good.value || held_counts_)) {
    return CounterVerdict::rebased;
  }
  if (!within_rating) return refusal(reading);
  const Energy forgiven{2 * quantum_of(reading).count};
  if (reading.gain_max && *gain(good.value, reading.value) > *reading.gain_max + forgiven) return refusal(reading);
  const bool after_silence = reading.time - good.time > limits_.silence_max;
  return reading.is_vouched_for && !is_wrap && !after_silence ? CounterVerdict::accepted : CounterVerdict::unconfirmed;
}

bool CounterMonitor::is_stuck(const CounterReading& reading) {
  const bool unmoved = state_ && reading.value == state_->value;
  if (!unmoved) unmoved_wh_ = 0;
  if (unmoved && last_power_w_ && reading.power_w && reading.time - *last_time_ <= limits_.silence_max) {
    // The lower of the two powers: what has flowed at least, if power did not dip between two readings.
    unmoved_wh_ += std::max(0.0, std::min(*last_power_w_, *reading.power_w)) * hours(reading.time - *last_time_);
  }
  return unmoved_wh_ >= static_cast<double>((limits_.stuck_min + quantum_of(reading)).count);
}

/// The candidate becomes good when the value counts on from it.
void CounterMonitor::confirm_with(const CounterReading& reading) {
  if (candidate_ && reachable(*candidate_, reading)) accept(*candidate_);
}

void CounterMonitor::hold(const CounterReading& reading) {
  if (!state_) return;
  // A step back by no more than the register's own coarseness is no track to follow.
  const bool below = reading.value < state_->value;
  if (below && (state_->value - reading.value).count <= 2 * quantum_of(reading).count) return;
  held_counts_ = held_counts_ || (held_ && below && reading.value > held_->value);
  held_ = Sample{reading.time, reading.value};
}

void CounterMonitor::accept(const Sample& sample) {
  Energy offset = state_ ? state_->offset : Energy{0};
  if (state_ && sample.value < state_->value) offset += *limits_.wraps_at;
  state_ = CounterState{sample.time, sample.value, offset};
  candidate_.reset();
  held_.reset();
  held_counts_ = false;
}

CounterCheck CounterMonitor::told(CounterVerdict verdict, Energy value) {
  ++counts_[static_cast<std::size_t>(verdict)];
  CounterCheck check{.verdict = verdict, .reason = {}};
  if (verdict == CounterVerdict::accepted) return check;
  check.reason = std::string(to_text(verdict)) + ": " + std::to_string(value.count) + " Wh";
  if (state_) check.reason += " after " + std::to_string(state_->value.count) + " Wh at " + to_text(state_->time);
  return check;
}

CounterCheck CounterMonitor::check(const CounterReading& reading) {
  if (last_time_ && reading.time <= *last_time_) return told(CounterVerdict::not_newer, reading.value);
  const std::optional<CounterState> before = state_;
  CounterVerdict verdict = CounterVerdict::no_value;
  if (is_value(reading)) {
    confirm_with(reading);
    verdict = judge(reading);
    const bool plausible = verdict == CounterVerdict::accepted || verdict == CounterVerdict::unconfirmed;
    if (is_stuck(reading) && plausible) verdict = CounterVerdict::stuck;
  }
  last_time_ = reading.time;
  last_power_w_ = reading.power_w;
  CounterCheck check = told(verdict, reading.value);
  // From here the value has its place: good, waiting, or held. One that stands still or stands for none has none.
  if (verdict == CounterVerdict::accepted) {
    accept({reading.time, reading.value});
  } else if (verdict == CounterVerdict::unconfirmed) {
    candidate_ = Sample{reading.time, reading.value};
  } else if (verdict != CounterVerdict::stuck && verdict != CounterVerdict::no_value) {
    hold(reading);
  }
  if (state_ != before) check.good = unwrapped();
  return check;
}

CounterCheck CounterMonitor::declare(const CounterExchange& exchange) {
  if (state_ && exchange.time < state_->time) return told(CounterVerdict::not_newer, exchange.opening);
  if (!can_show(exchange.opening)) return told(CounterVerdict::no_value, exchange.opening);
  Energy offset = state_ ? state_->offset + state_->value - exchange.opening : Energy{0};
  if (state_ && exchange.closing) {
    const CounterReading closing{.time = exchange.time, .value = *exchange.closing};
    if (!can_show(closing.value)) return told(CounterVerdict::no_value, closing.value);
    if (!reachable({state_->time, state_->value}, closing)) return told(refusal(closing), closing.value);
    offset += *gain(state_->value, closing.value);
  }
  // From here the series continues from the new register.
  state_ = CounterState{exchange.time, exchange.opening, offset};
  last_time_ = std::max(last_time_.value_or(exchange.time), exchange.time);
  last_power_w_.reset();
  candidate_.reset();
  held_.reset();
  held_counts_ = false;
  unmoved_wh_ = 0;
  CounterCheck check = told(CounterVerdict::accepted, exchange.opening);
  check.good = unwrapped();
  return check;
}

std::optional<Energy> CounterMonitor::last_good() const {
  return state_ ? std::optional(state_->value) : std::nullopt;
}

std::optional<UtcTime> CounterMonitor::last_good_time() const {
  return state_ ? std::optional(state_->time) : std::nullopt;
}

std::optional<CounterSample> CounterMonitor::unwrapped() const {
  return state_ ? std::optional(CounterSample{state_->time, state_->value + state_->offset}) : std::nullopt;
}

}  // namespace commonwatt
