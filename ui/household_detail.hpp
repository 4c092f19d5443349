// One household: its day's curve, its bills, its meters.
#pragma once

#include <QTabWidget>
#include <QTableView>

#include "ui/card.hpp"
#include "ui/interval_model.hpp"
#include "ui/plot_view.hpp"

class QTableWidget;

namespace commonwatt::ui {

/// The settings all our tables share; call it once the model is set. Every column gets the room its values need and an
/// equal part of what is left.
void set_up_table(QTableView& table, const QString& name);

/// The day's curve of a household.
Plot household_plot(const std::vector<HouseholdInterval>& intervals, std::int64_t interval_seconds);

/// What the household's gateway has checked, in words.
QString gateway_text(const std::optional<Gateway>& gateway);

class HouseholdDetailPane : public Card {
  Q_OBJECT
 public:
  explicit HouseholdDetailPane(QWidget* parent = nullptr);
  /// Shows the name at once; the curve and the bills follow with setDetail.
  void expect(const Household& household);
  void setDetail(const HouseholdDetail& detail, const QString& currency, std::int64_t interval_seconds);
  void setOld(bool old);
  void clear();

 private:
  void updateTitle();

  QString name_, id_;
  bool old_ = false;
  QLabel *title_ = nullptr, *subtitle_ = nullptr, *gateway_ = nullptr;
  PlotView* plot_ = nullptr;
  QTabWidget* tabs_ = nullptr;
  IntervalModel* model_ = nullptr;
  QTableView* table_ = nullptr;
  QTableWidget* meters_ = nullptr;
};

}  // namespace commonwatt::ui
