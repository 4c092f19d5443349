// A neighbourhood of twelve homes on a June day, as the JSON its controller would send, and a data source that delivers
// it without a network.
#pragma once

#include <QByteArray>
#include <QStringList>
#include <chrono>

#include "ui/data_source.hpp"

namespace commonwatt::ui::fixture {

/// 2026-06-21T10:00:00Z, on an interval's begin.
inline constexpr std::int64_t now_seconds = 1'782'036'000;

QByteArray state_json(bool with_alarm = false);
/// `count` homes in order of id; `round` varies every value.
QByteArray households_json(int count = 12, int round = 0);
QByteArray household_json(const QString& id);
/// 96 intervals up to `now_seconds`; three of them were never settled.
QByteArray intervals_json();
QByteArray book_json();

/// Delivers the fixture when asked, at once and in the caller's thread.
class FixtureSource : public DataSource {
  Q_OBJECT
 public:
  using DataSource::DataSource;
  void start() override;
  void refresh() override;
  void requestHousehold(const QString& id) override;
  void requestBook(commonwatt::UtcTime interval) override;
  [[nodiscard]] std::optional<std::chrono::milliseconds> dataAge() const override { return age; }
  [[nodiscard]] QString name() const override { return QStringLiteral("fixture"); }

  void deliverState(bool with_alarm);
  void deliverHouseholds(int count, int round);

  std::optional<std::chrono::milliseconds> age;
  int refreshes = 0;
  QStringList asked_households;
};

}  // namespace commonwatt::ui::fixture
