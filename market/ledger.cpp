#include "market/ledger.hpp"

#include <cassert>

namespace commonwatt {

std::string to_text(const Account& account) {
  switch (account.kind) {
    case AccountKind::household:
      return "household:" + (account.household ? account.household->text() : std::string());
    case AccountKind::utility:
      return "utility";
    case AccountKind::escrow:
      return "escrow";
  }
  return "";
}

const char* to_text(PostingKind kind) {
  return kind == PostingKind::energy ? "energy" : "imbalance";
}

void Ledger::post(std::span<const Posting> postings) {
  for (const Posting& posting : postings) {
    assert(posting.amount > Money{0} && posting.debit != posting.credit);
    balances_[posting.debit] -= posting.amount;
    balances_[posting.credit] += posting.amount;
  }
  assert(sum() == Money{0});
  assert(balance({.kind = AccountKind::escrow, .household = {}}) == Money{0});
}

Money Ledger::balance(const Account& account) const {
  const auto found = balances_.find(account);
  return found == balances_.end() ? Money{0} : found->second;
}

Money Ledger::sum() const {
  Money sum;
  for (const auto& [account, balance] : balances_) sum += balance;
  return sum;
}

}  // namespace commonwatt
