#include "controller/chain/rpc_pool.hpp"

#include <algorithm>
#include <cassert>

namespace commonwatt {
namespace {

using nlohmann::json;

std::optional<std::string> text_of(const json& said) {
  if (!said.is_string()) return std::nullopt;
  return said.get<std::string>();
}

std::optional<std::string> member(const json& object, const char* name) {
  if (!object.is_object() || !object.contains(name)) return std::nullopt;
  return text_of(object[name]);
}

/// Whether an endpoint answered at all. A refusal is an answer.
bool counts(const Result<json, RpcError>& said) {
  return said.ok() || said.error().problem == RpcProblem::refused;
}

}  // namespace

RpcPool::RpcPool(std::vector<RpcEndpoint> endpoints, std::size_t agree_min)
    : endpoints_(std::move(endpoints)), agree_min_(agree_min) {
  assert(agree_min_ >= 1 && agree_min_ <= endpoints_.size());
}

Result<std::vector<RpcPool::Answer>, RpcError> RpcPool::ask_all(const std::string& method, const json& parameters) {
  std::vector<Answer> answers;
  RpcError silent;
  for (RpcEndpoint& endpoint : endpoints_) {
    Result<json, RpcError> said = endpoint.call(method, parameters);
    if (counts(said)) {
      answers.push_back({endpoint.name(), std::move(said)});
    } else {
      silent.problem = said.error().problem;
      silent.text += (silent.text.empty() ? "" : "; ") + said.error().text;
    }
  }
  if (answers.size() >= agree_min_) return answers;
  silent.text += "; " + std::to_string(answers.size()) + " of " + std::to_string(endpoints_.size()) +
                 " nodes answered, " + std::to_string(agree_min_) + " must";
  return Fail{std::move(silent)};
}

Result<std::int64_t, RpcError> RpcPool::agreed_integer(const std::string& method, const json& parameters) {
  return agreed<std::int64_t>(method, parameters, [](const json& said) {
    const auto text = text_of(said);
    return text ? small_quantity_from(*text) : std::nullopt;
  });
}

Result<Uint256, RpcError> RpcPool::agreed_number(const std::string& method, const json& parameters) {
  return agreed<Uint256>(method, parameters, [](const json& said) {
    const auto text = text_of(said);
    return text ? quantity_from(*text) : std::nullopt;
  });
}

Result<Bytes, RpcError> RpcPool::agreed_data(const std::string& method, const json& parameters) {
  return agreed<Bytes>(method, parameters, [](const json& said) {
    const auto text = text_of(said);
    return text ? data_from(*text) : std::nullopt;
  });
}

Result<std::int64_t, RpcError> RpcPool::common_height(const std::string& tag) {
  auto answers = ask_all("eth_getBlockByNumber", json::array({tag, false}));
  if (!answers) return Fail{answers.error()};
  std::optional<std::int64_t> lowest;
  for (const Answer& answer : *answers) {
    const std::optional<BlockHead> head = answer.said ? block_from(*answer.said) : std::nullopt;
    if (!head) {
      return Fail{RpcError{
          .problem = RpcProblem::malformed,
          .text = answer.from + ": no block '" + tag + "'" + (answer.said ? "" : ": " + answer.said.error().text),
          .revert_data = {}}};
    }
    lowest = lowest ? std::min(*lowest, head->number) : head->number;
  }
  return *lowest;
}

Result<std::optional<BlockHead>, RpcError> RpcPool::block(std::int64_t number) {
  return agreed<std::optional<BlockHead>>("eth_getBlockByNumber", json::array({to_quantity(number), false}),
                                          [number](const json& said) -> std::optional<std::optional<BlockHead>> {
                                            if (said.is_null()) return std::optional<BlockHead>{};
                                            const std::optional<BlockHead> head = block_from(said);
                                            if (!head || head->number != number) return std::nullopt;
                                            return head;
                                          });
}

Result<json, RpcError> RpcPool::any(const std::string& method, const json& parameters) {
  RpcError last;
  for (RpcEndpoint& endpoint : endpoints_) {
    Result<json, RpcError> said = endpoint.call(method, parameters);
    if (said) return said;
    last = said.error();
  }
  return Fail{std::move(last)};
}

Result<Done, RpcError> RpcPool::send_raw(ByteView raw) {
  bool is_taken = false;
  RpcError last;
  for (RpcEndpoint& endpoint : endpoints_) {
    const Result<json, RpcError> said = endpoint.call("eth_sendRawTransaction", json::array({to_data(raw)}));
    if (said) {
      is_taken = true;
    } else {
      last = said.error();
    }
  }
  if (is_taken) return Done{};
  return Fail{std::move(last)};
}

std::optional<BlockHead> block_from(const json& said) {
  const auto number = member(said, "number");
  const auto hash = member(said, "hash");
  // A chain without EIP-1559 has no base fee; our transactions would not be taken there.
  const auto base_fee = member(said, "baseFeePerGas");
  if (!number || !hash || !base_fee) return std::nullopt;
  const std::optional<std::int64_t> height = small_quantity_from(*number);
  const std::optional<Hash32> bytes = hash_from_data(*hash);
  const std::optional<Uint256> fee = quantity_from(*base_fee);
  if (!height || !bytes || !fee) return std::nullopt;
  return BlockHead{.number = *height, .hash = *bytes, .base_fee = *fee};
}

}  // namespace commonwatt
