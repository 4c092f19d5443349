// Several nodes that must agree: what decides about money is asked of all of them, and a single one that lies, or that
// follows another chain, stops us instead of leading us.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "controller/chain/evm_types.hpp"
#include "controller/chain/json_rpc.hpp"

namespace commonwatt {

/// A block as far as we look at one.
struct BlockHead {
  std::int64_t number = 0;
  Hash32 hash{};
  Uint256 base_fee = 0;  // wei per gas

  friend bool operator==(const BlockHead&, const BlockHead&) = default;
};

class RpcPool {
 public:
  /// At least `agree_min` of the endpoints must answer for an answer to count; 1 to their number.
  RpcPool(std::vector<RpcEndpoint> endpoints, std::size_t agree_min);

  /// Asks every endpoint. Those that answer must say the same, read by `read`, which returns nothing for what is no
  /// answer to the method.
  template <class T>
  Result<T, RpcError> agreed(const std::string& method, const nlohmann::json& parameters,
                             const std::function<std::optional<T>(const nlohmann::json&)>& read);
  Result<std::int64_t, RpcError> agreed_integer(const std::string& method, const nlohmann::json& parameters);
  Result<Uint256, RpcError> agreed_number(const std::string& method, const nlohmann::json& parameters);
  Result<Bytes, RpcError> agreed_data(const std::string& method, const nlohmann::json& parameters);

  /// The highest number that every endpoint has reached for "latest", "safe" or "finalized".
  Result<std::int64_t, RpcError> common_height(const std::string& tag);
  /// The block of that number; nothing when the chain is not that long.
  Result<std::optional<BlockHead>, RpcError> block(std::int64_t number);

  /// The first endpoint's answer that there is: for what no money depends on.
  Result<nlohmann::json, RpcError> any(const std::string& method, const nlohmann::json& parameters);
  /// Sends to every endpoint; well when one took it.
  Result<Done, RpcError> send_raw(ByteView raw);

 private:
  struct Answer {
    std::string from;
    Result<nlohmann::json, RpcError> said;
  };
  /// Every answer that counts: results and refusals. An error when those are too few.
  Result<std::vector<Answer>, RpcError> ask_all(const std::string& method, const nlohmann::json& parameters);
  std::vector<RpcEndpoint> endpoints_;
  std::size_t agree_min_ = 1;
};

/// A block as eth_getBlockByNumber answers; nothing when it is none.
std::optional<BlockHead> block_from(const nlohmann::json& said);

template <class T>
Result<T, RpcError> RpcPool::agreed(const std::string& method, const nlohmann::json& parameters,
                                    const std::function<std::optional<T>(const nlohmann::json&)>& read) {
  auto answers = ask_all(method, parameters);
  if (!answers) return Fail{answers.error()};
  const Answer& first = answers->front();
  std::optional<T> value;
  for (const Answer& answer : *answers) {
    std::optional<T> next = answer.said ? read(*answer.said) : std::nullopt;
    if (answer.said && !next) {
      return Fail{RpcError{.problem = RpcProblem::malformed,
                           .text = answer.from + ": " + method + ": not an answer to this method",
                           .revert_data = {}}};
    }
    if (&answer == &first) {
      value = std::move(next);
    } else if (next != value) {
      return Fail{RpcError{.problem = RpcProblem::disagreement,
                           .text = first.from + " and " + answer.from + " disagree on " + method,
                           .revert_data = {}}};
    }
  }
  if (!value) return Fail{first.said.error()};
  return std::move(*value);
}

}  // namespace commonwatt
