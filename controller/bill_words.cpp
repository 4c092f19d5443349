#include "controller/bill_words.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <span>

namespace commonwatt {
namespace {

/// How many stretches of estimates are named; the tables mark all.
constexpr std::size_t estimates_shown_max = 8;

/// Intervals that follow each other, [first, last] of the bill's rows, with what they have in common summed.
struct Spell {
  std::size_t first = 0;
  std::size_t last = 0;
  Energy energy;
  Money amount;
};

std::vector<Spell> spells_of(const HouseholdBill& bill, std::size_t first, std::size_t count,
                             const std::function<bool(const BillRow&)>& belongs) {
  std::vector<Spell> spells;
  for (std::size_t i = first; i < first + count; ++i) {
    const BillRow& row = bill.rows[i];
    if (!belongs(row)) continue;
    const bool follows = !spells.empty() && spells.back().last + 1 == i &&
                         bill.rows[spells.back().last].interval.end() == row.interval.begin();
    if (!follows) spells.push_back({.first = i, .last = i, .energy = {}, .amount = {}});
    Spell& spell = spells.back();
    spell.last = i;
    spell.energy += row.contract;
    spell.amount += row.amounts[index_of(BillAmount::energy)];
  }
  return spells;
}

std::string begin_text(const HouseholdBill& bill, const Spell& spell, bool with_offset) {
  return clock_text(bill.local(bill.rows[spell.first].interval.begin()), with_offset);
}
std::string end_text(const HouseholdBill& bill, const Spell& spell, bool with_offset) {
  return clock_text(bill.local(bill.rows[spell.last].interval.end()), with_offset);
}

/// A day's trade with the grid in one direction; the amount is the household's gain where it sells.
struct GridTrade {
  Energy bought;
  Money cost;
  Energy sold;
  Money gain;
};

GridTrade grid_trade(const HouseholdBill& bill, const BillSpan& day) {
  GridTrade trade;
  for (std::size_t i = day.first; i < day.first + day.count; ++i) {
    const BillRow& row = bill.rows[i];
    const Money amount = row.amounts[index_of(BillAmount::imbalance)];
    trade.bought += row.from_grid();
    trade.sold += row.to_grid();
    if (row.from_grid() > Energy{0}) trade.cost += amount;
    if (row.to_grid() > Energy{0}) trade.gain -= amount;
  }
  return trade;
}

std::string date_and_clock(const LocalTime& time, bool with_offset, Language language) {
  return date_text(time.date, language) + ", " + clock_text(time, with_offset);
}

}  // namespace

std::string clock_text(const LocalTime& time, bool with_offset) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%02d:%02d", time.minute / 60, time.minute % 60);
  return with_offset ? std::string(text.data()) + "\u00a0" + offset_text(time.offset_seconds) : text.data();
}

std::string period_text(const HouseholdBill& bill, Language language) {
  const LocalTime begin = bill.local(bill.begin);
  const LocalTime end = bill.local(bill.end);
  const bool at_days = bill.zone.day_begin(begin.date) == bill.begin && bill.zone.day_begin(end.date) == bill.end;
  if (!at_days) {
    const bool with_offset = begin.offset_seconds != end.offset_seconds;
    return date_and_clock(begin, with_offset, language) + " – " + date_and_clock(end, with_offset, language);
  }
  if (begin.date.day == 1 && end.date == next_month(begin.date)) return month_text(begin.date, language);
  const LocalDate last = bill.local(bill.end - std::chrono::seconds(1)).date;
  if (begin.date == last) return date_text(last, language);
  return date_text(begin.date, language) + " – " + date_text(last, language);
}

std::vector<std::string> summary_words(const HouseholdBill& bill, Language language) {
  const BillSums& sums = bill.sums;
  const auto money = [&](Money amount) { return money_text(amount, bill.currency, language); };
  const auto energy = [&](Energy value) { return energy_text(value, language); };
  std::vector<std::string> words{text_of(BillText::summary_used, language, {energy(sums.used)})};
  if (sums.own_use) words.push_back(text_of(BillText::summary_own, language, {energy(*sums.own_use)}));
  words.push_back(text_of(BillText::summary_bought, language, {energy(sums.from_neighbours), energy(sums.from_grid)}));
  if (sums.to_neighbours + sums.to_grid > Energy{0})
    words.push_back(text_of(BillText::summary_sold, language, {energy(sums.to_neighbours), energy(sums.to_grid)}));
  words.push_back(sums.without_market < Money{0}
                      ? text_of(BillText::summary_without_get, language, {money(-sums.without_market)})
                      : text_of(BillText::summary_without_pay, language, {money(sums.without_market)}));
  if (shows_as_zero(sums.saved())) {
    words.emplace_back(text_of(BillText::summary_even, language));
  } else {
    words.push_back(sums.saved() < Money{0} ? text_of(BillText::summary_lost, language, {money(-sums.saved())})
                                            : text_of(BillText::summary_saved, language, {money(sums.saved())}));
  }
  return words;
}

