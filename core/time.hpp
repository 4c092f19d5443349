// Instants and market intervals, in UTC. Local time exists on the screen, and in tariffs (market/tariff_calendar.hpp).
#pragma once

#include <cassert>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace commonwatt {

using Duration = std::chrono::nanoseconds;

/// Nanoseconds since the Unix epoch.
struct UtcTime {
  std::int64_t nanoseconds = 0;

  friend constexpr auto operator<=>(const UtcTime&, const UtcTime&) = default;
  friend constexpr UtcTime operator+(UtcTime time, Duration span) { return {time.nanoseconds + span.count()}; }
  friend constexpr UtcTime operator-(UtcTime time, Duration span) { return {time.nanoseconds - span.count()}; }
  friend constexpr Duration operator-(UtcTime a, UtcTime b) { return Duration{a.nanoseconds - b.nanoseconds}; }

  static constexpr UtcTime from_seconds(std::int64_t seconds) { return {seconds * 1'000'000'000}; }
  /// Whole seconds since the epoch, rounded down.
  [[nodiscard]] constexpr std::int64_t seconds() const {
    const std::int64_t quotient = nanoseconds / 1'000'000'000;
    return nanoseconds % 1'000'000'000 < 0 ? quotient - 1 : quotient;
  }
};

/// "2026-06-21T10:15:00Z"; whole seconds, rounded down.
std::string to_text(UtcTime time);
/// The instant of a text as to_text writes it ("2026-06-21T10:15:00Z"), or of plain seconds since the epoch.
std::optional<UtcTime> time_from_text(std::string_view text);

/// How long a market interval may be (RULEBOOK section 1).
constexpr bool is_interval_length(std::int64_t seconds) {
  return seconds == 300 || seconds == 900 || seconds == 1800 || seconds == 3600;
}

/// A half-open market interval [begin, end), aligned to the epoch. Identified by its begin.
class Interval {
 public:
  constexpr Interval() = default;
  /// The interval that starts at `begin_seconds`; the start must be a multiple of the length.
  constexpr Interval(std::int64_t begin_seconds, std::int64_t length_seconds)
      : begin_seconds_(begin_seconds), length_seconds_(length_seconds) {
    assert(length_seconds > 0 && begin_seconds % length_seconds == 0);
  }
  /// The interval that contains `time`.
  static constexpr Interval containing(UtcTime time, std::int64_t length_seconds) {
    const std::int64_t seconds = time.seconds();
    const std::int64_t remainder = ((seconds % length_seconds) + length_seconds) % length_seconds;
    return {seconds - remainder, length_seconds};
  }

  [[nodiscard]] constexpr std::int64_t begin_seconds() const { return begin_seconds_; }
  [[nodiscard]] constexpr std::int64_t length_seconds() const { return length_seconds_; }
  [[nodiscard]] constexpr UtcTime begin() const { return UtcTime::from_seconds(begin_seconds_); }
  [[nodiscard]] constexpr UtcTime end() const { return UtcTime::from_seconds(begin_seconds_ + length_seconds_); }
  [[nodiscard]] constexpr Interval next() const { return {begin_seconds_ + length_seconds_, length_seconds_}; }
  [[nodiscard]] constexpr Interval previous() const { return {begin_seconds_ - length_seconds_, length_seconds_}; }

  friend constexpr auto operator<=>(const Interval&, const Interval&) = default;

 private:
  std::int64_t begin_seconds_ = 0;
  std::int64_t length_seconds_ = 900;
};

}  // namespace commonwatt
