#include "meter/counter_monitor.hpp"

#include <algorithm>
#include <cstdlib>

namespace commonwatt {
namespace {

double hours(Duration span) {
  return static_cast<double>(span.count()) / 3.6e12;
}

}  // namespace

const char* to_text(CounterVerdict verdict) {
  switch (verdict) {
    case CounterVerdict::accepted:
      return "accepted";
    case CounterVerdict::not_newer:
      return "not newer than the last reading";
    case CounterVerdict::dropped_to_zero:
      return "the meter shows 0, as devices do that restart";
    case CounterVerdict::below_last_good:
      return "the meter shows less than before";
    case CounterVerdict::jump:
      return "the meter has gained more than the connection can carry in that time";
    case CounterVerdict::rebased:
      return "the meter counts on from a value that was held; a reset or an exchange must be declared";
    case CounterVerdict::stuck:
      return "the meter stands still although power flows";
  }
  std::abort();
}

bool CounterMonitor::reachable(const Sample& from, UtcTime time, Energy value) const {
  const double rated_w = static_cast<double>(limits_.rated.count) * (100 + limits_.tolerance_percent) / 100.0;
  const double gain_max = rated_w * hours(time - from.time) + 2.0 * static_cast<double>(limits_.quantum.count);
  return value >= from.value && static_cast<double>((value - from.value).count) <= gain_max;
}

CounterVerdict CounterMonitor::judge(UtcTime time, Energy value) const {
  if (value < good_->value) {
    return value.count == 0 ? CounterVerdict::dropped_to_zero : CounterVerdict::below_last_good;
  }
  // Time alone widens what is reachable from the last good value, so a register that has jumped or was reset would
  // slip in after hours. What has visibly counted on from a held value is on the wrong track whatever the time.
  if (held_) {
    const bool track_above = held_->value >= good_->value && value >= held_->value;
    const bool track_from_below = held_->value < good_->value && held_counts_ && reachable(*held_, time, value);
    if (track_above || track_from_below) return CounterVerdict::rebased;
  }
  return reachable(*good_, time, value) ? CounterVerdict::accepted : CounterVerdict::jump;
}

bool CounterMonitor::is_stuck(UtcTime time, Energy value, std::optional<double> power_w) {
  if (value != good_->value) unmoved_wh_ = 0;
  if (value == good_->value && last_time_ && last_power_w_ && power_w) {
    // The lower of the two powers: what has flowed at least, if power did not dip between two readings.
    unmoved_wh_ += std::max(0.0, std::min(*last_power_w_, *power_w)) * hours(time - *last_time_);
  }
  return unmoved_wh_ >= static_cast<double>((limits_.stuck_min + limits_.quantum).count);
}

CounterCheck CounterMonitor::check(UtcTime time, Energy value, std::optional<double> power_w) {
  if (last_time_ && time <= *last_time_) {
    return {CounterVerdict::not_newer, to_text(CounterVerdict::not_newer)};
  }
  CounterVerdict verdict = CounterVerdict::accepted;
  if (good_) {
    verdict = judge(time, value);
    if (is_stuck(time, value, power_w) && verdict == CounterVerdict::accepted) verdict = CounterVerdict::stuck;
  }
  last_time_ = time;
  last_power_w_ = power_w;
  if (verdict == CounterVerdict::accepted) {
    good_ = Sample{time, value};
    held_.reset();
    held_counts_ = false;
    return {};
  }
  const std::string reason = std::string(to_text(verdict)) + ": " + std::to_string(value.count) + " Wh after " +
                             std::to_string(good_->value.count) + " Wh at " + to_text(good_->time);
  if (verdict == CounterVerdict::stuck) return {verdict, reason};
  // From here the value is held. A step back by no more than the register's own coarseness is no track to follow.
  const bool coarse = value < good_->value && (good_->value - value).count <= 2 * limits_.quantum.count;
  if (!coarse) {
    held_counts_ = held_counts_ || (held_ && value > held_->value && value < good_->value);
    held_ = Sample{time, value};
  }
  return {verdict, reason};
}

void CounterMonitor::declare(UtcTime time, Energy value) {
  good_ = Sample{time, value};
  last_time_ = time;
  last_power_w_.reset();
  held_.reset();
  held_counts_ = false;
  unmoved_wh_ = 0;
}

std::optional<Energy> CounterMonitor::last_good() const {
  return good_ ? std::optional(good_->value) : std::nullopt;
}

std::optional<UtcTime> CounterMonitor::last_good_time() const {
  return good_ ? std::optional(good_->time) : std::nullopt;
}

}  // namespace commonwatt
