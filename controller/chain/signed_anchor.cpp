#include "controller/chain/signed_anchor.hpp"

#include <algorithm>
#include <cassert>

#include "controller/chain/abi.hpp"
#include "controller/evm_words.hpp"

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
  static const Hash32 type =
      keccak256(as_bytes("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"));
  const Hash32 separator = EvmWords(type)
                               .hash(keccak256(as_bytes("Commonwatt")))
                               .hash(keccak256(as_bytes("1")))
                               .integer(domain.chain_id)
                               .hash(word_of(number_of(domain.registry.bytes)))
                               .digest();
  const Hash32 message = anchor_hash(anchor);
  Bytes bytes{0x19, 0x01};
  bytes.insert(bytes.end(), separator.begin(), separator.end());
  bytes.insert(bytes.end(), message.begin(), message.end());
  return keccak256(bytes);
}

Result<std::vector<Bytes>, std::string> order_signatures(const Anchor& anchor, const AnchorDomain& domain,
                                                         std::vector<Bytes> signatures) {
  const Hash32 digest = anchor_digest(anchor, domain);
  std::vector<std::pair<Address, Bytes>> signed_by;
  for (Bytes& signature : signatures) {
    const std::optional<Address> signer = recover_signer(digest, signature);
    if (!signer) {
      return Fail{"epoch " + std::to_string(anchor.epoch) + ": signature " + std::to_string(signed_by.size() + 1) +
                  " is not one over this anchor (65 bytes, lower s, v 27 or 28)"};
    }
    signed_by.emplace_back(*signer, std::move(signature));
  }
  std::sort(signed_by.begin(), signed_by.end());
  std::vector<Bytes> ordered;
  for (std::size_t i = 0; i < signed_by.size(); ++i) {
    if (i > 0 && signed_by[i - 1].first == signed_by[i].first) {
      return Fail{"epoch " + std::to_string(anchor.epoch) + ": " + to_text(signed_by[i].first) + " signed twice"};
    }
    ordered.push_back(std::move(signed_by[i].second));
  }
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
