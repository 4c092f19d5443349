#include "controller/plot_axis.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace commonwatt {
namespace {

/// The least of 1, 2 and 5 times a power of ten that is not below.
double round_step(double least) {
  const double power = std::pow(10.0, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    // What misses by rounding alone is the step.
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

}  // namespace

std::vector<double> PlotAxis::ticks() const {
  std::vector<double> ticks;
  const double first = std::ceil(low / step - 1e-6);
  const auto count = static_cast<int>(std::floor(high / step + 1e-6) - first) + 1;
  ticks.reserve(static_cast<std::size_t>(std::max(count, 0)));
  for (int i = 0; i < count; ++i) ticks.push_back((first + i) * step);
  return ticks;
}

std::string PlotAxis::tick_text(double tick) const {
  const int decimals = static_cast<int>(-std::floor(std::log10(step) + 1e-9));
  return fixed_text(tick, std::max(decimals, 0));
}

PlotAxis round_axis(double low, double high, int ticks_max, double begin, double end) {
  // One point is put in the middle of an axis as wide as it has digits to show.
  const double least = std::max({std::abs(low), std::abs(high), 1e-3}) * 1e-4;
  if (high - low < least) {
    const double half = std::max(std::abs(low) / 10, 0.01);
    low -= half;
    high += half;
  }
  const double step = round_step((high - low) / (ticks_max - 1));
  return {.low = std::floor(low / step + 1e-6) * step,
          .high = std::ceil(high / step - 1e-6) * step,
          .step = step,
          .begin = begin,
          .end = end};
}

std::string fixed_text(double value, int decimals) {
  std::array<char, 400> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, decimals);
  std::string number(text.data(), written.ptr);
  // A zero has no sign, whatever was rounded to it.
  if (number.front() == '-' && number.find_first_of("123456789") == std::string::npos) number.erase(0, 1);
  return number;
}

std::string short_text(double value, int decimals_max, int decimals_min) {
  std::string text = fixed_text(value, decimals_max);
  if (decimals_max == 0) return text;
  const std::size_t shortest = text.find('.') + (decimals_min == 0 ? 0 : static_cast<std::size_t>(decimals_min) + 1);
  while (text.size() > shortest && (text.back() == '0' || text.back() == '.')) text.pop_back();
  return text;
}

}  // namespace commonwatt
