#include <doctest/doctest.h>

#include "controller/chain/json_rpc.hpp"
#include "controller/chain/rpc_pool.hpp"
#include "tests/chain/reply_server.hpp"

using namespace commonwatt;
using nlohmann::json;
using test::http;
using test::ReplyServer;
using test::rpc_result;

namespace {

/// Little is waited for between tries, and long for a reply: a loaded machine is slow.
constexpr RpcLimits hurried{.connect = std::chrono::seconds(10),
                            .reply = std::chrono::seconds(10),
                            .first_wait = std::chrono::milliseconds(1),
                            .tries = 3,
                            .reply_size_max = 4096};

RpcEndpoint endpoint(const ReplyServer& server, const RpcLimits& limits = hurried) {
  return std::move(RpcEndpoint::open(server.url(), limits).value());
}

RpcProblem problem_of(const std::string& body) {
  return parse_rpc_reply(body, 7).error().problem;
}

/// What a call comes to when the first try gets `bad` and the next a good answer.
bool is_cured(const std::string& bad, std::chrono::milliseconds reply = hurried.reply) {
  ReplyServer server([&bad](int number, const json& call) {
    return number == 1 ? bad : rpc_result(call["id"].get<std::int64_t>(), "0x1");
  });
  RpcLimits limits = hurried;
  limits.reply = reply;
  RpcEndpoint node = endpoint(server, limits);
  const auto said = node.call("eth_chainId", json::array());
  return said && *said == "0x1" && server.requests() == 2;
}

std::string block(std::int64_t id, const char* number, const char* last_of_hash) {
  return rpc_result(
      id, {{"number", number}, {"hash", "0x" + std::string(62, '0') + last_of_hash}, {"baseFeePerGas", "0x7"}});
}

}  // namespace

TEST_CASE("a reply is believed when it is JSON-RPC, ours, and holds a result") {
  CHECK(*parse_rpc_reply(R"({"jsonrpc":"2.0","id":7,"result":null})", 7) == nullptr);
  CHECK(*parse_rpc_reply(R"({"jsonrpc":"2.0","id":7,"result":"0x1","error":null})", 7) == "0x1");
  for (const char* bad : {"", "{", "[]", "7", R"({"id":8,"result":1})", R"({"id":"7","result":1})", R"({"result":1})",
                          R"({"id":7})", R"({"id":7.0,"result":1})", R"({"id":null,"result":1})", R"({"id":7,"res)"}) {
    CAPTURE(bad);
    CHECK(problem_of(bad) == RpcProblem::malformed);
  }
}

TEST_CASE("an error object is a refusal whose words are fit for a log") {
  CHECK(problem_of(R"({"id":7,"error":{"code":-32000,"message":"nonce too low"}})") == RpcProblem::refused);
  CHECK(problem_of(R"({"id":null,"error":{"code":-32700,"message":"parse error"}})") == RpcProblem::refused);
  CHECK(problem_of(R"({"id":7,"error":"no"})") == RpcProblem::refused);
  const auto reverted =
      parse_rpc_reply(R"({"id":7,"error":{"code":3,"message":"execution\nreverted","data":"0xdeadbeef"}})", 7);
  CHECK(reverted.error().is_revert);
  CHECK(reverted.error().revert_data == Bytes{0xDE, 0xAD, 0xBE, 0xEF});
  CHECK(reverted.error().text == "execution?reverted (code 3)");
}

