// What became of a transaction that is in a block.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "controller/chain/rpc_pool.hpp"

namespace commonwatt {

/// An event of a contract.
struct ReceiptLog {
  Address contract;
  std::vector<Hash32> topics;  // the first is the hash of the event's signature
  Bytes data;

  friend bool operator==(const ReceiptLog&, const ReceiptLog&) = default;
};

struct TransactionReceipt {
  Hash32 transaction{};
  Hash32 block_hash{};
  std::int64_t block = 0;
  std::int64_t gas = 0;
  Uint256 cost = 0;                 // wei
  bool is_done = false;             // false: it was reverted, and paid for nothing
  std::optional<Address> contract;  // that it deployed
  std::vector<ReceiptLog> logs;

  friend bool operator==(const TransactionReceipt&, const TransactionReceipt&) = default;

  /// The first event of that contract and signature, as "Deposited(address,address,uint256)"; null when there is none.
  [[nodiscard]] const ReceiptLog* event(const Address& of, std::string_view signature) const;
};

/// A receipt as eth_getTransactionReceipt answers; nothing when it is none.
std::optional<TransactionReceipt> receipt_from(const nlohmann::json& said);

/// The receipt of a transaction; nothing while it is in no block.
Result<std::optional<TransactionReceipt>, RpcError> read_receipt(RpcPool& pool, const Hash32& transaction);

}  // namespace commonwatt
