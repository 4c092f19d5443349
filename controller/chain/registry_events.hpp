// What a registry's own events say of its anchors: how they came and went, and all their words, so that nobody needs to
// be asked who made them.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "controller/chain/abi.hpp"
#include "controller/chain/rpc_pool.hpp"

namespace commonwatt {

/// An anchor as the registry took it, word by word: what liars got signed need not fit an Anchor.
struct ChainAnchor {
  std::int64_t epoch = 0;
  Hash32 head{};                  // its struct hash
  std::array<Hash32, 7> words{};  // the members in their sequence

  friend bool operator==(const ChainAnchor&, const ChainAnchor&) = default;
};

/// The type of an Anchor in a function's signature, and an anchor as its argument.
inline constexpr const char* anchor_abi_type = "(bytes32,uint64,bytes32,bytes32,uint64,bytes32,uint256)";
AbiValue abi_anchor(const ChainAnchor& anchor);
/// The EIP-712 struct hash of an anchor's words.
Hash32 anchor_hash(const std::array<Hash32, 7>& words);

/// An event that tells how the registry's anchors came and went.
struct RegistryEvent {
  enum class Kind : std::uint8_t { anchored, vetoed, rewound };
  Kind kind = Kind::anchored;
  std::int64_t epoch = 0;         // of a veto the newest that it undid
  std::array<Hash32, 5> words{};  // of an anchor: head, log root, log size, settlement root, volume

  friend bool operator==(const RegistryEvent&, const RegistryEvent&) = default;
};
/// The events in an answer to eth_getLogs; nothing when one of them is none of these.
std::optional<std::vector<RegistryEvent>> registry_events_from(const nlohmann::json& logs);

/// The anchor that an Anchored event of a community tells, behind the one whose head is `previous`. The error names the
/// epoch whose words do not make its head.
Result<ChainAnchor, std::string> anchor_from(const RegistryEvent& anchored, const Hash32& community,
                                             const Hash32& previous);

struct EventSpan {
  Address registry;
  std::int64_t first_block = 0;
  std::int64_t last_block = 0;
};
/// Asks the nodes for the events and hands them to `take`, from the newest back, until it returns false or the first
/// block is reached. All nodes must agree.
Result<Done, std::string> read_registry_events(RpcPool& pool, const EventSpan& span,
                                               const std::function<bool(const RegistryEvent&)>& take);

}  // namespace commonwatt
