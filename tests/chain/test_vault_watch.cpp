// The households' accounts in a vault, followed from one final block to the next.
#include <map>
#include <mutex>

#include <doctest/doctest.h>

#include "controller/chain/abi.hpp"
#include "controller/chain/token_amount.hpp"
#include "controller/chain/vault_watch.hpp"
#include "tests/chain/reply_server.hpp"

using namespace commonwatt;
using nlohmann::json;
using test::ReplyServer;
using test::rpc_result;

namespace {

const Address vault{{7}};
const Address registry{{8}};
const Address token{{9}};
constexpr std::int64_t unit = 1'000'000'000;

Address account_of(std::uint8_t number) {
  return Address{{1, number}};
}
HouseholdId household_of(std::uint8_t number) {
  return *HouseholdId::from("hh" + std::to_string(number));
}

struct Funds {
  Uint256 collateral = 0;
  Uint256 exit = 0;
  Uint256 paid = 0;
};

/// A chain with a vault of a currency with six decimals, as one node tells of it.
struct VaultNode {
  std::int64_t finalized = 10;
  std::map<Address, Funds> accounts;
  std::vector<std::pair<std::int64_t, Address>> events;  // block and the account named
  Address of_registry = registry;
  bool is_down = false;
  int reads = 0;
  int log_questions = 0;
  std::mutex mutex;

  void set(std::uint8_t number, const Funds& funds, std::int64_t block) {
    accounts[account_of(number)] = funds;
    events.emplace_back(block, account_of(number));
  }
  std::string answer(const json& call) {
    const std::lock_guard lock(mutex);
    const auto id = call["id"].get<std::int64_t>();
    const std::string method = call["method"];
    const json& parameters = call["params"];
    if (is_down) return test::http(503, "");
    if (method == "eth_chainId") return rpc_result(id, "0x7a69");
    if (method == "eth_getBlockByNumber") {
      return rpc_result(id,
                        {{"number", to_quantity(finalized)}, {"hash", to_data(word_of(7))}, {"baseFeePerGas", "0x7"}});
    }
    if (method == "eth_getLogs") return rpc_result(id, logs(parameters[0]));
    if (method == "eth_call") return rpc_result(id, view(*data_from(parameters[0]["data"].get<std::string>())));
    return test::http(500, "");
  }

 private:
  json logs(const json& filter) {
    ++log_questions;
    json found = json::array();
    for (const auto& [block, account] : events) {
      if (block < *small_quantity_from(filter["fromBlock"].get<std::string>())) continue;
      if (block > *small_quantity_from(filter["toBlock"].get<std::string>())) continue;
      found.push_back({{"topics", {to_data(word_of(1)), to_data(abi_address(account).bytes)}}, {"data", "0x"}});
    }
    found.push_back({{"topics", {to_data(word_of(2))}}, {"data", "0x"}});  // of nobody, such as OutflowCapSet
    return found;
  }
  std::string view(const Bytes& data) {
    const auto asks = [&](const char* signature) {
      return Bytes(data.begin(), data.begin() + 4) == abi_selector(signature);
    };
    if (asks("registry()")) return to_data(abi_address(of_registry).bytes);
    if (asks("token()")) return to_data(abi_address(token).bytes);
    if (asks("decimals()")) return to_data(word_of(6));
    if (asks("symbol()")) return to_data(abi_tuple({abi_bytes(as_bytes("DEMO"))}).bytes);
    if (asks("outflow()")) return to_data(abi_tuple({abi_uint(0), abi_uint(0), abi_uint(5)}).bytes);
    if (!asks("accountOf(address)")) return to_data(word_of(0));  // balanceOf, finalEpoch
    ++reads;
    Address account;
    std::copy(data.end() - 20, data.end(), account.bytes.begin());
    const Funds& funds = accounts[account];
    return to_data(abi_tuple({abi_int(0), abi_uint(funds.paid), abi_uint(0), abi_uint(funds.collateral),
                              abi_uint(funds.exit), abi_uint(0)})
                       .bytes);
  }
};

struct Watched {
  explicit Watched(std::uint8_t households) {
    for (std::uint8_t i = 0; i < households; ++i) accounts.households.emplace(account_of(i), household_of(i));
  }
  /// What looks at this node tell, until one has nothing more to read.
  std::vector<CollateralKnown> look(VaultWatch& watch, int* looks = nullptr) {
    std::vector<CollateralKnown> all;
    do {
      const auto changed = watch.look(pool);
      REQUIRE(changed);
      all.insert(all.end(), changed->begin(), changed->end());
      if (looks != nullptr) ++*looks;
    } while (!watch.has_read_all());
    return all;
  }

