#include "market/robust_statistics.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "core/wide.hpp"

namespace commonwatt {
namespace {

/// 1 / (sqrt 2 x the normal distribution's upper quartile), in millionths.
constexpr std::int64_t deviation_per_pair_ppm = 1'048'358;

}  // namespace

std::int64_t median(std::vector<std::int64_t> values) {
  assert(!values.empty());
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 != 0) return *middle;
  const std::int64_t below = *std::max_element(values.begin(), middle);
  return static_cast<std::int64_t>(floor_divide(wide(below) + *middle, 2));
}

std::int64_t robust_location(const std::vector<std::int64_t>& values) {
  std::vector<std::int64_t> means;
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = i; j < values.size(); ++j) {
      means.push_back(static_cast<std::int64_t>(floor_divide(wide(values[i]) + values[j], 2)));
    }
  }
  return median(std::move(means));
}

std::int64_t robust_spread(const std::vector<std::int64_t>& values) {
  assert(values.size() >= 2);
  std::vector<std::int64_t> differences;
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = i + 1; j < values.size(); ++j) {
      const auto [low, high] = std::minmax(values[i], values[j]);
      differences.push_back(high - low);
    }
  }
  return static_cast<std::int64_t>(
      half_even_divide(wide(median(std::move(differences))) * deviation_per_pair_ppm, 1'000'000));
}

}  // namespace commonwatt
