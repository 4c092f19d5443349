// The table of one household's intervals, newest first.
#pragma once

#include <QAbstractTableModel>
#include <vector>

#include "ui/neighbourhood.hpp"

namespace commonwatt::ui {

class IntervalModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { interval, contract, delivered, deviation, price, total, quality, state, column_count };

  using QAbstractTableModel::QAbstractTableModel;
  /// `intervals` oldest first, as the API gives them.
  void setIntervals(const std::vector<HouseholdInterval>& intervals, const QString& currency);

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  [[nodiscard]] QString text(const HouseholdInterval& bill, int column) const;

  std::vector<HouseholdInterval> rows_;
  QString currency_;
};

}  // namespace commonwatt::ui
