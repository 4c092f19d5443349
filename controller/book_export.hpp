// The ledger in the operator's books: a journal for ledger-cli and hledger, or CSV. docs/bills.md says which account of
// the market becomes which of the books, and why.
#pragma once

#include <string>
#include <vector>

#include "controller/posting_files.hpp"

namespace commonwatt {

/// The account in the operator's books: "assets:receivable:household:hh01". `name` is one that book_account_of knows.
std::string book_name(const std::string& name);

/// By interval or day, payments first, then by run, then as they came.
void sort_postings(std::vector<BookPosting>& postings);

/// One transaction for each interval and run, dated by the interval's day in UTC, and for each payment, then one that
/// states every account's balance as an assertion. Debits are positive. The postings are sorted.
std::string book_journal(const std::vector<BookPosting>& postings, const std::string& currency);

inline constexpr const char* book_csv_header =
    "date,interval_start,run,kind,household,debit,credit,amount_nano,amount,currency,reference";
/// A row per posting. The postings are sorted.
std::string book_csv(const std::vector<BookPosting>& postings, const std::string& currency);

}  // namespace commonwatt
