// One node's JSON-RPC 2.0 over HTTP (Ethereum JSON-RPC, "execution-apis"): what it may cost, how often it is asked
// again, and what of its replies is believed.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/bytes.hpp"
#include "core/result.hpp"

namespace commonwatt {

enum class RpcProblem : std::uint8_t {
  unreachable,   // no connection, no reply in time, or half of one
  busy,          // asks for patience: HTTP 429, 5xx
  malformed,     // not the reply of a node to this call
  refused,       // the node says no: an error object, or another HTTP status
  disagreement,  // endpoints answered differently
};

struct RpcError {
  RpcProblem problem = RpcProblem::unreachable;
  std::string text;        // names the endpoint and the method; fit for a log
  Bytes revert_data;       // of a refused call, when a contract gave any
  bool is_revert = false;  // the call ran and the contract refused it
};

/// The result in a reply to the call `id`, or why there is none. The text does not name the endpoint yet.
Result<nlohmann::json, RpcError> parse_rpc_reply(std::string_view body, std::int64_t id);

struct RpcLimits {
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds reply{20'000};    // for one try, connecting included
  std::chrono::milliseconds first_wait{250};  // before the second try, doubled before each further one
  int tries = 4;
  std::size_t reply_size_max = std::size_t{8} << 20U;
};

/// A node under one URL. Keeps its connection. Not for two threads at once.
class RpcEndpoint {
 public:
  /// Checks the URL only: http or https with a host.
  static Result<RpcEndpoint, std::string> open(const std::string& url, const RpcLimits& limits = {});

  RpcEndpoint(RpcEndpoint&&) noexcept;
  RpcEndpoint& operator=(RpcEndpoint&&) noexcept;
  RpcEndpoint(const RpcEndpoint&) = delete;
  RpcEndpoint& operator=(const RpcEndpoint&) = delete;
  ~RpcEndpoint();

  /// Scheme, host and port: the rest of a URL is often a secret.
  [[nodiscard]] const std::string& name() const;
  /// Blocks for at most tries x reply and the waits between. Every call here may be made twice: reading changes
  /// nothing, and a raw transaction is the same one however often it is sent.
  Result<nlohmann::json, RpcError> call(const std::string& method, const nlohmann::json& parameters);

 private:
  struct Connection;
  explicit RpcEndpoint(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace commonwatt