TEST_CASE("a node that is busy, halves its replies or answers another call is asked again") {
  CHECK(is_cured(http(429, "slow down")));
  CHECK(is_cured(http(500, "")));
  CHECK(is_cured(http(503, R"({"id":1,"error":{"code":1,"message":"x"}})")));
  CHECK(is_cured("HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{\"id\""));
  CHECK(is_cured(http(200, R"({"id":1,"resu)")));
  CHECK(is_cured(rpc_result(999, "0x2")));
  CHECK(is_cured("nonsense\r\n\r\n"));
  CHECK(is_cured("", std::chrono::seconds(1)));  // silence until the time is up
}

TEST_CASE("a refusal is not asked again, and neither is another HTTP status") {
  ReplyServer no([](int, const json& call) {
    return http(200, json{{"id", call["id"]}, {"error", {{"code", -1}, {"message", "no"}}}}.dump());
  });
  RpcEndpoint node = endpoint(no);
  const auto said = node.call("eth_call", json::array());
  CHECK(said.error().problem == RpcProblem::refused);
  CHECK(no.requests() == 1);
  ReplyServer denied([](int, const json&) { return http(401, "who are you"); });
  RpcEndpoint other = endpoint(denied);
  CHECK(other.call("eth_call", json::array()).error().text.find("HTTP status 401") != std::string::npos);
  CHECK(denied.requests() == 1);
}

TEST_CASE("the tries end, a reply has a size, and the error names node and method but not the secret in the URL") {
  ReplyServer busy([](int, const json&) { return http(429, ""); });
  RpcEndpoint node = endpoint(busy);
  const auto said = node.call("eth_chainId", json::array());
  CHECK(said.error().problem == RpcProblem::busy);
  CHECK(busy.requests() == 3);
  CHECK(said.error().text == node.name() + ": eth_chainId: HTTP status 429");
  CHECK(node.name().find("secret") == std::string::npos);

  ReplyServer endless(
      [](int, const json& call) { return rpc_result(call["id"].get<std::int64_t>(), std::string(5000, 'x')); });
  RpcEndpoint other = endpoint(endless);
  CHECK(other.call("x", json::array()).error().text.find("more than 4096 bytes") != std::string::npos);

  CHECK_FALSE(RpcEndpoint::open("ftp://example.org/"));
  CHECK_FALSE(RpcEndpoint::open("node.example.org"));
  CHECK_FALSE(RpcEndpoint::open(""));
}

TEST_CASE("many calls share one connection") {
  ReplyServer server([](int, const json& call) { return rpc_result(call["id"].get<std::int64_t>(), call["id"]); });
  RpcEndpoint node = endpoint(server);
  for (int i = 0; i < 20; ++i) REQUIRE(node.call("x", json::array()));
  CHECK(server.requests() == 20);
  CHECK(server.connections() == 1);
}

TEST_CASE("nodes that disagree are named, a silent one is left out while enough others answer") {
  const auto says = [](const char* what) {
    return [what](int, const json& call) { return rpc_result(call["id"].get<std::int64_t>(), what); };
  };
  ReplyServer one(says("0x1"));
  ReplyServer same(says("0x01"));
  ReplyServer liar(says("0x2"));
  ReplyServer silent([](int, const json&) { return http(500, ""); });
  const auto ask = [](const std::vector<const ReplyServer*>& servers, std::size_t agree_min) {
    std::vector<RpcEndpoint> nodes;
    for (const ReplyServer* server : servers) nodes.push_back(endpoint(*server));
    RpcPool pool(std::move(nodes), agree_min);
    return pool.agreed_integer("eth_chainId", json::array());
  };
  CHECK(*ask({&one, &same}, 2) == 1);
  CHECK(*ask({&silent, &one}, 1) == 1);
  CHECK(ask({&silent, &one}, 2).error().problem == RpcProblem::busy);
  CHECK(ask({&silent, &one}, 2).error().text.find("1 of 2 nodes answered, 2 must") != std::string::npos);
  const auto quarrel = ask({&one, &same, &liar}, 1);
  CHECK(quarrel.error().problem == RpcProblem::disagreement);
  CHECK(quarrel.error().text.find(endpoint(one).name() + " and " + endpoint(liar).name() + " disagree") !=
        std::string::npos);
}

TEST_CASE("a refusal against an answer is a disagreement") {
  ReplyServer one([](int, const json& call) { return rpc_result(call["id"].get<std::int64_t>(), "0x1"); });
  ReplyServer no([](int, const json& call) {
    return http(200, json{{"id", call["id"]}, {"error", {{"code", -1}, {"message", "no"}}}}.dump());
  });
  for (const bool is_first : {true, false}) {
    std::vector<RpcEndpoint> nodes;
    nodes.push_back(endpoint(is_first ? one : no));
    nodes.push_back(endpoint(is_first ? no : one));
    RpcPool pool(std::move(nodes), 1);
    CHECK(pool.agreed_integer("eth_chainId", json::array()).error().problem == RpcProblem::disagreement);
  }
}

TEST_CASE("the common height is that of the node that is behind; a block of two contents is a disagreement") {
  const auto at = [](const char* number, const char* hash) {
    return [number, hash](int, const json& call) {
      const std::string asked = call["params"][0];
      return block(call["id"].get<std::int64_t>(), asked.starts_with("0x") ? asked.c_str() : number, hash);
    };
  };
  ReplyServer ahead(at("0x12", "0a"));
  ReplyServer behind(at("0x10", "0a"));
  ReplyServer forked(at("0x12", "0b"));
  const auto pool_of = [](const ReplyServer& a, const ReplyServer& b) {
    std::vector<RpcEndpoint> nodes;
    nodes.push_back(endpoint(a));
    nodes.push_back(endpoint(b));
    return RpcPool(std::move(nodes), 2);
  };
  {
    RpcPool agreeing = pool_of(ahead, behind);
    CHECK(*agreeing.common_height("latest") == 16);
    CHECK((*agreeing.block(16))->base_fee == 7);
  }
  RpcPool split = pool_of(ahead, forked);
  CHECK(split.block(16).error().problem == RpcProblem::disagreement);
}

TEST_CASE("a transaction is sent when one node takes it") {
  ReplyServer takes([](int, const json& call) { return rpc_result(call["id"].get<std::int64_t>(), "0x1"); });
  ReplyServer down([](int, const json&) { return http(502, ""); });
  {
    std::vector<RpcEndpoint> nodes;
    nodes.push_back(endpoint(takes));
    nodes.push_back(endpoint(down));
    RpcPool pool(std::move(nodes), 1);
    CHECK(pool.send_raw(Bytes{1, 2, 3}));
    CHECK(down.requests() == 3);
  }
  std::vector<RpcEndpoint> dead;
  dead.push_back(endpoint(down));
  RpcPool none(std::move(dead), 1);
  CHECK_FALSE(none.send_raw(Bytes{1}));
}
