#include "controller/chain/command_options.hpp"

namespace commonwatt {

Result<Address, std::string> address_option(std::string_view option, const std::string& text) {
  const std::optional<Address> address = address_from(text);
  if (!address) {
    return Fail{std::string(option) + " '" + text +
                "' is not an address: 0x and 40 hexadecimal digits, upper and lower case as they were given out"};
  }
  if (*address == Address{}) return Fail{std::string(option) + " is the zero address, which nobody has"};
  return *address;
}

Result<ChainAccount, std::string> ChainAccount::open(const ChainAccess& access) {
  ChainAccount account;
  if (access.key.empty()) return Fail{std::string("--key FILE is missing: whose account pays for the transaction")};
  Result<EvmSigner, std::string> signer = EvmSigner::open_payer(access.key);
  if (!signer) return Fail{signer.error()};
  account.signer_ = std::make_unique<EvmSigner>(std::move(signer.value()));
  Result<RpcPool, std::string> pool = open_pool(access.rpc);
  if (!pool) return Fail{pool.error()};
  account.pool_ = std::make_unique<RpcPool>(std::move(pool.value()));
  Result<Transactor, std::string> transactor = Transactor::open(*account.pool_, *account.signer_);
  if (!transactor) return Fail{transactor.error()};
  account.transactor_ = std::make_unique<Transactor>(std::move(transactor.value()));
  return account;
}

}  // namespace commonwatt
