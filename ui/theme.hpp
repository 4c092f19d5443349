// Design tokens for light and dark: every colour the dashboard uses, by what it means.
#pragma once

#include <QColor>
#include <QPalette>
#include <QString>
#include <vector>

class QApplication;
class QWidget;

namespace commonwatt::ui {

enum class Mode { light, dark };

struct Tokens {
  QColor window, surface, surface_alternate, border, text, text_muted, text_disabled;
  QColor accent, on_accent, selection, on_selection;
  /// One colour per role, everywhere; none moves when a series is hidden.
  QColor production, use, net, price, volume, bid, ask, grid;
  QColor good, warning, warning_surface, alarm, alarm_surface;
};

/// What a line or a mark stands for.
enum class Ink { production, use, net, price, volume, bid, ask, grid, text, muted };

const Tokens& tokens_of(Mode mode);
/// The tokens of the theme a widget is shown in.
const Tokens& tokens_of(const QWidget& widget);
QColor color_of(const Tokens& tokens, Ink ink);

/// A pair of colours that must be told apart, with its name for test messages.
struct ContrastPair {
  QString name;
  QColor foreground, background;
};
/// Every text colour on every ground it is used on.
std::vector<ContrastPair> text_pairs(const Tokens& tokens);
/// Every line and mark on its ground.
std::vector<ContrastPair> mark_pairs(const Tokens& tokens);
/// WCAG 2.1 contrast, 1 to 21.
double contrast(const QColor& a, const QColor& b);

QPalette palette_of(const Tokens& tokens);
/// Fusion, palette and style sheet; may be called again at any time.
void apply_theme(QApplication& application, Mode mode);
/// What the desktop prefers, as far as its palette tells. Ask before the first apply_theme.
Mode system_mode();

}  // namespace commonwatt::ui
