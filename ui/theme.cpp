#include "ui/theme.hpp"

#include <QApplication>
#include <QProxyStyle>
#include <QStyleFactory>
#include <QToolTip>
#include <QWidget>
#include <algorithm>
#include <cmath>

namespace commonwatt::ui {
namespace {

Tokens light_tokens() {
  Tokens t;
  t.window = "#F3F5F8";
  t.surface = "#FFFFFF";
  t.surface_alternate = "#F8FAFC";
  t.border = "#D5DCE4";
  t.text = "#14202B";
  t.text_muted = "#55626E";
  t.text_disabled = "#5E6B77";
  t.accent = "#1B5FBF";
  t.on_accent = "#FFFFFF";
  t.selection = "#DCE9FB";
  t.on_selection = "#10294D";
  t.production = "#A15C00";
  t.use = "#1B5FBF";
  t.net = "#5A6672";
  t.price = "#7C3AB8";
  t.volume = "#2B8079";
  t.bid = "#1B5FBF";
  t.ask = "#A15C00";
  t.grid = "#5A6672";
  t.good = "#17703C";
  t.warning = "#7A4D00";
  t.warning_surface = "#FFF1CF";
  t.alarm = "#A11C16";
  t.alarm_surface = "#FDE6E4";
  return t;
}

Tokens dark_tokens() {
  Tokens t;
  t.window = "#10151B";
  t.surface = "#19202A";
  t.surface_alternate = "#1D2530";
  t.border = "#313C49";
  t.text = "#E9EEF4";
  t.text_muted = "#A2AFBC";
  t.text_disabled = "#8C99A6";
  t.accent = "#7DB1FF";
  t.on_accent = "#0A1422";
  t.selection = "#26405F";
  t.on_selection = "#F2F7FF";
  t.production = "#F4B63F";
  t.use = "#7DB1FF";
  t.net = "#A9B6C3";
  t.price = "#CDA2F7";
  t.volume = "#54B5AC";
  t.bid = "#7DB1FF";
  t.ask = "#F4B63F";
  t.grid = "#A9B6C3";
  t.good = "#66D193";
  t.warning = "#F7D183";
  t.warning_surface = "#3A2F14";
  t.alarm = "#FFA59D";
  t.alarm_surface = "#452222";
  return t;
}

// Set on the application once our style is its style.
constexpr const char* styled_property = "commonwatt_styled";

/// Fusion with room beside the text of a table's cell, so that it stands under its heading.
class DashboardStyle : public QProxyStyle {
 public:
  DashboardStyle() : QProxyStyle(QStyleFactory::create(QStringLiteral("Fusion"))) {}

