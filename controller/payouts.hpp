// What an operator can pay out to each household, and who owes how much (docs/payments.md).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller/journal_reader.hpp"

namespace commonwatt {

enum class PayoutBasis : std::uint8_t {
  final_runs,   ///< only what can change no more
  settled_runs  ///< also what a revised or final run may still take back
};

struct PayoutRules {
  Money minimum{1'000'000'000};  ///< less is left where it is
  std::optional<UtcTime> until;  ///< intervals that end later do not count; nothing: all do
  PayoutBasis basis = PayoutBasis::final_runs;
};

struct HouseholdPayout {
  HouseholdId household;
  Money balance;
  Money late;      ///< the part of the balance that does not count yet; below zero what it owes of it
  Money reserved;  ///< the worst case of its open orders
  Money paid;      ///< what a vault has paid of the balance
  Money payable;   ///< whole hundredths; zero when below the minimum
};

/// In order of household, those that have left included. Credit that does not count yet is not paid out, and debt that
/// does not count yet is held back: payable is the smaller of the balance and of its part that counts, less what open
/// orders can cost and a vault has paid, rounded down to a hundredth of the currency.
std::vector<HouseholdPayout> payouts(const JournalBooks& books, const PayoutRules& rules);

/// A table for the operator, with sums.
std::string payout_table(const std::vector<HouseholdPayout>& payouts, const JournalBooks& books);
/// The file for the bank, to be appended to the file of payments when it is done: a row per household to be paid out,
/// dated by the books' last day, with references that the books' last entry makes unique.
std::string payout_csv(const std::vector<HouseholdPayout>& payouts, const JournalBooks& books);

}  // namespace commonwatt
