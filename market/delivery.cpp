#include "market/delivery.hpp"

#include <cassert>
#include <iterator>

namespace commonwatt {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t week_seconds = 7 * 86'400;
constexpr std::int64_t day_seconds = 86'400;
/// What a register may exceed its rating by for the coarseness of its own steps.
constexpr std::int64_t quantum_wh = 10;

std::int64_t interval_of_week(std::int64_t begin_seconds) {
  return ((begin_seconds % week_seconds) + week_seconds) % week_seconds;
}

/// The share `part` of `whole` of an energy, rounded down.
Energy share(Energy energy, std::int64_t part, std::int64_t whole) {
  return {static_cast<std::int64_t>(static_cast<Wide>(energy.count) * part / whole)};
}

}  // namespace

const char* to_text(ReadingReject reject) {
  switch (reject) {
    case ReadingReject::malformed:
      return "malformed";
    case ReadingReject::unknown_meter:
      return "unknown_meter";
    case ReadingReject::bad_signature:
      return "bad_signature";
    case ReadingReject::not_a_boundary:
      return "not_a_boundary";
    case ReadingReject::clock_ahead:
      return "clock_ahead";
    case ReadingReject::out_of_order:
      return "out_of_order";
    case ReadingReject::register_decreased:
      return "register_decreased";
    case ReadingReject::implausible:
      return "implausible";
  }
  return "";
}

const char* explain(ReadingReject reject) {
  switch (reject) {
    case ReadingReject::malformed:
      return "the reading is not readable; update the gateway";
    case ReadingReject::unknown_meter:
      return "the meter is not registered for this household; ask the operator";
    case ReadingReject::bad_signature:
      return "the signature is not of the household's registered meter key";
    case ReadingReject::not_a_boundary:
      return "the reading is not for the boundary of an interval";
    case ReadingReject::clock_ahead:
      return "the reading is from the future; set the gateway's clock";
    case ReadingReject::out_of_order:
      return "a later reading of this meter was accepted before; it was sent twice";
    case ReadingReject::register_decreased:
      return "a register is below its last good value; a replaced meter must be declared to the operator";
    case ReadingReject::implausible:
      return "a register rose by more than the connection can carry; check meter and fuse rating";
  }
  return "";
}

const char* to_text(DeliveryQuality quality) {
  return quality == DeliveryQuality::good ? "good" : "estimated";
}

std::optional<ReadingReject> refuse_rise(const Registers& rise, std::optional<Power> rating, std::int64_t seconds) {
  if (rise.import < Energy{0} || rise.export_ < Energy{0}) return ReadingReject::register_decreased;
  if (!rating) return std::nullopt;
  const Wide bound = static_cast<Wide>(rating->count) * seconds * 11 / 36'000 + quantum_wh;
  if (rise.import.count > bound || rise.export_.count > bound) return ReadingReject::implausible;
  return std::nullopt;
}

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

void MeterAccount::add(const Reading& reading) {
  last_sequence_ = reading.sequence;
  last_time_ = reading.time.seconds();
  last_registers_ = reading.registers;
  if (last_time_ >= settled_time_) readings_[last_time_] = reading.registers;
}

Registers MeterAccount::usual(const Interval& interval) const {
  for (const std::int64_t back : {week_seconds, day_seconds}) {
    const auto found = usual_.find(interval_of_week(interval.begin_seconds() - back));
    if (found != usual_.end()) return found->second;
  }
  return last_energy_;
}

std::optional<Registers> MeterAccount::first_registers(std::int64_t begin) const {
  const auto after = readings_.lower_bound(begin);
  if (after != readings_.end() && after->first == begin) return after->second;
  if (after == readings_.begin()) return std::nullopt;
  const auto before = std::prev(after);
  if (after == readings_.end()) return before->second;
  const Registers rise = after->second - before->second;
  const std::int64_t part = begin - before->first;
  const std::int64_t gap = after->first - before->first;
  return before->second + Registers{share(rise.import, part, gap), share(rise.export_, part, gap)};
}

Delivery MeterAccount::settle(const Interval& interval) {
  const std::int64_t begin = interval.begin_seconds();
  const std::int64_t end = begin + interval.length_seconds();
  assert(begin >= settled_time_);
  std::optional<Registers> from = settled_registers_;
  DeliveryQuality quality = settled_quality_;
  if (!from) {
    from = first_registers(begin);
    if (!readings_.contains(begin)) quality = DeliveryQuality::estimated;
  }
  if (!from) return {.energy = {}, .quality = DeliveryQuality::estimated};  // The meter has not been heard of yet.

  Registers to;
  const auto reading = readings_.lower_bound(end);
  if (reading != readings_.end() && reading->first == end) {
    to = reading->second;
    settled_quality_ = DeliveryQuality::good;
  } else {
    settled_quality_ = quality = DeliveryQuality::estimated;
    if (reading != readings_.end()) {
      const Registers rise = reading->second - *from;
      const std::int64_t gap = reading->first - begin;
      to = *from + Registers{share(rise.import, end - begin, gap), share(rise.export_, end - begin, gap)};
    } else {
      to = *from + usual(interval);
    }
  }
  const Registers energy = to - *from;
  if (quality == DeliveryQuality::good) {
    usual_[interval_of_week(begin)] = energy;
    last_energy_ = energy;
  }
  settled_time_ = end;
  settled_registers_ = to;
  readings_.erase(readings_.begin(), readings_.lower_bound(end));
  return {.energy = energy, .quality = quality};
}

}  // namespace commonwatt
