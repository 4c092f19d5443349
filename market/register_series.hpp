// What a meter counted in every interval, from the readings that are known by now (RULEBOOK section 5).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "market/delivery.hpp"

namespace commonwatt {

struct BoundaryReading {
  std::int64_t time = 0;  ///< seconds; an interval boundary
  Registers registers;
  bool read = true;  ///< else the registers are what an estimate left there

  friend bool operator==(const BoundaryReading&, const BoundaryReading&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.time, self.registers, self.read);
  }
};

struct HeldReading {
  std::int64_t time = 0;
  ReadingReject reason = ReadingReject::register_decreased;

  friend bool operator==(const HeldReading&, const HeldReading&) = default;
};

/// Removes the readings that a good one before them contradicts, and returns them: a register below it, or risen by
/// more than the rating can carry in the time between. The readings come in strictly rising time.
std::vector<HeldReading> hold_implausible(std::vector<BoundaryReading>& readings, std::optional<Power> rating);

/// The first interval of a span, and how many follow each other.
struct IntervalSpan {
  Interval first;
  std::size_t count = 0;
};

/// The energy of each interval of the span. Where both its boundaries were read, their difference. A boundary without a
/// reading lies on the straight line between its neighbours, rounded down, so that the intervals of a gap sum exactly
/// to what its ends say. Outside the first and the last reading an interval counts what the same interval a week before
/// counted, else a day before, where that one was read; else nothing. All but the first case is `estimated`. The
/// readings come in strictly rising time and never fall.
std::vector<Delivery> deliveries(std::span<const BoundaryReading> readings, const IntervalSpan& span);
/// The same for one interval; O(log n).
Delivery delivery_of(std::span<const BoundaryReading> readings, const Interval& interval);
/// The registers at a time: those of a reading, or on the straight line between two; nothing outside of them.
std::optional<Registers> registers_at(std::span<const BoundaryReading> readings, std::int64_t time);

}  // namespace commonwatt
