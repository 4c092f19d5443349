#include "controller/payouts.hpp"

#include <algorithm>
#include <map>

#include "controller/bill_files.hpp"
#include "controller/payment_file.hpp"
#include "controller/step.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t hundredth = 10'000'000;

/// What was posted to each household for intervals that do not count.
std::map<HouseholdId, Money> late_balances(const JournalBooks& books, const PayoutRules& rules) {
  std::map<HouseholdId, Money> sums;
  for (const JournalPostings::BatchPostings& batch : books.late) {
    const bool is_settled_in_time = !rules.until || batch.interval.end() <= *rules.until;
    if (rules.basis == PayoutBasis::settled_runs && is_settled_in_time) continue;
    for (const Posting& posting : batch.postings) {
      if (posting.debit.household) sums[*posting.debit.household] -= posting.amount;
      if (posting.credit.household) sums[*posting.credit.household] += posting.amount;
    }
  }
  return sums;
}

Money payable_of(const HouseholdPayout& payout, const PayoutRules& rules) {
  const Money free = std::min(payout.balance, payout.balance - payout.late) - payout.reserved - payout.paid;
  if (free <= Money{0}) return Money{0};
  const Money rounded{free.count / hundredth * hundredth};
  return rounded < rules.minimum ? Money{0} : std::min(rounded, payment_max);
}

std::string row_text(const std::vector<std::string>& fields) {
  constexpr std::size_t name_width = 16;
  constexpr std::size_t amount_width = 20;
  std::string text = fields.front();
  text.resize(std::max(name_width, text.size()), ' ');
  for (std::size_t i = 1; i < fields.size(); ++i) {
    const std::size_t width = std::max(amount_width, fields[i].size() + 1);
    text += std::string(width - fields[i].size(), ' ') + fields[i];
  }
  return text + "\n";
}

}  // namespace

std::vector<HouseholdPayout> payouts(const JournalBooks& books, const PayoutRules& rules) {
  const std::map<HouseholdId, Money> late = late_balances(books, rules);
  std::vector<HouseholdPayout> list;
  for (const auto& [account, balance] : books.state.ledger.balances()) {
    if (!account.household) continue;
    const auto part = late.find(*account.household);
    HouseholdPayout payout{.household = *account.household,
                           .balance = balance,
                           .late = part == late.end() ? Money{0} : part->second,
                           .reserved = open_spend(books.state, *account.household),
                           .paid = balance - unpaid_balance(books.state, *account.household),
                           .payable = {}};
    payout.payable = payable_of(payout, rules);
    list.push_back(std::move(payout));
  }
  return list;
}

std::string payout_table(const std::vector<HouseholdPayout>& payouts, const JournalBooks& books) {
  std::string text =
      "Books as of " + to_text(books.time) + ", entry " + std::to_string(books.sequence) + "; amounts in " +
      books.state.rules.currency + "\n\n" +
      row_text({"household", "balance", "not counted yet", "open orders", "paid by vault", "to pay out", "owes"});
  Money paid;
  Money owed;
  for (const HouseholdPayout& payout : payouts) {
    const Money owes = std::max(Money{0}, payout.paid - payout.balance);
    paid += payout.payable;
    owed += owes;
    text += row_text({payout.household.text(), exact_decimal(payout.balance), exact_decimal(payout.late),
                      exact_decimal(payout.reserved), exact_decimal(payout.paid),
                      payout.payable == Money{0} ? "-" : amount_text(payout.payable),
                      owes == Money{0} ? "-" : exact_decimal(owes)});
  }
  return text + row_text({"all", "", "", "", "", amount_text(paid), exact_decimal(owed)});
}

std::string payout_csv(const std::vector<HouseholdPayout>& payouts, const JournalBooks& books) {
  std::string text = std::string(payment_header) + "\n";
  for (const HouseholdPayout& payout : payouts) {
    if (payout.payable == Money{0}) continue;
    text += payment_line({.household = payout.household,
                          .amount = -payout.payable,
                          .time = books.time,
                          .reference = "payout-" + std::to_string(books.sequence) + "-" + payout.household.text()});
  }
  return text;
}

}  // namespace commonwatt
