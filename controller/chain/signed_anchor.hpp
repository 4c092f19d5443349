// What attesters sign of an anchor (contract_domain.hpp), and how the registry contract is called with it.
//
//   anchor(Anchor a, bytes[] signatures)
//   event Anchored(uint64 indexed epoch, bytes32 head, bytes32 logRoot, uint64 logSize, bytes32 settlementRoot,
//                  uint256 volume)
#pragma once

#include <string>
#include <vector>

#include "controller/anchor.hpp"
#include "controller/chain/evm_key.hpp"
#include "core/result.hpp"

namespace commonwatt {

/// The registry contract an anchor is for: no other contract or chain can be given its signatures.
struct AnchorDomain {
  std::int64_t chain_id = 0;
  Address registry;
};

/// The digest an attester signs.
Hash32 anchor_digest(const Anchor& anchor, const AnchorDomain& domain);

/// The signatures in the sequence the registry asks for, by rising address of the signer. Refuses a signature that
/// does not hold, and two of one signer.
Result<std::vector<Bytes>, std::string> order_signatures(const Anchor& anchor, const AnchorDomain& domain,
                                                         std::vector<Bytes> signatures);

/// The data of the call anchor(a, signatures).
Bytes anchor_call(const Anchor& anchor, const std::vector<Bytes>& signatures);

/// The first topic of Anchored; the second is the epoch.
Hash32 anchored_topic();
/// The head in the data of an Anchored event: the anchor's struct hash. Nothing when it is no such data.
std::optional<Hash32> anchored_head(ByteView data);

}  // namespace commonwatt