  VaultAccounts accounts;
  VaultNode node;
  ReplyServer server{[this](int, const json& call) { return node.answer(call); }};
  RpcPool pool = [this] {
    std::vector<RpcEndpoint> endpoints;
    endpoints.push_back(std::move(RpcEndpoint::open(server.url(), {.connect = std::chrono::seconds(10),
                                                                   .reply = std::chrono::seconds(10),
                                                                   .first_wait = std::chrono::milliseconds(1),
                                                                   .tries = 2})
                                      .value()));
    return RpcPool(std::move(endpoints), 1);
  }();
};

}  // namespace

TEST_CASE("every account is read once, in looks of bounded work, and only what differs from what was known is told") {
  Watched world(150);
  world.node.accounts[account_of(3)] = {.collateral = 5'000'001, .exit = 1'000'000, .paid = 7};
  world.node.accounts[account_of(149)] = {.collateral = 2, .exit = 5, .paid = 0};
  world.accounts.known[household_of(4)] = {.block = 3, .free = Money{unit}, .paid = Money{0}};
  for (std::uint8_t i = 5; i < 150; ++i) world.accounts.known[household_of(i)] = {};
  VaultWatch watch(vault, registry, world.accounts);
  int looks = 0;
  std::map<HouseholdId, CollateralKnown> told;
  for (const CollateralKnown& known : world.look(watch, &looks)) CHECK(told.emplace(known.household, known).second);
  CHECK(looks == 3);
  CHECK(world.node.reads == 150);
  CHECK(world.node.log_questions == 0);
  CHECK(told.size() == 5);  // the first four, which nothing was known of or something else, and 4
  CHECK(told.at(household_of(3)) ==
        CollateralKnown{.household = household_of(3), .block = 10, .free = Money{4'000'001'000}, .paid = Money{7'000}});
  CHECK(told.at(household_of(4)).free == Money{0});
  CHECK_FALSE(told.contains(household_of(149)));  // more asked back than there is: nothing is free, as was known
}

TEST_CASE("afterwards only accounts that the vault's final events name are read again") {
  Watched world(10);
  VaultWatch watch(vault, registry, world.accounts);
  world.look(watch);
  CHECK(world.node.reads == 10);
  CHECK(world.look(watch).empty());
  world.node.set(2, {.collateral = 9'000'000, .exit = 0, .paid = 0}, 12);
  world.node.events.emplace_back(12, Address{{99}});  // somebody else's account
  CHECK(world.look(watch).empty());                   // not final yet
  world.node.finalized = 12;
  const std::vector<CollateralKnown> told = world.look(watch);
  REQUIRE(told.size() == 1);
  CHECK(told[0] ==
        CollateralKnown{.household = household_of(2), .block = 12, .free = Money{9 * unit}, .paid = Money{0}});
  CHECK(world.node.reads == 11);
  world.node.events.emplace_back(13, account_of(2));  // settled: neither collateral nor payments change
  world.node.finalized = 13;
  CHECK(world.look(watch).empty());
  CHECK(world.node.reads == 12);
}

TEST_CASE("a long way behind, events are caught up with in steps") {
  Watched world(3);
  VaultWatch watch(vault, registry, world.accounts);
  world.look(watch);
  world.node.set(1, {.collateral = 1, .exit = 0, .paid = 0}, 5'000);
  world.node.finalized = 5'100;
  std::vector<CollateralKnown> told;
  for (int i = 0; i < 4; ++i) {
    const auto changed = watch.look(world.pool);
    REQUIRE(changed);
    told.insert(told.end(), changed->begin(), changed->end());
  }
  CHECK(world.node.log_questions == 3);
  REQUIRE(told.size() == 1);
  CHECK(told[0].free == Money{1'000});
}

TEST_CASE("what a silent node or one of another registry says changes nothing, and the look goes on where it was") {
  Watched world(3);
  world.node.is_down = true;
  VaultWatch watch(vault, registry, world.accounts);
  CHECK_FALSE(watch.look(world.pool));
  CHECK_FALSE(watch.has_read_all());
  world.node.is_down = false;
  world.node.of_registry = token;
  CHECK(watch.look(world.pool).error().find("is a vault of the registry") != std::string::npos);
  world.node.of_registry = registry;
  CHECK(world.look(watch).size() == 3);
  world.node.set(0, {.collateral = 4, .exit = 0, .paid = 0}, 11);
  world.node.finalized = 11;
  world.node.is_down = true;
  CHECK_FALSE(watch.look(world.pool));
  world.node.is_down = false;
  CHECK(world.look(watch).size() == 1);
}

TEST_CASE("amounts become nano-currency, what is had rounded down and what was paid up") {
  CHECK(money_below(1'999, 12) == Money{1});
  CHECK(money_above(1'001, 12) == Money{2});
  CHECK(money_below(5, 9) == Money{5});
  CHECK(money_above(5, 6) == Money{5'000});
  CHECK(money_below((Uint256(1) << 96) - 1, 0) == Money{1'000'000'000 * unit});
}
