#include "controller/chain/anchor_trail.hpp"

#include <cassert>

#include "market/merkle.hpp"

namespace commonwatt {
namespace {

std::int64_t log_size_of(const RegistryEvent& anchored) {
  AbiReader reader(anchored.words[2]);
  return reader.small_number();
}

}  // namespace

// The newest event of the registry's own epoch is the anchor in force, and the one before it is the next older event of
// the epoch before: to anchor that epoch again, this one would have to be undone.
void AnchorTrail::add(const RegistryEvent& older) {
  if (next_ == 0 || older.kind != RegistryEvent::Kind::anchored || older.epoch != next_) return;
  found_.emplace(older.epoch, older);
  next_ = log_size_of(older) <= question_.log_index ? 0 : next_ - 1;
}

Result<std::vector<ChainAnchor>, std::string> AnchorTrail::anchors() const {
  assert(missing() == 0);
  std::vector<ChainAnchor> anchors;
  Hash32 previous{};
  for (const auto& [epoch, event] : found_) {
    if (log_size_of(event) > question_.log_index) {
      const Result<ChainAnchor, std::string> anchor = anchor_from(event, question_.community, previous);
      if (!anchor) return Fail{anchor.error()};
      anchors.push_back(*anchor);
    }
    previous = event.words[0];
  }
  return anchors;
}

Result<std::vector<ChainAnchor>, std::string> read_anchor_trail(RpcPool& pool, const TrailQuestion& question,
                                                                const EventSpan& span) {
  AnchorTrail trail(question);
  const auto read = read_registry_events(pool, span, [&trail](const RegistryEvent& event) {
    trail.add(event);
    return trail.missing() != 0;
  });
  if (!read) return Fail{read.error()};
  if (trail.missing() != 0) {
    return Fail{"the event that anchored epoch " + std::to_string(trail.missing()) +
                " is not found on the chain; is --first-block behind it?"};
  }
  return trail.anchors();
}

std::vector<std::size_t> anchors_over(const std::vector<ChainAnchor>& trail, std::span<const Hash32> leaves) {
  std::vector<std::size_t> places;
  GrowingTree log;
  for (std::size_t i = 0; i < trail.size(); ++i) {
    AbiReader reader(trail[i].words[4]);
    const std::int64_t size = reader.small_number();
    if (size < log.size() || size > static_cast<std::int64_t>(leaves.size())) break;
    while (log.size() < size) log.append(leaves[static_cast<std::size_t>(log.size())]);
    if (log.root() == trail[i].words[3]) places.push_back(i);
  }
  return places;
}

}  // namespace commonwatt
