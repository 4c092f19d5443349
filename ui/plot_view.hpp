// A chart: lines, steps and bars over time or over energy, with up to two value axes. It draws what it is given and
// knows nothing of markets.
#pragma once

#include <QPixmap>
#include <QPointF>
#include <QString>
#include <QWidget>
#include <optional>
#include <vector>

#include "ui/theme.hpp"

class QPainter;

namespace commonwatt::ui {

enum class Shape { line, step, area, bars };
enum class Side { left, right };

struct Series {
  QString name;
  Ink ink = Ink::text;
  Shape shape = Shape::line;
  Side side = Side::left;
  /// Rising in x; a y of NaN is a value that is not known. Steps, areas and bars begin at x and are `width` long.
  std::vector<QPointF> points;
  double width = 0;
};

/// A dashed line across the plot, with its meaning.
struct Marker {
  QString name;
  Ink ink = Ink::muted;
  Qt::Orientation orientation = Qt::Horizontal;
  double at = 0;
};

struct Span {
  double begin = 0;
  double end = 0;
};

enum class XAxis { time, value };

struct Plot {
  XAxis x_axis = XAxis::time;
  Span x;
  QString x_unit, left_unit, right_unit;
  std::vector<Series> series;
  std::vector<Marker> markers;
  /// Stretches without data, which are hatched.
  std::vector<Span> gaps;
  /// Shown instead of a plot without points.
  QString empty_text;
  /// The chart in one or two sentences, for who cannot see it.
  QString summary;
};

class PlotView : public QWidget {
  Q_OBJECT
 public:
  explicit PlotView(const QString& name, QWidget* parent = nullptr);
  void setPlot(Plot plot);
  [[nodiscard]] const Plot& plot() const { return plot_; }
  [[nodiscard]] QSize sizeHint() const override { return {360, 220}; }
  [[nodiscard]] QSize minimumSizeHint() const override { return {240, 140}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;

 private:
  /// One value axis: what it spans and where its labels stand.
  struct Axis {
    Span range;
    std::vector<double> ticks;
    int decimals = 0;
    bool used = false;
  };

  void layOut();
  [[nodiscard]] Axis axisOf(Side side) const;
  void drawAxes(QPainter& painter, const Tokens& tokens) const;
  void drawXLabels(QPainter& painter, const Tokens& tokens) const;
  void drawGaps(QPainter& painter, const Tokens& tokens) const;
  void drawSeries(QPainter& painter, const Tokens& tokens, const Series& series) const;
  void drawBlocks(QPainter& painter, const QColor& color, const Series& series) const;
  void drawMarkerName(QPainter& painter, const Tokens& tokens, QPointF at, const Marker& marker) const;
  void drawMarkers(QPainter& painter, const Tokens& tokens) const;
  void drawLegend(QPainter& painter, const Tokens& tokens) const;
  void drawCursor(QPainter& painter, const Tokens& tokens) const;
  void drawAll(QPainter& painter) const;
  [[nodiscard]] double xPixel(double x) const;
  [[nodiscard]] double yPixel(double y, Side side) const;
  [[nodiscard]] QString valueAt(const Series& series, double x) const;
  void moveCursor(std::optional<double> x);
  [[nodiscard]] bool hasPoints() const;

  Plot plot_;
  Axis left_, right_;
  QRectF area_;
  QPixmap cache_;
  std::optional<double> cursor_;
};

/// Makes screen readers see plots and the flow picture as charts. Call once before the first window.
void install_chart_accessibility();

}  // namespace commonwatt::ui
