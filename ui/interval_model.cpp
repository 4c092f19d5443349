#include "ui/interval_model.hpp"

#include <algorithm>

#include "ui/quantity_text.hpp"

namespace commonwatt::ui {

void IntervalModel::setIntervals(const std::vector<HouseholdInterval>& intervals, const QString& currency) {
  std::vector<HouseholdInterval> fresh(intervals.rbegin(), intervals.rend());
  if (fresh == rows_ && currency == currency_) return;
  beginResetModel();
  rows_ = std::move(fresh);
  currency_ = currency;
  endResetModel();
}

int IntervalModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int IntervalModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : column_count;
}

QString IntervalModel::text(const HouseholdInterval& bill, int column) const {
  switch (static_cast<Column>(column)) {
    case interval:
      return clock_text(bill.interval);
    case contract:
      return energy_text(bill.contract);
    case delivered:
      return energy_text(bill.delivered);
    case deviation:
      return energy_text(bill.deviation);
    case price:
      return price_text(bill.price, currency_).section(QLatin1Char(' '), 0, 0);
    case total:
      return money_text(bill.total, {}, 4);
    case quality:
      return quality_text(bill.quality);
    case state:
      return settlement_mark(bill.state) + QLatin1Char(' ') + settlement_text(bill.state);
    case column_count:
      break;
  }
  return {};
}

QVariant IntervalModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const HouseholdInterval& bill = rows_[static_cast<std::size_t>(index.row())];
  if (role == Qt::DisplayRole) return text(bill, index.column());
  if (role == Qt::AccessibleTextRole) {
    return headerData(index.column(), Qt::Horizontal, Qt::DisplayRole).toString() + QLatin1Char(' ') +
           text(bill, index.column());
  }
  if (role == Qt::ToolTipRole && index.column() == interval) return date_time_text(bill.interval);
  if (role == Qt::TextAlignmentRole) {
    const bool left = index.column() == interval || index.column() >= quality;
    return QVariant((left ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
  }
  return {};
}

QVariant IntervalModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole) {
    const bool left = section == interval || section >= quality;
    return QVariant((left ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
  }
  if (role != Qt::DisplayRole) return {};
  switch (static_cast<Column>(section)) {
    case interval:
      return tr("Interval");
    case contract:
      return tr("Contract");
    case delivered:
      return tr("Delivered");
    case deviation:
      return tr("Deviation");
    case price:
      return price_unit(currency_);
    case total:
      return currency_.isEmpty() ? tr("Total") : tr("Total %1").arg(currency_);
    case quality:
      return tr("Quality");
    case state:
      return tr("Settlement");
    case column_count:
      break;
  }
  return {};
}

}  // namespace commonwatt::ui
