#include "controller/chain/undone_anchors.hpp"

#include <algorithm>
#include <cassert>

namespace commonwatt {

using Kind = RegistryEvent::Kind;

void UndoneAnchors::add(const RegistryEvent& older) {
  if (older.kind == Kind::vetoed) {
    if (!has_newest_) newest_ = std::max(newest_, older.epoch);
    return;
  }
  has_newest_ = true;
  // An older event of the same epoch was undone, and rewound, before.
  if (older.kind == Kind::anchored) anchors_.emplace(older.epoch, older);
}

std::optional<std::int64_t> UndoneAnchors::missing() const {
  for (std::int64_t epoch = first(); epoch <= newest_; ++epoch) {
    if (!anchors_.contains(epoch)) return epoch;
  }
  if (!has_newest_ || newest_ <= epoch_) return epoch_ + 1;
  return std::nullopt;
}

Result<std::vector<ChainAnchor>, std::string> UndoneAnchors::chain() const {
  assert(!missing());
  std::vector<ChainAnchor> chain;
  Hash32 previous = epoch_ > 1 ? anchors_.at(epoch_ - 1).words[0] : Hash32{};
  for (std::int64_t epoch = std::max<std::int64_t>(epoch_, 1); epoch <= newest_; ++epoch) {
    const Result<ChainAnchor, std::string> anchor = anchor_from(anchors_.at(epoch), community_, previous);
    if (!anchor) return Fail{anchor.error()};
    chain.push_back(*anchor);
    previous = anchor->head;
  }
  return chain;
}

Result<std::vector<ChainAnchor>, std::string> read_undone_anchors(RpcPool& pool, const UndoneQuestion& question) {
  UndoneAnchors undone(question.community, question.epoch);
  const EventSpan span{
      .registry = question.registry, .first_block = question.first_block, .last_block = question.last_block};
  const auto read = read_registry_events(pool, span, [&undone](const RegistryEvent& event) {
    undone.add(event);
    return undone.missing().has_value();
  });
  if (!read) return Fail{read.error()};
  if (const auto epoch = undone.missing()) {
    return Fail{"the event that anchored epoch " + std::to_string(*epoch) +
                " is not found on the chain; is --first-block behind it?"};
  }
  return undone.chain();
}

Bytes rewind_call(const std::vector<ChainAnchor>& chain) {
  std::vector<AbiValue> anchors;
  for (const ChainAnchor& anchor : chain) anchors.push_back(abi_anchor(anchor));
  return abi_call(std::string("rewind(") + anchor_abi_type + "[])", {abi_array(anchors)});
}

}  // namespace commonwatt
