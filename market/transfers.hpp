// The money of one interval as flat, sorted sums: what a settlement posts, what was posted before, and the difference
// between the two (RULEBOOK section 6: a run never edits). Households are numbers here, their places in a sorted table
// of names, so that a hundred thousand of them are one pass over an array.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/result.hpp"
#include "core/wide.hpp"
#include "market/ledger.hpp"

namespace commonwatt {

/// A household by its number, or one of the market's own accounts, whose number is 0.
struct Party {
  AccountKind kind = AccountKind::household;
  std::uint32_t household = 0;

  friend auto operator<=>(const Party&, const Party&) = default;
};

/// What `from` pays to `to` for one reason, net; below zero `to` pays. `from` < `to`, so that every pair of accounts
/// has one entry.
struct Transfer {
  Party from;
  Party to;
  PostingKind kind = PostingKind::energy;
  Money amount;

  friend bool operator==(const Transfer&, const Transfer&) = default;
};

/// One posting as a transfer: accounts in their sequence, the sign to match.
Transfer transfer_of(Party debit, Party credit, PostingKind kind, Money amount);

/// Sorted by accounts and kind, one entry each, none of zero. Nothing when an entry is beyond `amount_max`.
std::optional<std::vector<Transfer>> netted(std::vector<Transfer> transfers, Money amount_max);

/// What must be posted so that `posted` becomes `settled`; both netted, the result too. Amounts of both lie within 62
/// bits.
std::vector<Transfer> differences(std::span<const Transfer> posted, std::span<const Transfer> settled);

/// What the accounts of an interval come to.
struct TransferSums {
  std::vector<Wide> paid;  ///< by every household, by number
  Wide escrow = 0;
  Wide all = 0;  ///< the balances of all accounts together
};
/// Household numbers are below `households`.
TransferSums sums(std::span<const Transfer> transfers, std::size_t households);

}  // namespace commonwatt
