// Who signs for an EVM account: a key in memory, or one in a PKCS#11 token.
#pragma once

#include <string>
#include <variant>

#include "controller/chain/evm_key.hpp"
#include "controller/chain/pkcs11_key.hpp"

namespace commonwatt {

class EvmSigner {
 public:
  explicit EvmSigner(EvmKey key) : key_(std::move(key)) {}
  explicit EvmSigner(Pkcs11Key key) : key_(std::move(key)) {}

  /// The key of whatever kind that a text names: a file, or with "pkcs11:" in front one in a token.
  static Result<EvmSigner, std::string> open_any(const std::string& place);
  /// As open_any, but in a file only of those that may pay for transactions. Tokens do not know what a key is for.
  static Result<EvmSigner, std::string> open_payer(const std::string& place);

  [[nodiscard]] const Address& address() const;
  /// Never fails for a key in memory. A token may be gone, and come back: try again later.
  [[nodiscard]] Result<EvmSignature, std::string> sign(const Hash32& digest) const;

 private:
  std::variant<EvmKey, Pkcs11Key> key_;
};

}  // namespace commonwatt
