#include "controller/chain/signed_anchor.hpp"

#include <cassert>

#include "controller/chain/abi.hpp"
#include "controller/chain/contract_domain.hpp"
#include "controller/keccak.hpp"

namespace commonwatt {
namespace {

/// The members in their sequence; a struct's ABI and its EIP-712 encodeData are the same words.
std::vector<AbiValue> members(const Anchor& anchor) {
  assert(anchor.epoch >= 0 && anchor.log_size >= 0 && anchor.volume >= Energy{0});
  return {abi_bytes32(anchor.community), abi_uint(anchor.epoch),    abi_bytes32(anchor.previous),
          abi_bytes32(anchor.log_root),  abi_uint(anchor.log_size), abi_bytes32(anchor.settlement_root),
          abi_uint(anchor.volume.count)};
}

}  // namespace

Hash32 anchor_digest(const Anchor& anchor, const AnchorDomain& domain) {
  return contract_digest(anchor_hash(anchor), domain.chain_id, domain.registry);
}

Result<std::vector<Bytes>, std::string> order_signatures(const Anchor& anchor, const AnchorDomain& domain,
                                                         std::vector<Bytes> signatures) {
  auto ordered = rising_signatures(anchor_digest(anchor, domain), std::move(signatures));
  if (!ordered) return Fail{"epoch " + std::to_string(anchor.epoch) + ": " + ordered.error()};
  return ordered;
}

Bytes anchor_call(const Anchor& anchor, const std::vector<Bytes>& signatures) {
  std::vector<AbiValue> items;
  for (const Bytes& signature : signatures) items.push_back(abi_bytes(signature));
  return abi_call("anchor((bytes32,uint64,bytes32,bytes32,uint64,bytes32,uint256),bytes[])",
                  {abi_tuple(members(anchor)), abi_array(items)});
}

Hash32 anchored_topic() {
  static const Hash32 topic = keccak256(as_bytes("Anchored(uint64,bytes32,bytes32,uint64,bytes32,uint256)"));
  return topic;
}

std::optional<Hash32> anchored_head(ByteView data) {
  AbiReader reader(data);
  const Hash32 head = reader.word();
  for (int rest = 0; rest < 4; ++rest) reader.word();
  if (reader.failed()) return std::nullopt;
  return head;
}

}  // namespace commonwatt
