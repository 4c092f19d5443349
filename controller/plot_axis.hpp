// Axes of a plot: round ticks, and numbers in text that no locale changes.
#pragma once

#include <string>
#include <vector>

namespace commonwatt {

/// A linear axis from value to place. Its ticks are multiples of 1, 2 or 5 times a power of ten and lie within it.
struct PlotAxis {
  double low = 0;
  double high = 1;
  double step = 1;
  double begin = 0;  ///< the place of `low`, in pixels
  double end = 1;    ///< the place of `high`

  [[nodiscard]] double place(double value) const { return begin + (value - low) / (high - low) * (end - begin); }
  [[nodiscard]] double value(double place) const { return low + (place - begin) / (end - begin) * (high - low); }
  [[nodiscard]] std::vector<double> ticks() const;
  /// A tick with the decimals its step asks for.
  [[nodiscard]] std::string tick_text(double tick) const;
};

/// An axis that holds [low, high], which may be one point, and begins and ends at a tick.
PlotAxis round_axis(double low, double high, int ticks_max, double begin, double end);

/// With so many decimals.
std::string fixed_text(double value, int decimals);
/// With at most so many decimals and without zeros at the end beyond the shortest.
std::string short_text(double value, int decimals_max, int decimals_min);

}  // namespace commonwatt
