#include "controller/chain/reward_grant.hpp"

#include <cassert>
#include <charconv>
#include <limits>

#include "controller/chain/abi.hpp"
#include "controller/chain/contract_domain.hpp"
#include "controller/evm_words.hpp"
#include "controller/json_fields.hpp"
#include "controller/settlement_tree.hpp"

namespace commonwatt {
namespace {

constexpr const char* format = "commonwatt rewards 1";
constexpr std::size_t size_max = 1U << 24U;
constexpr std::int64_t amount_max = std::numeric_limits<std::int64_t>::max();

SettlementLeaf leaf_of(const RewardGrant& grant, const Address& account, TokenAmount cumulative) {
  return {.community = grant.community, .account = account.bytes, .cumulative_net = Money{cumulative.count}};
}

SettlementTree tree_of(const RewardGrant& grant) {
  assert(!grant.accounts.empty());
  std::vector<SettlementLeaf> leaves;
  for (const auto& [account, cumulative] : grant.accounts) leaves.push_back(leaf_of(grant, account, cumulative));
  return SettlementTree(leaves);
}

/// "0x...", the account, a blank and what it earned.
std::optional<std::pair<Address, TokenAmount>> account_from(const std::string& text) {
  const std::size_t blank = text.find(' ');
  if (blank == std::string::npos) return std::nullopt;
  const std::optional<Address> account = address_from(std::string_view(text).substr(0, blank));
  std::int64_t cumulative = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data() + blank + 1, end, cumulative);
  if (!account || problem != std::errc() || stop != end || cumulative <= 0) return std::nullopt;
  return std::pair(*account, TokenAmount{cumulative});
}

/// What is wrong with the accounts of a text, or nothing, and the grant has them.
std::optional<std::string> take_accounts(RewardGrant& grant, const std::vector<std::string>& accounts) {
  std::map<Address, TokenAmount> earned;
  for (const std::string& text : accounts) {
    const auto account = account_from(text);
    if (!account) return "'" + text.substr(0, 70) + "' is not an account and what it earned, above zero";
    if (!earned.insert(*account).second) return to_text(account->first) + " is there twice";
  }
  if (earned.empty()) return "it has no accounts";
  if (auto done = add_rewards(grant, earned); !done) return done.error();
  return std::nullopt;
}

}  // namespace

TokenAmount RewardGrant::total() const {
  TokenAmount sum;
  for (const auto& [account, cumulative] : accounts) sum += cumulative;
  return sum;
}

Hash32 RewardGrant::root() const {
  return tree_of(*this).root();
}

Hash32 RewardGrant::digest() const {
  static const Hash32 type =
      keccak256(as_bytes("Rewards(bytes32 community,uint64 epoch,bytes32 previous,bytes32 root,uint256 total)"));
  const Hash32 message =
      EvmWords(type).hash(community).integer(epoch).hash(previous).hash(root()).integer(total().count).digest();
  return contract_digest(message, chain_id, minter);
}

bool RewardGrant::grants_the_same_as(const RewardGrant& other) const {
  RewardGrant theirs = other;
  theirs.signatures = signatures;
  return *this == theirs;
}

Result<Done, std::string> add_rewards(RewardGrant& grant, const std::map<Address, TokenAmount>& earned) {
  std::int64_t total = grant.total().count;
  for (const auto& [account, reward] : earned) {
    if (reward.count > amount_max - total) {
      return Fail{"more was earned since the beginning than " + std::to_string(amount_max) + " base units"};
    }
    total += reward.count;
    grant.accounts[account] += reward;
  }
  return Done{};
}

Bytes publish_rewards_call(const RewardGrant& grant, const std::vector<Bytes>& signatures) {
  std::vector<AbiValue> items;
  for (const Bytes& signature : signatures) items.push_back(abi_bytes(signature));
  return abi_call("publish(uint64,bytes32,uint256,bytes[])",
                  {abi_uint(Uint256(grant.epoch)), abi_bytes32(grant.root()), abi_uint(Uint256(grant.total().count)),
                   abi_array(items)});
}

std::optional<Bytes> claim_rewards_call(const RewardGrant& grant, const Address& account) {
  const auto earned = grant.accounts.find(account);
  if (earned == grant.accounts.end()) return std::nullopt;
  const auto path = tree_of(grant).proof(settlement_leaf_hash(leaf_of(grant, account, earned->second)));
  std::vector<AbiValue> items;
  for (const Hash32& hash : path.value()) items.push_back(abi_bytes32(hash));
  return abi_call("claim(address,uint256,bytes32[])",
                  {abi_address(account), abi_uint(Uint256(earned->second.count)), abi_array(items)});
}

std::string reward_grant_text(const RewardGrant& grant) {
  OrderedJson accounts = OrderedJson::array();
  for (const auto& [account, cumulative] : grant.accounts) {
    accounts.push_back(to_text(account) + " " + std::to_string(cumulative.count));
  }
  OrderedJson signatures = OrderedJson::array();
  for (const Bytes& signature : grant.signatures) signatures.push_back(to_hex(signature));
  const OrderedJson json{{"format", format},
                         {"chain_id", grant.chain_id},
                         {"minter", to_text(grant.minter)},
                         {"community", to_hex(grant.community)},
                         {"epoch", grant.epoch},
                         {"previous", to_hex(grant.previous)},
                         {"accounts", std::move(accounts)},
                         {"signatures", std::move(signatures)}};
  return json.dump(1) + "\n";
}

Result<RewardGrant, std::string> reward_grant_from_text(std::string_view text) {
  JsonFields fields(text, size_max);
  RewardGrant grant;
  if (fields.text("format") != format) fields.fail("format", "is not one this version reads");
  grant.chain_id = fields.integer("chain_id");
  grant.minter.bytes = fields.prefixed_hex<20>("minter");
  grant.community = fields.hex_array<32>("community");
  grant.epoch = fields.integer("epoch");
  grant.previous = fields.hex_array<32>("previous");
  const auto accounts = fields.texts("accounts");
  for (const std::string& signature : fields.texts("signatures")) {
    grant.signatures.push_back(from_hex(signature).value_or(Bytes{}));
  }
  if (grant.epoch < 0 || grant.chain_id < 1) fields.fail("epoch", "or chain_id is negative");
  if (fields.fault()) return Fail{*fields.fault()};
  if (const std::optional<std::string> fault = take_accounts(grant, accounts)) return Fail{*fault};
  if (reward_grant_text(grant) != text)
    return Fail{std::string("is not as this program writes it: unknown fields or another form")};
  return grant;
}

}  // namespace commonwatt
