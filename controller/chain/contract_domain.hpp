// What is signed for one contract on one chain (EIP-712): its signatures are good for no other.
//
//   domain {name "Commonwatt", version "1", chainId, verifyingContract}
#pragma once

#include <string>
#include <vector>

#include "controller/chain/evm_types.hpp"
#include "core/result.hpp"

namespace commonwatt {

/// The digest to sign, of a message's struct hash.
Hash32 contract_digest(const Hash32& message, std::int64_t chain_id, const Address& contract);

/// Packed signatures in the sequence that a set of attesters asks for (contracts/src/Attesters.sol): by rising address
/// of the signer. The error names a signature, from 1, that does not hold, or a signer that is there twice.
Result<std::vector<Bytes>, std::string> rising_signatures(const Hash32& digest, std::vector<Bytes> signatures);

}  // namespace commonwatt
