// Where the pages' data comes from: the controller's HTTP API, or a fixture in a test.
#pragma once

#include <QObject>
#include <QString>
#include <chrono>
#include <optional>
#include <vector>

#include "ui/neighbourhood.hpp"

namespace commonwatt::ui {

/// How the dashboard stands with its controller.
enum class Link {
  connecting,  ///< nothing came yet
  live,        ///< data is fresh
  stale,       ///< the connection stands, but nothing comes
  offline,     ///< the controller cannot be reached
  denied,      ///< the controller wants another token
  error,       ///< the controller answers something this program does not understand
};

class DataSource : public QObject {
  Q_OBJECT
 public:
  using QObject::QObject;
  /// Begins to deliver, and keeps trying until the source is destroyed.
  virtual void start() = 0;
  /// Asks for everything again, now.
  virtual void refresh() = 0;
  virtual void requestHousehold(const QString& id) = 0;
  virtual void requestBook(commonwatt::UtcTime interval) = 0;
  /// Machine time since the source last said anything; empty before the first time.
  [[nodiscard]] virtual std::optional<std::chrono::milliseconds> dataAge() const = 0;
  /// Where the data comes from, for people.
  [[nodiscard]] virtual QString name() const = 0;

 signals:
  void stateArrived(const commonwatt::ui::State& state);
  void householdsArrived(const commonwatt::ui::Households& households);
  /// One interval was cleared, settled, signed or witnessed.
  void intervalArrived(const commonwatt::ui::MarketInterval& interval);
  /// The whole list; it replaces what was known.
  void intervalsArrived(const std::vector<commonwatt::ui::MarketInterval>& intervals);
  void householdArrived(const commonwatt::ui::HouseholdDetail& household);
  void bookArrived(const commonwatt::ui::Book& book);
  /// `why` explains a link that is not live, in words for the banner.
  void linkChanged(commonwatt::ui::Link link, const QString& why);
};

}  // namespace commonwatt::ui
