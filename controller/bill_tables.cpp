#include "controller/bill_tables.hpp"

#include <utility>

#include "controller/bill_words.hpp"

namespace commonwatt {
namespace {

constexpr const char* nothing = "–";

BillText column_of(BillAmount amount) {
  switch (amount) {
    case BillAmount::energy:
      return BillText::column_energy;
    case BillAmount::imbalance:
      return BillText::column_imbalance;
    case BillAmount::fee:
      return BillText::column_fee;
    case BillAmount::loss:
      return BillText::column_loss;
    case BillAmount::tax:
      return BillText::column_tax;
  }
  return BillText::column_total;
}

bool is_shown(const HouseholdBill& bill, BillAmount amount) {
  return amount == BillAmount::energy || amount == BillAmount::imbalance || bill.has(amount);
}

/// Head and energies common to rows and spans: the household's own use only where something was produced.
void add_energy_columns(std::vector<BillColumn>& columns, const HouseholdBill& bill, Language language) {
  const auto add = [&](BillText text) { columns.push_back({text_of(text, language), true}); };
  if (bill.sums.own_use) add(BillText::column_own_use);
  for (const BillText text : {BillText::column_from_neighbours, BillText::column_from_grid,
                              BillText::column_to_neighbours, BillText::column_to_grid})
    add(text);
}

template <class Row>
std::vector<std::string> energy_cells(const HouseholdBill& bill, std::optional<Energy> own_use, const Row& energies,
                                      Language language) {
  std::vector<std::string> cells;
  if (bill.sums.own_use) cells.push_back(own_use ? kwh_text(*own_use, language) : nothing);
  for (const Energy energy : energies) cells.push_back(kwh_text(energy, language));
  return cells;
}

void add_amount_columns(std::vector<BillColumn>& columns, const HouseholdBill& bill, Language language) {
  for (const BillAmount amount : bill_amounts) {
    if (is_shown(bill, amount)) columns.push_back({text_of(column_of(amount), language), true});
  }
  columns.push_back({text_of(BillText::column_total, language), true});
}

void add_amount_cells(std::vector<std::string>& cells, const HouseholdBill& bill, const BillAmounts& amounts,
                      Money total, Language language) {
  for (const BillAmount amount : bill_amounts) {
    if (is_shown(bill, amount)) cells.push_back(amount_text(amounts[index_of(amount)], language));
  }
  cells.push_back(amount_text(total, language));
}

std::vector<std::string> sums_cells(const HouseholdBill& bill, const BillSums& sums, Language language) {
  return energy_cells(bill, sums.own_use,
                      std::array{sums.from_neighbours, sums.from_grid, sums.to_neighbours, sums.to_grid}, language);
}

}  // namespace

BillTable day_table(const HouseholdBill& bill, const BillSpan& day, Language language) {
  BillTable table;
  table.columns.push_back({text_of(BillText::column_time, language), false});
  add_energy_columns(table.columns, bill, language);
  table.columns.push_back({text_of(BillText::column_price, language, {price_unit(bill.currency)}), true});
  add_amount_columns(table.columns, bill, language);
  table.columns.push_back({text_of(BillText::column_quality, language), false});
  for (std::size_t i = day.first; i < day.first + day.count; ++i) {
    const BillRow& row = bill.rows[i];
    std::vector<std::string> cells{clock_text(bill.local(row.interval.begin()), day.offset_changes)};
    const std::array energies{row.from_neighbours(), row.from_grid(), row.to_neighbours(), row.to_grid()};
    for (std::string& cell : energy_cells(bill, row.own_use(), energies, language)) cells.push_back(std::move(cell));
    cells.push_back(row.price ? price_text(*row.price, bill.currency, language) : nothing);
    add_amount_cells(cells, bill, row.amounts, row.total, language);
    cells.emplace_back(
        text_of(row.quality == DeliveryQuality::good ? BillText::quality_good : BillText::quality_estimated, language));
    table.rows.push_back(std::move(cells));
  }
  table.sums.emplace_back(text_of(BillText::sum, language));
  for (std::string& cell : sums_cells(bill, day.sums, language)) table.sums.push_back(std::move(cell));
  table.sums.emplace_back();
  add_amount_cells(table.sums, bill, day.sums.amounts, day.sums.total, language);
  table.sums.emplace_back();
  return table;
}

BillTable span_table(const HouseholdBill& bill, const std::vector<BillSpan>& spans, BillText first_column,
                     Language language) {
  BillTable table;
  table.columns.push_back({text_of(first_column, language), false});
  add_energy_columns(table.columns, bill, language);
  add_amount_columns(table.columns, bill, language);
  table.columns.push_back({text_of(BillText::column_without_market, language), true});
  table.columns.push_back({text_of(BillText::column_saved, language), true});
  const auto cells_of = [&](const std::string& name, const BillSums& sums) {
    std::vector<std::string> cells{name};
    for (std::string& cell : sums_cells(bill, sums, language)) cells.push_back(std::move(cell));
    add_amount_cells(cells, bill, sums.amounts, sums.total, language);
    cells.push_back(amount_text(sums.without_market, language));
    cells.push_back(amount_text(sums.saved(), language));
    return cells;
  };
  for (const BillSpan& span : spans) {
    const bool is_day = first_column == BillText::column_day;
    table.rows.push_back(
        cells_of(is_day ? date_text(span.date, language) : month_text(span.date, language), span.sums));
  }
  table.sums = cells_of(text_of(BillText::sum, language), bill.sums);
  return table;
}

BillTable amounts_table(const HouseholdBill& bill, Language language) {
  BillTable table;
  table.columns = {{"", false}, {bill.currency, true}};
  for (const BillAmount amount : bill_amounts) {
    if (!is_shown(bill, amount)) continue;
    const BillText name = amount == BillAmount::energy      ? BillText::amount_energy
                          : amount == BillAmount::imbalance ? BillText::amount_imbalance
                                                            : column_of(amount);
    table.rows.push_back({text_of(name, language), amount_text(bill.sums.amounts[index_of(amount)], language)});
  }
  table.sums = {text_of(BillText::sum, language), amount_text(bill.sums.total, language)};
  return table;
}

BillTable account_table(const HouseholdBill& bill, Language language) {
  const HouseholdAccount& account = *bill.account;
  BillTable table;
  table.columns = {{"", false}, {bill.currency, true}};
  const auto add = [&](std::string name, Money amount) {
    table.rows.push_back({std::move(name), amount_text(amount, language)});
  };
  add(text_of(BillText::account_opening, language), account.opening);
  add(text_of(BillText::account_settled, language), account.settled);
  for (const AccountPayment& payment : account.payments) {
    const BillText name = payment.amount < Money{0} ? BillText::account_received : BillText::account_paid_out;
    add(text_of(name, language, {date_text(payment.day, language), payment.reference}), payment.amount);
  }
  table.sums = {text_of(BillText::account_closing, language), amount_text(account.closing, language)};
  return table;
}

BillTable proof_table(const HouseholdBill& bill, Language language) {
  BillTable table;
  for (const BillText head :
       {BillText::column_time, BillText::column_log_index, BillText::column_batch_root, BillText::column_checkpoint})
    table.columns.push_back({text_of(head, language), head == BillText::column_log_index});
  for (const BillRow& row : bill.rows) {
    const BillEvidence& evidence = row.evidence;
    table.rows.push_back({to_text(row.interval.begin()), std::to_string(evidence.log_index),
                          to_hex(evidence.batch_root),
                          std::to_string(evidence.checkpoint_size) + " " + to_hex(evidence.checkpoint_root)});
  }
  return table;
}

}  // namespace commonwatt
