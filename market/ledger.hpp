// The double-entry ledger (RULEBOOK section 6): append only, every posting a debit and a credit of the same amount.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

#include "core/cbor.hpp"
#include "core/id.hpp"
#include "core/units.hpp"

namespace commonwatt {

enum class AccountKind : std::uint8_t {
  household,
  utility,
  escrow,      ///< through which neighbours pay each other; empty after every interval
  fees,        ///< of energy carried over edges of the network
  congestion,  ///< what prices on both sides of a full edge earn beyond its fee
  losses,      ///< what households pay for energy lost on the way
  spread,      ///< what buyers pay beyond what sellers get
  rounding,    ///< the residue of percentages rounded household by household
  rewards,
  bank,  ///< the operator's, for what households pay in and are paid out; below zero: the bank holds their money
};
constexpr AccountKind enum_last(AccountKind) {
  return AccountKind::bank;
}
const char* to_text(AccountKind kind);

/// An account; `household` names it when its kind is household.
struct Account {
  AccountKind kind = AccountKind::escrow;
  std::optional<HouseholdId> household;

  friend auto operator<=>(const Account&, const Account&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.kind, self.household);
  }
};
/// "household:hh01", "utility", "escrow".
std::string to_text(const Account& account);
/// The account of such a text; nothing for any other.
std::optional<Account> account_from_text(std::string_view text);

enum class PostingKind : std::uint8_t {
  energy,
  imbalance,
  fee,
  congestion,
  loss,
  spread,
  tax,
  rounding,
  deposit,
  payout,
};
constexpr PostingKind enum_last(PostingKind) {
  return PostingKind::payout;
}
const char* to_text(PostingKind kind);
std::optional<PostingKind> posting_kind_from_text(std::string_view text);

/// Moves `amount` (above zero) from the debited to the credited account.
struct Posting {
  Account debit;
  Account credit;
  Money amount;
  PostingKind kind = PostingKind::energy;

  friend bool operator==(const Posting&, const Posting&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.debit, self.credit, self.amount, self.kind);
  }
};

class Ledger {
 public:
  /// Applies the postings of one settlement run, or of a payment, and checks the invariants: balances sum to zero, and
  /// escrow, through which neighbours pay each other, is empty again. A broken one stops the program before anything is
  /// written.
  void post(std::span<const Posting> postings);

  /// Positive: the account is in credit.
  [[nodiscard]] Money balance(const Account& account) const;
  /// Zero, always.
  [[nodiscard]] Money sum() const;
  [[nodiscard]] const std::map<Account, Money>& balances() const { return balances_; }

  friend bool operator==(const Ledger&, const Ledger&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.balances_);
  }

 private:
  std::map<Account, Money> balances_;
};

}  // namespace commonwatt
