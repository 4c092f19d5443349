#include "controller/bill_texts.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "core/wide.hpp"

namespace commonwatt {
namespace {

constexpr std::array<BillTranslation, bill_text_count> translations{{
    {BillText::title, "Electricity bill", "Stromabrechnung"},
    {BillText::household, "Household", "Haushalt"},
    {BillText::period, "Period", "Zeitraum"},
    {BillText::time_zone, "Times", "Zeiten"},
    {BillText::you_pay, "You pay", "Sie zahlen"},
    {BillText::you_get, "You get", "Sie erhalten"},
    {BillText::without_market, "Without the market", "Ohne den Markt"},
    {BillText::saved, "Saved", "Gespart"},
    {BillText::lost, "More than without the market", "Mehr als ohne den Markt"},
    {BillText::summary_used, "You used {0}.", "Sie haben {0} verbraucht."},
    {BillText::summary_own, "{0} of your own production you used yourself.",
     "{0} Ihrer eigenen Erzeugung haben Sie selbst verbraucht."},
    {BillText::summary_bought, "You bought {0} from neighbours and {1} from the grid.",
     "Sie haben {0} von Nachbarn und {1} aus dem Netz bezogen."},
    {BillText::summary_sold, "You sold {0} to neighbours and {1} to the grid.",
     "Sie haben {0} an Nachbarn und {1} ins Netz verkauft."},
    {BillText::summary_without_pay, "Without the market you would have paid {0}.",
     "Ohne den Markt hätten Sie {0} bezahlt."},
    {BillText::summary_without_get, "Without the market you would have got {0}.",
     "Ohne den Markt hätten Sie {0} erhalten."},
    {BillText::summary_saved, "The market is worth {0} to you.", "Der Markt bringt Ihnen {0}."},
    {BillText::summary_lost, "The market cost you {0} more.", "Der Markt hat Sie {0} mehr gekostet."},
    {BillText::summary_even, "With the market it comes to the same.", "Mit dem Markt ist es gleich viel."},
    {BillText::words_bought, "You bought {0} from neighbours between {1} and {2} at {3} on average.",
     "Zwischen {1} und {2} haben Sie {0} von Nachbarn gekauft, im Mittel zu {3}."},
    {BillText::words_sold, "You sold {0} to neighbours between {1} and {2} at {3} on average.",
     "Zwischen {1} und {2} haben Sie {0} an Nachbarn verkauft, im Mittel zu {3}."},
    {BillText::words_grid_bought, "From the grid you took {0} over the day at {1} on average.",
     "Aus dem Netz haben Sie über den Tag {0} bezogen, im Mittel zu {1}."},
    {BillText::words_grid_sold, "To the grid you sold {0} over the day at {1} on average.",
     "Ins Netz haben Sie über den Tag {0} verkauft, im Mittel zu {1}."},
    {BillText::words_grid_sold_free, "To the grid you gave {0} over the day, for which nothing was paid.",
     "Ins Netz haben Sie über den Tag {0} abgegeben, wofür nichts bezahlt wurde."},
    {BillText::words_nothing, "No energy was bought or sold.", "Es wurde keine Energie gekauft oder verkauft."},
    {BillText::estimated_one, "From {0} to {1} the energy is estimated.", "Von {0} bis {1} ist die Energie geschätzt."},
    {BillText::estimated_many, "{0} intervals are estimated:", "{0} Intervalle sind geschätzt:"},
    {BillText::estimated_more, "And {0} more times, marked in the tables.",
     "Und {0} weitere Male, in den Tabellen bezeichnet."},
    {BillText::estimated_why,
     "There a reading of a meter was missing when the interval was settled. If it comes later, or the next readings "
     "show another amount, the difference may be corrected at the prices of the interval itself.",
     "Dort fehlte ein Zählerstand, als das Intervall abgerechnet wurde. Kommt er später, oder zeigen die nächsten "
     "Zählerstände eine andere Menge, kann der Unterschied zu den Preisen des Intervalls berichtigt werden."},
    {BillText::estimated_none, "Nothing is estimated: every interval rests on meter readings.",
     "Nichts ist geschätzt: Jedes Intervall beruht auf Zählerständen."},
    {BillText::missing, "There is no bill for {0} minutes of this period.",
     "Für {0} Minuten dieses Zeitraums liegt keine Abrechnung vor."},
    {BillText::rounded,
     "Amounts are exact to a billionth of the currency and rounded for display, half to even. Every total is the "
     "rounded exact total, so rounded rows may add up to something slightly different.",
     "Beträge sind auf ein Milliardstel der Währung genau und für die Anzeige gerundet, halbe zur geraden Ziffer. Jede "
     "Summe ist die gerundete genaue Summe; gerundete Zeilen können daher etwas anderes ergeben."},
    {BillText::signs, "Amounts in {0}: what you pay is positive, what you get is negative. Prices in {1}.",
     "Beträge in {0}: Was Sie zahlen, ist positiv, was Sie erhalten, negativ. Preise in {1}."},
    {BillText::no_extras, "Not charged in this period: {0}.", "In diesem Zeitraum nicht berechnet: {0}."},
    {BillText::clocks_change, "Clocks change on this day: times are shown with their offset from UTC.",
     "An diesem Tag werden die Uhren umgestellt: Zeiten stehen mit ihrem Abstand zu UTC."},
    {BillText::amounts, "What it is made of", "Woraus der Betrag besteht"},
    {BillText::amount_energy, "Energy traded with neighbours", "Energiehandel mit Nachbarn"},
    {BillText::amount_imbalance, "Energy from and to the grid", "Energie aus dem und ins Netz"},
    {BillText::days, "Days", "Tage"},
    {BillText::months, "Months", "Monate"},
    {BillText::quarter_hours, "Every interval", "Jedes Intervall"},
    {BillText::column_day, "Day", "Tag"},
    {BillText::column_month, "Month", "Monat"},
    {BillText::column_time, "Time", "Zeit"},
    {BillText::column_own_use, "Own use kWh", "Eigen\u00adverbrauch kWh"},
    {BillText::column_from_neighbours, "From neigh\u00adbours kWh", "Von Nach\u00adbarn kWh"},
    {BillText::column_from_grid, "From grid kWh", "Aus Netz kWh"},
    {BillText::column_to_neighbours, "To neigh\u00adbours kWh", "An Nach\u00adbarn kWh"},
    {BillText::column_to_grid, "To grid kWh", "Ins Netz kWh"},
    {BillText::column_price, "Price {0}", "Preis {0}"},
    {BillText::column_energy, "Neigh\u00adbours", "Nach\u00adbarn"},
    {BillText::column_imbalance, "Grid", "Netz"},
    {BillText::column_fee, "Fees", "Gebühren"},
    {BillText::column_loss, "Losses", "Verluste"},
    {BillText::column_tax, "Taxes", "Steuern"},
    {BillText::column_total, "Total", "Gesamt"},
    {BillText::column_without_market, "Without market", "Ohne Markt"},
    {BillText::column_saved, "Saved", "Gespart"},
    {BillText::column_quality, "Reading", "Ablesung"},
    {BillText::quality_good, "read", "gelesen"},
    {BillText::quality_estimated, "estimated", "geschätzt"},
    {BillText::sum, "Total", "Summe"},
    {BillText::chart, "Energy bought and sold, kWh", "Gekaufte und verkaufte Energie, kWh"},
    {BillText::legend_from_neighbours, "from neighbours", "von Nachbarn"},
    {BillText::legend_from_grid, "from the grid", "aus dem Netz"},
    {BillText::legend_to_neighbours, "to neighbours", "an Nachbarn"},
    {BillText::legend_to_grid, "to the grid", "ins Netz"},
    {BillText::account, "Your account", "Ihr Konto"},
    {BillText::account_opening, "Before this period", "Vor diesem Zeitraum"},
    {BillText::account_settled, "This bill", "Diese Abrechnung"},
    {BillText::account_received, "Received on {0}, {1}", "Eingegangen am {0}, {1}"},
    {BillText::account_paid_out, "Paid out on {0}, {1}", "Ausgezahlt am {0}, {1}"},
    {BillText::account_closing, "After this period", "Nach diesem Zeitraum"},
    {BillText::account_owes, "At the end of the period you owe {0}.", "Am Ende des Zeitraums schulden Sie {0}."},
    {BillText::account_has, "At the end of the period you have {0} to your credit.",
     "Am Ende des Zeitraums haben Sie ein Guthaben von {0}."},
    {BillText::account_even, "At the end of the period nothing is owed.",
     "Am Ende des Zeitraums ist das Konto ausgeglichen."},
    {BillText::account_corrections,
     "Intervals that were settled again since an earlier bill count here with their newest amounts.",
     "Intervalle, die seit einer früheren Abrechnung neu abgerechnet wurden, zählen hier mit ihren neuesten Beträgen."},
    {BillText::proof, "Proof", "Nachweis"},
    {BillText::proof_words,
     "Each interval's statement is a leaf of a sealed batch, and each batch an entry of the operator's signed log. Who "
     "holds the log's key can check every figure of this bill:",
     "Jede Abrechnung eines Intervalls ist ein Blatt eines versiegelten Stapels, jeder Stapel ein Eintrag im "
     "unterschriebenen Protokoll des Betreibers. Wer den Schlüssel des Protokolls hat, kann jede Zahl nachprüfen:"},
    {BillText::proof_checked, "All proofs were checked with the log key {0} when this bill was written, and hold.",
     "Alle Nachweise wurden beim Schreiben dieser Abrechnung mit dem Schlüssel {0} geprüft und stimmen."},
    {BillText::proof_not_checked, "The proofs were not checked when this bill was written: no log key was given.",
     "Die Nachweise wurden beim Schreiben dieser Abrechnung nicht geprüft: Es war kein Schlüssel angegeben."},
    {BillText::proof_how, "The columns below name, for each interval, where it stands in that log.",
     "Die folgenden Spalten nennen zu jedem Intervall seinen Platz in diesem Protokoll."},
    {BillText::column_log_index, "Log index", "Platz im Protokoll"},
    {BillText::column_batch_root, "Batch root", "Wurzel des Stapels"},
    {BillText::column_checkpoint, "Checkpoint: size and root", "Stand: Größe und Wurzel"},
    {BillText::month_1, "January", "Januar"},
    {BillText::month_2, "February", "Februar"},
    {BillText::month_3, "March", "März"},
    {BillText::month_4, "April", "April"},
    {BillText::month_5, "May", "Mai"},
    {BillText::month_6, "June", "Juni"},
    {BillText::month_7, "July", "Juli"},
    {BillText::month_8, "August", "August"},
    {BillText::month_9, "September", "September"},
    {BillText::month_10, "October", "Oktober"},
    {BillText::month_11, "November", "November"},
    {BillText::month_12, "December", "Dezember"},
}};

/// Keeps a number and its unit on one line.
constexpr const char* no_break = "\u00a0";

/// The quotient rounded to the nearest whole number, a tie to the even one. The divisor is above zero.
Wide nearest_even(Wide dividend, Wide divisor) {
  const Wide below = floor_divide(dividend, divisor);
  const Wide twice = 2 * (dividend - below * divisor);
  return below + (twice > divisor || (twice == divisor && below % 2 != 0) ? 1 : 0);
}

Wide power_of_ten(int exponent) {
  Wide power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

/// A whole count of 10^-decimals, with separators.
std::string grouped(Wide value, int decimals, Language language) {
  const char* const comma = language == Language::en ? "," : ".";
  const char* const point = language == Language::en ? "." : ",";
  std::string digits = to_text(value < 0 ? -value : value);
  const auto places = static_cast<std::size_t>(decimals);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  const std::size_t whole = digits.size() - places;
  std::string text = value < 0 ? "\u2212" : "";
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i == whole) {
      text += point;
    } else if (i > 0 && i < whole && (whole - i) % 3 == 0) {
      text += comma;
    }
    text += digits[i];
  }
  return text;
}

bool has_cents(const std::string& currency) {
  return currency == "EUR";
}

}  // namespace

