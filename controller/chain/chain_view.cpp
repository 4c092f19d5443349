#include "controller/chain/chain_view.hpp"

#include <algorithm>

#include "controller/chain/abi.hpp"

namespace commonwatt {
namespace {

using nlohmann::json;

/// Nodes limit how many blocks one question for events may span.
constexpr std::int64_t blocks_per_question = 2'000;
/// And we limit how many of those we ask at once: two million blocks.
constexpr std::int64_t questions_max = 1'000;

Fail<RpcError> moved() {
  return Fail{
      RpcError{.problem = RpcProblem::disagreement, .text = "the chain moved while it was read", .revert_data = {}}};
}

std::optional<AnchoredEvent> event_from(const json& log) {
  if (!log.is_object()) return std::nullopt;
  for (const char* name : {"data", "blockNumber", "blockHash", "transactionHash"}) {
    if (!log.contains(name) || !log[name].is_string()) return std::nullopt;
  }
  if (!log.contains("topics") || !log["topics"].is_array() || log["topics"].size() != 2) return std::nullopt;
  if (!log["topics"][0].is_string() || !log["topics"][1].is_string()) return std::nullopt;
  const auto topic = hash_from_data(log["topics"][0].get<std::string>());
  const auto epoch = small_quantity_from(log["topics"][1].get<std::string>());
  const auto data = data_from(log["data"].get<std::string>());
  const auto number = small_quantity_from(log["blockNumber"].get<std::string>());
  const auto block = hash_from_data(log["blockHash"].get<std::string>());
  const auto transaction = hash_from_data(log["transactionHash"].get<std::string>());
  const auto head = data ? anchored_head(*data) : std::nullopt;
  if (topic != anchored_topic() || !epoch || !head || !number || !block || !transaction) return std::nullopt;
  return AnchoredEvent{
      .epoch = *epoch, .head = *head, .block_number = *number, .block_hash = *block, .transaction = *transaction};
}

/// At this very block, whatever happens to the chain meanwhile (EIP-1898).
json at_block(const BlockHead& block) {
  return {{"blockHash", to_data(block.hash)}, {"requireCanonical", true}};
}

/// One word of a view of the registry, at a block.
Result<Hash32, RpcError> registry_word(RpcPool& pool, const Address& registry, const char* signature, const json& at,
                                       const std::vector<AbiValue>& arguments = {}) {
  const json call = {{"to", to_text(registry)}, {"data", to_data(abi_call(signature, arguments))}};
  const Result<Bytes, RpcError> data = pool.agreed_data("eth_call", json::array({call, at}));
  if (!data) return Fail{data.error()};
  AbiReader reader(*data);
  const Hash32 word = reader.word();
  if (reader.failed()) {
    return Fail{RpcError{.problem = RpcProblem::refused,
                         .text = to_text(registry) + " does not answer " + signature + ": no registry is there",
                         .revert_data = {}}};
  }
  return word;
}

}  // namespace

std::optional<std::vector<AnchoredEvent>> anchored_events_from(const json& logs) {
  std::vector<AnchoredEvent> events;
  if (!logs.is_array()) return std::nullopt;
  for (const json& log : logs) {
    const std::optional<AnchoredEvent> event = event_from(log);
    if (!event) return std::nullopt;
    events.push_back(*event);
  }
  return events;
}

Result<ChainView, RpcError> read_chain(RpcPool& pool, const AnchorDomain& domain, const Address& relayer) {
  const Result<std::int64_t, RpcError> chain = pool.agreed_integer("eth_chainId", json::array());
  if (!chain) return Fail{chain.error()};
  if (*chain != domain.chain_id) {
    return Fail{RpcError{.problem = RpcProblem::refused,
                         .text = "the nodes are of chain " + std::to_string(*chain) + ", the registry is on chain " +
                                 std::to_string(domain.chain_id) + "; correct the one that is wrong",
                         .revert_data = {}}};
  }
  ChainView view;
  const Result<std::int64_t, RpcError> height = pool.common_height("latest");
  if (!height) return Fail{height.error()};
  const Result<std::optional<BlockHead>, RpcError> latest = pool.block(*height);
  if (!latest) return Fail{latest.error()};
  if (!*latest) return moved();
  view.latest = **latest;

  const json at = at_block(view.latest);
  const std::string who = to_text(relayer);
  const auto nonce = pool.agreed_integer("eth_getTransactionCount", json::array({who, at}));
  if (!nonce) return Fail{nonce.error()};
  view.nonce = *nonce;
  const auto balance = pool.agreed_number("eth_getBalance", json::array({who, at}));
  if (!balance) return Fail{balance.error()};
  view.balance = *balance;
  const auto epoch = registry_word(pool, domain.registry, "epoch()", at);
  if (!epoch) return Fail{epoch.error()};
  AbiReader reader(*epoch);
  view.epoch = reader.small_number();
  const auto head = read_head(pool, domain.registry, at);
  if (!head) return Fail{head.error()};
  view.is_vetoed = !head->has_value();
  view.head = head->value_or(Hash32{});

  const Result<std::int64_t, RpcError> safe = pool.common_height("safe");
  if (!safe) return Fail{safe.error()};
  const Result<std::int64_t, RpcError> finalized = pool.common_height("finalized");
  if (!finalized) return Fail{finalized.error()};
  view.finalized = std::min(*finalized, view.latest.number);
  view.safe = std::clamp(*safe, view.finalized, view.latest.number);
  return view;
}

Result<std::optional<Hash32>, RpcError> read_head(RpcPool& pool, const Address& registry, const json& at) {
  static const Bytes not_rewound = abi_selector("NotRewound()");
  const Result<Hash32, RpcError> head = registry_word(pool, registry, "head()", at);
  if (head) return std::optional(*head);
  if (head.error().revert_data == not_rewound) return std::optional<Hash32>{};
  return Fail{head.error()};
}

Result<bool, RpcError> was_vetoed(RpcPool& pool, const AnchorDomain& domain, const ChainView& view,
                                  const Hash32& head) {
  const auto said =
      registry_word(pool, domain.registry, "wasVetoed(bytes32)", at_block(view.latest), {abi_bytes32(head)});
  if (!said) return Fail{said.error()};
  return *said != Hash32{};
}

Result<std::int64_t, RpcError> read_final_epoch(RpcPool& pool, const AnchorDomain& domain) {
  const Result<std::int64_t, RpcError> height = pool.common_height("latest");
  if (!height) return Fail{height.error()};
  const auto epoch = registry_word(pool, domain.registry, "finalEpoch()", to_quantity(*height));
  if (!epoch) return Fail{epoch.error()};
  AbiReader reader(*epoch);
  return reader.small_number();
}

Result<std::vector<AnchoredEvent>, RpcError> read_anchored(RpcPool& pool, const AnchorDomain& domain,
                                                           const ChainView& view, std::int64_t first) {
  std::vector<AnchoredEvent> events;
  const std::int64_t last = view.latest.number;
  if (last - first > blocks_per_question * questions_max) {
    return Fail{RpcError{
        .problem = RpcProblem::refused,
        .text = "events since block " + std::to_string(first) + " are too many blocks; name the registry's first block",
        .revert_data = {}}};
  }
  for (std::int64_t from = first; from <= last; from += blocks_per_question) {
    const json filter = {{"address", to_text(domain.registry)},
                         {"topics", json::array({to_data(anchored_topic())})},
                         {"fromBlock", to_quantity(from)},
                         {"toBlock", to_quantity(std::min(from + blocks_per_question - 1, last))}};
    const auto some =
        pool.agreed<std::vector<AnchoredEvent>>("eth_getLogs", json::array({filter}), anchored_events_from);
    if (!some) return Fail{some.error()};
    events.insert(events.end(), some->begin(), some->end());
  }
  // Events are asked for by number: they are the view's only if its block is still there.
  const Result<std::optional<BlockHead>, RpcError> again = pool.block(last);
  if (!again) return Fail{again.error()};
  if (!*again || (*again)->hash != view.latest.hash) return moved();
  return events;
}

}  // namespace commonwatt
