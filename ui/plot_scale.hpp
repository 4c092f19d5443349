// The arithmetic of charts: where the ticks stand and which line segments a screen can show.
#pragma once

#include <QLineF>
#include <QPointF>
#include <vector>

namespace commonwatt::ui {

struct Ticks {
  std::vector<double> at;
  /// Decimals that tell neighbouring ticks apart.
  int decimals = 0;
};

/// Round numbers (1, 2 or 5 times a power of ten) from at or below `low` to at or above `high`.
Ticks value_ticks(double low, double high, int count_max);

/// Round local times within [begin, end], in seconds since the epoch.
std::vector<double> time_ticks(double begin, double end, int count_max);

/// The segments that join `points` (pixels, rising in x). A NaN breaks the line. Where many points share a pixel column
/// only the column's lowest and highest value are kept, so that no peak is lost and no screen line is drawn twice.
std::vector<QLineF> line_segments(const std::vector<QPointF>& points);

}  // namespace commonwatt::ui
