#include "ui/json_door.hpp"

#include <limits>

namespace commonwatt::ui {
namespace {

// A ledger account of nano-currency may be far larger than any energy; it is shown, never summed here.
constexpr std::int64_t money_magnitude_max = 4'000'000'000'000'000'000;
// The last second of the year 2255, within the nanoseconds of UtcTime.
constexpr std::int64_t seconds_max = 9'000'000'000;

}  // namespace

void JsonDoor::fail(const QString& what) {
  if (error_.isEmpty()) error_ = what;
}

std::optional<std::int64_t> JsonDoor::integer(const char* key, std::int64_t magnitude_max) {
  const QJsonValue value = object_.value(QLatin1String(key));
  if (failed() || value.isNull() || value.isUndefined()) return std::nullopt;
  const QString name = where_ + QLatin1Char('.') + QLatin1String(key);
  constexpr std::int64_t low = std::numeric_limits<std::int64_t>::min();
  const std::int64_t number = value.toInteger(low);
  if (number == low) {
    fail(name + QStringLiteral(" is not a whole number"));
    return std::nullopt;
  }
  if (number > magnitude_max || number < -magnitude_max) {
    fail(name + QStringLiteral(" is out of range"));
    return std::nullopt;
  }
  return number;
}

std::optional<std::int64_t> JsonDoor::count(const char* key) {
  return integer(key, count_magnitude_max);
}

std::optional<Price> JsonDoor::price(const char* key) {
  const std::optional<std::int64_t> value = integer(key, price_magnitude_max.count);
  return value ? std::optional(Price{*value}) : std::nullopt;
}

std::optional<Money> JsonDoor::money(const char* key) {
  const std::optional<std::int64_t> value = integer(key, money_magnitude_max);
  return value ? std::optional(Money{*value}) : std::nullopt;
}

std::optional<UtcTime> JsonDoor::time(const char* key) {
  const std::optional<std::int64_t> value = integer(key, seconds_max);
  return value ? std::optional(UtcTime::from_seconds(*value)) : std::nullopt;
}

UtcTime JsonDoor::required_time(const char* key) {
  const std::optional<UtcTime> value = time(key);
  if (!value) fail(where_ + QLatin1Char('.') + QLatin1String(key) + QStringLiteral(" is missing"));
  return value.value_or(UtcTime{});
}

QString JsonDoor::text(const char* key) {
  const QJsonValue value = object_.value(QLatin1String(key));
  if (failed() || value.isNull() || value.isUndefined()) return {};
  if (!value.isString()) {
    fail(where_ + QLatin1Char('.') + QLatin1String(key) + QStringLiteral(" is not a text"));
    return {};
  }
  // One line, whatever arrives: names are shown in table cells and labels.
  return value.toString().left(text_length_max).simplified();
}

QString JsonDoor::required_text(const char* key) {
  QString value = text(key);
  if (value.isEmpty()) fail(where_ + QLatin1Char('.') + QLatin1String(key) + QStringLiteral(" is missing"));
  return value;
}

bool JsonDoor::flag(const char* key) {
  const QJsonValue value = object_.value(QLatin1String(key));
  if (failed() || value.isNull() || value.isUndefined()) return false;
  if (!value.isBool()) fail(where_ + QLatin1Char('.') + QLatin1String(key) + QStringLiteral(" is not true or false"));
  return value.toBool();
}

QJsonArray JsonDoor::list(const char* key) {
  const QJsonValue value = object_.value(QLatin1String(key));
  if (failed() || value.isNull() || value.isUndefined()) return {};
  const QString name = where_ + QLatin1Char('.') + QLatin1String(key);
  if (!value.isArray()) {
    fail(name + QStringLiteral(" is not a list"));
    return {};
  }
  if (value.toArray().size() > list_length_max) {
    fail(name + QStringLiteral(" is too long"));
    return {};
  }
  return value.toArray();
}

std::optional<QJsonObject> JsonDoor::object(const char* key) {
  const QJsonValue value = object_.value(QLatin1String(key));
  if (failed() || value.isNull() || value.isUndefined()) return std::nullopt;
  if (!value.isObject()) {
    fail(where_ + QLatin1Char('.') + QLatin1String(key) + QStringLiteral(" is not an object"));
    return std::nullopt;
  }
  return value.toObject();
}

}  // namespace commonwatt::ui
