// Keeps what other tools are told of a counter from running backwards. Home Assistant takes any large drop of a
// `total_increasing` sensor for a new meter and adds everything counted so far a second time, so a register that
// bounces through zero when its device restarts must not be passed on.
#pragma once

#include <cstdint>
#include <optional>

#include "core/time.hpp"

namespace commonwatt {

/// The counter of one meter, in whole Wh or varh, as it was last published. A replaced meter gets a ratchet of its own.
class EnergyRatchet {
 public:
  /// What no household's connection carries, in W or var: a counter that rose faster was read wrong. Believed, one such
  /// value would hold the counter up there for years.
  static constexpr std::int64_t power_max = 1'000'000;

  EnergyRatchet() = default;
  /// Goes on from what an earlier run of the program published.
  EnergyRatchet(std::int64_t published, UtcTime time) : published_(published), time_(time) {}

  /// The value to publish when the register was read as `reading`: never below the one before, which is repeated when
  /// the reading is lower, missing or rose too fast. Nothing before the first reading.
  std::optional<std::int64_t> next(std::optional<std::int64_t> reading, UtcTime now) {
    if (!reading || (published_ && !follows(*reading, now))) return published_;
    published_ = reading;
    time_ = now;
    return published_;
  }

  [[nodiscard]] std::optional<std::int64_t> published() const { return published_; }
  /// When the value was last read, whether it had risen or not.
  [[nodiscard]] UtcTime time() const { return time_; }

 private:
  [[nodiscard]] bool follows(std::int64_t reading, UtcTime now) const {
    if (reading < *published_) return false;
    __extension__ using Wide = __int128;
    constexpr Wide nanoseconds_per_hour = 3'600'000'000'000;
    // A second more than has passed, because a reading's own time is not exactly this one. After a restart the clock
    // may stand before the time that was written down.
    const Wide span = (now > time_ ? now - time_ : Duration{0}).count() + Wide{1'000'000'000};
    return (Wide{reading} - *published_) * nanoseconds_per_hour <= span * power_max;
  }

  std::optional<std::int64_t> published_;
  UtcTime time_;
};

}  // namespace commonwatt
