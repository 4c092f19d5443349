// The table of all households, and the view of it that filters and sorts.
#pragma once

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>
#include <vector>

#include "ui/neighbourhood.hpp"

namespace commonwatt::ui {

class HouseholdModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column {
    name,
    production,
    use,
    net,
    bought,
    sold,
    grid_bought,
    grid_sold,
    paid,
    saved,
    balance,
    settlement,
    age,
    column_count
  };
  /// The number behind a cell, for sorting and CSV; invalid when the value is not known.
  static constexpr int number_role = Qt::UserRole;
  static constexpr int id_role = Qt::UserRole + 1;

  using QAbstractTableModel::QAbstractTableModel;
  /// Takes the new list in place of the old one; only what differs is reported as changed.
  void setHouseholds(const Households& households);
  void setCurrency(const QString& currency);
  /// Old values stay where they are and are marked.
  void setOld(bool old);
  [[nodiscard]] const Household& household(int row) const { return rows_[static_cast<std::size_t>(row)]; }
  [[nodiscard]] const QString& currency() const { return currency_; }

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  [[nodiscard]] QString text(const Household& household, int column) const;

  std::vector<Household> rows_;
  QString currency_;
  bool old_ = false;
};

/// Filters by any part of name, id, zone or settlement state; unknown values sort last either way.
class HouseholdProxy : public QSortFilterProxyModel {
  Q_OBJECT
 public:
  explicit HouseholdProxy(QObject* parent = nullptr);
  void setNeedle(const QString& needle);

 protected:
  [[nodiscard]] bool filterAcceptsRow(int row, const QModelIndex& parent) const override;
  [[nodiscard]] bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

 private:
  QString needle_;
};

}  // namespace commonwatt::ui
