// A key of an EVM account that lives in a PKCS#11 token and never leaves it.
#pragma once

#include <memory>
#include <string>

#include "controller/chain/evm_key.hpp"
#include "controller/chain/pkcs11_uri.hpp"

namespace commonwatt {

/// A private key of secp256k1 in a token. Signatures are not deterministic: tokens draw their own nonces.
class Pkcs11Key {
 public:
  /// The error says what was not found or does not fit, and what to do.
  static Result<Pkcs11Key, std::string> open(const Pkcs11Uri& uri);
  /// Makes a key that cannot be read out. Refuses a label, or an id, that the token has already.
  static Result<Pkcs11Key, std::string> make(const Pkcs11Uri& uri);

  Pkcs11Key(Pkcs11Key&&) noexcept;
  Pkcs11Key& operator=(Pkcs11Key&&) noexcept;
  Pkcs11Key(const Pkcs11Key&) = delete;
  Pkcs11Key& operator=(const Pkcs11Key&) = delete;
  ~Pkcs11Key();

  [[nodiscard]] const Address& address() const;
  /// Fails when the token does not answer, or is not there. A session that was lost is opened again, once each call.
  [[nodiscard]] Result<EvmSignature, std::string> sign(const Hash32& digest) const;

 private:
  struct InUse;
  explicit Pkcs11Key(std::unique_ptr<InUse> key);
  std::unique_ptr<InUse> key_;
};

}  // namespace commonwatt
