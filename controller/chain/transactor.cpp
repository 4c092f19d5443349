#include "controller/chain/transactor.hpp"

#include <algorithm>
#include <thread>

#include "controller/chain/contract_errors.hpp"
#include "controller/chain/transaction.hpp"

namespace commonwatt {
namespace {

using nlohmann::json;

/// A transaction's gas (EIP-7825).
constexpr std::int64_t gas_limit_max = 16'777'216;
/// Where a node has no opinion about the tip.
const Uint256 usual_tip = 1'000'000'000;
/// No honest chain asks more wei per gas: bounds what a node can make a product of fees overflow with.
const Uint256 price_max = Uint256(1) << 96U;
/// How often a nonce may be taken by somebody else before we stop.
constexpr int plans_max = 5;
/// For so many looks a nonce may be gone while our receipt is not there yet: nodes index receipts a little later.
constexpr int looks_for_receipt = 8;
/// A node forgets a waiting transaction at will: it gets it again every so many looks.
constexpr int looks_per_resend = 10;

json call_of(const Address& from, const std::optional<Address>& to, const Bytes& data) {
  json call = {{"from", to_text(from)}, {"data", to_data(data)}};
  if (to) call["to"] = to_text(*to);
  return call;
}

}  // namespace

std::string ether_cost_text(const Uint256& wei) {
  const Uint256 unit = 1'000'000'000'000;
  std::string digits = Uint256((wei + unit - 1) / unit).str();
  if (digits.size() < 7) digits.insert(0, 7 - digits.size(), '0');
  return digits.insert(digits.size() - 6, ".") + " ether";
}

std::string rpc_error_text(const RpcError& error) {
  if (!error.is_revert && error.revert_data.empty()) return error.text;
  return "the contract refuses: " + contract_refusal(error.revert_data);
}

/// One thing to be sent, until it is in a block.
class Transactor::Attempt {
 public:
  Attempt(const Transactor& transactor, std::string what, const std::optional<Address>& to, const Bytes& data)
      : pool_(*transactor.pool_), signer_(*transactor.signer_), rules_(transactor.rules_), what_(std::move(what)) {
    wanted_ = {.chain_id = transactor.chain_id_, .to = to, .data = data};
  }

  Result<TransactionReceipt, std::string> run() {
    if (auto planned = plan(); !planned) return Fail{planned.error()};
    for (int plans = 1; plans <= plans_max; ++plans) {
      if (auto priced = price(); !priced) return Fail{priced.error()};
      Outcome outcome = send_and_wait();
      if (!outcome.is_nonce_taken) return std::move(*outcome.result);
    }
    return Fail{what_ + ": another program keeps sending from " + to_text(signer_.address()) +
                " and takes its nonces; stop it, then try again"};
  }

 private:
  struct Outcome {
    std::optional<Result<TransactionReceipt, std::string>> result;
    bool is_nonce_taken = false;
  };
  Fail<std::string> fail(const std::string& why) const { return Fail{what_ + ": " + why}; }
  Fail<std::string> fail(const RpcError& error) const { return fail(rpc_error_text(error)); }

  Result<Done, std::string> plan();
  Result<Done, std::string> price();
  Outcome send_and_wait();
  std::optional<Outcome> look();
  void sign_dearer();
  std::string waiting_text() const;
  Result<TransactionReceipt, std::string> judged(const TransactionReceipt& mined);

