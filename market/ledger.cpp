#include "market/ledger.hpp"

#include <cassert>

namespace commonwatt {
namespace {

template <class Kind>
constexpr Kind next(Kind kind) {
  return static_cast<Kind>(static_cast<std::uint8_t>(kind) + 1);
}

}  // namespace

const char* to_text(AccountKind kind) {
  switch (kind) {
    case AccountKind::household:
      return "household";
    case AccountKind::utility:
      return "utility";
    case AccountKind::escrow:
      return "escrow";
    case AccountKind::fees:
      return "fees";
    case AccountKind::congestion:
      return "congestion";
    case AccountKind::losses:
      return "losses";
    case AccountKind::spread:
      return "spread";
    case AccountKind::rounding:
      return "rounding";
    case AccountKind::rewards:
      return "rewards";
    case AccountKind::bank:
      return "bank";
  }
  return "";
}

std::string to_text(const Account& account) {
  std::string text = to_text(account.kind);
  if (account.kind == AccountKind::household) text += ":" + (account.household ? account.household->text() : "");
  return text;
}

std::optional<Account> account_from_text(std::string_view text) {
  constexpr std::string_view household = "household:";
  if (text.starts_with(household)) {
    std::optional<HouseholdId> id = HouseholdId::from(text.substr(household.size()));
    if (!id) return std::nullopt;
    return Account{.kind = AccountKind::household, .household = std::move(id)};
  }
  for (auto kind = AccountKind::utility; kind <= enum_last(kind); kind = next(kind)) {
    if (text == to_text(kind)) return Account{.kind = kind, .household = {}};
  }
  return std::nullopt;
}

const char* to_text(PostingKind kind) {
  switch (kind) {
    case PostingKind::energy:
      return "energy";
    case PostingKind::imbalance:
      return "imbalance";
    case PostingKind::fee:
      return "fee";
    case PostingKind::congestion:
      return "congestion";
    case PostingKind::loss:
      return "loss";
    case PostingKind::spread:
      return "spread";
    case PostingKind::tax:
      return "tax";
    case PostingKind::rounding:
      return "rounding";
    case PostingKind::deposit:
      return "deposit";
    case PostingKind::payout:
      return "payout";
  }
  return "";
}

std::optional<PostingKind> posting_kind_from_text(std::string_view text) {
  for (auto kind = PostingKind::energy; kind <= enum_last(kind); kind = next(kind)) {
    if (text == to_text(kind)) return kind;
  }
  return std::nullopt;
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
