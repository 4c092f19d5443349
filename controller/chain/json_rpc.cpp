#include "controller/chain/json_rpc.hpp"

#include <algorithm>
#include <thread>

#include <curl/curl.h>

#include "controller/chain/evm_types.hpp"
#include "controller/chain/printable.hpp"

namespace commonwatt {
namespace {

using nlohmann::json;

Fail<RpcError> malformed(const std::string& what) {
  return Fail{RpcError{.problem = RpcProblem::malformed, .text = what, .revert_data = {}}};
}

/// The error object of JSON-RPC 2.0, section 5.1. Nodes put what a contract said into "data".
RpcError from_error_object(const json& error) {
  constexpr std::int64_t reverted = 3;  // what geth and its kin call an execution error
  RpcError said{.problem = RpcProblem::refused, .text = "an error without a message", .revert_data = {}};
  if (!error.is_object()) return said;
  const auto message = error.find("message");
  if (message != error.end() && message->is_string()) said.text = printable(message->get_ref<const std::string&>());
  const auto code = error.find("code");
  if (code != error.end() && code->is_number_integer()) {
    said.is_revert = code->get<std::int64_t>() == reverted;
    said.text += " (code " + std::to_string(code->get<std::int64_t>()) + ")";
  }
  const auto data = error.find("data");
  if (data != error.end() && data->is_string()) {
    if (std::optional<Bytes> bytes = data_from(data->get_ref<const std::string&>())) said.revert_data = *bytes;
  }
  return said;
}

bool is_worth_another_try(RpcProblem problem) {
  switch (problem) {
    case RpcProblem::unreachable:
    case RpcProblem::busy:
    case RpcProblem::malformed:
      return true;
    case RpcProblem::refused:
    case RpcProblem::disagreement:
      return false;
  }
  return false;
}

struct Reply {
  std::string body;
  std::size_t size_max = 0;
};

/// libcurl's write callback: anything but the size ends the transfer.
std::size_t take(char* bytes, std::size_t one, std::size_t count, void* target) {
  auto& reply = *static_cast<Reply*>(target);
  const std::size_t size = one * count;
  if (size > reply.size_max - reply.body.size()) return 0;
  reply.body.append(bytes, size);
  return size;
}

std::string url_part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::string copy = text;
  curl_free(text);
  return copy;
}

}  // namespace

Result<json, RpcError> parse_rpc_reply(std::string_view body, std::int64_t id) {
  json reply = json::parse(body, nullptr, false);
  if (reply.is_discarded()) return malformed("the reply is not JSON");
  if (!reply.is_object()) return malformed("the reply is not a JSON object");
  const auto said_id = reply.find("id");
  const auto error = reply.find("error");
  const auto result = reply.find("result");
  // A node that could not even read a call answers with a null id (JSON-RPC 2.0, section 5).
  const bool is_ours = said_id != reply.end() && said_id->is_number_integer() && said_id->get<std::int64_t>() == id;
  const bool is_unread = said_id != reply.end() && said_id->is_null() && error != reply.end();
  if (!is_ours && !is_unread) return malformed("the reply is to another call");
  if (error != reply.end() && !error->is_null()) return Fail{from_error_object(*error)};
  if (result == reply.end()) return malformed("the reply has neither result nor error");
  return std::move(*result);
}

struct RpcEndpoint::Connection {
  std::string name;
  RpcLimits limits;
  std::int64_t next_id = 1;
  CURL* handle = nullptr;
  curl_slist* headers = nullptr;

  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    curl_slist_free_all(headers);
    curl_easy_cleanup(handle);
  }

  void set_up(const std::string& url);
  Result<json, RpcError> try_once(const std::string& call, std::int64_t id);
};

void RpcEndpoint::Connection::set_up(const std::string& url) {
  static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)once;
  handle = curl_easy_init();
  // An empty Expect: header: small calls need not ask for leave.
  headers = curl_slist_append(nullptr, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Expect:");
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "commonwatt/" COMMONWATT_VERSION);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count()));
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(limits.reply.count()));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &take);
}

Result<json, RpcError> RpcEndpoint::Connection::try_once(const std::string& call, std::int64_t id) {
  Reply reply{.body = "", .size_max = limits.reply_size_max};
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.size()));
  curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call.data());
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &reply);
  const CURLcode code = curl_easy_perform(handle);
  if (code == CURLE_WRITE_ERROR) {
    return malformed("the reply has more than " + std::to_string(limits.reply_size_max) + " bytes");
  }
  if (code != CURLE_OK) {
    return Fail{RpcError{.problem = RpcProblem::unreachable, .text = curl_easy_strerror(code), .revert_data = {}}};
  }
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  constexpr long ok = 200;
  constexpr long too_many = 429;
  constexpr long server_error = 500;
  if (status == ok) return parse_rpc_reply(reply.body, id);
  // Some nodes send a JSON-RPC error with another status than 200: its message says more.
  const std::string http = "HTTP status " + std::to_string(status);
  if (status == too_many || status >= server_error) {
    return Fail{RpcError{.problem = RpcProblem::busy, .text = http, .revert_data = {}}};
  }
  if (Result<json, RpcError> said = parse_rpc_reply(reply.body, id);
      !said && said.error().problem == RpcProblem::refused)
    return said;
  return Fail{RpcError{.problem = RpcProblem::refused, .text = http, .revert_data = {}}};
}

RpcEndpoint::RpcEndpoint(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
RpcEndpoint::RpcEndpoint(RpcEndpoint&&) noexcept = default;
RpcEndpoint& RpcEndpoint::operator=(RpcEndpoint&&) noexcept = default;
RpcEndpoint::~RpcEndpoint() = default;

Result<RpcEndpoint, std::string> RpcEndpoint::open(const std::string& url, const RpcLimits& limits) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed{curl_url(), curl_url_cleanup};
  const bool is_url = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK;
  const std::string scheme = is_url ? url_part(parsed.get(), CURLUPART_SCHEME) : "";
  if (scheme != "http" && scheme != "https") {
    return Fail{"a node's URL is http://HOST:PORT/ or https://HOST/, not '" + printable(url.substr(0, url.find('/'))) +
                "...'"};
  }
  auto connection = std::make_unique<Connection>();
  connection->name = scheme + "://" + url_part(parsed.get(), CURLUPART_HOST) + ":" +
                     url_part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  connection->limits = limits;
  connection->set_up(url);
  return RpcEndpoint(std::move(connection));
}

const std::string& RpcEndpoint::name() const {
  return connection_->name;
}

Result<json, RpcError> RpcEndpoint::call(const std::string& method, const json& parameters) {
  const std::int64_t id = connection_->next_id++;
  const std::string text = json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", parameters}}.dump();
  std::chrono::milliseconds wait = connection_->limits.first_wait;
  for (int tries = 1;; ++tries) {
    Result<json, RpcError> reply = connection_->try_once(text, id);
    if (reply) return reply;
    if (tries >= connection_->limits.tries || !is_worth_another_try(reply.error().problem)) {
      RpcError error = reply.error();
      error.text = connection_->name + ": " + method + ": " + error.text;
      return Fail{std::move(error)};
    }
    std::this_thread::sleep_for(wait);
    wait *= 2;
  }
}

}  // namespace commonwatt
