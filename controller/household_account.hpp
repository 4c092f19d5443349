// A household's account with the operator over the period of a bill: what it owed before, what was settled, what was
// paid, what it owes after. Exact; positive is what the household owes.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "controller/household_bill.hpp"
#include "controller/posting_files.hpp"

namespace commonwatt {

/// The account of the bill's household by the books of its market: a settlement belongs to the time of its interval, a
/// payment to its day in the bill's zone. The error says what does not fit: when what the books have settled in the
/// period is not the bill's total, books and bills are of different moments, or one of them is wrong.
Result<HouseholdAccount, std::string> account_of(const HouseholdBill& bill, std::span<const BookPosting> postings);

}  // namespace commonwatt
