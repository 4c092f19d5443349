#include <map>
#include <mutex>

#include <doctest/doctest.h>

#include "controller/chain/abi.hpp"
#include "controller/chain/transactor.hpp"
#include "controller/keccak.hpp"
#include "tests/chain/reply_server.hpp"

using namespace commonwatt;
using nlohmann::json;
using test::ReplyServer;
using test::rpc_result;

namespace {

std::string rpc_error(std::int64_t id, int code, const std::string& message, const std::string& data = "") {
  json error{{"code", code}, {"message", message}};
  if (!data.empty()) error["data"] = data;
  return test::http(200, json{{"jsonrpc", "2.0"}, {"id", id}, {"error", error}}.dump());
}

/// A node with one account. What it does with transactions is up to each test.
struct Node {
  std::int64_t nonce = 5;
  std::vector<std::string> sent;                        // raw
  std::map<std::string, std::int64_t> mined;            // by hash: the status
  std::function<void(Node&, const std::string&)> take;  // of each raw transaction
  std::function<void(Node&, int)> look;                 // before each question for a receipt; how many there were
  std::string estimate_error;                           // revert data of eth_estimateGas
  std::string refuse_sending;                           // message of eth_sendRawTransaction
  std::string balance = "0xde0b6b3a7640000";
  int looks = 0;
  bool take_and_refuse = false;  // the refused transaction is the one that used the nonce
  bool is_down = false;

