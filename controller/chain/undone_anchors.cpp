#include "controller/chain/undone_anchors.hpp"

#include <algorithm>
#include <cassert>

#include "controller/anchor.hpp"
#include "controller/chain/abi.hpp"
#include "controller/chain/signed_anchor.hpp"
#include "controller/evm_words.hpp"

namespace commonwatt {
namespace {

using nlohmann::json;
using Kind = RegistryEvent::Kind;

/// Nodes refuse to look through many blocks at once.
constexpr std::int64_t blocks_per_question = 2'000;

const Hash32& vetoed_topic() {
  static const Hash32 topic = keccak256(as_bytes("Vetoed(uint64,uint64,address)"));
  return topic;
}

const Hash32& rewound_topic() {
  static const Hash32 topic = keccak256(as_bytes("Rewound(uint64,bytes32)"));
  return topic;
}

/// What an event's first topic says it is, and which of its topics names the epoch.
struct Shape {
  Kind kind = Kind::anchored;
  std::size_t topics = 0;
  std::size_t words = 0;  // of data that are kept
};

std::optional<Shape> shape_of(const Hash32& topic) {
  if (topic == anchored_topic()) return Shape{.kind = Kind::anchored, .topics = 2, .words = 5};
  if (topic == vetoed_topic()) return Shape{.kind = Kind::vetoed, .topics = 3, .words = 0};
  if (topic == rewound_topic()) return Shape{.kind = Kind::rewound, .topics = 2, .words = 0};
  return std::nullopt;
}

std::optional<RegistryEvent> event_from(const json& log) {
  if (!log.is_object() || !log.contains("data") || !log["data"].is_string()) return std::nullopt;
  if (!log.contains("topics") || !log["topics"].is_array() || log["topics"].empty()) return std::nullopt;
  std::vector<Hash32> topics;
  for (const json& each : log["topics"]) {
    const auto topic = each.is_string() ? hash_from_data(each.get<std::string>()) : std::nullopt;
    if (!topic) return std::nullopt;
    topics.push_back(*topic);
  }
  const std::optional<Shape> shape = shape_of(topics.front());
  const std::optional<Bytes> data = data_from(log["data"].get<std::string>());
  if (!shape || topics.size() != shape->topics || !data) return std::nullopt;
  RegistryEvent event{.kind = shape->kind};
  AbiReader epoch(topics.back());
  event.epoch = epoch.small_number();
  AbiReader reader(*data);
  for (std::size_t i = 0; i < shape->words; ++i) event.words[i] = reader.word();
  if (epoch.failed() || reader.failed()) return std::nullopt;
  return event;
}

Hash32 struct_hash(const std::array<Hash32, 7>& members) {
  EvmWords words(anchor_type());
  for (const Hash32& member : members) words.hash(member);
  return words.digest();
}

}  // namespace

std::optional<std::vector<RegistryEvent>> registry_events_from(const json& logs) {
  std::vector<RegistryEvent> events;
  if (!logs.is_array()) return std::nullopt;
  for (const json& log : logs) {
    const std::optional<RegistryEvent> event = event_from(log);
    if (!event) return std::nullopt;
    events.push_back(*event);
  }
  return events;
}

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
    const auto& [head, log_root, log_size, settlement_root, volume] = anchors_.at(epoch).words;
    const std::array<Hash32, 7> words{community_, word_of(Uint256(epoch)), previous, log_root,
                                      log_size,   settlement_root,         volume};
    if (struct_hash(words) != head) {
      return Fail{"the event that anchored epoch " + std::to_string(epoch) + " does not make its head " +
                  to_data(head) + "; ask other nodes"};
    }
    chain.push_back({.epoch = epoch, .head = head, .words = words});
    previous = head;
  }
  return chain;
}

Result<std::vector<ChainAnchor>, std::string> read_undone_anchors(RpcPool& pool, const UndoneQuestion& question) {
  UndoneAnchors undone(question.community, question.epoch);
  const json topics =
      json::array({json::array({to_data(anchored_topic()), to_data(vetoed_topic()), to_data(rewound_topic())})});
  for (std::int64_t last = question.last_block; last >= question.first_block && undone.missing();) {
    const std::int64_t from = std::max(question.first_block, last - blocks_per_question + 1);
    const json filter = {{"address", to_text(question.registry)},
                         {"topics", topics},
                         {"fromBlock", to_quantity(from)},
                         {"toBlock", to_quantity(last)}};
    const auto events =
        pool.agreed<std::vector<RegistryEvent>>("eth_getLogs", json::array({filter}), registry_events_from);
    if (!events) return Fail{events.error().text};
    std::for_each(events->rbegin(), events->rend(), [&undone](const RegistryEvent& event) { undone.add(event); });
    last = from - 1;
  }
  if (const auto epoch = undone.missing()) {
    return Fail{"the event that anchored epoch " + std::to_string(*epoch) +
                " is not found on the chain; is --first-block behind it?"};
  }
  return undone.chain();
}

Bytes rewind_call(const std::vector<ChainAnchor>& chain) {
  std::vector<AbiValue> anchors;
  for (const ChainAnchor& anchor : chain) {
    std::vector<AbiValue> members;
    for (const Hash32& word : anchor.words) members.push_back(abi_bytes32(word));
    anchors.push_back(abi_tuple(members));
  }
  return abi_call("rewind((bytes32,uint64,bytes32,bytes32,uint64,bytes32,uint256)[])", {abi_array(anchors)});
}

}  // namespace commonwatt
