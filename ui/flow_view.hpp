// The picture of where the power goes now: production, the homes of the neighbourhood, the grid.
#pragma once

#include <QElapsedTimer>
#include <QPainterPath>
#include <QString>
#include <QTimer>
#include <QWidget>
#include <optional>

#include "core/units.hpp"
#include "ui/neighbourhood.hpp"
#include "ui/theme.hpp"

class QPainter;

namespace commonwatt::ui {

struct Flow {
  std::optional<Power> production, use, net;
  Network network = Network::connected;
  /// A line under the homes: what they trade among each other.
  QString trade_text;
  bool old = false;

  friend bool operator==(const Flow&, const Flow&) = default;
};

/// The flow in words, for who cannot see it.
QString flow_summary(const Flow& flow);

class FlowView : public QWidget {
  Q_OBJECT
 public:
  explicit FlowView(QWidget* parent = nullptr);
  void setFlow(const Flow& flow);
  /// Moving dots show the direction; without them an arrow head does.
  void setAnimated(bool animated);
  [[nodiscard]] bool moving() const { return timer_.isActive(); }
  [[nodiscard]] QSize sizeHint() const override { return {520, 170}; }
  [[nodiscard]] QSize minimumSizeHint() const override { return {420, 150}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;

 private:
  struct Node {
    QRectF box;
    QString title, value, note;
    Ink ink = Ink::text;
    QPainterPath icon;
  };
  enum class Direction { none, right, left, unknown, broken };

  void updateTimer();
  void drawNode(QPainter& painter, const Tokens& tokens, const Node& node) const;
  void drawLink(QPainter& painter, const Tokens& tokens, QLineF line, Direction direction, Ink ink,
                const QString& text) const;

  Flow flow_;
  bool animated_ = true;
  QTimer timer_;
  QElapsedTimer phase_;
};

}  // namespace commonwatt::ui
