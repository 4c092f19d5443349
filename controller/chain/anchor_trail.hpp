// The anchors by which a registry's newest one vouches for an entry of the evidence log: from the first whose log has
// the entry, each named by the next.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "controller/chain/registry_events.hpp"

namespace commonwatt {

struct TrailQuestion {
  Hash32 community{};
  std::int64_t epoch = 0;      // the registry's, which does not wait for rewind
  std::int64_t log_index = 0;  // of the entry
};

/// Finds them in the registry's events, from the newest back.
class AnchorTrail {
 public:
  explicit AnchorTrail(const TrailQuestion& question) : question_(question), next_(question.epoch) {}
  void add(const RegistryEvent& older);
  /// The epoch whose event is still missing; 0 when none is.
  [[nodiscard]] std::int64_t missing() const { return next_; }
  /// Oldest first; none when the registry's newest log has not the entry yet. Only when none is missing. The error
  /// names the epoch whose event does not make its head.
  [[nodiscard]] Result<std::vector<ChainAnchor>, std::string> anchors() const;

 private:
  TrailQuestion question_;
  std::int64_t next_ = 0;
  std::map<std::int64_t, RegistryEvent> found_;  // by epoch; the first may be the one before the trail's
};

/// Asks the nodes for the events, from the last block back as far as needed. `span` is where they are looked for.
Result<std::vector<ChainAnchor>, std::string> read_anchor_trail(RpcPool& pool, const TrailQuestion& question,
                                                                const EventSpan& span);

/// Which anchors of a trail are of a log that begins as `leaves` do, by their places, rising.
std::vector<std::size_t> anchors_over(const std::vector<ChainAnchor>& trail, std::span<const Hash32> leaves);

}  // namespace commonwatt
