// Transactions with a base fee and a tip (EIP-1559, type 2), without access list.
#pragma once

#include "controller/chain/evm_signer.hpp"

namespace commonwatt {

/// Fees and value in wei.
struct EvmTransaction {
  std::int64_t chain_id = 0;
  std::int64_t nonce = 0;
  Uint256 tip_max = 0;  // maxPriorityFeePerGas
  Uint256 fee_max = 0;  // maxFeePerGas, the tip included
  std::int64_t gas_limit = 0;
  std::optional<Address> to;  // none deploys a contract
  Uint256 value = 0;
  Bytes data;
};

/// What is sent, and the hash the network knows it by.
struct SignedTransaction {
  Bytes raw;
  Hash32 hash{};
};

/// With a key in memory deterministic: one transaction and key give one raw transaction. Fails when a token does.
Result<SignedTransaction, std::string> sign_transaction(const EvmTransaction& transaction, const EvmSigner& signer);

}  // namespace commonwatt
