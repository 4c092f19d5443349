#include "controller/bill_files.hpp"

#include <nlohmann/json.hpp>

#include "controller/bill_tables.hpp"
#include "controller/bill_words.hpp"
#include "core/wide.hpp"

namespace commonwatt {
namespace {

using Json = nlohmann::ordered_json;

std::string local_text(const LocalTime& time) {
  return to_text(time.date) + "T" + clock_text(time, false) + offset_text(time.offset_seconds);
}

Json integer(std::int64_t value) {
  constexpr std::int64_t exact_max = std::int64_t{1} << 53;
  if (value > exact_max || value < -exact_max) return std::to_string(value);
  return value;
}
template <class Unit>
Json integer(const std::optional<Quantity<Unit>>& value) {
  return value ? integer(value->count) : Json(nullptr);
}

const char* key_of(BillAmount amount) {
  switch (amount) {
    case BillAmount::energy:
      return "energy";
    case BillAmount::imbalance:
      return "imbalance";
    case BillAmount::fee:
      return "fee";
    case BillAmount::loss:
      return "loss";
    case BillAmount::tax:
      return "tax";
  }
  return "";
}

Json amounts_json(const BillAmounts& amounts) {
  Json json;
  for (const BillAmount amount : bill_amounts) json[key_of(amount)] = integer(amounts[index_of(amount)].count);
  return json;
}

Json sums_json(const BillSums& sums) {
  return {{"intervals", sums.rows},
          {"estimated", sums.estimated},
          {"own_use_wh", integer(sums.own_use)},
          {"used_wh", integer(sums.used.count)},
          {"from_neighbours_wh", integer(sums.from_neighbours.count)},
          {"from_grid_wh", integer(sums.from_grid.count)},
          {"to_neighbours_wh", integer(sums.to_neighbours.count)},
          {"to_grid_wh", integer(sums.to_grid.count)},
          {"amounts", amounts_json(sums.amounts)},
          {"total", integer(sums.total.count)},
          {"without_market", integer(sums.without_market.count)},
          {"saved", integer(sums.saved().count)}};
}

Json row_json(const HouseholdBill& bill, const BillRow& row) {
  return {{"interval", to_text(row.interval.begin())},
          {"seconds", row.interval.length_seconds()},
          {"local", local_text(bill.local(row.interval.begin()))},
          {"run", to_text(row.run)},
          {"quality", to_text(row.quality)},
          {"own_use_wh", integer(row.own_use())},
          {"used_wh", integer(row.used().count)},
          {"from_neighbours_wh", integer(row.from_neighbours().count)},
          {"from_grid_wh", integer(row.from_grid().count)},
          {"to_neighbours_wh", integer(row.to_neighbours().count)},
          {"to_grid_wh", integer(row.to_grid().count)},
          {"price", integer(row.price)},
          {"amounts", amounts_json(row.amounts)},
          {"total", integer(row.total.count)},
          {"without_market", integer(row.without_market.count)},
          {"log_index", row.evidence.log_index},
          {"batch_root", to_hex(row.evidence.batch_root)},
          {"checkpoint_size", row.evidence.checkpoint_size},
          {"checkpoint_root", to_hex(row.evidence.checkpoint_root)}};
}

Json account_json(const HouseholdAccount& account) {
  Json payments = Json::array();
  for (const AccountPayment& payment : account.payments) {
    payments.push_back(
        {{"date", to_text(payment.day)}, {"amount", integer(payment.amount.count)}, {"reference", payment.reference}});
  }
  return {{"opening", integer(account.opening.count)},
          {"settled", integer(account.settled.count)},
          {"payments", payments},
          {"closing", integer(account.closing.count)}};
}

std::string without_soft_hyphens(const std::string& text) {
  constexpr std::string_view soft = "\u00ad";
  std::string plain = text;
  for (std::size_t at = plain.find(soft); at != std::string::npos; at = plain.find(soft)) plain.erase(at, soft.size());
  return plain;
}

/// Characters, not bytes.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string table_text(const BillTable& table) {
  std::vector<std::vector<std::string>> lines(1);
  for (const BillColumn& column : table.columns) lines[0].push_back(without_soft_hyphens(column.head));
  lines.insert(lines.end(), table.rows.begin(), table.rows.end());
  if (!table.sums.empty()) lines.push_back(table.sums);
  std::vector<std::size_t> widths(table.columns.size());
  for (const auto& cells : lines) {
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], width_of(cells[i]));
  }
  std::string text;
  for (const auto& cells : lines) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string padding(widths[i] - width_of(cells[i]), ' ');
      line += (i == 0 ? "" : "  ") + (table.columns[i].is_number ? padding + cells[i] : cells[i] + padding);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string lines_of(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences) text += sentence + "\n";
  return text;
}

}  // namespace

