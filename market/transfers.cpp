#include "market/transfers.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>

namespace commonwatt {
namespace {

auto key(const Transfer& transfer) {
  return std::tie(transfer.from, transfer.to, transfer.kind);
}

bool before(const Transfer& a, const Transfer& b) {
  return key(a) < key(b);
}

}  // namespace

Transfer transfer_of(Party debit, Party credit, PostingKind kind, Money amount) {
  assert(debit != credit);
  if (debit < credit) return {.from = debit, .to = credit, .kind = kind, .amount = amount};
  return {.from = credit, .to = debit, .kind = kind, .amount = -amount};
}

std::optional<std::vector<Transfer>> netted(std::vector<Transfer> transfers, Money amount_max) {
  if (!std::is_sorted(transfers.begin(), transfers.end(), before))
    std::sort(transfers.begin(), transfers.end(), before);
  std::vector<Transfer> result;
  result.reserve(transfers.size());
  for (auto entry = transfers.begin(); entry != transfers.end();) {
    const Transfer& first = *entry;
    Wide sum = 0;
    for (; entry != transfers.end() && key(*entry) == key(first); ++entry) sum += entry->amount.count;
    if (sum > amount_max.count || sum < -wide(amount_max.count)) return std::nullopt;
    if (sum == 0) continue;
    result.push_back(first);
    result.back().amount = Money{static_cast<std::int64_t>(sum)};
  }
  return result;
}

std::vector<Transfer> differences(std::span<const Transfer> posted, std::span<const Transfer> settled) {
  std::vector<Transfer> result;
  auto old = posted.begin();
  for (const Transfer& transfer : settled) {
    for (; old != posted.end() && before(*old, transfer); ++old) {
      result.push_back(*old);
      result.back().amount = -old->amount;
    }
    const bool was_posted = old != posted.end() && key(*old) == key(transfer);
    const Money amount = was_posted ? transfer.amount - old->amount : transfer.amount;
    if (was_posted) ++old;
    if (amount == Money{0}) continue;
    result.push_back(transfer);
    result.back().amount = amount;
  }
  for (; old != posted.end(); ++old) {
    result.push_back(*old);
    result.back().amount = -old->amount;
  }
  return result;
}

TransferSums sums(std::span<const Transfer> transfers, std::size_t households) {
  TransferSums result{.paid = std::vector<Wide>(households)};
  std::vector<Wide> credits(static_cast<std::size_t>(enum_last(AccountKind{})) + 1);
  const auto credit = [&](const Party& party, Wide amount) {
    if (party.kind == AccountKind::household) {
      result.paid[party.household] -= amount;
    } else {
      credits[static_cast<std::size_t>(party.kind)] += amount;
    }
  };
  for (const Transfer& transfer : transfers) {
    credit(transfer.from, -wide(transfer.amount.count));
    credit(transfer.to, transfer.amount.count);
  }
  result.escrow = credits[static_cast<std::size_t>(AccountKind::escrow)];
  for (const Wide paid : result.paid) result.all -= paid;
  for (const Wide balance : credits) result.all += balance;
  return result;
}

}  // namespace commonwatt
