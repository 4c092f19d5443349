#include "market/register_series.hpp"

#include <algorithm>
#include <cassert>

#include "core/wide.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t day_seconds = 86'400;
constexpr std::int64_t week_seconds = 7 * day_seconds;

Energy share(Energy rise, std::int64_t part, std::int64_t whole) {
  return {static_cast<std::int64_t>(wide(rise.count) * part / whole)};
}

/// The registers at `time`, which lies between two readings that follow each other.
Registers between(const BoundaryReading& before, const BoundaryReading& after, std::int64_t time) {
  const Registers rise = after.registers - before.registers;
  const std::int64_t part = time - before.time;
  const std::int64_t whole = after.time - before.time;
  return before.registers + Registers{share(rise.import, part, whole), share(rise.export_, part, whole)};
}

/// The registers at a boundary, and whether they were read there.
struct Boundary {
  std::optional<Registers> registers;
  bool read = false;
};

Boundary boundary_at(std::span<const BoundaryReading> readings, std::int64_t time) {
  const auto next = std::lower_bound(readings.begin(), readings.end(), time,
                                     [](const BoundaryReading& reading, std::int64_t at) { return reading.time < at; });
  if (next == readings.end()) return {};
  if (next->time == time) return {.registers = next->registers, .read = next->read};
  if (next == readings.begin()) return {};
  return {.registers = between(*(next - 1), *next, time), .read = false};
}

}  // namespace

std::vector<HeldReading> hold_implausible(std::vector<BoundaryReading>& readings, std::optional<Power> rating) {
  std::vector<HeldReading> held;
  std::vector<BoundaryReading> good;
  for (const BoundaryReading& reading : readings) {
    std::optional<ReadingReject> reason;
    if (!good.empty()) {
      reason = refuse_rise(reading.registers - good.back().registers, rating, reading.time - good.back().time);
    }
    if (reason) {
      held.push_back({.time = reading.time, .reason = *reason});
    } else {
      good.push_back(reading);
    }
  }
  readings = std::move(good);
  return held;
}

std::vector<Delivery> deliveries(std::span<const BoundaryReading> readings, const IntervalSpan& span) {
  const std::int64_t length = span.first.length_seconds();
  std::vector<Delivery> result(span.count, Delivery{.energy = {}, .quality = DeliveryQuality::estimated});
  auto next = readings.begin();  // the first reading at or after the boundary
  std::optional<Registers> begin;
  bool begin_read = false;
  for (std::size_t i = 0; i <= span.count; ++i) {
    const std::int64_t time = span.first.begin_seconds() + static_cast<std::int64_t>(i) * length;
    while (next != readings.end() && next->time < time) ++next;
    const bool known = next != readings.end() && next->time == time;
    const bool read = known && next->read;
    std::optional<Registers> end;
    if (known) {
      end = next->registers;
    } else if (next != readings.begin() && next != readings.end()) {
      end = between(*(next - 1), *next, time);
    }
    if (i > 0 && begin && end) {
      result[i - 1].energy = *end - *begin;
      if (begin_read && read) result[i - 1].quality = DeliveryQuality::good;
    } else if (i > 0) {
      for (const std::int64_t back : {week_seconds, day_seconds}) {
        const auto steps = static_cast<std::size_t>(back / length);
        if (steps > i - 1 || result[i - 1 - steps].quality != DeliveryQuality::good) continue;
        result[i - 1].energy = result[i - 1 - steps].energy;
        break;
      }
    }
    begin = end;
    begin_read = read;
  }
  return result;
}

Delivery delivery_of(std::span<const BoundaryReading> readings, const Interval& interval) {
  const std::int64_t first = interval.begin_seconds();
  const std::int64_t last = first + interval.length_seconds();
  const Boundary begin = boundary_at(readings, first);
  const Boundary end = boundary_at(readings, last);
  if (begin.registers && end.registers) {
    const bool good = begin.read && end.read;
    return {.energy = *end.registers - *begin.registers,
            .quality = good ? DeliveryQuality::good : DeliveryQuality::estimated};
  }
  for (const std::int64_t back : {week_seconds, day_seconds}) {
    const Boundary usual_begin = boundary_at(readings, first - back);
    const Boundary usual_end = boundary_at(readings, last - back);
    if (usual_begin.read && usual_end.read)
      return {.energy = *usual_end.registers - *usual_begin.registers, .quality = DeliveryQuality::estimated};
  }
  return {.energy = {}, .quality = DeliveryQuality::estimated};
}

std::optional<Registers> registers_at(std::span<const BoundaryReading> readings, std::int64_t time) {
  return boundary_at(readings, time).registers;
}

}  // namespace commonwatt
