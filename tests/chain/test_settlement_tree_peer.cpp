// Needs node and `npm ci` in tests/chain/peers; says so loudly when they are not there.
#include <cstdio>
#include <filesystem>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "controller/settlement_tree.hpp"
#include "tests/campaign.hpp"
#include "tests/controller/random_ledger.hpp"
#include "tests/controller/temporary_directory.hpp"

namespace commonwatt {
namespace {

using Json = nlohmann::json;

const std::filesystem::path peers = std::filesystem::path(COMMONWATT_SOURCE_DIR) / "tests" / "chain" / "peers";

std::string prefixed(ByteView bytes) {
  return "0x" + to_hex(bytes);
}

/// What the npm package makes of the trees.
Json foreign(const std::vector<std::vector<SettlementLeaf>>& trees) {
  Json input = Json::array();
  for (const std::vector<SettlementLeaf>& leaves : trees) {
    Json values = Json::array();
    for (const SettlementLeaf& leaf : leaves) {
      values.push_back({prefixed(leaf.community), prefixed(leaf.account), std::to_string(leaf.cumulative_net.count)});
    }
    input.push_back(std::move(values));
  }
  const test::TemporaryDirectory directory;
  test::write_text(directory / "in", input.dump());
  const std::string command = "node '" + (peers / "settlement_tree.js").string() + "' <'" +
                              (directory / "in").string() + "' >'" + (directory / "out").string() + "'";
  REQUIRE(std::system(command.c_str()) == 0);  // NOLINT(cert-env33-c): paths of our own
  return Json::parse(test::file_text(directory / "out"));
}

TEST_CASE("root and every proof are those of @openzeppelin/merkle-tree, over ledgers drawn by lot") {
  if (!std::filesystem::exists(peers / "node_modules")) {
    FAIL("there is no node_modules in " << peers << ": run `npm ci` there");
  }
  const std::uint64_t seed = test::seed(11);
  MESSAGE("seed " << seed);
  test::Random random(seed);
  std::vector<std::vector<SettlementLeaf>> trees;
  const auto count = test::cases(40);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Ledger ledger = test::random_ledger(random, static_cast<std::size_t>(test::between(random, 1, 60)));
    trees.push_back(
        std::move(settlement_leaves(community_of("street " + std::to_string(i)), ledger, test::order_keys_of(ledger)))
            .value());
  }
  // A whole ledger has two accounts at least; smaller trees are cut from one.
  for (std::ptrdiff_t size = 1; size <= 5; ++size) trees.emplace_back(trees[0].begin(), trees[0].begin() + size);
  const Json answers = foreign(trees);
  REQUIRE(answers.size() == trees.size());
  for (std::size_t i = 0; i < trees.size(); ++i) {
    const SettlementTree tree(trees[i]);
    CHECK(answers[i].at("root") == prefixed(tree.root()));
    for (std::size_t k = 0; k < trees[i].size(); ++k) {
      const Hash32 leaf = settlement_leaf_hash(trees[i][k]);
      REQUIRE(answers[i].at("leaves").at(k) == prefixed(leaf));
      Json proof = Json::array();
      const std::optional<std::vector<Hash32>> siblings = tree.proof(leaf);
      REQUIRE(siblings.has_value());
      for (const Hash32& sibling : *siblings) proof.push_back(prefixed(sibling));
      REQUIRE(answers[i].at("proofs").at(k) == proof);
    }
  }
}

}  // namespace
}  // namespace commonwatt
