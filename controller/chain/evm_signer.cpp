#include "controller/chain/evm_signer.hpp"

namespace commonwatt {
namespace {

Result<EvmSigner, std::string> open_token(const std::string& text) {
  const Result<Pkcs11Uri, std::string> uri = parse_pkcs11_uri(text);
  if (!uri) return Fail{uri.error()};
  Result<Pkcs11Key, std::string> key = Pkcs11Key::open(*uri);
  if (!key) return Fail{key.error()};
  return EvmSigner(std::move(*key));
}

Result<EvmSigner, std::string> signer_with(Result<EvmKey, std::string> key) {
  if (!key) return Fail{key.error()};
  return EvmSigner(std::move(*key));
}

}  // namespace

Result<EvmSigner, std::string> EvmSigner::open_any(const std::string& place) {
  return is_pkcs11_uri(place) ? open_token(place) : signer_with(EvmKey::load_any(place));
}

Result<EvmSigner, std::string> EvmSigner::open_payer(const std::string& place) {
  return is_pkcs11_uri(place) ? open_token(place) : signer_with(EvmKey::load_payer(place));
}

const Address& EvmSigner::address() const {
  return std::visit([](const auto& key) -> const Address& { return key.address(); }, key_);
}

Result<EvmSignature, std::string> EvmSigner::sign(const Hash32& digest) const {
  return std::visit([&](const auto& key) -> Result<EvmSignature, std::string> { return key.sign(digest); }, key_);
}

}  // namespace commonwatt
