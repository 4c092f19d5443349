// The window: navigation on the left, the pages, the banner over old values, the status bar.
#pragma once

#include <QMainWindow>
#include <QTimer>
#include <optional>

#include "ui/card.hpp"
#include "ui/data_source.hpp"

class QHBoxLayout;
class QListWidget;
class QPushButton;
class QStackedWidget;

namespace commonwatt::ui {

class HouseholdsPage;
class OverviewPage;

enum class Page { overview, households };

class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  MainWindow(DataSource& source, Mode mode, QWidget* parent = nullptr);
  void showPage(Page page);
  [[nodiscard]] Page page() const;
  void setAnimated(bool animated);
  /// True once every view of the shown page has something to show.
  [[nodiscard]] bool hasData() const { return state_.has_value() && households_known_; }
  [[nodiscard]] QString bannerText() const { return banner_->isHidden() ? QString() : banner_->text(); }
  [[nodiscard]] Link link() const { return link_; }
  /// The state of the connection, in words.
  [[nodiscard]] QString linkWords() const { return why_.isEmpty() ? link_label_->text() : why_; }

 private:
  [[nodiscard]] QWidget* makeNavigation();
  void makeStatusBar();
  void makeShortcuts();
  void setMode(Mode mode);
  void showMark();
  void takeLink(Link link, const QString& why);
  void takeState(const State& state);
  void showStatus();

  DataSource& source_;
  Mode mode_;
  Link link_ = Link::connecting;
  QString why_;
  std::optional<State> state_;
  bool households_known_ = false;
  QListWidget* navigation_ = nullptr;
  QLabel* mark_ = nullptr;
  QPushButton *dark_ = nullptr, *motion_ = nullptr;
  Banner* banner_ = nullptr;
  QHBoxLayout* banner_row_ = nullptr;
  QStackedWidget* pages_ = nullptr;
  OverviewPage* overview_ = nullptr;
  HouseholdsPage* households_ = nullptr;
  QLabel *link_label_ = nullptr, *age_label_ = nullptr, *time_label_ = nullptr, *speed_label_ = nullptr;
  QTimer second_;
};

}  // namespace commonwatt::ui