std::string exact_decimal(Money amount) {
  const Wide magnitude = amount.count < 0 ? -wide(amount.count) : wide(amount.count);
  std::string decimals = to_text(magnitude % 1'000'000'000);
  decimals.insert(0, 9 - decimals.size(), '0');
  return (amount.count < 0 ? "-" : "") + to_text(magnitude / 1'000'000'000) + "." + decimals;
}

std::string bill_csv(const HouseholdBill& bill) {
  std::string csv = std::string(bill_csv_header) + "\n";
  const auto add = [&](const std::string& field) { csv += "," + field; };
  for (const BillRow& row : bill.rows) {
    csv += bill.household.text();
    add(to_text(row.interval.begin()));
    add(std::to_string(row.interval.length_seconds()));
    add(local_text(bill.local(row.interval.begin())));
    add(to_text(row.run));
    add(to_text(row.quality));
    add(row.own_use() ? std::to_string(row.own_use()->count) : "");
    for (const Energy energy : {row.used(), row.from_neighbours(), row.from_grid(), row.to_neighbours(), row.to_grid()})
      add(std::to_string(energy.count));
    add(row.price ? std::to_string(row.price->count) : "");
    for (const Price price : {row.tariff.retail, row.tariff.feed_in}) add(std::to_string(price.count));
    for (const Money amount : row.amounts) add(std::to_string(amount.count));
    for (const Money amount : {row.total, row.without_market}) add(std::to_string(amount.count));
    add(exact_decimal(row.total));
    add(bill.currency);
    add(std::to_string(row.evidence.log_index));
    add(to_hex(row.evidence.batch_root));
    csv += "\n";
  }
  return csv;
}

std::string bill_json(const HouseholdBill& bill, Language language) {
  Json json{{"household", bill.household.text()},
            {"currency", bill.currency},
            {"time_zone", bill.zone.name()},
            {"begin", to_text(bill.begin)},
            {"end", to_text(bill.end)},
            {"missing_seconds", bill.missing_seconds},
            {"sums", sums_json(bill.sums)},
            {"words", summary_words(bill, language)},
            {"days", Json::array()},
            {"rows", Json::array()}};
  if (bill.account) json["account"] = account_json(*bill.account);
  for (const BillSpan& day : bill.days) {
    json["days"].push_back(
        {{"day", to_text(day.date)}, {"sums", sums_json(day.sums)}, {"words", day_words(bill, day, language)}});
  }
  for (const BillRow& row : bill.rows) json["rows"].push_back(row_json(bill, row));
  return json.dump() + "\n";
}

std::string bill_text(const HouseholdBill& bill, Language language) {
  std::string text = std::string(text_of(BillText::title, language)) + "\n" + bill.household.text() + ", " +
                     period_text(bill, language) + ", " + bill.zone.name() + "\n\n";
  const bool gets = bill.sums.total < Money{0};
  text += std::string(text_of(gets ? BillText::you_get : BillText::you_pay, language)) + " " +
          money_text(gets ? -bill.sums.total : bill.sums.total, bill.currency, language) + "\n\n";
  text += lines_of(summary_words(bill, language)) + lines_of(estimate_words(bill, language)) + "\n" +
          table_text(amounts_table(bill, language)) + "\n" + lines_of(reading_words(bill, language)) + "\n";
  if (bill.account) {
    text += std::string(text_of(BillText::account, language)) + "\n" + table_text(account_table(bill, language)) +
            lines_of(account_words(bill, language)) + "\n";
  }
  if (bill.months.size() > 1)
    text += table_text(span_table(bill, bill.months, BillText::column_month, language)) + "\n";
  text += table_text(span_table(bill, bill.days, BillText::column_day, language));
  for (const BillSpan& day : bill.days) {
    text += "\n" + date_text(day.date, language) + "\n" + lines_of(day_words(bill, day, language)) +
            table_text(day_table(bill, day, language));
  }
  return text;
}

}  // namespace commonwatt
