#include <algorithm>
#include <set>

#include <doctest/doctest.h>

#include "controller/keccak.hpp"
#include "controller/settlement_tree.hpp"
#include "tests/controller/random_ledger.hpp"
#include "tests/core/stops.hpp"

namespace commonwatt {
namespace {

using test::order_keys_of;
using test::random_ledger;

std::vector<SettlementLeaf> leaves_of(const Ledger& ledger) {
  return std::move(settlement_leaves(community_of("commonwatt.example/street"), ledger, order_keys_of(ledger))).value();
}

std::vector<SettlementLeaf> random_leaves(std::uint64_t seed, std::size_t households) {
  test::Random random(seed);
  return leaves_of(random_ledger(random, households));
}

TEST_CASE("an order key's address is the one the EVM derives from the public key") {
  // The keys 1 and 2 of secp256k1: their addresses are known to everyone who ever used them by mistake.
  const auto address = [](const char* key) { return to_hex(address_of_order_key(*from_hex(key)).value()); };
  CHECK(address("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798") ==
        "7e5f4552091a69125d5dfcb7b8c2659029395bdf");
  CHECK(address("02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5") ==
        "2b5ad5c4795c026514f8317c7a215e218dccd6cf");
  CHECK_FALSE(address_of_order_key(Bytes(33)).has_value());
  CHECK_FALSE(address_of_order_key(Bytes(65, 4)).has_value());
  CHECK_FALSE(address_of_order_key({}).has_value());
}

TEST_CASE("a leaf is the double Keccak-256 of three words, a debt in two's complement") {
  SettlementLeaf leaf{.community = community_of("x"), .account = {}, .cumulative_net = Money{-2}};
  leaf.account.fill(0xAB);
  std::string words = to_hex(leaf.community) + std::string(24, '0');
  for (int i = 0; i < 20; ++i) words += "ab";
  words += std::string(63, 'f') + "e";
  CHECK(settlement_leaf_hash(leaf) == keccak256(keccak256(*from_hex(words))));
}

TEST_CASE("whatever is in the ledger, the leaves sum to exactly zero and no two have one address") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    test::Random random(seed);
    const Ledger ledger = random_ledger(random, 1 + seed % 13);
    const std::vector<SettlementLeaf> leaves = leaves_of(ledger);
    CHECK(leaves.size() == ledger.balances().size());
    Money sum;
    std::set<EvmAddress> addresses;
    for (const SettlementLeaf& leaf : leaves) {
      sum += leaf.cumulative_net;
      addresses.insert(leaf.account);
    }
    CHECK(sum == Money{0});
    CHECK(addresses.size() == leaves.size());
  }
}

TEST_CASE("every kind of account has an address of its own, whatever households there are") {
  std::set<EvmAddress> addresses;
  for (int kind = 0; kind <= static_cast<int>(enum_last(AccountKind{})); ++kind) {
    addresses.insert(address_of_kind(static_cast<AccountKind>(kind)));
  }
  CHECK(addresses.size() == static_cast<std::size_t>(enum_last(AccountKind{})) + 1);
}

TEST_CASE("a household without an order key, or with another's, is named") {
  test::Random random(3);
  const Ledger ledger = random_ledger(random, 3);
  std::map<HouseholdId, Bytes> keys = order_keys_of(ledger);
  const HouseholdId first = keys.begin()->first;
  const HouseholdId last = keys.rbegin()->first;
  keys.at(last) = keys.at(first);
  CHECK(settlement_leaves({}, ledger, keys).error() == "household:" + last.text() + " and household:" + first.text() +
                                                           ": have the same address; every household needs an order "
                                                           "key of its own");
  keys.at(last) = Bytes(33);
  CHECK(settlement_leaves({}, ledger, keys).error().starts_with(last.text() + ": has an account and no order key"));
  keys.erase(last);
  CHECK(settlement_leaves({}, ledger, keys).error().starts_with(last.text() + ": has an account and no order key"));
}

TEST_CASE("every leaf of a tree of any size is proved, and no other leaf by its proof") {
  for (std::size_t size = 1; size <= 40; ++size) {
    CAPTURE(size);
    std::vector<Hash32> hashes;
    for (std::size_t i = 0; i < size; ++i) hashes.push_back(keccak256(as_bytes(std::to_string(i))));
    const SettlementTree tree(hashes);
    CHECK(tree.size() == size);
    for (std::size_t i = 0; i < size; ++i) {
      std::vector<Hash32> proof = tree.proof(hashes[i]).value();
      CHECK(settlement_proof_holds(hashes[i], proof, tree.root()));
      CHECK_FALSE(settlement_proof_holds(keccak256(as_bytes("stranger")), proof, tree.root()));
      if (size > 1) CHECK_FALSE(settlement_proof_holds(hashes[(i + 1) % size], proof, tree.root()));
      for (Hash32& sibling : proof) {
        sibling[i % 32] ^= 1U;
        CHECK_FALSE(settlement_proof_holds(hashes[i], proof, tree.root()));
        sibling[i % 32] ^= 1U;
      }
    }
    CHECK_FALSE(tree.proof(keccak256(as_bytes("stranger"))).has_value());
  }
}

TEST_CASE("a tree of one leaf is that leaf, and of two their pair, the lower first") {
  const Hash32 a = keccak256(as_bytes("a"));
  const Hash32 b = keccak256(as_bytes("b"));
  CHECK(SettlementTree(std::vector{a}).root() == a);
  CHECK(SettlementTree(std::vector{a}).proof(a)->empty());
  CHECK(SettlementTree(std::vector{a, b}).root() == (a < b ? keccak256(a, b) : keccak256(b, a)));
  CHECK(SettlementTree(std::vector{b, a}).root() == SettlementTree(std::vector{a, b}).root());
  CHECK(SettlementTree(std::vector{a, b}).proof(a) == std::vector{b});
}

TEST_CASE("the sequence of the leaves does not matter, and one that comes twice or none at all stops the program") {
  std::vector<SettlementLeaf> leaves = random_leaves(5, 9);
  const Hash32 root = SettlementTree(leaves).root();
  std::reverse(leaves.begin(), leaves.end());
  CHECK(SettlementTree(leaves).root() == root);
  leaves.push_back(leaves.front());
  CHECK(stops([&] { const SettlementTree tree(leaves); }));
  CHECK(stops([] { const SettlementTree tree(std::span<const SettlementLeaf>{}); }));
}

}  // namespace
}  // namespace commonwatt
