#include "ui/quantity_text.hpp"

#include <QCoreApplication>
#include <QDateTime>
#include <QLocale>
#include <algorithm>
#include <array>

namespace commonwatt::ui {
namespace {

QString words(const char* text) {
  return QCoreApplication::translate("quantity", text);
}

constexpr std::int64_t power_of_ten(int exponent) {
  std::int64_t value = 1;
  for (int i = 0; i < exponent; ++i) value *= 10;
  return value;
}

/// A number of W or Wh in the unit a person would use.
QString scaled_text(std::int64_t count, const char* unit) {
  const std::int64_t magnitude = count < 0 ? -count : count;
  // 999 950 W would read "1000.0 kW", so the larger unit begins where its rounding does.
  if (magnitude >= 999'950) return decimal_text(count, 6, 2) + QStringLiteral(" M") + QLatin1String(unit);
  if (magnitude >= 1000) return decimal_text(count, 3, 1) + QStringLiteral(" k") + QLatin1String(unit);
  return decimal_text(count, 0, 0) + QLatin1Char(' ') + QLatin1String(unit);
}

bool has_cents(const QString& currency) {
  static const std::array<QString, 4> known{QStringLiteral("EUR"), QStringLiteral("USD"), QStringLiteral("AUD"),
                                            QStringLiteral("CAD")};
  return std::find(known.begin(), known.end(), currency) != known.end();
}

QDateTime local(UtcTime time) {
  return QDateTime::fromSecsSinceEpoch(time.seconds());
}

}  // namespace

QString absent_text() {
  return QStringLiteral("–");
}

QString decimal_text(std::int64_t count, int shift, int decimals) {
  // Half away from zero, on the magnitude, which also fits for the smallest integer.
  std::uint64_t magnitude = count < 0 ? ~static_cast<std::uint64_t>(count) + 1 : static_cast<std::uint64_t>(count);
  const int dropped = shift - decimals;
  if (dropped > 0) {
    const auto divisor = static_cast<std::uint64_t>(power_of_ten(dropped));
    const std::uint64_t rest = magnitude % divisor;
    magnitude = magnitude / divisor + (rest >= divisor - rest ? 1 : 0);
  }
  const int places = dropped > 0 ? decimals : shift;
  QString digits = QString::number(magnitude).rightJustified(places + 1, QLatin1Char('0'));
  if (places > 0) digits.insert(digits.size() - places, QLatin1Char('.'));
  if (dropped < 0) {
    if (places == 0) digits += QLatin1Char('.');
    digits += QString(-dropped, QLatin1Char('0'));
  }
  return count < 0 && magnitude != 0 ? QStringLiteral("−") + digits : digits;
}

QString power_text(std::optional<Power> power) {
  return power ? scaled_text(power->count, "W") : absent_text();
}

QString energy_text(std::optional<Energy> energy) {
  return energy ? scaled_text(energy->count, "Wh") : absent_text();
}

QString signed_power_text(std::optional<Power> power) {
  if (!power) return absent_text();
  return power->count > 0 ? QLatin1Char('+') + power_text(power) : power_text(power);
}

QString price_unit(const QString& currency) {
  if (has_cents(currency)) return QStringLiteral("ct/kWh");
  return (currency.isEmpty() ? QStringLiteral("¤") : currency) + QStringLiteral("/kWh");
}

double price_in_unit(Price price, const QString& currency) {
  return static_cast<double>(price.count) / (has_cents(currency) ? 1e4 : 1e6);
}

QString price_text(std::optional<Price> price, const QString& currency, int decimals) {
  if (!price) return absent_text();
  const bool cents = has_cents(currency);
  const QString number = cents ? decimal_text(price->count, 4, decimals) : decimal_text(price->count, 6, decimals + 2);
  return number + QLatin1Char(' ') + price_unit(currency);
}

QString money_text(std::optional<Money> money, const QString& currency, int decimals) {
  if (!money) return absent_text();
  const QString number = decimal_text(money->count, 9, decimals);
  return currency.isEmpty() ? number : number + QLatin1Char(' ') + currency;
}

QString permille_text(std::optional<std::int64_t> permille) {
  return permille ? decimal_text(*permille, 1, 0) + QStringLiteral(" %") : absent_text();
}

QString count_text(std::optional<std::int64_t> count) {
  return count ? decimal_text(*count, 0, 0) : absent_text();
}

QString span_text(std::optional<std::int64_t> seconds) {
  if (!seconds) return absent_text();
  const std::int64_t s = *seconds < 0 ? 0 : *seconds;
  if (s < 120) return QStringLiteral("%1 s").arg(s);
  if (s < 120 * 60) return QStringLiteral("%1 min").arg(s / 60);
  if (s < 48 * 3600) return QStringLiteral("%1 h").arg(s / 3600);
  return QStringLiteral("%1 d").arg(s / 86400);
}

QString clock_text(std::optional<UtcTime> time) {
  return time ? local(*time).toString(QStringLiteral("HH:mm")) : absent_text();
}

QString date_time_text(UtcTime time) {
  return QLocale::c().toString(local(time), QStringLiteral("d MMM yyyy HH:mm:ss"));
}

QString settlement_text(SettlementState state) {
  switch (state) {
    case SettlementState::cleared:
      return words(QT_TRANSLATE_NOOP("quantity", "cleared"));
    case SettlementState::settled:
      return words(QT_TRANSLATE_NOOP("quantity", "settled"));
    case SettlementState::signed_:
      return words(QT_TRANSLATE_NOOP("quantity", "signed"));
    case SettlementState::witnessed:
      return words(QT_TRANSLATE_NOOP("quantity", "witnessed"));
  }
  return {};
}

QString settlement_mark(SettlementState state) {
  switch (state) {
    case SettlementState::cleared:
      return QStringLiteral("◇");
    case SettlementState::settled:
      return QStringLiteral("○");
    case SettlementState::signed_:
      return QStringLiteral("◐");
    case SettlementState::witnessed:
      return QStringLiteral("●");
  }
  return {};
}

QString quality_text(std::optional<Quality> quality) {
  if (!quality) return absent_text();
  switch (*quality) {
    case Quality::good:
      return words(QT_TRANSLATE_NOOP("quantity", "good"));
    case Quality::estimated:
      return words(QT_TRANSLATE_NOOP("quantity", "estimated"));
  }
  return {};
}

QString short_hash(const QString& hex) {
  if (hex.isEmpty()) return absent_text();
  return hex.size() <= 12 ? hex : hex.left(8) + QStringLiteral("…");
}

}  // namespace commonwatt::ui
