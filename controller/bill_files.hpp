// A bill for programs and for the terminal: CSV, JSON and plain text.
#pragma once

#include <string>

#include "controller/bill_texts.hpp"
#include "controller/household_bill.hpp"

namespace commonwatt {

/// The header of bill_csv. Energies in Wh, amounts in nano-currency, prices in micro-currency per kWh; `total` is the
/// total as a decimal number of the currency, exact. Empty where nothing is known.
inline constexpr const char* bill_csv_header =
    "household,interval_start,interval_seconds,local_start,run,quality,own_use_wh,used_wh,from_neighbours_wh,"
    "from_grid_wh,to_neighbours_wh,to_grid_wh,price,retail_price,feed_in_price,energy_nano,imbalance_nano,fee_nano,"
    "loss_nano,tax_nano,total_nano,without_market_nano,total,currency,log_index,batch_root";

/// One row per interval, in every language the same.
std::string bill_csv(const HouseholdBill& bill);
/// One object: the period, its sums, days and rows, and the account where there is one. Integers as in the CSV; those
/// beyond 2^53 are strings.
std::string bill_json(const HouseholdBill& bill, Language language);
/// Words and tables in columns.
std::string bill_text(const HouseholdBill& bill, Language language);

/// Nano-currency as an exact decimal number: "-0.000000001".
std::string exact_decimal(Money amount);

}  // namespace commonwatt
