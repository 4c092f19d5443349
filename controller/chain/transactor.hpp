// Sends single transactions for a person at a terminal: signs, sends, waits until one is in a block. What must go out
// however long it takes, and after any crash, is the outbox's.
#pragma once

#include <chrono>
#include <string>

#include "controller/chain/evm_signer.hpp"
#include "controller/chain/outbox_fees.hpp"
#include "controller/chain/receipt.hpp"

namespace commonwatt {

struct TransactorRules {
  std::chrono::milliseconds poll{500};
  /// How long a transaction may wait for a block until its fee is raised, and until we give up waiting.
  std::chrono::seconds fee_patience{45};
  std::chrono::seconds patience{300};
  /// The most one transaction may cost, in wei.
  Uint256 cost_max = Uint256(1'000'000'000'000'000'000);  // 1 ether
};

/// The pool and the signer must outlive it.
class Transactor {
 public:
  /// Asks the nodes for their chain. Refuses one that is not `chain_id`, if that is given.
  static Result<Transactor, std::string> open(RpcPool& pool, const EvmSigner& signer,
                                              std::optional<std::int64_t> chain_id = std::nullopt,
                                              const TransactorRules& rules = {});

  [[nodiscard]] std::int64_t chain_id() const { return chain_id_; }
  [[nodiscard]] const Address& sender() const { return signer_->address(); }

  /// Calls a contract, or deploys one where `to` is none. Nothing is sent that the nodes expect to be refused. The
  /// error names what was tried, and the transaction if one was sent: it may still get into a block.
  Result<TransactionReceipt, std::string> send(const std::string& what, const std::optional<Address>& to,
                                               const Bytes& data);

 private:
  class Attempt;
  Transactor(RpcPool& pool, const EvmSigner& signer, std::int64_t chain_id, const TransactorRules& rules)
      : pool_(&pool), signer_(&signer), chain_id_(chain_id), rules_(rules) {}
  RpcPool* pool_;
  const EvmSigner* signer_;
  std::int64_t chain_id_ = 0;
  TransactorRules rules_;
};

/// Wei as ether, exact to a millionth and rounded up: "0.001235 ether".
std::string ether_cost_text(const Uint256& wei);
/// What is in an RpcError, with the contract's reason in words.
std::string rpc_error_text(const RpcError& error);

}  // namespace commonwatt
