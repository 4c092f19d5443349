#include "controller/chain/registry_events.hpp"

#include <algorithm>

#include "controller/anchor.hpp"
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

}  // namespace

AbiValue abi_anchor(const ChainAnchor& anchor) {
  std::vector<AbiValue> members;
  for (const Hash32& word : anchor.words) members.push_back(abi_bytes32(word));
  return abi_tuple(members);
}

Hash32 anchor_hash(const std::array<Hash32, 7>& words) {
  EvmWords hashed(anchor_type());
  for (const Hash32& word : words) hashed.hash(word);
  return hashed.digest();
}

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

Result<ChainAnchor, std::string> anchor_from(const RegistryEvent& anchored, const Hash32& community,
                                             const Hash32& previous) {
  const auto& [head, log_root, log_size, settlement_root, volume] = anchored.words;
  const std::array<Hash32, 7> words{
      community, word_of(Uint256(anchored.epoch)), previous, log_root, log_size, settlement_root, volume};
  if (anchor_hash(words) != head) {
    return Fail{"the event that anchored epoch " + std::to_string(anchored.epoch) + " does not make its head " +
                to_data(head) + "; ask other nodes"};
  }
  return ChainAnchor{.epoch = anchored.epoch, .head = head, .words = words};
}

Result<Done, std::string> read_registry_events(RpcPool& pool, const EventSpan& span,
                                               const std::function<bool(const RegistryEvent&)>& take) {
  const json topics =
      json::array({json::array({to_data(anchored_topic()), to_data(vetoed_topic()), to_data(rewound_topic())})});
  for (std::int64_t last = span.last_block; last >= span.first_block;) {
    const std::int64_t from = std::max(span.first_block, last - blocks_per_question + 1);
    const json filter = {{"address", to_text(span.registry)},
                         {"topics", topics},
                         {"fromBlock", to_quantity(from)},
                         {"toBlock", to_quantity(last)}};
    const auto events =
        pool.agreed<std::vector<RegistryEvent>>("eth_getLogs", json::array({filter}), registry_events_from);
    if (!events) return Fail{events.error().text};
    if (!std::all_of(events->rbegin(), events->rend(), take)) return Done{};
    last = from - 1;
  }
  return Done{};
}

}  // namespace commonwatt
