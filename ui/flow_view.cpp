#include "ui/flow_view.hpp"

#include <QPainter>
#include <cmath>

#include "ui/quantity_text.hpp"

namespace commonwatt::ui {
namespace {

constexpr int frame_milliseconds = 40;
constexpr double dot_distance = 26;
constexpr double dot_speed = 34;  // pixels a second
constexpr double link_share = 0.17;

constexpr double icon_size = 28;
constexpr double pi = 3.14159265358979;

/// The pictures of the nodes, as lines around the origin.
QPainterPath sun_icon() {
  QPainterPath path;
  path.addEllipse(QPointF(0, 0), 6, 6);
  for (int ray = 0; ray < 8; ++ray) {
    const QPointF direction(std::cos(ray * pi / 4), std::sin(ray * pi / 4));
    path.moveTo(direction * 9.5);
    path.lineTo(direction * 13);
  }
  return path;
}

QPainterPath home_icon() {
  QPainterPath path(QPointF(-13, 0));
  path.lineTo(0, -12);
  path.lineTo(13, 0);
  path.addRect(QRectF(-9, -3.5, 18, 15.5));
  path.addRect(QRectF(-3, 4, 6, 8));
  return path;
}

QPainterPath pylon_icon() {
  QPainterPath path(QPointF(-7, 13));
  path.lineTo(0, -13);
  path.lineTo(7, 13);
  path.moveTo(-11, -6);
  path.lineTo(11, -6);
  path.moveTo(-12, 1);
  path.lineTo(12, 1);
  path.moveTo(-5, 6);
  path.lineTo(7, 13);
  path.moveTo(5, 6);
  path.lineTo(-7, 13);
  return path;
}

QFont scaled(QFont font, double factor, QFont::Weight weight) {
  font.setPointSizeF(font.pointSizeF() * factor);
  font.setWeight(weight);
  return font;
}

}  // namespace

QString flow_summary(const Flow& flow) {
  if (!flow.production || !flow.use) return FlowView::tr("Production and use are not known yet.");
  QString text =
      FlowView::tr("Production is %1, the homes use %2.").arg(power_text(flow.production), power_text(flow.use));
  if (flow.network == Network::islanded) return text + FlowView::tr(" The neighbourhood runs as an island.");
  if (!flow.net) return text;
  const std::int64_t net = flow.net->count;
  if (net == 0) return text + FlowView::tr(" Nothing is exchanged with the grid.");
  const QString magnitude = power_text(Power{net < 0 ? -net : net});
  return text +
         (net < 0 ? FlowView::tr(" %1 flow to the grid.") : FlowView::tr(" %1 come from the grid.")).arg(magnitude);
}

FlowView::FlowView(QWidget* parent) : QWidget(parent) {
  setAccessibleName(tr("Power flow"));
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
  timer_.setInterval(frame_milliseconds);
  connect(&timer_, &QTimer::timeout, this, qOverload<>(&QWidget::update));
  phase_.start();
}

void FlowView::setFlow(const Flow& flow) {
  if (flow == flow_) return;
  flow_ = flow;
  setAccessibleDescription(flow_summary(flow));
  updateTimer();
  update();
}

void FlowView::setAnimated(bool animated) {
  animated_ = animated;
  updateTimer();
  update();
}

void FlowView::showEvent(QShowEvent* /*event*/) {
  updateTimer();
}
void FlowView::hideEvent(QHideEvent* /*event*/) {
  timer_.stop();
}

void FlowView::updateTimer() {
  const bool wanted = animated_ && isVisible() && !flow_.old && flow_.production.has_value();
  if (wanted && !timer_.isActive()) timer_.start();
  if (!wanted) timer_.stop();
}

void FlowView::drawNode(QPainter& painter, const Tokens& tokens, const Node& node) const {
  painter.setPen(QPen(flow_.old ? tokens.border : color_of(tokens, node.ink), 2));
  painter.setBrush(tokens.surface_alternate);
  painter.drawRoundedRect(node.box, 10, 10);
  const QRectF text = node.box.adjusted(8, 8, -8, -8);
  const QFont base = font();
  const double line = QFontMetricsF(base).height();
  const double value_line = QFontMetricsF(scaled(base, 1.5, QFont::DemiBold)).height();
  // A low box has room for the words alone.
  const bool roomy = text.height() >= 2 * line + value_line + icon_size + 16;
  const double words = 2 * line + value_line + 6;
  const double icon_room = roomy ? icon_size + 10 : 0;
  const double top = text.top() + (text.height() - words - icon_room) / 2 + icon_room;
  if (roomy) {
    painter.save();
    painter.translate(text.center().x(), top - icon_room + icon_size / 2);
    painter.setPen(QPen(flow_.old ? tokens.text_muted : color_of(tokens, node.ink), 2, Qt::SolidLine, Qt::RoundCap,
                        Qt::RoundJoin));
    painter.setBrush(Qt::NoBrush);
    painter.drawPath(node.icon);
    painter.restore();
  }
  painter.setPen(tokens.text_muted);
  painter.drawText(QRectF(text.left(), top, text.width(), line), Qt::AlignCenter, node.title);
  painter.setPen(flow_.old ? tokens.text_muted : tokens.text);
  painter.setFont(scaled(base, 1.5, QFont::DemiBold));
  painter.drawText(QRectF(text.left(), top + line + 3, text.width(), value_line), Qt::AlignCenter, node.value);
  painter.setFont(base);
  painter.setPen(tokens.text_muted);
  const QString note = QFontMetrics(base).elidedText(node.note, Qt::ElideRight, static_cast<int>(text.width()));
  painter.drawText(QRectF(text.left(), top + line + value_line + 6, text.width(), line), Qt::AlignCenter, note);
}

void FlowView::drawLink(QPainter& painter, const Tokens& tokens, QLineF line, Direction direction, Ink ink,
                        const QString& text) const {
  const bool flows = direction == Direction::left || direction == Direction::right;
  const QColor color = flow_.old || !flows ? tokens.text_muted : color_of(tokens, ink);
  painter.setPen(QPen(color, 2, flows ? Qt::SolidLine : Qt::DotLine));
  painter.drawLine(line);
  painter.setPen(flow_.old ? tokens.text_muted : tokens.text);
  const QRectF above(line.p1() - QPointF(0, 26), QSizeF(line.length(), 20));
  painter.drawText(above, Qt::AlignCenter, text);
  if (!flows) return;
  painter.setPen(Qt::NoPen);
  painter.setBrush(color);
  const double sign = direction == Direction::right ? 1 : -1;
  const QPointF tip = direction == Direction::right ? line.p2() : line.p1();
  QPainterPath head(tip);
  head.lineTo(tip + QPointF(-10 * sign, -6));
  head.lineTo(tip + QPointF(-10 * sign, 6));
  head.closeSubpath();
  painter.drawPath(head);
  if (!timer_.isActive()) return;
  const double shift = std::fmod(static_cast<double>(phase_.elapsed()) / 1000 * dot_speed, dot_distance);
  const double room = line.length() - 14;
  const int dots = static_cast<int>(std::ceil((room - shift) / dot_distance));
  for (int dot = 0; dot < dots; ++dot) {
    const double at = shift + dot * dot_distance;
    const double x = direction == Direction::right ? line.x1() + at : line.x2() - at;
    painter.drawEllipse(QPointF(x, line.y1()), 4, 4);
  }
}

void FlowView::paintEvent(QPaintEvent* /*event*/) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Tokens& tokens = tokens_of(*this);
  const double link = width() * link_share;
  const double box = (width() - 2 * link - 4) / 3;
  const double tall = std::min<double>(height() - 4, 160);
  const double top = (height() - tall) / 2;
  const auto box_at = [&](int index) { return QRectF(2 + index * (box + link), top, box, tall); };
  const bool island = flow_.network == Network::islanded;
  const std::optional<Power> net = flow_.net;
  const QString grid_value = net ? power_text(Power{net->count < 0 ? -net->count : net->count}) : absent_text();
  const bool exporting = net && net->count < 0;
  const bool importing = net && net->count > 0;
  drawNode(painter, tokens,
           {box_at(0), tr("Production"), power_text(flow_.production), tr("solar roofs"), Ink::production, sun_icon()});
  drawNode(painter, tokens,
           {box_at(1), tr("Homes use"), power_text(flow_.use), flow_.trade_text, Ink::use, home_icon()});
  drawNode(painter, tokens,
           {box_at(2), tr("Grid"), island ? tr("island") : grid_value,
            island      ? tr("disconnected")
            : exporting ? tr("fed in")
            : importing ? tr("drawn")
                        : tr("balanced"),
            Ink::grid, pylon_icon()});
  const double y = height() / 2.0;
  const auto line_at = [&](int index) { return QLineF(box_at(index).right() + 6, y, box_at(index + 1).left() - 6, y); };
  const bool produces = flow_.production && flow_.production->count > 0;
  drawLink(painter, tokens, line_at(0), produces ? Direction::right : Direction::none, Ink::production,
           power_text(flow_.production));
  const Direction direction = island      ? Direction::broken
                              : exporting ? Direction::right
                              : importing ? Direction::left
                                          : Direction::none;
  drawLink(painter, tokens, line_at(1), direction, exporting ? Ink::production : Ink::grid,
           island ? tr("open") : grid_value);
}

}  // namespace commonwatt::ui