std::vector<std::string> day_words(const HouseholdBill& bill, const BillSpan& day, Language language) {
  std::vector<std::string> words;
  const bool offset = day.offset_changes;
  const auto bought = [](const BillRow& row) { return row.contract > Energy{0}; };
  const auto sold = [](const BillRow& row) { return row.contract < Energy{0}; };
  for (const Spell& spell : spells_of(bill, day.first, day.count, sold)) {
    words.push_back(
        text_of(BillText::words_sold, language,
                {energy_text(-spell.energy, language), begin_text(bill, spell, offset), end_text(bill, spell, offset),
                 average_text(-spell.amount, -spell.energy, bill.currency, language)}));
  }
  for (const Spell& spell : spells_of(bill, day.first, day.count, bought)) {
    words.push_back(
        text_of(BillText::words_bought, language,
                {energy_text(spell.energy, language), begin_text(bill, spell, offset), end_text(bill, spell, offset),
                 average_text(spell.amount, spell.energy, bill.currency, language)}));
  }
  const GridTrade grid = grid_trade(bill, day);
  if (grid.bought > Energy{0}) {
    words.push_back(
        text_of(BillText::words_grid_bought, language,
                {energy_text(grid.bought, language), average_text(grid.cost, grid.bought, bill.currency, language)}));
  }
  if (grid.sold > Energy{0} && grid.gain == Money{0})
    words.push_back(text_of(BillText::words_grid_sold_free, language, {energy_text(grid.sold, language)}));
  if (grid.sold > Energy{0} && grid.gain != Money{0}) {
    words.push_back(
        text_of(BillText::words_grid_sold, language,
                {energy_text(grid.sold, language), average_text(grid.gain, grid.sold, bill.currency, language)}));
  }
  if (words.empty()) words.emplace_back(text_of(BillText::words_nothing, language));
  if (offset) words.emplace_back(text_of(BillText::clocks_change, language));
  return words;
}

std::vector<std::string> estimate_words(const HouseholdBill& bill, Language language) {
  std::vector<std::string> words;
  if (bill.sums.estimated == 0) {
    words.emplace_back(text_of(BillText::estimated_none, language));
  } else {
    const auto estimated = [](const BillRow& row) { return row.quality == DeliveryQuality::estimated; };
    const auto count = static_cast<std::int64_t>(bill.sums.estimated);
    if (count > 1) words.push_back(text_of(BillText::estimated_many, language, {decimal_text(count, 0, 0, language)}));
    const std::vector<Spell> spells = spells_of(bill, 0, bill.rows.size(), estimated);
    const std::size_t shown = std::min(spells.size(), estimates_shown_max);
    for (const Spell& spell : std::span(spells).first(shown)) {
      const LocalTime begin = bill.local(bill.rows[spell.first].interval.begin());
      const LocalTime end = bill.local(bill.rows[spell.last].interval.end());
      words.push_back(text_of(BillText::estimated_one, language,
                              {date_and_clock(begin, true, language),
                               begin.date == end.date ? clock_text(end, true) : date_and_clock(end, true, language)}));
    }
    if (shown < spells.size()) {
      const auto more = static_cast<std::int64_t>(spells.size() - shown);
      words.push_back(text_of(BillText::estimated_more, language, {decimal_text(more, 0, 0, language)}));
    }
    words.emplace_back(text_of(BillText::estimated_why, language));
  }
  if (bill.missing_seconds > 0)
    words.push_back(text_of(BillText::missing, language, {decimal_text(bill.missing_seconds / 60, 0, 0, language)}));
  return words;
}

std::vector<std::string> account_words(const HouseholdBill& bill, Language language) {
  const Money closing = bill.account->closing;
  const auto money = [&](Money amount) { return money_text(amount, bill.currency, language); };
  std::vector<std::string> words;
  if (shows_as_zero(closing)) {
    words.emplace_back(text_of(BillText::account_even, language));
  } else {
    words.push_back(closing > Money{0} ? text_of(BillText::account_owes, language, {money(closing)})
                                       : text_of(BillText::account_has, language, {money(-closing)}));
  }
  words.emplace_back(text_of(BillText::account_corrections, language));
  return words;
}

std::vector<std::string> reading_words(const HouseholdBill& bill, Language language) {
  std::vector<std::string> words{text_of(BillText::signs, language, {bill.currency, price_unit(bill.currency)}),
                                 text_of(BillText::rounded, language)};
  std::string absent;
  const std::array extras{std::pair(BillAmount::fee, BillText::column_fee),
                          std::pair(BillAmount::loss, BillText::column_loss),
                          std::pair(BillAmount::tax, BillText::column_tax)};
  for (const auto& [amount, name] : extras) {
    if (!bill.has(amount)) absent += (absent.empty() ? "" : ", ") + std::string(text_of(name, language));
  }
  if (!absent.empty()) words.push_back(text_of(BillText::no_extras, language, {absent}));
  return words;
}

}  // namespace commonwatt
