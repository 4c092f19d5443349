// Repeatable chance for the simulation: a draw depends on its seed and on what it is for, on nothing drawn before.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace commonwatt {

/// The output function of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
constexpr std::uint64_t scramble(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

/// A stream of draws of its own for each purpose: `Draw({seed, household, day})`.
class Draw {
 public:
  Draw(std::initializer_list<std::uint64_t> purpose) {
    for (const std::uint64_t part : purpose) state_ = scramble(state_ ^ part);
  }
  std::uint64_t bits() { return state_ = scramble(state_); }
  /// Evenly in [low, high).
  double uniform(double low, double high) { return low + (high - low) * static_cast<double>(bits() >> 11U) * 0x1p-53; }
  /// Evenly in [low, high], both included.
  std::int64_t whole(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool chance(double probability) { return uniform(0, 1) < probability; }

 private:
  std::uint64_t state_ = 0;
};

}  // namespace commonwatt