  void mine(const std::string& raw, std::int64_t status = 1) {
    mined[to_data(keccak256(*data_from(raw)))] = status;
    ++nonce;
  }
  json receipt(const std::string& hash) {
    ++looks;
    if (look) look(*this, looks);
    if (!mined.contains(hash)) return nullptr;
    return {{"transactionHash", hash},    {"blockHash", "0x" + std::string(64, '1')},
            {"blockNumber", "0x7"},       {"gasUsed", "0x5208"},
            {"effectiveGasPrice", "0x3"}, {"status", to_quantity(mined[hash])},
            {"contractAddress", nullptr}, {"logs", json::array()}};
  }
  std::string answer(const json& call) {
    const auto id = call["id"].get<std::int64_t>();
    const std::string method = call["method"];
    if (is_down) return test::http(503, "");
    if (method == "eth_chainId") return rpc_result(id, "0x7a69");
    if (method == "eth_estimateGas" || method == "eth_call") {
      if (!estimate_error.empty()) return rpc_error(id, 3, "execution reverted", estimate_error);
      return rpc_result(id, "0x5208");
    }
    if (method == "eth_getTransactionCount") return rpc_result(id, to_quantity(nonce));
    if (method == "eth_getBlockByNumber") {
      return rpc_result(id, {{"number", "0x6"}, {"hash", "0x" + std::string(64, '2')}, {"baseFeePerGas", "0x7"}});
    }
    if (method == "eth_maxPriorityFeePerGas") return rpc_result(id, "0x1");
    if (method == "eth_getBalance") return rpc_result(id, balance);
    if (method == "eth_getTransactionReceipt") return rpc_result(id, receipt(call["params"][0]));
    if (method == "eth_sendRawTransaction") {
      if (!refuse_sending.empty()) {
        if (!take_and_refuse) ++nonce;
        if (take_and_refuse) mine(call["params"][0]);
        return rpc_error(id, -32'000, std::exchange(refuse_sending, ""));
      }
      sent.push_back(call["params"][0]);
      if (take) take(*this, sent.back());
      return rpc_result(id, "0x" + std::string(64, '0'));
    }
    return rpc_error(id, -32'601, "no such method");
  }
};

/// What comes of sending one transaction to that node.
Result<TransactionReceipt, std::string> send_to(Node& node, const TransactorRules& rules = {
                                                                .poll = std::chrono::milliseconds(2),
                                                                .fee_patience = std::chrono::seconds(60),
                                                                .patience = std::chrono::seconds(60)}) {
  std::mutex mutex;
  ReplyServer server([&](int, const json& call) {
    const std::lock_guard lock(mutex);
    return node.answer(call);
  });
  std::vector<RpcEndpoint> endpoints;
  endpoints.push_back(std::move(RpcEndpoint::open(server.url(), {.connect = std::chrono::seconds(10),
                                                                 .reply = std::chrono::seconds(10),
                                                                 .first_wait = std::chrono::milliseconds(1),
                                                                 .tries = 2})
                                    .value()));
  RpcPool pool(std::move(endpoints), 1);
  const EvmSigner key(EvmKey::from(word_of(1)).value());
  Result<Transactor, std::string> transactor = Transactor::open(pool, key, 31'337, rules);
  if (!transactor) return Fail{transactor.error()};
  return transactor.value().send("paying", Address{}, Bytes{1, 2, 3, 4});
}

}  // namespace

TEST_CASE("a transaction is sent once, and its receipt is the answer") {
  Node node;
  node.take = [](Node& self, const std::string& raw) { self.mine(raw); };
  const auto mined = send_to(node);
  REQUIRE(mined);
  CHECK(mined->block == 7);
  CHECK(mined->gas == 21'000);
  CHECK(mined->cost == 63'000);
  CHECK(node.sent.size() == 1);
}

TEST_CASE("what the contract would refuse is not sent, and the reason has a name") {
  Node node;
  node.estimate_error = to_data(abi_call("OutflowCapReached(uint64)", {abi_uint(4)}));
  const auto mined = send_to(node);
  CHECK(mined.error().find("paying: the contract refuses: OutflowCapReached(4)") != std::string::npos);
  CHECK(node.sent.empty());
}

TEST_CASE("a transaction that was mined and reverted is an error with the reason") {
  Node node;
  node.take = [](Node& self, const std::string& raw) {
    self.mine(raw, 0);
    self.estimate_error = to_data(abi_call("StaleEpoch(uint64,uint64)", {abi_uint(4), abi_uint(5)}));
  };
  const auto mined = send_to(node);
  CHECK(mined.error().find("reverted in block 7") != std::string::npos);
  CHECK(mined.error().find("StaleEpoch(4, 5)") != std::string::npos);
}

TEST_CASE("a nonce that somebody else took meanwhile is left to him: the transaction goes out under the next") {
  for (const bool is_refused : {false, true}) {
    Node node;
    if (is_refused) node.refuse_sending = "nonce too low";
    node.take = [is_refused](Node& self, const std::string& raw) {
      const bool is_ours_now = is_refused || self.sent.size() > 1;
      if (is_ours_now) self.mine(raw);
      if (!is_ours_now) ++self.nonce;
    };
    const auto mined = send_to(node);
    REQUIRE(mined);
    CHECK(node.sent.size() == (is_refused ? 1 : 2));
    if (!is_refused) CHECK(node.sent[0] != node.sent[1]);
  }
}

TEST_CASE("a receipt that comes a little later than the nonce is waited for: nothing is paid twice") {
  Node node;
  std::string held;
  node.take = [&held](Node& self, const std::string& raw) {
    held = raw;
    ++self.nonce;
  };
  node.look = [&held](Node& self, int looks) {
    if (looks == 4) self.mine(held);
  };
  REQUIRE(send_to(node));
  CHECK(node.sent.size() == 1);
}

TEST_CASE("a nonce that our own transaction used, whose reply got lost, is not paid for twice") {
  Node node;
  node.refuse_sending = "nonce too low";
  node.take_and_refuse = true;
  REQUIRE(send_to(node));
  CHECK(node.sent.empty());
}

TEST_CASE("a transaction that a node dropped is sent again, the same one") {
  Node node;
  node.take = [](Node& self, const std::string& raw) {
    if (self.sent.size() == 3) self.mine(raw);
  };
  REQUIRE(send_to(node));
  REQUIRE(node.sent.size() == 3);
  CHECK(node.sent[0] == node.sent[1]);
  CHECK(node.sent[1] == node.sent[2]);
}

TEST_CASE("one that waits too long is replaced under its nonce for a higher fee, and either may be mined") {
  Node node;
  node.take = [](Node& self, const std::string& raw) {
    // The cheaper one gets in after all.
    if (raw != self.sent.front()) self.mine(self.sent.front());
  };
  const auto mined = send_to(node, {.poll = std::chrono::milliseconds(200),
                                    .fee_patience = std::chrono::seconds(1),
                                    .patience = std::chrono::seconds(60)});
  REQUIRE(mined);
  CHECK(node.sent.front() != node.sent.back());
  CHECK(to_data(mined->transaction) == to_data(keccak256(*data_from(node.sent.front()))));
}

TEST_CASE("a node that goes down behind a transaction leaves the hash to look for") {
  Node node;
  node.take = [](Node& self, const std::string&) { self.is_down = true; };
  const auto mined = send_to(node, {.poll = std::chrono::milliseconds(250),
                                    .fee_patience = std::chrono::seconds(1),
                                    .patience = std::chrono::seconds(1)});
  CHECK(mined.error().find("it may still come. Look for 0x") != std::string::npos);
  CHECK(mined.error().find("HTTP status 503") != std::string::npos);
}

TEST_CASE("a node that is down before says so, as do another chain's and an empty account") {
  Node down;
  down.is_down = true;
  CHECK(send_to(down).error().find("HTTP status 503") != std::string::npos);
  Node poor;
  poor.balance = "0x1";
  CHECK(send_to(poor).error().find("send it some") != std::string::npos);
  CHECK(poor.sent.empty());
  Node dear;
  CHECK(send_to(dear, {.cost_max = 10}).error().find("wait for a cheaper hour") != std::string::npos);
  CHECK(dear.sent.empty());
}

TEST_CASE("a cost is shown in ether, rounded up to a millionth") {
  CHECK(ether_cost_text(Uint256(1)) == "0.000001 ether");
  CHECK(ether_cost_text(0) == "0.000000 ether");
  CHECK(ether_cost_text(Uint256("1500000000000000000")) == "1.500000 ether");
}
