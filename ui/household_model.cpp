#include "ui/household_model.hpp"

#include <QGuiApplication>
#include <QPalette>
#include <array>
#include <optional>

#include "ui/quantity_text.hpp"

namespace commonwatt::ui {
namespace {

template <class Q>
std::optional<std::int64_t> count_of(const std::optional<Q>& quantity) {
  return quantity ? std::optional(quantity->count) : std::nullopt;
}

std::optional<std::int64_t> number(const Household& h, int column) {
  switch (static_cast<HouseholdModel::Column>(column)) {
    case HouseholdModel::production:
      return count_of(h.production);
    case HouseholdModel::use:
      return count_of(h.consumption);
    case HouseholdModel::net:
      return count_of(h.net);
    case HouseholdModel::bought:
      return count_of(h.bought);
    case HouseholdModel::sold:
      return count_of(h.sold);
    case HouseholdModel::grid_bought:
      return count_of(h.grid_bought);
    case HouseholdModel::grid_sold:
      return count_of(h.grid_sold);
    case HouseholdModel::paid:
      return count_of(h.paid);
    case HouseholdModel::saved:
      return count_of(h.saved);
    case HouseholdModel::balance:
      return count_of(h.balance);
    case HouseholdModel::age:
      return h.age_seconds;
    case HouseholdModel::settlement:
      // By state first, by interval within a state.
      if (!h.settlement) return std::nullopt;
      return static_cast<std::int64_t>(h.settlement->state) * 10'000'000'000 + h.settlement->interval.seconds();
    case HouseholdModel::name:
    case HouseholdModel::column_count:
      return std::nullopt;
  }
  return std::nullopt;
}

/// The digits at the beginning of a text.
QStringView digits_of(QStringView text) {
  qsizetype length = 0;
  while (length < text.size() && text[length] >= QLatin1Char('0') && text[length] <= QLatin1Char('9')) ++length;
  return text.left(length);
}

QStringView without_zeros(QStringView digits) {
  while (digits.size() > 1 && digits.front() == QLatin1Char('0')) digits = digits.mid(1);
  return digits;
}

/// Below, at or above 0 as `a` stands before, with or after `b`: numbers by value, so that Elm 4 stands before Elm 12.
int natural_order(QStringView a, QStringView b) {
  while (!a.isEmpty() && !b.isEmpty()) {
    const QStringView a_digits = digits_of(a);
    const QStringView b_digits = digits_of(b);
    if (!a_digits.isEmpty() && !b_digits.isEmpty()) {
      const QStringView a_number = without_zeros(a_digits);
      const QStringView b_number = without_zeros(b_digits);
      if (a_number.size() != b_number.size()) return a_number.size() < b_number.size() ? -1 : 1;
      if (const int order = a_number.compare(b_number); order != 0) return order;
      a = a.mid(a_digits.size());
      b = b.mid(b_digits.size());
      continue;
    }
    if (const int order = a.left(1).compare(b.left(1), Qt::CaseInsensitive); order != 0) return order;
    a = a.mid(1);
    b = b.mid(1);
  }
  return static_cast<int>(!a.isEmpty()) - static_cast<int>(!b.isEmpty());
}

}  // namespace

void HouseholdModel::setHouseholds(const Households& households) {
  const std::vector<Household>& fresh = households.list;
  // Both lists are in order of id, so one walk finds what went, what came and what changed.
  std::size_t row = 0;
  for (const Household& household : fresh) {
    while (row < rows_.size() && rows_[row].id < household.id) {
      beginRemoveRows({}, static_cast<int>(row), static_cast<int>(row));
      rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(row));
      endRemoveRows();
    }
    if (row == rows_.size() || rows_[row].id != household.id) {
      beginInsertRows({}, static_cast<int>(row), static_cast<int>(row));
      rows_.insert(rows_.begin() + static_cast<std::ptrdiff_t>(row), household);
      endInsertRows();
    } else if (rows_[row] != household) {
      rows_[row] = household;
      emit dataChanged(index(static_cast<int>(row), 0), index(static_cast<int>(row), column_count - 1));
    }
    ++row;
  }
  if (row == rows_.size()) return;
  beginRemoveRows({}, static_cast<int>(row), static_cast<int>(rows_.size()) - 1);
  rows_.resize(row);
  endRemoveRows();
}

void HouseholdModel::setCurrency(const QString& currency) {
  if (currency == currency_) return;
  currency_ = currency;
  emit headerDataChanged(Qt::Horizontal, paid, balance);
}

void HouseholdModel::setOld(bool old) {
  if (old == old_) return;
  old_ = old;
  if (!rows_.empty()) emit dataChanged(index(0, 0), index(static_cast<int>(rows_.size()) - 1, column_count - 1));
}

int HouseholdModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int HouseholdModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : column_count;
}

QString HouseholdModel::text(const Household& h, int column) const {
  switch (static_cast<Column>(column)) {
    case name:
      return h.name;
    case production:
      return power_text(h.production);
    case use:
      return power_text(h.consumption);
    case net:
      return signed_power_text(h.net);
    case bought:
      return energy_text(h.bought);
    case sold:
      return energy_text(h.sold);
    case grid_bought:
      return energy_text(h.grid_bought);
    case grid_sold:
      return energy_text(h.grid_sold);
    case paid:
      return money_text(h.paid, {});
    case saved:
      return money_text(h.saved, {});
    case balance:
      return money_text(h.balance, {});
    case settlement:
      if (!h.settlement) return absent_text();
      return settlement_mark(h.settlement->state) + QLatin1Char(' ') + settlement_text(h.settlement->state);
    case age:
      return old_ ? tr("old") : span_text(h.age_seconds);
    case column_count:
      break;
  }
  return {};
}

QVariant HouseholdModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const Household& h = rows_[static_cast<std::size_t>(index.row())];
  const int column = index.column();
  if (role == Qt::DisplayRole) return text(h, column);
  if (role == number_role) {
    const std::optional<std::int64_t> value = number(h, column);
    return value ? QVariant(static_cast<qlonglong>(*value)) : QVariant();
  }
  if (role == id_role) return h.id;
  if (role == Qt::TextAlignmentRole) {
    const bool left = column == name || column == settlement;
    return QVariant((left ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
  }
  if (role == Qt::ForegroundRole && old_) return QGuiApplication::palette().color(QPalette::PlaceholderText);
  if (role == Qt::AccessibleTextRole) {
    const QString spoken =
        headerData(column, Qt::Horizontal, Qt::DisplayRole).toString() + QLatin1Char(' ') + text(h, column);
    return old_ ? spoken + tr(", old") : spoken;
  }
  if (role == Qt::ToolTipRole && column == name) {
    return tr("%1, zone %2").arg(h.id, h.zone.isEmpty() ? absent_text() : h.zone).toHtmlEscaped();
  }
  if (role == Qt::ToolTipRole && column == settlement && h.settlement) {
    return tr("last interval: %1").arg(clock_text(h.settlement->interval));
  }
  return {};
}

QVariant HouseholdModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole) {
    const bool left = section == name || section == settlement;
    return QVariant((left ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
  }
  if (role != Qt::DisplayRole) return {};
  const QString unit = currency_.isEmpty() ? QString() : QLatin1Char(' ') + currency_;
  switch (static_cast<Column>(section)) {
    case name:
      return tr("Household");
    case production:
      return tr("Production");
    case use:
      return tr("Use");
    case net:
      return tr("Net");
    case bought:
      return tr("Bought");
    case sold:
      return tr("Sold");
    case grid_bought:
      return tr("From grid");
    case grid_sold:
      return tr("To grid");
    case paid:
      return tr("Paid") + unit;
    case saved:
      return tr("Saved") + unit;
    case balance:
      return tr("Balance") + unit;
    case settlement:
      return tr("Settlement");
    case age:
      return tr("Age");
    case column_count:
      break;
  }
  return {};
}

HouseholdProxy::HouseholdProxy(QObject* parent) : QSortFilterProxyModel(parent) {
  setDynamicSortFilter(true);
}

void HouseholdProxy::setNeedle(const QString& needle) {
  needle_ = needle.trimmed();
  invalidateFilter();
}

bool HouseholdProxy::filterAcceptsRow(int row, const QModelIndex& /*parent*/) const {
  if (needle_.isEmpty()) return true;
  const auto* model = static_cast<const HouseholdModel*>(sourceModel());
  const Household& h = model->household(row);
  const QString settled = h.settlement ? settlement_text(h.settlement->state) : QString();
  const std::array texts{h.name, h.id, h.zone, settled};
  return std::any_of(texts.begin(), texts.end(),
                     [this](const QString& text) { return text.contains(needle_, Qt::CaseInsensitive); });
}

bool HouseholdProxy::lessThan(const QModelIndex& left, const QModelIndex& right) const {
  if (left.column() == HouseholdModel::name) {
    return natural_order(left.data().toString(), right.data().toString()) < 0;
  }
  const QVariant a = left.data(HouseholdModel::number_role);
  const QVariant b = right.data(HouseholdModel::number_role);
  if (a.isValid() != b.isValid()) return a.isValid() == (sortOrder() == Qt::AscendingOrder);
  return a.toLongLong() < b.toLongLong();
}

}  // namespace commonwatt::ui
