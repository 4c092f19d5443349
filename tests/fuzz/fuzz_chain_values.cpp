// Whatever a node, a compiler's file or a person gives the chain's commands: it is refused, or it is what it says.
#include <cstdlib>

#include "controller/chain/contract_code.hpp"
#include "controller/chain/contract_errors.hpp"
#include "controller/chain/receipt.hpp"
#include "controller/chain/token_amount.hpp"

namespace {

using namespace commonwatt;

/// An amount shown is the amount read, and what is read fits the vault.
void check_amount(std::string_view text) {
  for (const int decimals : {0, 6, 18}) {
    const std::optional<Uint256> amount = token_amount_from_text(text, decimals);
    if (!amount) continue;
    if (*amount >= Uint256(1) << 96U) std::abort();
    if (token_amount_from_text(token_amount_text(Int256(*amount), decimals), decimals) != amount) std::abort();
  }
}

void check_receipt(std::string_view text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  const std::optional<TransactionReceipt> receipt = receipt_from(json);
  if (!receipt) return;
  if (receipt->block < 0 || receipt->gas < 0) std::abort();
  if (to_data(receipt->transaction) != to_data(*hash_from_data(json["transactionHash"].get<std::string>())))
    std::abort();
  if (receipt->logs.size() != json["logs"].size()) std::abort();
}

/// Printable whatever a contract puts into its revert.
void check_refusal(ByteView data) {
  for (const char c : contract_refusal(data)) {
    if (c < ' ' || c > '~') std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = as_text(ByteView(data, size));
  check_amount(text);
  check_receipt(text);
  check_refusal(ByteView(data, size));
  if (const auto code = bytecode_from_text(text); code.ok() && code->empty()) std::abort();
  return 0;
}
