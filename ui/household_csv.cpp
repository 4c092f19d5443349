#include "ui/household_csv.hpp"

#include <QAbstractItemModel>
#include <QStringList>

#include "ui/household_model.hpp"
#include "ui/quantity_text.hpp"

namespace commonwatt::ui {
namespace {

QString quoted(QString text) {
  // A spreadsheet would run a name that begins like a formula.
  if (!text.isEmpty() && QStringLiteral("=+-@\t").contains(text.front())) text.prepend(QLatin1Char('\''));
  if (text.contains(QLatin1Char('"')) || text.contains(QLatin1Char(',')) || text.contains(QLatin1Char('\n'))) {
    text.replace(QLatin1Char('"'), QStringLiteral("\"\""));
    return QLatin1Char('"') + text + QLatin1Char('"');
  }
  return text;
}

QString unit_of(int column) {
  if (column <= HouseholdModel::net) return QStringLiteral(" W");
  if (column <= HouseholdModel::grid_sold) return QStringLiteral(" Wh");
  if (column == HouseholdModel::age) return QStringLiteral(" s");
  return {};  // Money already has its currency in the heading.
}

QString cell(const QModelIndex& index) {
  const int column = index.column();
  if (column == HouseholdModel::name) return quoted(index.data().toString());
  const QVariant number = index.data(HouseholdModel::number_role);
  if (!number.isValid()) return {};
  if (column == HouseholdModel::settlement) return quoted(index.data().toString().section(QLatin1Char(' '), 1));
  const bool money =
      column == HouseholdModel::paid || column == HouseholdModel::saved || column == HouseholdModel::balance;
  if (!money) return QString::number(number.toLongLong());
  return decimal_text(number.toLongLong(), 9, 9).replace(QStringLiteral("−"), QStringLiteral("-"));
}

}  // namespace

QByteArray household_csv(const QAbstractItemModel& view) {
  QStringList heading{QStringLiteral("Id")};
  for (int column = 0; column < view.columnCount(); ++column) {
    const QString title = view.headerData(column, Qt::Horizontal, Qt::DisplayRole).toString();
    heading << quoted(column == HouseholdModel::name ? title : title + unit_of(column));
  }
  QString text = heading.join(QLatin1Char(',')) + QStringLiteral("\r\n");
  for (int row = 0; row < view.rowCount(); ++row) {
    QStringList cells{quoted(view.index(row, 0).data(HouseholdModel::id_role).toString())};
    for (int column = 0; column < view.columnCount(); ++column) cells << cell(view.index(row, column));
    text += cells.join(QLatin1Char(',')) + QStringLiteral("\r\n");
  }
  return text.toUtf8();
}

}  // namespace commonwatt::ui
