#include <algorithm>

#include <doctest/doctest.h>

#include "controller/anchor.hpp"
#include "controller/chain/abi.hpp"
#include "controller/chain/signed_anchor.hpp"
#include "controller/chain/undone_anchors.hpp"
#include "controller/keccak.hpp"

using namespace commonwatt;

namespace {

const Hash32 community = keccak256(as_bytes("street"));

/// A registry's events, newest last, as they come about.
struct History {
  std::vector<Anchor> anchors;
  std::vector<RegistryEvent> events;

  void anchor(const std::string& log) {
    const Anchor made{.community = community,
                      .epoch = static_cast<std::int64_t>(anchors.size()) + 1,
                      .previous = anchors.empty() ? Hash32{} : anchor_hash(anchors.back()),
                      .log_root = keccak256(as_bytes(log)),
                      .log_size = 100,
                      .settlement_root = keccak256(as_bytes("settlement")),
                      .volume = Energy{1'234}};
    anchors.push_back(made);
    events.push_back({.kind = RegistryEvent::Kind::anchored,
                      .epoch = made.epoch,
                      .words = {anchor_hash(made), made.log_root, word_of(made.log_size), made.settlement_root,
                                word_of(made.volume.count)}});
  }
  void veto(std::int64_t last) { events.push_back({.kind = RegistryEvent::Kind::vetoed, .epoch = last}); }
  void rewind(std::int64_t epoch) {
    events.push_back({.kind = RegistryEvent::Kind::rewound, .epoch = epoch});
    anchors.resize(static_cast<std::size_t>(epoch));
  }
  [[nodiscard]] UndoneAnchors undone(std::int64_t epoch) const {
    UndoneAnchors found(community, epoch);
    std::for_each(events.rbegin(), events.rend(), [&found](const RegistryEvent& event) { found.add(event); });
    return found;
  }
};

/// The epochs of a chain that is whole: each names the one before, and the last is the registry's head.
std::vector<std::int64_t> epochs_of(const std::vector<ChainAnchor>& chain, const History& history) {
  std::vector<std::int64_t> epochs;
  for (const ChainAnchor& anchor : chain) {
    if (!epochs.empty()) CHECK(anchor.words[2] == chain[epochs.size() - 1].head);
    epochs.push_back(anchor.epoch);
  }
  CHECK(chain.back().head == anchor_hash(history.anchors.back()));
  return epochs;
}

}  // namespace

TEST_CASE("the undone anchors are those behind the registry's epoch, with that epoch's own before them") {
  History history;
  for (const char* log : {"1", "2", "3", "4"}) history.anchor(log);
  history.veto(4);
  CHECK(epochs_of(history.undone(2).chain().value(), history) == std::vector<std::int64_t>{2, 3, 4});
}

TEST_CASE("when the first epoch was vetoed none is kept") {
  History history;
  history.anchor("1");
  history.anchor("2");
  history.veto(2);
  CHECK(epochs_of(history.undone(0).chain().value(), history) == std::vector<std::int64_t>{1, 2});
}

TEST_CASE("two vetoes before a rewind undo one chain") {
  History history;
  for (const char* log : {"1", "2", "3", "4"}) history.anchor(log);
  history.veto(4);
  history.veto(2);
  CHECK(epochs_of(history.undone(1).chain().value(), history) == std::vector<std::int64_t>{1, 2, 3, 4});
}

TEST_CASE("what an earlier veto undid is no part of the next one") {
  History history;
  for (const char* log : {"1", "2", "3", "4"}) history.anchor(log);
  history.veto(4);
  history.rewind(2);
  SUBCASE("a shorter chain is vetoed") {
    history.anchor("another 3");
    history.veto(3);
    CHECK(epochs_of(history.undone(2).chain().value(), history) == std::vector<std::int64_t>{2, 3});
  }
  SUBCASE("nothing was anchored in between") {
    history.veto(2);
    CHECK(epochs_of(history.undone(1).chain().value(), history) == std::vector<std::int64_t>{1, 2});
  }
}

TEST_CASE("events that are not all there, or do not make their heads, are refused") {
  History history;
  for (const char* log : {"1", "2", "3"}) history.anchor(log);
  history.veto(3);
  const std::vector<RegistryEvent> all = history.events;
  history.events.erase(history.events.begin());
  CHECK(history.undone(2).missing() == 1);
  history.events = {};
  CHECK(history.undone(2).missing());
  history.events = all;
  CHECK_FALSE(history.undone(2).missing());
  history.events[2].words[4] = word_of(1'235);
  CHECK(history.undone(2).chain().error().find("anchored epoch 3 does not make its head") != std::string::npos);
}

TEST_CASE("a volume that no integer of ours holds is rewound like any other") {
  History history;
  history.anchor("1");
  history.veto(1);
  RegistryEvent& event = history.events.front();
  event.words[4] = word_of(~Uint256(0));
  // The struct hash as Solidity has it: the type and the members, a word each.
  Bytes bytes;
  for (const Hash32& word :
       {anchor_type(), community, word_of(1), Hash32{}, event.words[1], event.words[2], event.words[3], event.words[4]})
    bytes.insert(bytes.end(), word.begin(), word.end());
  event.words[0] = keccak256(bytes);
  CHECK(history.undone(0).chain().value().back().words[6] == event.words[4]);
}

TEST_CASE("only the registry's own three events are read") {
  using nlohmann::json;
  const auto topic = [](const char* signature) { return to_data(keccak256(as_bytes(signature))); };
  const std::string epoch = to_data(word_of(3));
  const json vetoed = {{"data", to_data(Bytes(32, 1))},
                       {"topics", {topic("Vetoed(uint64,uint64,address)"), epoch, to_data(word_of(5))}}};
  const json rewound = {{"data", to_data(Bytes(32, 1))}, {"topics", {topic("Rewound(uint64,bytes32)"), epoch}}};
  const json anchored = {{"data", to_data(Bytes(160, 1))}, {"topics", {to_data(anchored_topic()), epoch}}};
  const auto events = registry_events_from(json::array({anchored, vetoed, rewound}));
  REQUIRE(events);
  CHECK((*events)[0].epoch == 3);
  CHECK((*events)[0].words[4] == word_of(number_of(Bytes(32, 1))));
  CHECK((*events)[1].epoch == 5);
  CHECK((*events)[2].kind == RegistryEvent::Kind::rewound);
  json wrong = anchored;
  wrong["data"] = to_data(Bytes(159, 1));
  CHECK_FALSE(registry_events_from(json::array({wrong})));
  wrong = vetoed;
  wrong["topics"].erase(2);
  CHECK_FALSE(registry_events_from(json::array({wrong})));
  wrong = rewound;
  wrong["topics"][0] = topic("Paused(address)");
  CHECK_FALSE(registry_events_from(json::array({wrong})));
  wrong = rewound;
  wrong["topics"][1] = to_data(Bytes(32, 0xFF));
  CHECK_FALSE(registry_events_from(json::array({wrong})));
  CHECK_FALSE(registry_events_from(json::object()));
}
