// What every benchmark here measures with: a clock, medians, random numbers that are cheap to draw, and the heap.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace commonwatt::bench {

/// Seconds a call takes.
template <class Call>
double seconds_of(Call call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Seconds of processor time of this thread a call takes: what it costs, however busy the machine is.
double cpu_seconds();
template <class Call>
double cpu_seconds_of(Call call) {
  const double begin = cpu_seconds();
  call();
  return cpu_seconds() - begin;
}

inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// SplitMix64 (Steele, Lea and Flood 2014): fast enough to make fresh input for every round.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t operator()() {
    std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  }
  /// Within [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>((*this)() % static_cast<std::uint64_t>(high - low + 1));
  }

 private:
  std::uint64_t state_;
};

/// Calls of operator new so far, in the whole program.
std::uint64_t allocations();
/// The most memory the program has held, in bytes.
std::uint64_t memory_peak();

}  // namespace commonwatt::bench
