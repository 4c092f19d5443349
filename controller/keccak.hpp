// Keccak-256, the hash of the EVM: the padding of the Keccak submission (domain 0x01), not that of FIPS 202 SHA3-256.
#pragma once

#include "core/bytes.hpp"

namespace commonwatt {

/// One context is kept per thread, so that hashing many small inputs costs what the permutation costs.
Hash32 keccak256(ByteView bytes);
/// The digest of 64 bytes, `left` and then `right`, without joining them first: the nodes of a tree.
Hash32 keccak256(const Hash32& left, const Hash32& right);

}  // namespace commonwatt
