#include "controller/household_account.hpp"

#include <algorithm>
#include <optional>

#include "controller/bill_files.hpp"

namespace commonwatt {
namespace {

/// What a posting adds to what the account owes; nothing when it is not the account's.
std::optional<Money> owed_by(const std::string& account, const BookPosting& posting) {
  if (posting.debit == account) return posting.amount;
  if (posting.credit == account) return -posting.amount;
  return std::nullopt;
}

LocalDate bank_day(const BookPosting& payment) {
  const std::string day = to_text(UtcTime::from_seconds(payment.begin_seconds)).substr(0, 10);
  return local_date_from_text(day).value_or(LocalDate{});
}

}  // namespace

Result<HouseholdAccount, std::string> account_of(const HouseholdBill& bill, std::span<const BookPosting> postings) {
  const std::string name = "household:" + bill.household.text();
  HouseholdAccount account;
  bool is_known = false;
  for (const BookPosting& posting : postings) {
    const std::optional<Money> owed = owed_by(name, posting);
    if (!owed) continue;
    is_known = true;
    const bool is_payment = !posting.reference.empty();
    const UtcTime time =
        is_payment ? bill.zone.day_begin(bank_day(posting)) : UtcTime::from_seconds(posting.begin_seconds);
    if (time >= bill.end) continue;
    if (time < bill.begin) {
      account.opening += *owed;
    } else if (is_payment) {
      account.payments.push_back({.day = bank_day(posting), .amount = *owed, .reference = posting.reference});
    } else {
      account.settled += *owed;
    }
    account.closing += *owed;
  }
  if (!is_known) return Fail{"have no account of " + bill.household.text()};
  if (account.settled != bill.sums.total) {
    return Fail{"have " + exact_decimal(account.settled) + " settled for " + bill.household.text() +
                " in this period, its bills " + exact_decimal(bill.sums.total) +
                "; take books and bills of the same market and moment, with every bill of the period"};
  }
  std::stable_sort(account.payments.begin(), account.payments.end(),
                   [](const AccountPayment& a, const AccountPayment& b) { return a.day < b.day; });
  return account;
}

}  // namespace commonwatt
