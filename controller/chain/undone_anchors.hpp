// The anchors that guardians undid, from the registry's own events: with them it can be rewound by anybody, without
// asking those who made them.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controller/chain/rpc_pool.hpp"

namespace commonwatt {

/// An anchor as the registry took it, word by word: what liars got signed need not fit an Anchor.
struct ChainAnchor {
  std::int64_t epoch = 0;
  Hash32 head{};                  // its struct hash
  std::array<Hash32, 7> words{};  // the members in their sequence
};

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

/// Finds, in events from the newest back, the anchors that a registry at `epoch` wants to be rewound with.
class UndoneAnchors {
 public:
  UndoneAnchors(const Hash32& community, std::int64_t epoch) : community_(community), epoch_(epoch) {}
  void add(const RegistryEvent& older);
  /// The oldest epoch whose event is still missing; nothing when all are there.
  [[nodiscard]] std::optional<std::int64_t> missing() const;
  /// The anchor of `epoch`, unless that is 0, and every undone one, oldest first. Only when none is missing. The error
  /// names the epoch whose event does not make its head.
  [[nodiscard]] Result<std::vector<ChainAnchor>, std::string> chain() const;

 private:
  [[nodiscard]] std::int64_t first() const { return epoch_ > 1 ? epoch_ - 1 : 1; }
  Hash32 community_;
  std::int64_t epoch_ = 0;
  std::int64_t newest_ = 0;                        // undone; vetoes follow each other without an anchor between them
  bool has_newest_ = false;                        // what was before the first of those vetoes was seen
  std::map<std::int64_t, RegistryEvent> anchors_;  // the newest of each epoch
};

struct UndoneQuestion {
  Address registry;
  Hash32 community{};
  std::int64_t epoch = 0;  // the registry's
  std::int64_t first_block = 0;
  std::int64_t last_block = 0;
};
/// Asks the nodes for the events, from the last block back as far as needed.
Result<std::vector<ChainAnchor>, std::string> read_undone_anchors(RpcPool& pool, const UndoneQuestion& question);

/// The data of the call rewind(chain).
Bytes rewind_call(const std::vector<ChainAnchor>& chain);

}  // namespace commonwatt