std::optional<Language> language_from_text(std::string_view code) {
  if (code == "en") return Language::en;
  if (code == "de") return Language::de;
  return std::nullopt;
}

const char* to_text(Language language) {
  return language == Language::en ? "en" : "de";
}

std::span<const BillTranslation> bill_translations() {
  return translations;
}

const char* text_of(BillText text, Language language) {
  const BillTranslation& translation = translations[static_cast<std::size_t>(text)];
  return language == Language::en ? translation.en : translation.de;
}

std::string text_of(BillText text, Language language, std::initializer_list<std::string> values) {
  std::string filled;
  for (std::string_view rest = text_of(text, language); !rest.empty();) {
    const std::size_t open = rest.find('{');
    filled += rest.substr(0, open);
    if (open == std::string_view::npos) break;
    const auto index = static_cast<std::size_t>(rest[open + 1] - '0');
    assert(index < values.size());
    filled += *(values.begin() + index);
    rest.remove_prefix(open + 3);
  }
  return filled;
}

bool is_currency(std::string_view text) {
  return text.size() == 3 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string decimal_text(std::int64_t value, int scale, int shown, Language language) {
  assert(scale >= shown);
  return grouped(nearest_even(wide(value), power_of_ten(scale - shown)), shown, language);
}

std::string amount_text(Money amount, Language language) {
  return decimal_text(amount.count, 9, 2, language);
}

bool shows_as_zero(Money amount) {
  return amount_text(amount, Language::en) == "0.00";
}

std::string money_text(Money amount, const std::string& currency, Language language) {
  const std::string number = amount_text(amount, language);
  const bool is_euro = currency == "EUR";
  if (language == Language::de) return number + no_break + (is_euro ? "€" : currency);
  if (!is_euro) return currency + no_break + number;
  const std::string_view minus = "\u2212";
  return number.starts_with(minus) ? std::string(minus) + "€" + number.substr(minus.size()) : "€" + number;
}

std::string kwh_text(Energy energy, Language language) {
  return decimal_text(energy.count, 3, 3, language);
}

std::string energy_text(Energy energy, Language language) {
  if (energy < Energy{1'000} && energy > Energy{-1'000})
    return decimal_text(energy.count, 0, 0, language) + no_break + "Wh";
  return decimal_text(energy.count, 3, 1, language) + no_break + "kWh";
}

std::string price_text(Price price, const std::string& currency, Language language) {
  return has_cents(currency) ? decimal_text(price.count, 4, 2, language) : decimal_text(price.count, 6, 4, language);
}

std::string price_unit(const std::string& currency) {
  return (has_cents(currency) ? "ct" : currency) + "/kWh";
}

std::string average_text(Money amount, Energy energy, const std::string& currency, Language language) {
  assert(energy > Energy{0});
  // Nano-currency per Wh is micro-currency per kWh; a tenth of a cent is a thousand of them.
  const Wide step = has_cents(currency) ? 1'000 : 100;
  const std::string number =
      grouped(nearest_even(amount.count, energy.count * step), has_cents(currency) ? 1 : 4, language);
  return number + no_break + price_unit(currency);
}

std::string month_text(const LocalDate& date, Language language) {
  const auto month = static_cast<BillText>(static_cast<unsigned>(BillText::month_1) + date.month - 1);
  return std::string(text_of(month, language)) + " " + std::to_string(date.year);
}

std::string date_text(const LocalDate& date, Language language) {
  return std::to_string(date.day) + (language == Language::en ? " " : ". ") + month_text(date, language);
}

}  // namespace commonwatt
