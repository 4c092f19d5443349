// The rewards that attesters sign: read again as they were written, and by nobody else's hand.
#include <limits>

#include <doctest/doctest.h>

#include "controller/chain/abi.hpp"
#include "controller/chain/contract_domain.hpp"
#include "controller/chain/evm_key.hpp"
#include "controller/chain/reward_grant.hpp"
#include "controller/keccak.hpp"
#include "controller/settlement_tree.hpp"

namespace commonwatt {
namespace {

Address numbered(std::uint8_t number) {
  Address address;
  address.bytes.fill(number);
  return address;
}

RewardGrant sample() {
  RewardGrant grant{.chain_id = 31'337,
                    .minter = numbered(0xAB),
                    .community = keccak256(as_bytes("commonwatt.example/street")),
                    .epoch = 41,
                    .previous = keccak256(as_bytes("before")),
                    .accounts = {{numbered(1), TokenAmount{250}}, {numbered(2), TokenAmount{7}}},
                    .signatures = {}};
  const EvmKey key = EvmKey::from(keccak256(as_bytes("anna"))).value();
  grant.signatures = {key.sign(grant.digest()).packed()};
  return grant;
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST_CASE("a grant is read as it was written, and any other text is refused with the reason") {
  const RewardGrant grant = sample();
  const std::string text = reward_grant_text(grant);
  CHECK(*reward_grant_from_text(text) == grant);
  const auto error = [&](const std::string& from, const std::string& to) {
    return reward_grant_from_text(changed(text, from, to)).error();
  };
  const std::string first = to_text(numbered(1));
  CHECK(error("rewards 1", "rewards 2").find("\"format\"") == 0);
  CHECK(error("\"epoch\": 41", "\"epoch\": -1").find("is negative") != std::string::npos);
  CHECK(error(first + " 250", first + " 0").find("above zero") != std::string::npos);
  CHECK(error(first + " 250", first).find("is not an account") != std::string::npos);
  CHECK(error(first + " 250", first + " 250x").find("is not an account") != std::string::npos);
  CHECK(error(first, to_text(numbered(2))).find("is there twice") != std::string::npos);
  CHECK(error(first, to_text(numbered(3))).find("another form") != std::string::npos);  // not rising
  CHECK(error("250", "0250").find("another form") != std::string::npos);
  CHECK(error(first + " 250", first + " 9223372036854775807").find("more was earned") == 0);
  CHECK(error("\"minter\": \"0x", "\"minter\": \"").find("\"minter\"") == 0);
  CHECK(reward_grant_from_text("{}").error() == "\"format\" is missing");
  CHECK(reward_grant_from_text(std::string((1U << 24U) + 1, ' ')).error().find("larger") != std::string::npos);
}

TEST_CASE("a signature is good for one minter, chain, community, epoch, predecessor and list alone") {
  const RewardGrant grant = sample();
  const Address anna = recover_signer(grant.digest(), grant.signatures[0]).value();
  const auto signer_after = [&](auto change) {
    RewardGrant other = grant;
    change(other);
    return recover_signer(other.digest(), grant.signatures[0]);
  };
  CHECK(signer_after([](RewardGrant&) {}) == anna);
  CHECK(signer_after([](RewardGrant& one) { one.minter = numbered(0xAC); }) != anna);
  CHECK(signer_after([](RewardGrant& one) { one.chain_id = 1; }) != anna);
  CHECK(signer_after([](RewardGrant& one) { one.community = {}; }) != anna);
  CHECK(signer_after([](RewardGrant& one) { one.epoch = 42; }) != anna);
  CHECK(signer_after([](RewardGrant& one) { one.previous = {}; }) != anna);
  CHECK(signer_after([](RewardGrant& one) { one.accounts[numbered(1)] = TokenAmount{251}; }) != anna);
  CHECK(signer_after([](RewardGrant& one) { one.accounts[numbered(3)] = TokenAmount{1}; }) != anna);
}

TEST_CASE("rewards add up over epochs, account by account, up to what a leaf holds") {
  RewardGrant grant = sample();
  REQUIRE(add_rewards(grant, {{numbered(2), TokenAmount{3}}, {numbered(9), TokenAmount{40}}}).ok());
  CHECK(grant.total() == TokenAmount{300});
  CHECK(grant.accounts[numbered(2)] == TokenAmount{10});
  CHECK(grant.accounts[numbered(9)] == TokenAmount{40});
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  CHECK_FALSE(add_rewards(grant, {{numbered(9), TokenAmount{most - 299}}}).ok());
  CHECK(add_rewards(grant, {{numbered(9), TokenAmount{most - 300}}}).ok());
}

TEST_CASE("a claim carries the way from the account's leaf to the root") {
  const RewardGrant grant = sample();
  const Bytes call = claim_rewards_call(grant, numbered(1)).value();
  CHECK_FALSE(claim_rewards_call(grant, numbered(3)).has_value());
  AbiReader reader(ByteView(call).subspan(4));
  reader.word();
  CHECK(reader.number() == 250);
  reader.word();  // where the path begins
  REQUIRE(reader.number() == 1);
  const Hash32 sibling = reader.word();
  REQUIRE_FALSE(reader.failed());
  const auto leaf = [&](std::uint8_t account, std::int64_t earned) {
    return settlement_leaf_hash(
        {.community = grant.community, .account = numbered(account).bytes, .cumulative_net = Money{earned}});
  };
  CHECK(sibling == leaf(2, 7));
  CHECK(settlement_proof_holds(leaf(1, 250), std::vector<Hash32>{sibling}, grant.root()));
  CHECK_FALSE(settlement_proof_holds(leaf(1, 251), std::vector<Hash32>{sibling}, grant.root()));
}

TEST_CASE("attesters' signatures rise by signer, and none is counted twice") {
  const Hash32 digest = keccak256(as_bytes("rewards"));
  std::vector<Bytes> signatures;
  for (const char* name : {"anna", "bert", "cleo"})
    signatures.push_back(EvmKey::from(keccak256(as_bytes(name))).value().sign(digest).packed());
  const std::vector<Bytes> ordered = rising_signatures(digest, signatures).value();
  REQUIRE(ordered.size() == 3);
  CHECK(recover_signer(digest, ordered[0]) < recover_signer(digest, ordered[1]));
  CHECK(recover_signer(digest, ordered[1]) < recover_signer(digest, ordered[2]));
  signatures.push_back(signatures[0]);
  CHECK(rising_signatures(digest, signatures).error().find("signed twice") != std::string::npos);
  signatures.back() = {};
  CHECK(rising_signatures(digest, signatures).error().find("signature 4 does not hold") == 0);
}

}  // namespace
}  // namespace commonwatt
