#include "tests/market/year_books.hpp"

#include <algorithm>
#include <cstdlib>

#include "core/sha256.hpp"

namespace commonwatt::test {
namespace {

void put(Bytes& bytes, std::int64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> static_cast<unsigned>(shift)));
}

void put(Bytes& bytes, const Party& party) {
  bytes.push_back(static_cast<std::uint8_t>(party.kind));
  put(bytes, party.household);
}

}  // namespace

YearBooks::YearBooks(std::span<const HouseholdId> names, std::size_t intervals)
    : names_(names), entries_of_(intervals), statements_(intervals), is_final_(intervals), owed_(names.size()) {}

Hash32 YearBooks::chained(const Hash32& before, const Entry& entry) {
  Bytes bytes;
  put(bytes, static_cast<std::int64_t>(entry.place));
  put(bytes, static_cast<std::int64_t>(entry.run));
  for (const Transfer& transfer : entry.transfers) {
    put(bytes, transfer.from);
    put(bytes, transfer.to);
    put(bytes, static_cast<std::int64_t>(transfer.kind));
    put(bytes, transfer.amount.count);
  }
  return sha256({before, bytes});
}

Account YearBooks::account_of(const Party& party) const {
  if (party.kind != AccountKind::household) return {.kind = party.kind, .household = {}};
  return {.kind = party.kind, .household = names_[party.household]};
}

std::vector<Transfer> YearBooks::in_force(std::size_t place) const {
  std::vector<Transfer> all;
  for (const std::size_t entry : entries_of_[place])
    all.insert(all.end(), entries_[entry].transfers.begin(), entries_[entry].transfers.end());
  std::optional<std::vector<Transfer>> result = netted(std::move(all), transfer_max);
  if (!result) std::abort();
  return std::move(*result);
}

std::optional<std::string> YearBooks::refuse(const RunPosting& posting) const {
  if (is_final_[posting.place]) return "posted after the final run";
  std::vector<Transfer> all = in_force(posting.place);
  all.insert(all.end(), posting.missing.begin(), posting.missing.end());
  TransferSums found = sums(all, names_.size());
  if (found.escrow != 0) return "escrow is not empty";
  if (found.all != 0) return "the accounts of an interval do not sum to zero";
  Energy open;
  for (const SettledMember& member : posting.statements) {
    open += member.contract;
    found.paid[member.household] -= member.total().count;
  }
  if (open != posting.open_contracts) return "energy bought is not energy sold";
  for (const Wide paid : found.paid) {
    if (paid != 0) return "a statement is not what its household paid";
  }
  return std::nullopt;
}

void YearBooks::append(const RunPosting& posting) {
  if (posting.missing.empty()) return;
  std::vector<Posting> postings;
  for (const Transfer& transfer : posting.missing) {
    const bool is_forward = transfer.amount > Money{0};
    postings.push_back({.debit = account_of(is_forward ? transfer.from : transfer.to),
                        .credit = account_of(is_forward ? transfer.to : transfer.from),
                        .amount = is_forward ? transfer.amount : -transfer.amount,
                        .kind = transfer.kind});
  }
  ledger_.post(postings);
  postings_ += postings.size();
  Entry entry{.place = posting.place, .run = posting.run, .transfers = posting.missing};
  entry.chain = chained(entries_.empty() ? Hash32{} : entries_.back().chain, entry);
  entries_of_[posting.place].push_back(entries_.size());
  entries_.push_back(std::move(entry));
}

std::optional<std::string> YearBooks::post(RunPosting posting) {
  if (std::optional<std::string> fault = refuse(posting)) return fault;
  const bool is_new = !posting.missing.empty();
  const Hash32 tip = entries_.empty() ? Hash32{} : entries_.back().chain;
  append(posting);
  if (posting.run == Run::final) is_final_[posting.place] = true;
  for (const SettledMember& member : statements_[posting.place]) owed_[member.household] -= member.total().count;
  statements_[posting.place] = std::move(posting.statements);
  for (const SettledMember& member : statements_[posting.place]) owed_[member.household] += member.total().count;

  if (is_new && entries_.back().chain != chained(tip, entries_.back())) return "a posting has changed";
  if (ledger_.sum() != Money{0}) return "the balances do not sum to zero";
  if (ledger_.balance({.kind = AccountKind::escrow, .household = {}}) != Money{0}) return "escrow is not empty";
  for (std::uint32_t i = 0; i < names_.size(); ++i) {
    const Money balance = ledger_.balance(account_of({.kind = AccountKind::household, .household = i}));
    if (balance.count != -owed_[i]) return "a household's balance is not what its statements say";
  }
  return std::nullopt;
}

std::optional<std::string> YearBooks::check_history() const {
  Hash32 tip{};
  for (const Entry& entry : entries_) {
    if (chained(tip, entry) != entry.chain) return "a posting has changed";
    tip = entry.chain;
  }
  return std::nullopt;
}

std::optional<std::string> YearBooks::check_balances() const {
  std::map<Account, Wide> balances;
  for (const Entry& entry : entries_) {
    for (const Transfer& transfer : entry.transfers) {
      balances[account_of(transfer.from)] -= transfer.amount.count;
      balances[account_of(transfer.to)] += transfer.amount.count;
    }
  }
  for (const auto& [account, balance] : balances) {
    if (ledger_.balance(account).count != balance) return "the balance of " + to_text(account) + " is not its postings";
  }
  return std::nullopt;
}

void YearBooks::tamper() {
  entries_.front().transfers.front().amount += Money{1};
}

}  // namespace commonwatt::test
