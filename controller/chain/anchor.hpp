// The anchor of an epoch: the roots a quorum of attesters signs (EIP-712) and the registry contract keeps. Each names
// the one before by its struct hash, so that the last of them vouches for all.
//
//   domain {name "Commonwatt", version "1", chainId, verifyingContract}
//   Anchor(bytes32 community,uint64 epoch,bytes32 previous,bytes32 logRoot,uint64 logSize,bytes32 settlementRoot,
//          uint256 volume)
//   anchor(Anchor a, bytes[] signatures)
//   event Anchored(uint64 indexed epoch, bytes32 head, bytes32 logRoot, uint64 logSize, bytes32 settlementRoot,
//                  uint256 volume)
#pragma once

#include <string>
#include <vector>

#include "controller/chain/evm_key.hpp"
#include "core/result.hpp"

namespace commonwatt {

struct Anchor {
  Hash32 community{};
  std::int64_t epoch = 0;  // 1 is the first
  Hash32 previous{};       // struct hash of the anchor of the epoch before; zeros for the first
  Hash32 log_root{};
  std::int64_t log_size = 0;
  Hash32 settlement_root{};
  Uint256 volume = 0;

  friend bool operator==(const Anchor&, const Anchor&) = default;
};

/// The registry contract an anchor is for: no other contract or chain can be given its signatures.
struct AnchorDomain {
  std::int64_t chain_id = 0;
  Address registry;
};

/// The EIP-712 struct hash: what `previous` of the next anchor says, and the registry's head() once it is anchored.
Hash32 anchor_hash(const Anchor& anchor);
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
