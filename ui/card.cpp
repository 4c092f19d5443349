#include "ui/card.hpp"

#include <QAccessible>
#include <QEvent>
#include <QHBoxLayout>
#include <QPainter>
#include <QVBoxLayout>
#include <algorithm>

namespace commonwatt::ui {
namespace {

constexpr int card_margin = 14;
constexpr qreal corner_radius = 8;

void set_text(QLabel* label, const QString& text) {
  if (label->text() != text) label->setText(text);
}

}  // namespace

QLabel* make_label(const QString& text, LabelKind kind, QWidget* parent) {
  auto* label = new QLabel(text, parent);
  label->setTextFormat(Qt::PlainText);
  QFont font = label->font();
  const qreal size = font.pointSizeF();
  if (kind == LabelKind::title) {
    font.setWeight(QFont::DemiBold);
  } else if (kind == LabelKind::heading) {
    font.setPointSizeF(size * 1.35);
    font.setWeight(QFont::DemiBold);
  } else if (kind == LabelKind::figure) {
    font.setPointSizeF(size * 1.75);
    font.setWeight(QFont::DemiBold);
  }
  label->setFont(font);
  if (kind == LabelKind::muted) label->setForegroundRole(QPalette::PlaceholderText);
  return label;
}

Card::Card(const QString& title, QWidget* parent) : QFrame(parent), body_(new QVBoxLayout(this)) {
  body_->setContentsMargins(card_margin, card_margin - 3, card_margin, card_margin - 2);
  body_->setSpacing(6);
  if (!title.isEmpty()) body_->addWidget(make_label(title, LabelKind::title, this));
}

void Card::paintEvent(QPaintEvent* /*event*/) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Tokens& tokens = tokens_of(*this);
  painter.setPen(QPen(tokens.border, 1));
  painter.setBrush(tokens.surface);
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), corner_radius, corner_radius);
}

KpiCard::KpiCard(const QString& title, Ink ink, QWidget* parent)
    : Card({}, parent),
      title_text_(title),
      ink_(ink),
      title_(make_label(title, LabelKind::muted, this)),
      value_(make_label(QString(), LabelKind::figure, this)),
      note_(make_label(QString(), LabelKind::muted, this)) {
  body()->setSpacing(2);
  body()->setContentsMargins(card_margin + 4, card_margin - 4, card_margin - 4, card_margin - 4);
  body()->addWidget(title_);
  body()->addWidget(value_);
  body()->addWidget(note_);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void KpiCard::setFigure(const QString& value, const QString& note) {
  set_text(value_, value);
  set_text(note_, note);
  note_->setToolTip(note);
  updateName();
}

void KpiCard::setOld(bool old) {
  if (old == old_) return;
  old_ = old;
  title_->setText(old ? tr("%1 (old)").arg(title_text_) : title_text_);
  value_->setForegroundRole(old ? QPalette::PlaceholderText : QPalette::WindowText);
  updateName();
}

void KpiCard::updateName() {
  setAccessibleName(title_->text() + QStringLiteral(": ") + value_->text());
}

void KpiCard::paintEvent(QPaintEvent* event) {
  Card::paintEvent(event);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  const Tokens& tokens = tokens_of(*this);
  painter.setBrush(old_ ? tokens.border : color_of(tokens, ink_));
  painter.drawRoundedRect(QRectF(7, 14, 4, height() - 28), 2, 2);
}

ShareBar::ShareBar(QWidget* parent) : QWidget(parent) {
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void ShareBar::setShare(std::int64_t part, std::int64_t whole) {
  const double share = whole > 0 ? std::clamp(static_cast<double>(part) / static_cast<double>(whole), 0.0, 1.0) : 0;
  if (share == share_) return;
  share_ = share;
  update();
}

void ShareBar::paintEvent(QPaintEvent* /*event*/) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  const Tokens& tokens = tokens_of(*this);
  const QRectF track(0, height() / 2.0 - 3, width(), 6);
  painter.setBrush(tokens.border);
  painter.drawRoundedRect(track, 3, 3);
  if (share_ <= 0) return;
  painter.setBrush(tokens.volume);
  painter.drawRoundedRect(QRectF(track.topLeft(), QSizeF(std::max(6.0, track.width() * share_), 6)), 3, 3);
}

QPixmap brand_mark(const Tokens& tokens, int size, qreal ratio) {
  QPixmap mark(QSize(size, size) * ratio);
  mark.setDevicePixelRatio(ratio);
  mark.fill(Qt::transparent);
  QPainter painter(&mark);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.scale(size / 24.0, size / 24.0);
  painter.setBrush(tokens.accent);
  painter.drawRoundedRect(QRectF(0, 0, 24, 24), 6, 6);
  painter.setBrush(tokens.on_accent);
  const QPolygonF bolt{{QPointF(13.5, 3.5), QPointF(6, 13.5), QPointF(11, 13.5), QPointF(10, 20.5), QPointF(18, 10),
                        QPointF(12.6, 10), QPointF(13.5, 3.5)}};
  painter.drawPolygon(bolt);
  return mark;
}

Notice::Notice(QWidget* parent)
    : QWidget(parent),
      title_(make_label(QString(), LabelKind::heading, this)),
      text_(make_label(QString(), LabelKind::muted, this)) {
  auto* layout = new QVBoxLayout(this);
  layout->addStretch(2);
  layout->addWidget(title_, 0, Qt::AlignHCenter);
  layout->addSpacing(6);
  text_->setAlignment(Qt::AlignCenter);
  text_->setWordWrap(true);
  text_->setMinimumWidth(520);
  layout->addWidget(text_, 0, Qt::AlignHCenter);
  layout->addStretch(3);
}

void Notice::setNotice(const QString& title, const QString& text) {
  set_text(title_, title);
  set_text(text_, text);
}

Banner::Banner(const QString& name, QWidget* parent)
    : QFrame(parent), label_(make_label(QString(), LabelKind::title, this)) {
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(card_margin, 8, card_margin, 8);
  label_->setWordWrap(true);
  layout->addWidget(label_);
  setAccessibleName(name);
  hide();
}

void Banner::say(Kind kind, const QString& text) {
  const bool news = isHidden() || text != label_->text();
  kind_ = kind;
  set_text(label_, text);
  colorText();
  show();
  update();
  if (!news) return;
  setAccessibleDescription(text);
  QAccessibleEvent alert(this, QAccessible::Alert);
  QAccessible::updateAccessibility(&alert);
}

void Banner::clear() {
  hide();
}

void Banner::changeEvent(QEvent* event) {
  QFrame::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) colorText();
}

void Banner::colorText() {
  const Tokens& tokens = tokens_of(*this);
  const QColor color = kind_ == Kind::alarm ? tokens.alarm : tokens.warning;
  QPalette palette = label_->palette();
  if (palette.color(QPalette::WindowText) == color) return;
  palette.setColor(QPalette::WindowText, color);
  label_->setPalette(palette);
}

void Banner::paintEvent(QPaintEvent* /*event*/) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Tokens& tokens = tokens_of(*this);
  painter.setPen(QPen(kind_ == Kind::alarm ? tokens.alarm : tokens.warning, 1));
  painter.setBrush(kind_ == Kind::alarm ? tokens.alarm_surface : tokens.warning_surface);
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), corner_radius, corner_radius);
}

}  // namespace commonwatt::ui
