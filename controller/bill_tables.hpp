// The tables of a bill as text cells, for whatever shows them.
#pragma once

#include <string>
#include <vector>

#include "controller/bill_texts.hpp"
#include "controller/household_bill.hpp"

namespace commonwatt {

struct BillColumn {
  std::string head;        ///< may hold soft hyphens (U+00AD)
  bool is_number = false;  ///< stands to the right
};
struct BillTable {
  std::vector<BillColumn> columns;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> sums;  ///< of all rows; empty: none
};

/// A day's intervals. Fees, losses and taxes have a column where the bill has any.
BillTable day_table(const HouseholdBill& bill, const BillSpan& day, Language language);
/// The days or the months; `first_column` says which.
BillTable span_table(const HouseholdBill& bill, const std::vector<BillSpan>& spans, BillText first_column,
                     Language language);
/// What the total is made of.
BillTable amounts_table(const HouseholdBill& bill, Language language);
/// The bill's account, which there is: before, this bill, payments, after.
BillTable account_table(const HouseholdBill& bill, Language language);
/// Where each interval stands in the evidence log.
BillTable proof_table(const HouseholdBill& bill, Language language);

}  // namespace commonwatt
