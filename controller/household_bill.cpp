#include "controller/household_bill.hpp"

#include <cassert>
#include <map>

#include "core/wide.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t begin_seconds_max = 7'258'118'400;  // 2200-01-01
// The sums of a bill stay below these, so that none of its sums and differences overflows.
constexpr std::int64_t money_sum_max = std::int64_t{1} << 60U;
constexpr std::int64_t energy_sum_max = std::int64_t{1} << 58U;

Wide magnitude(std::int64_t value) {
  return value < 0 ? -wide(value) : wide(value);
}

std::string at(const Interval& interval) {
  return "the bill of " + to_text(interval.begin());
}

bool same_figures(const BillRow& a, const BillRow& b) {
  return a.contract == b.contract && a.import == b.import && a.export_ == b.export_ && a.produced == b.produced &&
         a.quality == b.quality && a.price == b.price && a.tariff == b.tariff && a.amounts == b.amounts &&
         a.total == b.total;
}

/// The rows of the period by interval, each in its last run.
Result<std::vector<BillRow>, std::string> last_runs(std::vector<BillRow> rows, const BillPeriod& period) {
  std::map<Interval, BillRow> last;
  for (BillRow& row : rows) {
    if (period.begin && row.interval.begin() < *period.begin) continue;
    if (period.end && row.interval.begin() >= *period.end) continue;
    const auto [found, is_new] = last.try_emplace(row.interval, row);
    if (is_new) continue;
    if (found->second.run == row.run && !same_figures(found->second, row))
      return Fail{"there are two different bills of " + to_text(row.interval.begin())};
    if (found->second.run < row.run) found->second = row;
  }
  std::vector<BillRow> result;
  for (const auto& [interval, row] : last) {
    if (!result.empty() && result.back().interval.end() > interval.begin())
      return Fail{at(interval) + " overlaps the one before it"};
    result.push_back(row);
  }
  if (result.empty()) return Fail{std::string("there is no bill in this period")};
  return result;
}

bool sums_fit(const std::vector<BillRow>& rows) {
  Wide money = 0;
  Wide energy = 0;
  for (const BillRow& row : rows) {
    for (const Money amount : row.amounts) money += magnitude(amount.count);
    money += magnitude(row.total.count) + magnitude(row.without_market.count);
    energy += magnitude(row.contract.count) + magnitude(row.import.count) + magnitude(row.export_.count) +
              magnitude(row.produced.value_or(Energy{0}).count);
  }
  return money <= money_sum_max && energy <= energy_sum_max;
}

void add_to(std::vector<BillSpan>& spans, const LocalDate& date, std::size_t index, const BillRow& row) {
  // Clocks that go back over midnight bring a day up again; the day then holds both parts.
  if (spans.empty() || spans.back().date < date)
    spans.push_back({.date = date, .first = index, .count = 0, .sums = {}, .offset_changes = false});
  ++spans.back().count;
  spans.back().sums.add(row);
}

}  // namespace

BillRow row_of(const Bill& bill) {
  const Statement& statement = bill.statement;
  BillRow row{.interval = statement.interval,
              .run = statement.run,
              .contract = statement.contract,
              .import = statement.import,
              .export_ = statement.export_,
              .produced = statement.produced,
              .quality = statement.quality,
              .price = statement.price,
              .tariff = statement.tariff,
              .amounts = {},
              .total = statement.total,
              .without_market = statement.without_market,
              .evidence = {.batch_root = bill.batch_root,
                           .log_index = bill.log_index,
                           .checkpoint_size = bill.checkpoint.size,
                           .checkpoint_root = bill.checkpoint.root}};
  row.amounts[index_of(BillAmount::energy)] = statement.energy_amount;
  row.amounts[index_of(BillAmount::imbalance)] = statement.imbalance_amount;
  row.amounts[index_of(BillAmount::fee)] = statement.fee_amount;
  row.amounts[index_of(BillAmount::loss)] = statement.loss_amount;
  row.amounts[index_of(BillAmount::tax)] = statement.tax_amount;
  return row;
}

void BillSums::add(const BillRow& row) {
  ++rows;
  if (row.quality == DeliveryQuality::estimated) ++estimated;
  if (row.own_use()) own_use = own_use.value_or(Energy{0}) + *row.own_use();
  used += row.used();
  from_neighbours += row.from_neighbours();
  to_neighbours += row.to_neighbours();
  from_grid += row.from_grid();
  to_grid += row.to_grid();
  for (std::size_t i = 0; i < amounts.size(); ++i) amounts[i] += row.amounts[i];
  total += row.total;
  without_market += row.without_market;
}

bool HouseholdBill::has(BillAmount amount) const {
  return std::any_of(rows.begin(), rows.end(),
                     [&](const BillRow& row) { return row.amounts[index_of(amount)] != Money{0}; });
}

Result<HouseholdBill, std::string> make_household_bill(const HouseholdId& household, std::vector<BillRow> rows,
                                                       const BillRequest& request) {
  Result<std::vector<BillRow>, std::string> last = last_runs(std::move(rows), request.period);
  if (!last) return Fail{last.error()};
  if (!sums_fit(*last)) return Fail{std::string("the figures are too large to be of one household")};
  HouseholdBill bill{.household = household,
                     .zone = request.zone,
                     .currency = request.currency,
                     .rows = std::move(*last),
                     .days = {},
                     .months = {},
                     .sums = {},
                     .begin = {},
                     .end = {},
                     .missing_seconds = 0};
  std::int64_t covered = 0;
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < bill.rows.size(); ++i) {
    const BillRow& row = bill.rows[i];
    const LocalTime local = bill.local(row.interval.begin());
    add_to(bill.days, local.date, i, row);
    add_to(bill.months, {.year = local.date.year, .month = local.date.month, .day = 1}, i, row);
    BillSpan& day = bill.days.back();
    const LocalTime end = bill.local(row.interval.end());
    if ((day.count > 1 && offset != local.offset_seconds) || end.offset_seconds != local.offset_seconds)
      day.offset_changes = true;
    offset = local.offset_seconds;
    bill.sums.add(row);
    covered += row.interval.length_seconds();
  }
  bill.begin = request.period.begin.value_or(bill.rows.front().interval.begin());
  bill.end = std::max(request.period.end.value_or(bill.rows.back().interval.end()), bill.rows.back().interval.end());
  bill.missing_seconds = bill.end.seconds() - bill.begin.seconds() - covered;
  return bill;
}

Result<std::vector<BillRow>, std::string> rows_of(const std::vector<Bill>& bills) {
  std::vector<BillRow> rows;
  for (const Bill& bill : bills) {
    const Statement& statement = bill.statement;
    if (statement.household != bills.front().statement.household) {
      return Fail{"these are bills of " + bills.front().statement.household.text() + " and of " +
                  statement.household.text() + "; a bill is one household's"};
    }
    const std::int64_t begin = statement.interval.begin_seconds();
    if (begin < 0 || begin >= begin_seconds_max) return Fail{std::string("a bill is not of the years 1970 to 2199")};
    if (!statement_fits(statement)) return Fail{at(statement.interval) + " has a figure that is out of range"};
    const Wide sum = wide(statement.energy_amount.count) + statement.imbalance_amount.count;
    if (sum != statement.total.count)
      return Fail{at(statement.interval) + " does not add up: its total is not the sum"};
    rows.push_back(row_of(bill));
  }
  return rows;
}

}  // namespace commonwatt
