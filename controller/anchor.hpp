// The anchor of an epoch: the roots that a quorum of attesters signs and a registry contract keeps. Each names the one
// before by its struct hash, so that the last of them vouches for all. Controller and attesters come to it by the same
// steps; what a chain wants of it is in chain/signed_anchor.hpp.
//
//   Anchor(bytes32 community,uint64 epoch,bytes32 previous,bytes32 logRoot,uint64 logSize,bytes32 settlementRoot,
//          uint256 volume)
#pragma once

#include <tuple>

#include "core/bytes.hpp"
#include "core/units.hpp"

namespace commonwatt {

struct Anchor {
  Hash32 community{};
  std::int64_t epoch = 0;  ///< 1 is the first
  Hash32 previous{};       ///< struct hash of the anchor of the epoch before; zeros for the first
  Hash32 log_root{};
  std::int64_t log_size = 0;
  Hash32 settlement_root{};
  Energy volume{};  ///< traded within the community in this epoch

  friend bool operator==(const Anchor&, const Anchor&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.community, self.epoch, self.previous, self.log_root, self.log_size, self.settlement_root,
                    self.volume);
  }
};

/// The first word of what is hashed: the hash of the type above.
const Hash32& anchor_type();
/// The EIP-712 struct hash: what `previous` of the next anchor says, and the registry's head() once it is anchored.
Hash32 anchor_hash(const Anchor& anchor);

}  // namespace commonwatt
