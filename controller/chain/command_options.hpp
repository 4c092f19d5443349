// What the chain's commands have in common: options that name nodes, keys and addresses, and how their values are read.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "controller/chain/contract_views.hpp"
#include "controller/chain/transactor.hpp"

namespace commonwatt {

/// Where and as whom a command works.
struct ChainAccess {
  std::vector<std::string> rpc = {};  ///< URLs of nodes, which must all agree
  std::string key = {};               ///< file or PKCS#11 URI of the key that pays; not needed to read
  std::int64_t first_block = 0;       ///< no event is looked for before it
  bool is_json = false;               ///< one JSON object instead of words
};

/// The address in an option; the error names the option. Refuses zero, which nobody has.
Result<Address, std::string> address_option(std::string_view option, const std::string& text);

/// Nodes and a key that pays, together.
class ChainAccount {
 public:
  static Result<ChainAccount, std::string> open(const ChainAccess& access);

  [[nodiscard]] const Address& address() const { return signer_->address(); }
  RpcPool& pool() { return *pool_; }
  Result<ContractViews, std::string> views() { return ContractViews::open(*pool_); }
  Result<TransactionReceipt, std::string> send(const std::string& what, const std::optional<Address>& to,
                                               const Bytes& data) {
    return transactor_->send(what, to, data);
  }

 private:
  ChainAccount() = default;
  // On the heap: the transactor points at both.
  std::unique_ptr<EvmSigner> signer_;
  std::unique_ptr<RpcPool> pool_;
  std::unique_ptr<Transactor> transactor_;
};

}  // namespace commonwatt
