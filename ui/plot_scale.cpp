#include "ui/plot_scale.hpp"

#include <QDateTime>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace commonwatt::ui {
namespace {

/// The smallest of 1, 2, 5 times a power of ten that is at least `width`.
double round_step(double width, int& decimals) {
  const double exponent = std::floor(std::log10(width));
  const double base = std::pow(10.0, exponent);
  double factor = 10;
  for (const double candidate : {1.0, 2.0, 5.0}) {
    if (candidate * base >= width * (1 - 1e-9)) {
      factor = candidate;
      break;
    }
  }
  const double power = factor == 10 ? exponent + 1 : exponent;
  decimals = power < 0 ? static_cast<int>(-power) : 0;
  return factor * base;
}

/// A pixel column while its points come in.
struct Column {
  double x = 0, first = 0, last = 0, low = 0, high = 0;
};

}  // namespace

Ticks value_ticks(double low, double high, int count_max) {
  Ticks ticks;
  if (!(high > low)) high = low + 1;
  const double step = round_step((high - low) / std::max(1, count_max), ticks.decimals);
  const auto first = static_cast<std::int64_t>(std::floor(low / step + 1e-9));
  const auto last = static_cast<std::int64_t>(std::ceil(high / step - 1e-9));
  for (std::int64_t i = first; i <= last; ++i) ticks.at.push_back(static_cast<double>(i) * step);
  return ticks;
}

std::vector<double> time_ticks(double begin, double end, int count_max) {
  constexpr std::array<std::int64_t, 11> steps{300, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400, 172800};
  constexpr std::int64_t grid = 300;
  const double wanted = (end - begin) / std::max(1, count_max);
  std::int64_t step = steps.back();
  for (const std::int64_t candidate : steps) {
    if (static_cast<double>(candidate) >= wanted) {
      step = candidate;
      break;
    }
  }
  std::vector<double> ticks;
  // The offset is asked for at every candidate: on the day the clocks change the ticks stay on round local hours.
  for (auto t = static_cast<std::int64_t>(std::ceil(begin / grid)) * grid; static_cast<double>(t) <= end; t += grid) {
    const std::int64_t local = t + QDateTime::fromSecsSinceEpoch(t).offsetFromUtc();
    if (local % step == 0) ticks.push_back(static_cast<double>(t));
  }
  return ticks;
}

std::vector<QLineF> line_segments(const std::vector<QPointF>& points) {
  std::vector<QLineF> lines;
  bool open = false;
  Column column;
  const auto flush = [&lines, &column] {
    if (column.low != column.high) lines.emplace_back(column.x, column.low, column.x, column.high);
  };
  for (const QPointF& point : points) {
    if (std::isnan(point.y())) {
      if (open) flush();
      open = false;
      continue;
    }
    if (open && std::floor(point.x()) == std::floor(column.x)) {
      column.last = point.y();
      column.low = std::min(column.low, point.y());
      column.high = std::max(column.high, point.y());
      continue;
    }
    if (open) {
      flush();
      lines.emplace_back(column.x, column.last, point.x(), point.y());
    }
    column = {point.x(), point.y(), point.y(), point.y(), point.y()};
    open = true;
  }
  if (open) flush();
  return lines;
}

}  // namespace commonwatt::ui
