#include "controller/anchor.hpp"

#include "controller/evm_words.hpp"

namespace commonwatt {

const Hash32& anchor_type() {
  static const Hash32 type = keccak256(as_bytes(
      "Anchor(bytes32 community,uint64 epoch,bytes32 previous,bytes32 logRoot,uint64 logSize,bytes32 settlementRoot,"
      "uint256 volume)"));
  return type;
}

Hash32 anchor_hash(const Anchor& anchor) {
  return EvmWords(anchor_type())
      .hash(anchor.community)
      .integer(anchor.epoch)
      .hash(anchor.previous)
      .hash(anchor.log_root)
      .integer(anchor.log_size)
      .hash(anchor.settlement_root)
      .integer(anchor.volume.count)
      .digest();
}

}  // namespace commonwatt
