#include "market/meter_account.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>

namespace commonwatt {
namespace {

/// How far back an estimate looks for the same interval of another day.
constexpr std::int64_t looked_back_seconds = 7 * 86'400;

bool is_before(const BoundaryReading& reading, std::int64_t time) {
  return reading.time < time;
}

}  // namespace

std::optional<ReadingReject> MeterAccount::refuse(const Reading& reading, Power rating,
                                                  std::int64_t interval_seconds) const {
  const std::int64_t time = reading.time.seconds();
  if (reading.time.nanoseconds % 1'000'000'000 != 0 || time % interval_seconds != 0)
    return ReadingReject::not_a_boundary;
  if (reading.sequence <= last_sequence_) return ReadingReject::out_of_order;
  if (!last_registers_) return std::nullopt;
  if (time <= last_time_) return ReadingReject::out_of_order;
  return refuse_rise(reading.registers - *last_registers_, rating, time - last_time_);
}

std::int64_t MeterAccount::add(const Reading& reading) {
  const std::int64_t time = reading.time.seconds();
  const std::int64_t from = readings_.empty() ? time : std::max(readings_.back().time, closed_until_);
  last_sequence_ = reading.sequence;
  last_time_ = time;
  last_registers_ = reading.registers;
  // What an interval settled for good was settled to stands, whatever is told of it later.
  if (readings_.empty() || readings_.back().time < time)
    readings_.push_back({.time = time, .registers = reading.registers, .read = true});
  return std::min(from, time);
}

Delivery MeterAccount::delivery(const Interval& interval) const {
  assert(interval.begin_seconds() >= closed_until_);
  return delivery_of(readings_, interval);
}

void MeterAccount::close(const Interval& interval) {
  const std::int64_t end = interval.end().seconds();
  const auto after = std::lower_bound(readings_.begin(), readings_.end(), interval.begin_seconds(), is_before);
  std::optional<Registers> from = registers_at(readings_, interval.begin_seconds());
  if (!from && after != readings_.begin()) from = std::prev(after)->registers;
  const auto at_end = std::lower_bound(readings_.begin(), readings_.end(), end, is_before);
  const bool end_is_known = at_end != readings_.end() && at_end->time == end;
  if (from && !end_is_known) {
    const Registers to = *from + delivery(interval).energy;
    readings_.insert(at_end, {.time = end, .registers = to, .read = false});
  }
  // Estimates look at what was read only.
  std::erase_if(readings_, [&](const BoundaryReading& reading) {
    return reading.time < end - looked_back_seconds || (reading.time < end && !reading.read);
  });
  closed_until_ = end;
}

bool MeterAccount::has_reading(UtcTime boundary) const {
  const auto found = std::lower_bound(readings_.begin(), readings_.end(), boundary.seconds(), is_before);
  return found != readings_.end() && found->time == boundary.seconds() && found->read;
}

}  // namespace commonwatt
