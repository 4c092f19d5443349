#include <doctest/doctest.h>

#include "controller/settlement_proof.hpp"
#include "controller/settlement_tree.hpp"
#include "tests/controller/random_ledger.hpp"

namespace commonwatt {
namespace {

std::vector<SettlementProof> proofs_of(std::uint64_t seed) {
  test::Random random(seed);
  const Ledger ledger = test::random_ledger(random, 9);
  const Hash32 community = community_of("commonwatt.example/street");
  const auto leaves = settlement_leaves(community, ledger, test::order_keys_of(ledger)).value();
  const SettlementTree tree(leaves);
  Anchor anchor{
      .community = community, .epoch = 3, .log_size = 12, .settlement_root = tree.root(), .volume = Energy{7}};
  anchor.previous.fill(1);
  anchor.log_root.fill(2);
  std::vector<SettlementProof> proofs;
  for (const SettlementLeaf& leaf : leaves) {
    proofs.push_back({.anchor = anchor,
                      .account = leaf.account,
                      .cumulative_net = leaf.cumulative_net,
                      .path = tree.proof(settlement_leaf_hash(leaf)).value()});
  }
  return proofs;
}

TEST_CASE("every account's proof leads to the anchor, and goes through its file unchanged") {
  for (const SettlementProof& proof : proofs_of(1)) {
    CHECK_FALSE(settlement_proof_fault(proof).has_value());
    CHECK(settlement_proof_from_text(settlement_proof_text(proof)).value() == proof);
    CHECK(decode<SettlementProof>(encode(proof)).value() == proof);
  }
}

TEST_CASE("another net, another account's path and another community are found out") {
  const std::vector<SettlementProof> proofs = proofs_of(2);
  SettlementProof proof = proofs[0];
  proof.cumulative_net += Money{1};
  CHECK(settlement_proof_fault(proof).value_or("").find("epoch 3") != std::string::npos);
  proof = proofs[0];
  proof.path = proofs[1].path;
  CHECK(settlement_proof_fault(proof).has_value());
  proof = proofs[0];
  proof.anchor.community.fill(9);
  CHECK(settlement_proof_fault(proof).has_value());
  proof = proofs[0];
  proof.path.assign(41, Hash32{});
  CHECK(settlement_proof_fault(proof).value_or("").find("longer") != std::string::npos);
}

TEST_CASE("no flipped character of a proof file passes for the proof it was") {
  const SettlementProof proof = proofs_of(3)[0];
  const std::string text = settlement_proof_text(proof);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const Result<SettlementProof, std::string> read = settlement_proof_from_text(changed);
    // What the leaf does not bind, the anchor's struct hash does.
    const bool is_told =
        !read || settlement_proof_fault(*read) || anchor_hash(read->anchor) != anchor_hash(proof.anchor);
    CHECK_MESSAGE(is_told, "character " << i);
  }
}

TEST_CASE("an error of a proof file names the field") {
  const std::string text = settlement_proof_text(proofs_of(4)[0]);
  const auto error_with = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    return settlement_proof_from_text(changed).error();
  };
  CHECK(error_with("\"0x", "\"").find("\"account\" does not begin with 0x") != std::string::npos);
  CHECK(error_with("\"epoch\": 3", "\"epoch\": 0").find("\"anchor\"") != std::string::npos);
  CHECK(error_with("proof 1", "proof 2").find("\"format\"") != std::string::npos);
  CHECK(error_with("\"path\": [", "\"path\": [ ").find("another form") != std::string::npos);
  CHECK(settlement_proof_from_text("{").error().find("not a JSON object") != std::string::npos);
}

}  // namespace
}  // namespace commonwatt
