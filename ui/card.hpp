// The building blocks of the pages: surfaces, figures with a title, notices and banners.
#pragma once

#include <QFrame>
#include <QLabel>
#include <QPixmap>
#include <QString>
#include <cstdint>

#include "ui/theme.hpp"

class QVBoxLayout;

namespace commonwatt::ui {

enum class LabelKind { body, muted, title, heading, figure };

/// A label that shows its text as it is; names come from outside and are never taken for markup.
QLabel* make_label(const QString& text, LabelKind kind, QWidget* parent = nullptr);

/// A rounded surface with an optional title.
class Card : public QFrame {
  Q_OBJECT
 public:
  explicit Card(const QString& title, QWidget* parent = nullptr);
  [[nodiscard]] QVBoxLayout* body() const { return body_; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QVBoxLayout* body_ = nullptr;
};

/// One figure: what it is, how much, and a line that explains it.
class KpiCard : public Card {
  Q_OBJECT
 public:
  KpiCard(const QString& title, Ink ink, QWidget* parent = nullptr);
  void setFigure(const QString& value, const QString& note);
  /// An old figure stays readable but says that it is old.
  void setOld(bool old);
  [[nodiscard]] QString value() const { return value_->text(); }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  void updateName();

  QString title_text_;
  Ink ink_;
  bool old_ = false;
  QLabel* title_ = nullptr;
  QLabel* value_ = nullptr;
  QLabel* note_ = nullptr;
};

/// A slim bar: this much of the whole.
class ShareBar : public QWidget {
  Q_OBJECT
 public:
  explicit ShareBar(QWidget* parent = nullptr);
  void setShare(std::int64_t part, std::int64_t whole);
  [[nodiscard]] QSize sizeHint() const override { return {80, 8}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  double share_ = 0;
};

/// The sign of the house: a bolt on a rounded square.
QPixmap brand_mark(const Tokens& tokens, int size, qreal ratio);

/// A full-page message for a page that has nothing to show, with the next step.
class Notice : public QWidget {
  Q_OBJECT
 public:
  explicit Notice(QWidget* parent = nullptr);
  void setNotice(const QString& title, const QString& text);
  [[nodiscard]] QString title() const { return title_->text(); }

 private:
  QLabel* title_ = nullptr;
  QLabel* text_ = nullptr;
};

/// A coloured line of text across the page; hidden while there is nothing to say.
class Banner : public QFrame {
  Q_OBJECT
 public:
  enum class Kind { warning, alarm };
  explicit Banner(const QString& name, QWidget* parent = nullptr);
  void say(Kind kind, const QString& text);
  void clear();
  [[nodiscard]] QString text() const { return label_->text(); }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void colorText();

  Kind kind_ = Kind::warning;
  QLabel* label_ = nullptr;
};

}  // namespace commonwatt::ui
