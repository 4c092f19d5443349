#include <algorithm>

#include <doctest/doctest.h>

#include "controller/anchor.hpp"
#include "controller/chain/anchor_trail.hpp"
#include "controller/keccak.hpp"
#include "core/sha256.hpp"
#include "market/merkle.hpp"

using namespace commonwatt;

namespace {

const Hash32 community = keccak256(as_bytes("street"));

std::vector<Hash32> leaves_of(const std::string& log, std::int64_t count) {
  std::vector<Hash32> leaves;
  for (std::int64_t i = 0; i < count; ++i) leaves.push_back(sha256(as_bytes(log + std::to_string(i))));
  return leaves;
}

/// A registry's events, newest last, as they come about.
struct History {
  std::vector<Anchor> anchors;
  std::vector<RegistryEvent> events;

  void anchor(std::int64_t log_size, const std::string& log = "log") {
    const Anchor made{.community = community,
                      .epoch = static_cast<std::int64_t>(anchors.size()) + 1,
                      .previous = anchors.empty() ? Hash32{} : anchor_hash(anchors.back()),
                      .log_root = merkle_root(leaves_of(log, log_size)),
                      .log_size = log_size,
                      .settlement_root = keccak256(as_bytes("settlement")),
                      .volume = Energy{1'234}};
    anchors.push_back(made);
    events.push_back({.kind = RegistryEvent::Kind::anchored,
                      .epoch = made.epoch,
                      .words = {anchor_hash(made), made.log_root, word_of(made.log_size), made.settlement_root,
                                word_of(made.volume.count)}});
  }
  /// Back to that epoch, by a veto.
  void rewind(std::int64_t epoch) {
    events.push_back({.kind = RegistryEvent::Kind::vetoed, .epoch = static_cast<std::int64_t>(anchors.size())});
    events.push_back({.kind = RegistryEvent::Kind::rewound, .epoch = epoch});
    anchors.resize(static_cast<std::size_t>(epoch));
  }
  [[nodiscard]] AnchorTrail trail(std::int64_t log_index) const {
    AnchorTrail found(
        {.community = community, .epoch = static_cast<std::int64_t>(anchors.size()), .log_index = log_index});
    std::for_each(events.rbegin(), events.rend(), [&found](const RegistryEvent& event) { found.add(event); });
    return found;
  }
};

/// The epochs of a trail that is whole: each names the one before, and the last is the registry's head.
std::vector<std::int64_t> epochs_of(const std::vector<ChainAnchor>& trail, const History& history) {
  std::vector<std::int64_t> epochs;
  for (const ChainAnchor& anchor : trail) {
    if (!epochs.empty()) CHECK(anchor.words[2] == trail[epochs.size() - 1].head);
    epochs.push_back(anchor.epoch);
  }
  CHECK(trail.back().head == anchor_hash(history.anchors.back()));
  return epochs;
}

History three_epochs() {
  History history;
  for (const std::int64_t size : {2, 3, 5}) history.anchor(size);
  return history;
}

}  // namespace

TEST_CASE("the trail begins with the first anchor whose log has the entry") {
  const History history = three_epochs();
  using Epochs = std::vector<std::int64_t>;
  for (const auto& [index, epochs] : {std::pair(0, Epochs{1, 2, 3}), std::pair(1, Epochs{1, 2, 3}),
                                      std::pair(2, Epochs{2, 3}), std::pair(3, Epochs{3}), std::pair(4, Epochs{3})})
    CHECK(epochs_of(history.trail(index).anchors().value(), history) == epochs);
}

TEST_CASE("an entry that no log has yet, and a registry without an anchor, have no trail") {
  CHECK(three_epochs().trail(5).anchors().value().empty());
  CHECK(History{}.trail(0).missing() == 0);
  CHECK(History{}.trail(0).anchors().value().empty());
}

TEST_CASE("what was vetoed is no part of the trail") {
  History history = three_epochs();
  history.rewind(1);
  CHECK(epochs_of(history.trail(0).anchors().value(), history) == std::vector<std::int64_t>{1});
  CHECK(history.trail(2).anchors().value().empty());
  history.anchor(4);
  CHECK(epochs_of(history.trail(0).anchors().value(), history) == std::vector<std::int64_t>{1, 2});
  CHECK(epochs_of(history.trail(3).anchors().value(), history) == std::vector<std::int64_t>{2});
}

TEST_CASE("events that are not all there, or do not make their heads, are refused") {
  History history = three_epochs();
  history.events.erase(history.events.begin());
  CHECK(history.trail(2).missing() == 1);
  CHECK(history.trail(3).missing() == 0);
  history = three_epochs();
  history.events[1].words[4] = word_of(1'235);
  CHECK(history.trail(0).anchors().error().find("anchored epoch 2 does not make its head") != std::string::npos);
}

TEST_CASE("an anchor is over a journal's log when its root is that of as many first entries") {
  History history = three_epochs();
  const auto over = [&history](const std::string& log, std::int64_t count) {
    return anchors_over(history.trail(0).anchors().value(), leaves_of(log, count));
  };
  using Places = std::vector<std::size_t>;
  CHECK(over("log", 9) == Places{0, 1, 2});
  CHECK(over("log", 5) == Places{0, 1, 2});
  CHECK(over("log", 4) == Places{0, 1});
  CHECK(over("log", 1).empty());
  CHECK(over("another", 9).empty());
  history.anchor(6, "another");
  CHECK(over("log", 9) == Places{0, 1, 2});
}
