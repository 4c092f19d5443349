// All households in one table, and the one that is selected in detail.
#pragma once

#include <QStackedWidget>

#include "ui/card.hpp"
#include "ui/data_source.hpp"
#include "ui/household_detail.hpp"
#include "ui/household_model.hpp"

class QLineEdit;
class QPushButton;

namespace commonwatt::ui {

class HouseholdsPage : public QStackedWidget {
  Q_OBJECT
 public:
  explicit HouseholdsPage(DataSource& source, QWidget* parent = nullptr);
  void setLink(Link link, const QString& why);
  void focusFilter();
  /// Selects the first row if none is selected.
  void selectFirst();

 private:
  [[nodiscard]] QWidget* makeContent();
  void takeState(const State& state);
  void takeHouseholds(const Households& households);
  void takeInterval(const MarketInterval& interval);
  void select(const QModelIndex& current);
  void exportCsv();
  void updateCount();
  void updateNotice();

  DataSource& source_;
  Notice* notice_ = nullptr;
  HouseholdModel* model_ = nullptr;
  HouseholdProxy* proxy_ = nullptr;
  QLineEdit* filter_ = nullptr;
  QLabel* count_ = nullptr;
  QPushButton* export_ = nullptr;
  QTableView* table_ = nullptr;
  HouseholdDetailPane* detail_ = nullptr;
  QString selected_;
  std::int64_t interval_seconds_ = 900;
  Link link_ = Link::connecting;
  QString why_;
  bool known_ = false;
};

}  // namespace commonwatt::ui
