// What the household table shows, as a file for a spreadsheet.
#pragma once

#include <QByteArray>

class QAbstractItemModel;

namespace commonwatt::ui {

/// The rows of `view` in its order, RFC 4180, UTF-8, with the unit of each column in its heading. A value that is not
/// known is an empty cell. `view` shows a HouseholdModel.
QByteArray household_csv(const QAbstractItemModel& view);

}  // namespace commonwatt::ui
