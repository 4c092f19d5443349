// What is known of one meter, and what it counted in every interval that is not settled for good (RULEBOOK section 5).
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "market/register_series.hpp"

namespace commonwatt {

/// Readings come in rising order; each may tell more about intervals that passed before it. Over time, what is counted
/// is what the registers rose by, to the watt-hour.
class MeterAccount {
 public:
  /// Whether a reading fits what is known: sequence, order, monotone and plausible registers. `rating` bounds the
  /// power of either direction; counters may be a tenth and one quantum above it.
  [[nodiscard]] std::optional<ReadingReject> refuse(const Reading& reading, Power rating,
                                                    std::int64_t interval_seconds) const;
  /// Takes a reading that `refuse` let pass. Returns the boundary, in seconds, from which on energy up to the reading
  /// counts differently than before it came: that of the last one known, or its own.
  std::int64_t add(const Reading& reading);

  /// The interval's energy as register_series.hpp says, from what is known by now. The interval is not closed.
  [[nodiscard]] Delivery delivery(const Interval& interval) const;

  /// The interval is settled for good, with what `delivery` says now. What was estimated too much or too little of it
  /// comes back with the next reading, in the intervals after. Intervals are closed in order. Readings older than the
  /// week that estimates look back are forgotten.
  void close(const Interval& interval);

  [[nodiscard]] std::int64_t last_sequence() const { return last_sequence_; }
  [[nodiscard]] bool has_reading(UtcTime boundary) const;

  friend bool operator==(const MeterAccount&, const MeterAccount&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.last_sequence_, self.last_time_, self.last_registers_, self.readings_, self.closed_until_);
  }

 private:
  std::int64_t last_sequence_ = 0;
  std::int64_t last_time_ = 0;  // seconds
  std::optional<Registers> last_registers_;
  std::vector<BoundaryReading> readings_;  // rising time; what closing left without a reading stands among them
  std::int64_t closed_until_ = 0;          // seconds
};

}  // namespace commonwatt
