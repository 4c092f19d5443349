#include "controller/evm_address.hpp"

#include <algorithm>

#include <secp256k1.h>

#include "controller/keccak.hpp"

namespace commonwatt {

EvmAddress address_of_digest(const Hash32& digest) {
  EvmAddress address{};
  std::copy(digest.end() - static_cast<std::ptrdiff_t>(address.size()), digest.end(), address.begin());
  return address;
}

std::optional<EvmAddress> address_of_order_key(ByteView public_key) {
  constexpr std::size_t compressed_size = 33;
  secp256k1_pubkey point;
  // Points are public: the library's static context, which protects no secret, is enough.
  if (public_key.size() != compressed_size ||
      secp256k1_ec_pubkey_parse(secp256k1_context_static, &point, public_key.data(), public_key.size()) != 1) {
    return std::nullopt;
  }
  std::array<std::uint8_t, 65> bytes{};  // 0x04 || x || y
  std::size_t size = bytes.size();
  secp256k1_ec_pubkey_serialize(secp256k1_context_static, bytes.data(), &size, &point, SECP256K1_EC_UNCOMPRESSED);
  return address_of_digest(keccak256(ByteView(bytes).subspan(1)));
}

}  // namespace commonwatt