  RpcPool& pool_;
  const EvmSigner& signer_;
  const TransactorRules& rules_;
  std::string what_;
  EvmTransaction wanted_;
  std::vector<SignedTransaction> sent_;  // under one nonce, each dearer than the one before
  int looks_past_nonce_ = 0;
  std::string trouble_;  // why the last look saw nothing
};

/// The gas it takes, which also tells whether the contract will refuse it.
Result<Done, std::string> Transactor::Attempt::plan() {
  // Nodes estimate differently, and what they say only bounds what the transaction may use.
  const auto said = pool_.any("eth_estimateGas", json::array({call_of(signer_.address(), wanted_.to, wanted_.data)}));
  if (!said) return fail(said.error());
  const auto gas = said->is_string() ? quantity_from(said->get<std::string>()) : std::nullopt;
  if (!gas) return fail("a node's estimate of its gas is none");
  if (*gas > gas_limit_max)
    return fail("needs " + gas->str() + " gas, a transaction may use " + std::to_string(gas_limit_max));
  const auto estimate = static_cast<std::int64_t>(*gas);
  wanted_.gas_limit = std::min(estimate + estimate / 4, gas_limit_max);
  return Done{};
}

/// The nonce and the fee of now, and whether there is money for it.
Result<Done, std::string> Transactor::Attempt::price() {
  const std::string who = to_text(signer_.address());
  // Behind whatever of this account waits already; each node knows of other transactions that wait.
  const auto said = pool_.any("eth_getTransactionCount", json::array({who, "pending"}));
  if (!said) return fail(said.error());
  const auto nonce = said->is_string() ? small_quantity_from(said->get<std::string>()) : std::nullopt;
  if (!nonce) return fail("a node's count of transactions is none");
  wanted_.nonce = *nonce;
  const auto height = pool_.common_height("latest");
  if (!height) return fail(height.error());
  const auto block = pool_.block(*height);
  if (!block) return fail(block.error());
  if (!*block) return fail("the chain moved while it was read; try again");
  const Uint256 base_fee = std::min((*block)->base_fee, price_max);
  Uint256 tip = usual_tip;
  if (const auto asked = pool_.any("eth_maxPriorityFeePerGas", json::array()); asked && asked->is_string())
    tip = std::min(quantity_from(asked->get<std::string>()).value_or(usual_tip), price_max);
  const auto affordable = within(asked_price(base_fee, tip), base_fee, wanted_.gas_limit, rules_.cost_max);
  if (!affordable) {
    return fail("would cost more than " + ether_cost_text(rules_.cost_max) + " at " + base_fee.str() +
                " wei per gas; wait for a cheaper hour");
  }
  wanted_.fee_max = affordable->fee_max;
  wanted_.tip_max = affordable->tip_max;
  const json at = {{"blockHash", to_data((*block)->hash)}, {"requireCanonical", true}};
  const auto balance = pool_.agreed_number("eth_getBalance", json::array({who, at}));
  if (!balance) return fail(balance.error());
  if (*balance < wanted_.fee_max * wanted_.gas_limit) {
    return fail(who + " has " + ether_cost_text(*balance) + ", the transaction may cost " +
                ether_cost_text(wanted_.fee_max * wanted_.gas_limit) + "; send it some");
  }
  return Done{};
}

Transactor::Attempt::Outcome Transactor::Attempt::send_and_wait() {
  Result<SignedTransaction, std::string> signed_one = sign_transaction(wanted_, signer_);
  if (!signed_one) return {.result = fail(signed_one.error())};
  sent_.clear();
  sent_.push_back(std::move(*signed_one));
  looks_past_nonce_ = 0;
  if (const auto taken = pool_.send_raw(sent_.back().raw); !taken) {
    const RpcError& error = taken.error();
    // A node that is silent may have got it, and one that knows it, or finds its nonce used, may have it in a block
    // already: the receipt decides. One that refuses for another reason has not got it.
    const bool may_be_there =
        error.text.find("nonce too low") != std::string::npos || error.text.find("already known") != std::string::npos;
    if (error.problem == RpcProblem::refused && !may_be_there) return {.result = fail(error)};
    trouble_ = error.text;
  }
  const auto looks_max = rules_.patience / rules_.poll;
  const auto looks_per_raise = std::max<std::int64_t>(rules_.fee_patience / rules_.poll, 1);
  for (std::int64_t looks = 1; looks <= looks_max; ++looks) {
    if (std::optional<Outcome> outcome = look()) return std::move(*outcome);
    if (looks % looks_per_raise == 0) {
      sign_dearer();
    } else if (looks % looks_per_resend == 0) {
      (void)pool_.send_raw(sent_.back().raw);
    }
    std::this_thread::sleep_for(rules_.poll);
  }
  return {.result = fail(waiting_text())};
}

/// Nothing while it still has to be waited for.
std::optional<Transactor::Attempt::Outcome> Transactor::Attempt::look() {
  trouble_.clear();
  for (const SignedTransaction& each : sent_) {
    const Result<std::optional<TransactionReceipt>, RpcError> receipt = read_receipt(pool_, each.hash);
    if (!receipt) {
      trouble_ = receipt.error().text;
      return std::nullopt;
    }
    if (*receipt) return Outcome{.result = judged(**receipt)};
  }
  const auto nonce =
      pool_.agreed_integer("eth_getTransactionCount", json::array({to_text(signer_.address()), "latest"}));
  if (!nonce) trouble_ = nonce.error().text;
  if (nonce && *nonce > wanted_.nonce && ++looks_past_nonce_ > looks_for_receipt)
    return Outcome{.result = {}, .is_nonce_taken = true};
  return std::nullopt;
}

/// Replaces what waits too long. Both may be mined, but only one of them: they share a nonce. When the key's token does
/// not answer, what was sent waits on.
void Transactor::Attempt::sign_dearer() {
  const GasPrice more = raised({.fee_max = wanted_.fee_max, .tip_max = wanted_.tip_max});
  if (more.fee_max * wanted_.gas_limit > rules_.cost_max) return;
  EvmTransaction dearer = wanted_;
  dearer.fee_max = more.fee_max;
  dearer.tip_max = more.tip_max;
  Result<SignedTransaction, std::string> signed_one = sign_transaction(dearer, signer_);
  if (!signed_one) return;
  wanted_ = std::move(dearer);
  sent_.push_back(std::move(*signed_one));
  (void)pool_.send_raw(sent_.back().raw);
}

std::string Transactor::Attempt::waiting_text() const {
  std::string hashes;
  for (const SignedTransaction& each : sent_) hashes += " " + to_data(each.hash);
  return "not in a block after " + std::to_string(rules_.patience.count()) + " s; it may still come. Look for" +
         hashes + " before you try again" + (trouble_.empty() ? "" : ". Last answer: " + trouble_);
}

/// Of one that was reverted, the same call in its block tells why.
Result<TransactionReceipt, std::string> Transactor::Attempt::judged(const TransactionReceipt& mined) {
  if (mined.is_done) return mined;
  const json call = call_of(signer_.address(), wanted_.to, wanted_.data);
  const auto said = pool_.any("eth_call", json::array({call, to_quantity(mined.block)}));
  const bool is_told = !said && said.error().is_revert;
  return fail("reverted in block " + std::to_string(mined.block) + " as " + to_data(mined.transaction) + " and cost " +
              ether_cost_text(mined.cost) + "; " +
              (is_told ? rpc_error_text(said.error()) : "the node does not tell why"));
}

Result<Transactor, std::string> Transactor::open(RpcPool& pool, const EvmSigner& signer,
                                                 std::optional<std::int64_t> chain_id, const TransactorRules& rules) {
  const Result<std::int64_t, RpcError> said = pool.agreed_integer("eth_chainId", json::array());
  if (!said) return Fail{said.error().text};
  if (chain_id && *said != *chain_id) {
    return Fail{"the nodes are of chain " + std::to_string(*said) + ", not " + std::to_string(*chain_id) +
                "; give another --rpc or correct the chain's id"};
  }
  return Transactor(pool, signer, *said, rules);
}

Result<TransactionReceipt, std::string> Transactor::send(const std::string& what, const std::optional<Address>& to,
                                                         const Bytes& data) {
  return Attempt(*this, what, to, data).run();
}

}  // namespace commonwatt
