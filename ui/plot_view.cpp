#include "ui/plot_view.hpp"

#include <QAccessible>
#include <QAccessibleWidget>
#include <QEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "ui/plot_scale.hpp"
#include "ui/quantity_text.hpp"

namespace commonwatt::ui {
namespace {

constexpr int legend_height = 22;
constexpr int axis_height = 24;
constexpr int tick_distance_min = 30;
constexpr int time_label_distance_min = 58;
// Twice the lines make them two pixels wide at a fraction of the price of a wide pen.
constexpr std::size_t double_lines_max = 2000;

QAccessibleInterface* chart_interface(const QString& class_name, QObject* object) {
  if (class_name != QLatin1String("commonwatt::ui::PlotView") &&
      class_name != QLatin1String("commonwatt::ui::FlowView")) {
    return nullptr;
  }
  return new QAccessibleWidget(static_cast<QWidget*>(object), QAccessible::Chart);
}

QString number_text(double value, int decimals) {
  QString text = QString::number(value, 'f', decimals);
  if (text.startsWith(QLatin1Char('-'))) text.replace(0, 1, QStringLiteral("−"));
  return text;
}

QString x_text(const Plot& plot, double x, int decimals) {
  if (plot.x_axis == XAxis::value) return number_text(x, decimals);
  return clock_text(UtcTime::from_seconds(static_cast<std::int64_t>(x)));
}

}  // namespace

void install_chart_accessibility() {
  QAccessible::installFactory(chart_interface);
}

PlotView::PlotView(const QString& name, QWidget* parent) : QWidget(parent) {
  setAccessibleName(name);
  setFocusPolicy(Qt::TabFocus);
  setMouseTracking(true);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void PlotView::setPlot(Plot plot) {
  plot_ = std::move(plot);
  setAccessibleDescription(plot_.summary);
  layOut();
}

bool PlotView::hasPoints() const {
  return std::any_of(plot_.series.begin(), plot_.series.end(), [](const Series& series) {
    return std::any_of(series.points.begin(), series.points.end(), [](const QPointF& p) { return !std::isnan(p.y()); });
  });
}

PlotView::Axis PlotView::axisOf(Side side) const {
  Axis axis;
  double low = 0;
  double high = 0;
  for (const Series& series : plot_.series) {
    if (series.side != side) continue;
    for (const QPointF& point : series.points) {
      if (std::isnan(point.y())) continue;
      low = std::min(low, point.y());
      high = std::max(high, point.y());
      axis.used = true;
    }
  }
  for (const Marker& marker : plot_.markers) {
    if (side != Side::left || marker.orientation != Qt::Horizontal) continue;
    high = std::max(high, marker.at);
    axis.used = true;
  }
  const int room = height() - legend_height - axis_height;
  const Ticks ticks = value_ticks(low, high, std::clamp(room / tick_distance_min, 2, 8));
  axis.ticks = ticks.at;
  axis.decimals = ticks.decimals;
  axis.range = {ticks.at.front(), ticks.at.back()};
  return axis;
}

void PlotView::layOut() {
  left_ = axisOf(Side::left);
  right_ = axisOf(Side::right);
  const QFontMetrics metrics(font());
  const auto label_width = [&metrics](const Axis& axis) {
    int width = 0;
    for (const double tick : axis.ticks) {
      width = std::max(width, metrics.horizontalAdvance(number_text(tick, axis.decimals)));
    }
    return width + 8;
  };
  const int left = label_width(left_);
  const int right = right_.used ? label_width(right_) : 14;
  area_ = QRectF(left, legend_height + 6, std::max(10, width() - left - right),
                 std::max(10, height() - legend_height - axis_height - 6));
  cache_ = QPixmap();
  update();
}

double PlotView::xPixel(double x) const {
  const double length = std::max(1e-9, plot_.x.end - plot_.x.begin);
  return area_.left() + (x - plot_.x.begin) / length * area_.width();
}

double PlotView::yPixel(double y, Side side) const {
  const Span& range = side == Side::left ? left_.range : right_.range;
  return area_.bottom() - (y - range.begin) / (range.end - range.begin) * area_.height();
}

void PlotView::paintEvent(QPaintEvent* /*event*/) {
  const QSize pixels = size() * devicePixelRatioF();
  if (cache_.size() != pixels) {
    cache_ = QPixmap(pixels);
    cache_.setDevicePixelRatio(devicePixelRatioF());
    cache_.fill(Qt::transparent);
    QPainter painter(&cache_);
    painter.setFont(font());
    drawAll(painter);
  }
  QPainter painter(this);
  painter.drawPixmap(0, 0, cache_);
  const Tokens& tokens = tokens_of(*this);
  if (hasPoints()) {
    drawLegend(painter, tokens);
    drawCursor(painter, tokens);
  }
  if (hasFocus()) {
    painter.setPen(QPen(tokens.accent, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(rect().adjusted(0, 0, -1, -1));
  }
}

void PlotView::drawAll(QPainter& painter) const {
  const Tokens& tokens = tokens_of(*this);
  if (!hasPoints()) {
    painter.setPen(tokens.text_muted);
    painter.drawText(rect(), Qt::AlignCenter | Qt::TextWordWrap, plot_.empty_text);
    return;
  }
  drawGaps(painter, tokens);
  drawAxes(painter, tokens);
  painter.save();
  painter.setClipRect(area_.adjusted(-1, -1, 1, 1));
  for (const Series& series : plot_.series) drawSeries(painter, tokens, series);
  painter.restore();
  drawMarkers(painter, tokens);
}

void PlotView::drawGaps(QPainter& painter, const Tokens& tokens) const {
  for (const Span& gap : plot_.gaps) {
    const QRectF stripe(QPointF(xPixel(gap.begin), area_.top()), QPointF(xPixel(gap.end), area_.bottom()));
    painter.fillRect(stripe.intersected(area_), QBrush(tokens.border, Qt::BDiagPattern));
  }
}

void PlotView::drawAxes(QPainter& painter, const Tokens& tokens) const {
  const QFontMetrics metrics(painter.font());
  QColor grid = tokens.border;
  grid.setAlphaF(0.6F);
  for (const double tick : left_.ticks) {
    const double y = std::round(yPixel(tick, Side::left)) + 0.5;
    painter.setPen(tick == 0 ? tokens.text_muted : grid);
    painter.drawLine(QPointF(area_.left(), y), QPointF(area_.right(), y));
    if (!left_.used) continue;
    painter.setPen(tokens.text_muted);
    painter.drawText(QRectF(0, y - 10, area_.left() - 6, 20), Qt::AlignRight | Qt::AlignVCenter,
                     number_text(tick, left_.decimals));
  }
  if (right_.used) {
    painter.setPen(tokens.text_muted);
    for (const double tick : right_.ticks) {
      const double y = yPixel(tick, Side::right);
      painter.drawText(QRectF(area_.right() + 6, y - 10, width() - area_.right() - 6, 20),
                       Qt::AlignLeft | Qt::AlignVCenter, number_text(tick, right_.decimals));
    }
  }
  drawXLabels(painter, tokens);
}

void PlotView::drawXLabels(QPainter& painter, const Tokens& tokens) const {
  std::vector<double> ticks;
  int decimals = 0;
  const int count_max = std::max(1, static_cast<int>(area_.width()) / time_label_distance_min);
  if (plot_.x_axis == XAxis::time) {
    ticks = time_ticks(plot_.x.begin, plot_.x.end, count_max);
  } else {
    const Ticks values = value_ticks(plot_.x.begin, plot_.x.end, count_max);
    ticks = values.at;
    decimals = values.decimals;
  }
  const QFontMetrics metrics(painter.font());
  const double unit_left = width() - metrics.horizontalAdvance(plot_.x_unit) - 6;
  for (const double tick : ticks) {
    if (tick > plot_.x.end + 1e-9) continue;
    const double x = std::round(xPixel(tick)) + 0.5;
    painter.setPen(tokens.border);
    painter.drawLine(QPointF(x, area_.bottom()), QPointF(x, area_.bottom() + 4));
    const QString text = x_text(plot_, tick, decimals);
    const double half = metrics.horizontalAdvance(text) / 2.0;
    if (!plot_.x_unit.isEmpty() && x + half > unit_left) continue;
    painter.setPen(tokens.text_muted);
    const double left = std::clamp(x - half, 0.0, width() - 2 * half);
    painter.drawText(QPointF(left, area_.bottom() + axis_height - 5), text);
  }
  if (!plot_.x_unit.isEmpty()) {
    painter.setPen(tokens.text_muted);
    painter.drawText(QPointF(unit_left + 6, area_.bottom() + axis_height - 5), plot_.x_unit);
  }
}

void PlotView::drawBlocks(QPainter& painter, const QColor& color, const Series& series) const {
  QColor fill = color;
  fill.setAlphaF(series.shape == Shape::bars ? 0.55F : 0.16F);
  const double zero = yPixel(0, series.side);
  for (const QPointF& point : series.points) {
    if (std::isnan(point.y())) continue;
    // Bars leave a pixel between neighbours as long as there is room for it; areas join without a seam.
    const double begin = std::round(xPixel(point.x()));
    const double end = std::round(xPixel(point.x() + series.width));
    const double gap = series.shape == Shape::bars && end - begin > 3 ? 1 : 0;
    const double y = yPixel(point.y(), series.side);
    painter.fillRect(
        QRectF(QPointF(begin, std::min(y, zero)), QPointF(std::max(begin + 1, end - gap), std::max(y, zero))), fill);
  }
}

void PlotView::drawSeries(QPainter& painter, const Tokens& tokens, const Series& series) const {
  const QColor color = color_of(tokens, series.ink);
  if (series.shape == Shape::bars || series.shape == Shape::area) drawBlocks(painter, color, series);
  if (series.shape == Shape::bars) return;
  const bool step = series.shape != Shape::line;
  std::vector<QPointF> pixels;
  pixels.reserve(series.points.size() * (step ? 2 : 1));
  for (const QPointF& point : series.points) {
    const double y = std::isnan(point.y()) ? point.y() : std::round(yPixel(point.y(), series.side)) + 0.5;
    pixels.emplace_back(std::round(xPixel(point.x())) + 0.5, y);
    if (step) pixels.emplace_back(std::round(xPixel(point.x() + series.width)) + 0.5, y);
  }
  const std::vector<QLineF> lines = line_segments(pixels);
  painter.setPen(QPen(color, 1));
  painter.drawLines(lines.data(), static_cast<int>(lines.size()));
  if (lines.size() > double_lines_max) return;
  painter.translate(0, 1);
  painter.drawLines(lines.data(), static_cast<int>(lines.size()));
  painter.translate(1, -1);
  painter.drawLines(lines.data(), static_cast<int>(lines.size()));
  painter.translate(-1, 0);
}

void PlotView::drawMarkerName(QPainter& painter, const Tokens& tokens, QPointF at, const Marker& marker) const {
  // A seam in the colour of the ground keeps the name readable over bars and lines.
  painter.setPen(tokens.surface);
  for (const double x : {-2.0, 0.0, 2.0}) {
    for (const double y : {-2.0, 0.0, 2.0}) painter.drawText(at + QPointF(x, y), marker.name);
  }
  painter.setPen(color_of(tokens, marker.ink));
  painter.drawText(at, marker.name);
}

void PlotView::drawMarkers(QPainter& painter, const Tokens& tokens) const {
  const QFontMetrics metrics(painter.font());
  for (const Marker& marker : plot_.markers) {
    painter.setPen(QPen(color_of(tokens, marker.ink), 1, Qt::DashLine));
    const int text_width = metrics.horizontalAdvance(marker.name);
    if (marker.orientation == Qt::Horizontal) {
      const double y = std::round(yPixel(marker.at, Side::left)) + 0.5;
      painter.drawLine(QPointF(area_.left(), y), QPointF(area_.right(), y));
      // Under its line the name is clear of the legend and of the curves, which meet a price from above.
      const double below = area_.bottom() - y < metrics.height() ? -4 : metrics.height() - 1;
      drawMarkerName(painter, tokens, QPointF(area_.right() - text_width - 4, y + below), marker);
    } else {
      const double x = std::round(xPixel(marker.at)) + 0.5;
      painter.drawLine(QPointF(x, area_.top()), QPointF(x, area_.bottom()));
      const bool fits = x + 5 + text_width < area_.right();
      drawMarkerName(painter, tokens, QPointF(fits ? x + 5 : x - 5 - text_width, area_.top() + metrics.height()),
                     marker);
    }
  }
}

QString PlotView::valueAt(const Series& series, double x) const {
  const int decimals = (series.side == Side::left ? left_.decimals : right_.decimals) + 1;
  QString text = absent_text();
  for (const QPointF& point : series.points) {
    if (point.x() > x) break;
    const bool covers = series.width <= 0 || x < point.x() + series.width;
    text = covers && !std::isnan(point.y()) ? number_text(point.y(), decimals) : absent_text();
  }
  return text;
}

void PlotView::drawLegend(QPainter& painter, const Tokens& tokens) const {
  const QFontMetrics metrics(painter.font());
  double x = 2;
  const double y = legend_height / 2.0 + 1;
  const auto put = [&](const QString& text, const QColor& color) {
    painter.setPen(color);
    painter.drawText(QRectF(x, 0, width() - x, legend_height), Qt::AlignLeft | Qt::AlignVCenter, text);
    x += metrics.horizontalAdvance(text);
  };
  if (cursor_) {
    put(x_text(plot_, *cursor_, 1), tokens.text);
    x += 14;
  }
  for (const Series& series : plot_.series) {
    const bool block = series.shape == Shape::bars;
    painter.fillRect(QRectF(x, y - (block ? 5 : 2), block ? 10 : 14, block ? 10 : 3), color_of(tokens, series.ink));
    x += block ? 15 : 19;
    put(series.name, tokens.text);
    const QString unit = series.side == Side::left ? plot_.left_unit : plot_.right_unit;
    if (cursor_) {
      put(QStringLiteral(" %1 %2").arg(valueAt(series, *cursor_), unit), tokens.text);
    } else {
      put(QLatin1Char(' ') + unit, tokens.text_muted);
    }
    x += 16;
  }
}

void PlotView::drawCursor(QPainter& painter, const Tokens& tokens) const {
  if (!cursor_) return;
  const double x = std::round(xPixel(*cursor_)) + 0.5;
  painter.setPen(QPen(tokens.text_muted, 1));
  painter.drawLine(QPointF(x, area_.top()), QPointF(x, area_.bottom()));
}

void PlotView::moveCursor(std::optional<double> x) {
  if (x) x = std::clamp(*x, plot_.x.begin, plot_.x.end);
  if (x == cursor_) return;
  cursor_ = x;
  update();
}

void PlotView::mouseMoveEvent(QMouseEvent* event) {
  const double share = (event->position().x() - area_.left()) / area_.width();
  const bool inside = share >= 0 && share <= 1;
  moveCursor(inside ? std::optional(plot_.x.begin + share * (plot_.x.end - plot_.x.begin)) : std::nullopt);
}

void PlotView::leaveEvent(QEvent* /*event*/) {
  moveCursor(std::nullopt);
}
void PlotView::focusOutEvent(QFocusEvent* event) {
  moveCursor(std::nullopt);
  QWidget::focusOutEvent(event);
}

void PlotView::keyPressEvent(QKeyEvent* event) {
  const double length = plot_.x.end - plot_.x.begin;
  const double step =
      plot_.series.empty() || plot_.series.front().width <= 0 ? length / 50 : plot_.series.front().width;
  if (event->key() == Qt::Key_Left) {
    moveCursor(cursor_.value_or(plot_.x.end) - step);
  } else if (event->key() == Qt::Key_Right) {
    moveCursor(cursor_.value_or(plot_.x.begin - step) + step);
  } else {
    QWidget::keyPressEvent(event);
  }
}

void PlotView::resizeEvent(QResizeEvent* /*event*/) {
  layOut();
}

void PlotView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) layOut();
}

}  // namespace commonwatt::ui
