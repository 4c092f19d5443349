// A household's bills of a period as a person reads them: rows, days, months and their sums. Exact integers throughout;
// what is rounded is rounded where it is shown.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "controller/local_time.hpp"
#include "controller/message.hpp"

namespace commonwatt {

/// What a row's total is made of.
enum class BillAmount : std::uint8_t { energy, imbalance, fee, loss, tax };
inline constexpr std::array bill_amounts{BillAmount::energy, BillAmount::imbalance, BillAmount::fee, BillAmount::loss,
                                         BillAmount::tax};
/// Money by what it is for; positive is what the household pays.
using BillAmounts = std::array<Money, bill_amounts.size()>;
constexpr std::size_t index_of(BillAmount amount) {
  return static_cast<std::size_t>(amount);
}

/// Where a row is proved.
struct BillEvidence {
  Hash32 batch_root{};
  std::int64_t log_index = 0;
  std::int64_t checkpoint_size = 0;
  Hash32 checkpoint_root{};
};

/// One settled interval.
struct BillRow {
  Interval interval;
  Run run = Run::initial;
  Energy contract;  ///< with neighbours: bought positive, sold negative
  Energy import;
  Energy export_;
  std::optional<Energy> produced;
  DeliveryQuality quality = DeliveryQuality::good;
  std::optional<Price> price;  ///< the market's
  Tariff tariff;
  BillAmounts amounts{};
  Money total;           ///< the sum of the amounts
  Money without_market;  ///< what the same energy would have cost with the utility alone
  BillEvidence evidence;

  [[nodiscard]] Energy deviation() const { return import - export_ - contract; }
  [[nodiscard]] Energy from_neighbours() const { return std::max(contract, Energy{0}); }
  [[nodiscard]] Energy to_neighbours() const { return std::max(-contract, Energy{0}); }
  [[nodiscard]] Energy from_grid() const { return std::max(deviation(), Energy{0}); }
  [[nodiscard]] Energy to_grid() const { return std::max(-deviation(), Energy{0}); }
  /// What the household used of its own production at once; nothing without a production meter.
  [[nodiscard]] std::optional<Energy> own_use() const {
    if (!produced) return std::nullopt;
    return *produced - export_;
  }
  [[nodiscard]] Energy used() const { return produced.value_or(Energy{0}) + import - export_; }
};
/// The row of a bill whose statement fits (statement_fits).
BillRow row_of(const Bill& bill);

/// Sums of rows.
struct BillSums {
  std::size_t rows = 0;
  std::size_t estimated = 0;
  std::optional<Energy> own_use;  ///< nothing when no row has it
  Energy used;
  Energy from_neighbours;
  Energy to_neighbours;
  Energy from_grid;
  Energy to_grid;
  BillAmounts amounts{};
  Money total;
  Money without_market;

  [[nodiscard]] Money saved() const { return without_market - total; }
  void add(const BillRow& row);
  friend bool operator==(const BillSums&, const BillSums&) = default;
};

/// The rows of one local day, or of one local month.
struct BillSpan {
  LocalDate date;  ///< the day, or the first of the month
  std::size_t first = 0;
  std::size_t count = 0;
  BillSums sums;
  bool offset_changes = false;  ///< whether clocks change among its rows; then times are shown with their offset
};

/// [begin, end); without a bound, from the first bill or to the last.
struct BillPeriod {
  std::optional<UtcTime> begin;
  std::optional<UtcTime> end;
};

/// A payment as the books have it.
struct AccountPayment {
  LocalDate day;          ///< the bank's
  Money amount;           ///< what it adds to what is owed: below zero was received, above zero paid out
  std::string reference;  ///< the bank's
};
/// Positive is what the household owes. Opening, settled and payments sum to closing.
struct HouseholdAccount {
  Money opening;  ///< of everything before the period, as the books have it now
  Money settled;  ///< the bill's total
  std::vector<AccountPayment> payments;
  Money closing;
};

struct HouseholdBill {
  HouseholdId household;
  LocalZone zone;
  std::string currency;
  std::vector<BillRow> rows;  ///< in order of interval, at least one
  std::vector<BillSpan> days;
  std::vector<BillSpan> months;
  BillSums sums;
  UtcTime begin;  ///< of the period
  UtcTime end;
  std::int64_t missing_seconds = 0;                        ///< of the period, for which there is no bill
  std::optional<HouseholdAccount> account = std::nullopt;  ///< where the books were at hand

  /// Whether a household paid or got anything under this head.
  [[nodiscard]] bool has(BillAmount amount) const;
  [[nodiscard]] LocalTime local(UtcTime time) const { return zone.at(time); }
};

struct BillRequest {
  LocalZone zone;
  BillPeriod period;
  std::string currency = "EUR";
};

/// Of an interval settled several times the last run counts. The error says what is wrong with the rows: none in the
/// period, two different ones of the same run, overlapping intervals, or figures too large to be of a household.
Result<HouseholdBill, std::string> make_household_bill(const HouseholdId& household, std::vector<BillRow> rows,
                                                       const BillRequest& request);
/// The rows of bills from outside, all of one household; the error names the interval that is wrong.
Result<std::vector<BillRow>, std::string> rows_of(const std::vector<Bill>& bills);

}  // namespace commonwatt