  [[nodiscard]] int pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const override {
    constexpr int cell_margin = 5;
    return metric == PM_FocusFrameHMargin ? cell_margin : QProxyStyle::pixelMetric(metric, option, widget);
  }
};

double linear(double channel) {
  return channel <= 0.04045 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
}

double luminance(const QColor& color) {
  return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

QString style_sheet(const Tokens& t) {
  return QStringLiteral(
             "QHeaderView::section { background: %1; color: %2; border: none; border-bottom: 1px solid %3;"
             " padding: 5px 6px; font-weight: 600; }"
             "QTableView { border: none; background: %1; alternate-background-color: %8; gridline-color: %3; }"
             "QTableCornerButton::section { background: %1; border: none; }"
             "QLineEdit { border: 1px solid %3; border-radius: 6px; padding: 5px 9px; background: %1; color: %4; }"
             "QLineEdit:focus { border: 1px solid %5; }"
             "QPushButton { border: 1px solid %3; border-radius: 6px; padding: 5px 14px; background: %1; color: %4; }"
             "QPushButton:hover { background: %6; color: %7; }"
             "QPushButton:focus { border: 1px solid %5; }"
             "QPushButton:checked { background: %6; color: %7; }"
             "QPushButton:disabled { color: %9; }")
             .arg(t.surface.name(), t.text_muted.name(), t.border.name(), t.text.name(), t.accent.name(),
                  t.selection.name(), t.on_selection.name(), t.surface_alternate.name(), t.text_disabled.name()) +
         QStringLiteral(
             "QStatusBar { background: %1; border-top: 1px solid %2; } QStatusBar::item { border: none; }"
             "QTabWidget::pane { border: none; }"
             "QTabBar::tab { background: transparent; color: %3; padding: 4px 12px; border-bottom: 2px solid "
             "transparent; }"
             "QTabBar::tab:selected { color: %4; border-bottom: 2px solid %5; }"
             "QTabBar::tab:focus { color: %5; }"
             "QSplitter::handle { background: transparent; }"
             "QScrollArea { border: none; background: transparent; }"
             "QToolTip { background: %1; color: %4; border: 1px solid %2; padding: 4px; }")
             .arg(t.surface.name(), t.border.name(), t.text_muted.name(), t.text.name(), t.accent.name());
}

}  // namespace

const Tokens& tokens_of(Mode mode) {
  static const Tokens light = light_tokens();
  static const Tokens dark = dark_tokens();
  return mode == Mode::dark ? dark : light;
}

const Tokens& tokens_of(const QWidget& widget) {
  return tokens_of(widget.palette().color(QPalette::Window).lightness() < 128 ? Mode::dark : Mode::light);
}

QColor color_of(const Tokens& tokens, Ink ink) {
  switch (ink) {
    case Ink::production:
      return tokens.production;
    case Ink::use:
      return tokens.use;
    case Ink::net:
      return tokens.net;
    case Ink::price:
      return tokens.price;
    case Ink::volume:
      return tokens.volume;
    case Ink::bid:
      return tokens.bid;
    case Ink::ask:
      return tokens.ask;
    case Ink::grid:
      return tokens.grid;
    case Ink::text:
      return tokens.text;
    case Ink::muted:
      return tokens.text_muted;
  }
  return tokens.text;
}

std::vector<ContrastPair> text_pairs(const Tokens& t) {
  std::vector<ContrastPair> pairs;
  for (const auto& [ground_name, ground] :
       {std::pair(QStringLiteral("window"), t.window), std::pair(QStringLiteral("surface"), t.surface),
        std::pair(QStringLiteral("surface_alternate"), t.surface_alternate)}) {
    for (const auto& [name, color] :
         {std::pair(QStringLiteral("text"), t.text), std::pair(QStringLiteral("text_muted"), t.text_muted),
          std::pair(QStringLiteral("text_disabled"), t.text_disabled), std::pair(QStringLiteral("accent"), t.accent),
          std::pair(QStringLiteral("good"), t.good), std::pair(QStringLiteral("warning"), t.warning),
          std::pair(QStringLiteral("alarm"), t.alarm), std::pair(QStringLiteral("production"), t.production),
          std::pair(QStringLiteral("use"), t.use), std::pair(QStringLiteral("price"), t.price)}) {
      pairs.push_back({name + QStringLiteral(" on ") + ground_name, color, ground});
    }
  }
  pairs.push_back({QStringLiteral("on_accent on accent"), t.on_accent, t.accent});
  pairs.push_back({QStringLiteral("on_selection on selection"), t.on_selection, t.selection});
  pairs.push_back({QStringLiteral("warning on its banner"), t.warning, t.warning_surface});
  pairs.push_back({QStringLiteral("alarm on its banner"), t.alarm, t.alarm_surface});
  return pairs;
}

std::vector<ContrastPair> mark_pairs(const Tokens& t) {
  std::vector<ContrastPair> pairs;
  for (const Ink ink : {Ink::production, Ink::use, Ink::net, Ink::price, Ink::volume, Ink::bid, Ink::ask, Ink::grid}) {
    pairs.push_back({QStringLiteral("ink %1 on surface").arg(static_cast<int>(ink)), color_of(t, ink), t.surface});
  }
  return pairs;
}

double contrast(const QColor& a, const QColor& b) {
  const double first = luminance(a);
  const double second = luminance(b);
  return (std::max(first, second) + 0.05) / (std::min(first, second) + 0.05);
}

QPalette palette_of(const Tokens& t) {
  QPalette p;
  p.setColor(QPalette::Window, t.window);
  p.setColor(QPalette::WindowText, t.text);
  p.setColor(QPalette::Base, t.surface);
  p.setColor(QPalette::AlternateBase, t.surface_alternate);
  p.setColor(QPalette::Text, t.text);
  // Qt's own default for this role is unreadable on a dark ground.
  p.setColor(QPalette::PlaceholderText, t.text_muted);
  p.setColor(QPalette::Button, t.surface);
  p.setColor(QPalette::ButtonText, t.text);
  p.setColor(QPalette::BrightText, t.on_accent);
  p.setColor(QPalette::ToolTipBase, t.surface);
  p.setColor(QPalette::ToolTipText, t.text);
  p.setColor(QPalette::Highlight, t.selection);
  p.setColor(QPalette::HighlightedText, t.on_selection);
  p.setColor(QPalette::Link, t.accent);
  p.setColor(QPalette::Mid, t.border);
  for (const QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
    p.setColor(QPalette::Disabled, role, t.text_disabled);
  }
  return p;
}

void apply_theme(QApplication& application, Mode mode) {
  const Tokens& tokens = tokens_of(mode);
  if (!application.property(styled_property).toBool()) {
    QApplication::setStyle(new DashboardStyle);
    application.setProperty(styled_property, true);
  }
  QApplication::setPalette(palette_of(tokens));
  QToolTip::setPalette(palette_of(tokens));
  application.setStyleSheet(style_sheet(tokens));
}

Mode system_mode() {
  return QGuiApplication::palette().color(QPalette::Window).lightness() < 128 ? Mode::dark : Mode::light;
}

}  // namespace commonwatt::ui
