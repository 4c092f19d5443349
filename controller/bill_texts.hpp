// Every word on a bill, in every language, in one table; and how each language writes numbers, money and dates.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "controller/local_time.hpp"
#include "core/units.hpp"

namespace commonwatt {

enum class Language : std::uint8_t { en, de };
std::optional<Language> language_from_text(std::string_view code);
/// "en", "de", as HTML wants them.
const char* to_text(Language language);

/// The texts of a bill; month_1 to month_12 follow each other.
enum class BillText : std::uint8_t {
  title,
  household,
  period,
  time_zone,
  you_pay,
  you_get,
  without_market,
  saved,
  lost,
  summary_used,
  summary_own,
  summary_bought,
  summary_sold,
  summary_without_pay,
  summary_without_get,
  summary_saved,
  summary_lost,
  summary_even,
  words_bought,
  words_sold,
  words_grid_bought,
  words_grid_sold,
  words_grid_sold_free,
  words_nothing,
  estimated_one,
  estimated_many,
  estimated_more,
  estimated_why,
  estimated_none,
  missing,
  rounded,
  signs,
  no_extras,
  clocks_change,
  amounts,
  amount_energy,
  amount_imbalance,
  days,
  months,
  quarter_hours,
  column_day,
  column_month,
  column_time,
  column_own_use,
  column_from_neighbours,
  column_from_grid,
  column_to_neighbours,
  column_to_grid,
  column_price,
  column_energy,
  column_imbalance,
  column_fee,
  column_loss,
  column_tax,
  column_total,
  column_without_market,
  column_saved,
  column_quality,
  quality_good,
  quality_estimated,
  sum,
  chart,
  legend_from_neighbours,
  legend_from_grid,
  legend_to_neighbours,
  legend_to_grid,
  account,
  account_opening,
  account_settled,
  account_received,
  account_paid_out,
  account_closing,
  account_owes,
  account_has,
  account_even,
  account_corrections,
  proof,
  proof_words,
  proof_checked,
  proof_not_checked,
  proof_how,
  column_log_index,
  column_batch_root,
  column_checkpoint,
  month_1,
  month_2,
  month_3,
  month_4,
  month_5,
  month_6,
  month_7,
  month_8,
  month_9,
  month_10,
  month_11,
  month_12,
};
inline constexpr std::size_t bill_text_count = static_cast<std::size_t>(BillText::month_12) + 1;

struct BillTranslation {
  BillText key = BillText::title;
  const char* en = "";
  const char* de = "";
};
/// All texts, in the order of BillText.
std::span<const BillTranslation> bill_translations();

const char* text_of(BillText text, Language language);
/// The text with {0}, {1} ... replaced.
std::string text_of(BillText text, Language language, std::initializer_list<std::string> values);

/// Whether a text is three capital letters, as ISO 4217 names currencies.
bool is_currency(std::string_view text);

/// A whole count of 10^-scale as a decimal number with `shown` decimals (not more than `scale`), rounded half to even,
/// with the language's separators: "1,234.50", "−1.234,50". There is no "−0.00".
std::string decimal_text(std::int64_t value, int scale, int shown, Language language);
/// To a hundredth of the currency, without its name.
std::string amount_text(Money amount, Language language);
/// Whether that shows as zero.
bool shows_as_zero(Money amount);
/// With the currency: "€12.30", "12,30 €", "CHF 12.30".
std::string money_text(Money amount, const std::string& currency, Language language);
/// Kilowatt-hours, exact, without the unit.
std::string kwh_text(Energy energy, Language language);
/// For sentences: "240 Wh", "3.2 kWh".
std::string energy_text(Energy energy, Language language);
/// Without the unit, to a hundredth of a cent for EUR, else to a ten-thousandth of the currency.
std::string price_text(Price price, const std::string& currency, Language language);
/// What price_text counts in: "ct/kWh" or "CHF/kWh".
std::string price_unit(const std::string& currency);
/// For sentences: what `energy`, above zero, cost per kWh on average: "14.1 ct/kWh".
std::string average_text(Money amount, Energy energy, const std::string& currency, Language language);
/// "21 June 2026", "21. Juni 2026".
std::string date_text(const LocalDate& date, Language language);
/// "June 2026", "Juni 2026".
std::string month_text(const LocalDate& date, Language language);

}  // namespace commonwatt
