// Quantities as people read them. Integers in, text out; rounding is half away from zero. The absent value is a dash,
// never 0. Numbers look the same in every locale, so that a screenshot, a test and a telephone call agree.
#pragma once

#include <QString>
#include <chrono>
#include <cstdint>
#include <optional>

#include "core/time.hpp"
#include "core/units.hpp"
#include "ui/neighbourhood.hpp"

namespace commonwatt::ui {

/// What stands where a value is not known.
QString absent_text();

/// `count` divided by 10^`shift`, with `decimals` places and a true minus sign: decimal_text(-1249, 3, 1) is "−1.2".
QString decimal_text(std::int64_t count, int shift, int decimals);

/// "850 W", "31.2 kW", "1.25 MW".
QString power_text(std::optional<Power> power);
/// "850 Wh", "2.2 kWh", "1.25 MWh".
QString energy_text(std::optional<Energy> energy);
/// A power that may flow either way, with its sign spelled out: "+3.4 kW", "−22.4 kW".
QString signed_power_text(std::optional<Power> power);
/// "14.3 ct/kWh"; for a currency without cents known here "0.143 XYZ/kWh".
QString price_text(std::optional<Price> price, const QString& currency, int decimals = 1);
/// The unit of price_text alone.
QString price_unit(const QString& currency);
/// A price in price_unit, for axes.
double price_in_unit(Price price, const QString& currency);
/// "0.81 EUR", "−12.40 EUR".
QString money_text(std::optional<Money> money, const QString& currency, int decimals = 2);
/// "87 %".
QString permille_text(std::optional<std::int64_t> permille);
QString count_text(std::optional<std::int64_t> count);

/// "12 s", "3 min", "2 h", "4 d"; for the age of data and the wait for an event.
QString span_text(std::optional<std::int64_t> seconds);
/// Local wall-clock time of a market instant, "14:15"; the zone is the machine's.
QString clock_text(std::optional<UtcTime> time);
/// "21 Jun 2026 14:15:30".
QString date_time_text(UtcTime time);

/// "settled", "signed" and so on, in words.
QString settlement_text(SettlementState state);
/// The mark before the word: four shapes that differ without colour.
QString settlement_mark(SettlementState state);
QString quality_text(std::optional<Quality> quality);

/// The beginning of a hash, enough to compare by eye: "9f86d081…".
QString short_hash(const QString& hex);

}  // namespace commonwatt::ui
