// The door JSON comes through: each reader checks kind and range. After the first error every read is empty; ask
// `error()` at the end.
#pragma once

#include <QJsonArray>
#include <QJsonObject>
#include <QString>
#include <cstdint>
#include <optional>

#include "core/time.hpp"
#include "core/units.hpp"

namespace commonwatt::ui {

/// Sums of this many bounded values stay far inside 63 bits, whatever a controller sends.
inline constexpr std::int64_t count_magnitude_max = 1'000'000'000'000'000;
/// No list of the API is longer.
inline constexpr qsizetype list_length_max = 20'000;
/// A name or sentence from outside is cut here.
inline constexpr qsizetype text_length_max = 400;

class JsonDoor {
 public:
  /// `where` names the object in error texts.
  JsonDoor(const QJsonObject& object, const QString& where) : object_(object), where_(where) {}

  /// Empty when the field is null or absent.
  std::optional<std::int64_t> count(const char* key);
  std::optional<Price> price(const char* key);
  std::optional<Money> money(const char* key);
  std::optional<UtcTime> time(const char* key);
  /// Absent is an error.
  UtcTime required_time(const char* key);
  QString required_text(const char* key);
  /// Empty when null or absent.
  QString text(const char* key);
  /// False when null or absent.
  bool flag(const char* key);
  /// Empty when null or absent.
  QJsonArray list(const char* key);
  std::optional<QJsonObject> object(const char* key);

  template <class Q>
  std::optional<Q> quantity(const char* key) {
    const std::optional<std::int64_t> value = count(key);
    return value ? std::optional(Q{*value}) : std::nullopt;
  }

  void fail(const QString& what);
  [[nodiscard]] bool failed() const { return !error_.isEmpty(); }
  [[nodiscard]] const QString& error() const { return error_; }
  [[nodiscard]] const QString& where() const { return where_; }

 private:
  std::optional<std::int64_t> integer(const char* key, std::int64_t magnitude_max);

  QJsonObject object_;
  QString where_;
  QString error_;
};

}  // namespace commonwatt::ui
