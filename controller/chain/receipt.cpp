#include "controller/chain/receipt.hpp"

#include "controller/keccak.hpp"

namespace commonwatt {
namespace {

using nlohmann::json;

/// No honest chain asks more wei per gas: bounds what a node can make a product of fees overflow with.
const Uint256 price_max = Uint256(1) << 96U;

std::string member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<ReceiptLog> log_from(const json& said) {
  if (!said.is_object() || !said.contains("topics") || !said["topics"].is_array()) return std::nullopt;
  const std::optional<Address> contract = address_from(member(said, "address"));
  std::optional<Bytes> data = data_from(member(said, "data"));
  if (!contract || !data) return std::nullopt;
  ReceiptLog log{.contract = *contract, .topics = {}, .data = std::move(*data)};
  for (const json& topic : said["topics"]) {
    const std::optional<Hash32> hash = topic.is_string() ? hash_from_data(topic.get<std::string>()) : std::nullopt;
    if (!hash) return std::nullopt;
    log.topics.push_back(*hash);
  }
  return log;
}

}  // namespace

const ReceiptLog* TransactionReceipt::event(const Address& of, std::string_view signature) const {
  const Hash32 topic = keccak256(as_bytes(signature));
  for (const ReceiptLog& log : logs) {
    if (log.contract == of && !log.topics.empty() && log.topics.front() == topic) return &log;
  }
  return nullptr;
}

std::optional<TransactionReceipt> receipt_from(const json& said) {
  if (!said.is_object() || !said.contains("logs") || !said["logs"].is_array()) return std::nullopt;
  const auto transaction = hash_from_data(member(said, "transactionHash"));
  const auto block_hash = hash_from_data(member(said, "blockHash"));
  const auto block = small_quantity_from(member(said, "blockNumber"));
  const auto gas = small_quantity_from(member(said, "gasUsed"));
  const auto price = quantity_from(member(said, "effectiveGasPrice"));
  const auto status = small_quantity_from(member(said, "status"));
  if (!transaction || !block_hash || !block || !gas || !price || *price > price_max || !status) return std::nullopt;
  TransactionReceipt receipt{.transaction = *transaction,
                             .block_hash = *block_hash,
                             .block = *block,
                             .gas = *gas,
                             .cost = *price * *gas,
                             .is_done = *status == 1,
                             .contract = address_from(member(said, "contractAddress")),
                             .logs = {}};
  for (const json& each : said["logs"]) {
    std::optional<ReceiptLog> log = log_from(each);
    if (!log) return std::nullopt;
    receipt.logs.push_back(std::move(*log));
  }
  return receipt;
}

Result<std::optional<TransactionReceipt>, RpcError> read_receipt(RpcPool& pool, const Hash32& transaction) {
  return pool.agreed<std::optional<TransactionReceipt>>(
      "eth_getTransactionReceipt", json::array({to_data(transaction)}),
      [&transaction](const json& said) -> std::optional<std::optional<TransactionReceipt>> {
        if (said.is_null()) return std::optional<TransactionReceipt>{};
        std::optional<TransactionReceipt> receipt = receipt_from(said);
        if (!receipt || receipt->transaction != transaction) return std::nullopt;
        return receipt;
      });
}

}  // namespace commonwatt
