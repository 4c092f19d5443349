// The anchors that guardians undid, from the registry's own events: with them it can be rewound by anybody, without
// asking those who made them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controller/chain/registry_events.hpp"

namespace commonwatt {

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
