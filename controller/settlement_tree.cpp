#include "controller/settlement_tree.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <functional>
#include <numeric>

#include "controller/keccak.hpp"

namespace commonwatt {
namespace {

std::uint64_t leading_word(const Hash32& hash) {
  std::uint64_t word = 0;
  std::memcpy(&word, hash.data(), sizeof word);
  if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
  return word;
}

/// As operator< has it. Digests almost always differ in their first eight bytes: a sort of a million shows it.
bool is_below(const Hash32& a, const Hash32& b) {
  const std::uint64_t left = leading_word(a);
  const std::uint64_t right = leading_word(b);
  return left != right ? left < right : std::memcmp(a.data(), b.data(), a.size()) < 0;
}

/// Digests are spread evenly: sorted by their leading bits into as many buckets as there are leaves, each bucket has a
/// few left to sort.
void sort_falling(std::span<Hash32> leaves) {
  const int bits = std::clamp(static_cast<int>(std::bit_width(leaves.size())), 1, 16);
  const auto bucket_of = [bits](const Hash32& hash) { return ~leading_word(hash) >> static_cast<unsigned>(64 - bits); };
  std::vector<std::size_t> ends((std::size_t{1} << static_cast<unsigned>(bits)) + 1);
  for (const Hash32& leaf : leaves) ++ends[bucket_of(leaf) + 1];
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  const std::vector<Hash32> unsorted(leaves.begin(), leaves.end());
  for (const Hash32& leaf : unsorted) leaves[ends[bucket_of(leaf)]++] = leaf;
  // Each bucket's begin has moved on to its end, which is where the next one began.
  std::size_t begin = 0;
  for (const std::size_t end : std::span(ends).first(ends.size() - 1)) {
    std::sort(leaves.begin() + static_cast<std::ptrdiff_t>(begin), leaves.begin() + static_cast<std::ptrdiff_t>(end),
              [](const Hash32& a, const Hash32& b) { return is_below(b, a); });
    begin = end;
  }
}

std::size_t nodes_for(std::size_t leaves) {
  assert(leaves > 0);
  return 2 * leaves - 1;
}

Hash32 settlement_node(const Hash32& a, const Hash32& b) {
  return is_below(a, b) ? keccak256(a, b) : keccak256(b, a);
}

}  // namespace

Hash32 community_of(std::string_view origin) {
  return keccak256(as_bytes(origin));
}

Hash32 settlement_leaf_hash(const SettlementLeaf& leaf) {
  // Three words of 32 bytes: bytes32 as it is, the address behind twelve zeros, int256 in two's complement.
  std::array<std::uint8_t, 96> words{};
  std::copy(leaf.community.begin(), leaf.community.end(), words.begin());
  std::copy(leaf.account.begin(), leaf.account.end(), words.begin() + 44);
  const std::int64_t net = leaf.cumulative_net.count;
  std::fill(words.begin() + 64, words.begin() + 88, net < 0 ? std::uint8_t{0xFF} : std::uint8_t{0});
  for (unsigned i = 0; i < 8; ++i) {
    words[88 + i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(net) >> (56U - 8U * i));
  }
  return keccak256(keccak256(words));
}

EvmAddress address_of_kind(AccountKind kind) {
  return address_of_digest(keccak256(as_bytes("commonwatt account kind " + std::string(to_text(kind)))));
}

Result<std::vector<SettlementLeaf>, std::string> settlement_leaves(const Hash32& community, const Ledger& ledger,
                                                                   const std::map<HouseholdId, Bytes>& order_keys) {
  assert(ledger.sum() == Money{0});
  std::vector<SettlementLeaf> leaves;
  std::map<EvmAddress, Account> owners;
  for (const auto& [account, balance] : ledger.balances()) {
    EvmAddress address{};
    if (account.household) {
      const auto key = order_keys.find(*account.household);
      const std::optional<EvmAddress> own = key == order_keys.end() ? std::nullopt : address_of_order_key(key->second);
      if (!own) {
        return Fail{account.household->text() +
                    ": has an account and no order key that is a point of secp256k1; give its 33 bytes"};
      }
      address = *own;
    } else {
      address = address_of_kind(account.kind);
    }
    const auto [owner, fresh] = owners.emplace(address, account);
    if (!fresh) {
      return Fail{to_text(account) + " and " + to_text(owner->second) +
                  ": have the same address; every household needs an order key of its own"};
    }
    leaves.push_back({.community = community, .account = address, .cumulative_net = balance});
  }
  return leaves;
}

SettlementTree::SettlementTree(std::span<const Hash32> leaf_hashes) : nodes_(nodes_for(leaf_hashes.size())) {
  std::copy(leaf_hashes.begin(), leaf_hashes.end(), nodes_.begin() + static_cast<std::ptrdiff_t>(nodes_.size() / 2));
  build();
}

SettlementTree::SettlementTree(std::span<const SettlementLeaf> leaves) : nodes_(nodes_for(leaves.size())) {
  std::transform(leaves.begin(), leaves.end(), nodes_.begin() + static_cast<std::ptrdiff_t>(nodes_.size() / 2),
                 settlement_leaf_hash);
  build();
}

/// Of nodes whose leaves are in place, in any sequence.
void SettlementTree::build() {
  const std::size_t inner = nodes_.size() / 2;
  const auto leaves = std::span(nodes_).subspan(inner);
  sort_falling(leaves);
  assert(std::adjacent_find(leaves.begin(), leaves.end()) == leaves.end());
  for (std::size_t i = inner; i-- > 0;) nodes_[i] = settlement_node(nodes_[2 * i + 1], nodes_[2 * i + 2]);
}

std::optional<std::vector<Hash32>> SettlementTree::proof(const Hash32& leaf_hash) const {
  const auto first_leaf = nodes_.begin() + static_cast<std::ptrdiff_t>(nodes_.size() / 2);
  const auto found = std::lower_bound(first_leaf, nodes_.end(), leaf_hash, std::greater<>());
  if (found == nodes_.end() || *found != leaf_hash) return std::nullopt;
  std::vector<Hash32> siblings;
  for (auto at = static_cast<std::size_t>(found - nodes_.begin()); at > 0; at = (at - 1) / 2) {
    siblings.push_back(nodes_[at % 2 == 1 ? at + 1 : at - 1]);
  }
  return siblings;
}

bool settlement_proof_holds(const Hash32& leaf_hash, std::span<const Hash32> proof, const Hash32& root) {
  Hash32 hash = leaf_hash;
  for (const Hash32& sibling : proof) hash = settlement_node(hash, sibling);
  return hash == root;
}

}  // namespace commonwatt
