// Who a household is on an EVM chain: the address of its order key (Ethereum yellow paper, appendix F).
#pragma once

#include <array>
#include <optional>

#include "core/bytes.hpp"

namespace commonwatt {

using EvmAddress = std::array<std::uint8_t, 20>;

/// The last 20 bytes of a Keccak-256 digest.
EvmAddress address_of_digest(const Hash32& digest);
/// The address of a secp256k1 public key of 33 bytes (compressed): the digest of the point's 64 bytes x || y. Nothing
/// when the bytes are no point of the curve.
std::optional<EvmAddress> address_of_order_key(ByteView public_key);

}  // namespace commonwatt
