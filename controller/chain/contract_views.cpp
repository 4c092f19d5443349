#include "controller/chain/contract_views.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include "controller/chain/abi.hpp"
#include "controller/chain/printable.hpp"
#include "controller/chain/token_amount.hpp"
#include "controller/chain/transactor.hpp"

namespace commonwatt {
namespace {

using nlohmann::json;

/// Nodes refuse to look through many blocks at once.
constexpr std::int64_t blocks_per_question = 2'000;

Address address_in(const Hash32& word) {
  Address address;
  std::copy(word.end() - static_cast<std::ptrdiff_t>(address.bytes.size()), word.end(), address.bytes.begin());
  return address;
}

Int256 signed_in(const Hash32& word) {
  const Uint256 number = number_of(word);
  if ((word[0] & 0x80U) == 0) return Int256(number);
  return -Int256(Uint256(~number)) - 1;
}

/// The addresses in the first indexed words of an answer to eth_getLogs; nothing when it is none.
std::optional<std::vector<Address>> named_accounts_from(const json& logs) {
  if (!logs.is_array()) return std::nullopt;
  std::set<Address> accounts;
  for (const json& log : logs) {
    if (!log.is_object() || !log.contains("topics") || !log["topics"].is_array()) return std::nullopt;
    const json& topics = log["topics"];
    if (topics.size() < 2) continue;
    const auto word = topics[1].is_string() ? hash_from_data(topics[1].get<std::string>()) : std::nullopt;
    if (!word) return std::nullopt;
    accounts.insert(address_in(*word));
  }
  return std::vector<Address>(accounts.begin(), accounts.end());
}

Hash32 topic_of(std::int64_t epoch) {
  return word_of(Uint256(epoch));
}

}  // namespace

Result<RpcPool, std::string> open_pool(const std::vector<std::string>& urls) {
  if (urls.empty()) return Fail{std::string("--rpc URL is missing: which node to ask")};
  std::vector<RpcEndpoint> endpoints;
  for (const std::string& url : urls) {
    Result<RpcEndpoint, std::string> endpoint = RpcEndpoint::open(url);
    if (!endpoint) return Fail{"--rpc: " + endpoint.error()};
    endpoints.push_back(std::move(endpoint.value()));
  }
  return RpcPool(std::move(endpoints), urls.size());
}

Result<ContractViews, std::string> ContractViews::open(RpcPool& pool) {
  return open_at(pool, "latest");
}

Result<ContractViews, std::string> ContractViews::open_final(RpcPool& pool) {
  return open_at(pool, "finalized");
}

Result<ContractViews, std::string> ContractViews::open_at(RpcPool& pool, const std::string& tag) {
  const Result<std::int64_t, RpcError> chain = pool.agreed_integer("eth_chainId", json::array());
  if (!chain) return Fail{chain.error().text};
  const Result<std::int64_t, RpcError> height = pool.common_height(tag);
  if (!height) return Fail{height.error().text};
  const Result<std::optional<BlockHead>, RpcError> block = pool.block(*height);
  if (!block) return Fail{block.error().text};
  if (!*block) return Fail{std::string("the chain moved while it was read; try again")};
  return ContractViews(pool, *chain, **block);
}

json ContractViews::at() const {
  // EIP-1898: at this very block, whatever happens to the chain meanwhile.
  return {{"blockHash", to_data(block_.hash)}, {"requireCanonical", true}};
}

Result<Bytes, std::string> ContractViews::call(const Address& to, const Bytes& data, const std::string& what) {
  const json call = {{"to", to_text(to)}, {"data", to_data(data)}};
  const Result<Bytes, RpcError> said = pool_->agreed_data("eth_call", json::array({call, at()}));
  if (!said) return Fail{to_text(to) + ": " + what + ": " + rpc_error_text(said.error())};
  if (said->empty()) return Fail{to_text(to) + ": does not answer " + what + ": no such contract is there"};
  return *said;
}

Result<Hash32, std::string> ContractViews::word(const Address& to, const std::string& signature) {
  const Result<Bytes, std::string> said = call(to, abi_call(signature, {}), signature);
  if (!said) return Fail{said.error()};
  AbiReader reader(*said);
  const Hash32 word = reader.word();
  if (reader.failed()) return Fail{to_text(to) + ": " + signature + ": not an answer"};
  return word;
}

Result<Uint256, std::string> ContractViews::number(const Address& to, const Bytes& data, const std::string& what) {
  const Result<Bytes, std::string> said = call(to, data, what);
  if (!said) return Fail{said.error()};
  AbiReader reader(*said);
  const Uint256 number = reader.number();
  if (reader.failed()) return Fail{to_text(to) + ": " + what + ": not an answer"};
  return number;
}

Result<Done, std::string> ContractViews::small_numbers(
    const Address& to, const std::vector<std::pair<const char*, std::int64_t*>>& questions) {
  for (const auto& [signature, target] : questions) {
    const Result<Uint256, std::string> said = number(to, abi_call(signature, {}), signature);
    if (!said) return Fail{said.error()};
    if (*said > std::numeric_limits<std::int64_t>::max())
      return Fail{to_text(to) + ": " + signature + ": not an answer"};
    *target = static_cast<std::int64_t>(*said);
  }
  return Done{};
}

Result<RegistryState, std::string> ContractViews::registry(const Address& registry) {
  RegistryState state;
  const Result<Hash32, std::string> community = word(registry, "community()");
  if (!community) return Fail{community.error()};
  state.community = *community;
  std::int64_t paused = 0;
  if (auto done = small_numbers(registry, {{"epoch()", &state.epoch},
                                           {"finalEpoch()", &state.final_epoch},
                                           {"quorum()", &state.quorum},
                                           {"vetoWindow()", &state.veto_window},
                                           {"paused()", &paused}});
      !done) {
    return Fail{done.error()};
  }
  state.is_paused = paused != 0;
  const Result<std::optional<Hash32>, RpcError> head = read_head(*pool_, registry, at());
  if (!head) return Fail{to_text(registry) + ": head(): " + rpc_error_text(head.error())};
  state.is_vetoed = !head->has_value();
  return state;
}

Result<bool, std::string> ContractViews::is_guardian(const Address& registry, const Address& account) {
  const Result<Uint256, std::string> said =
      number(registry, abi_call("isGuardian(address)", {abi_address(account)}), "isGuardian(address)");
  if (!said) return Fail{said.error()};
  return *said != 0;
}

Result<Uint256, std::string> ContractViews::epoch(const Address& registry) {
  return number(registry, abi_call("epoch()", {}), "epoch()");
}

Result<CurrencyInfo, std::string> ContractViews::currency(const Address& token) {
  CurrencyInfo currency{.address = token, .symbol = "", .decimals = 0};
  const Result<Uint256, std::string> decimals = number(token, abi_call("decimals()", {}), "decimals()");
  if (!decimals) return Fail{decimals.error()};
  if (*decimals > token_decimals_max)
    return Fail{to_text(token) + ": has " + decimals->str() + " decimals, a vault takes at most 18"};
  currency.decimals = static_cast<int>(*decimals);
  const Result<Bytes, std::string> symbol = call(token, abi_call("symbol()", {}), "symbol()");
  if (!symbol) return Fail{symbol.error()};
  AbiReader reader(*symbol);
  const ByteView text = reader.byte_string();
  currency.symbol = reader.failed() ? "?" : printable(as_text(text)).substr(0, 16);
  return currency;
}

Result<VaultState, std::string> ContractViews::vault(const Address& vault) {
  VaultState state;
  const Result<Hash32, std::string> registry = word(vault, "registry()");
  if (!registry) return Fail{registry.error()};
  state.registry = address_in(*registry);
  const Result<Hash32, std::string> token = word(vault, "token()");
  if (!token) return Fail{token.error()};
  const Result<CurrencyInfo, std::string> currency = this->currency(address_in(*token));
  if (!currency) return Fail{currency.error()};
  state.currency = *currency;
  const Result<Uint256, std::string> holdings = currency_balance(state.currency.address, vault);
  if (!holdings) return Fail{holdings.error()};
  state.holdings = *holdings;

  const Result<Bytes, std::string> outflow = call(vault, abi_call("outflow()", {}), "outflow()");
  if (!outflow) return Fail{outflow.error()};
  AbiReader reader(*outflow);
  const std::int64_t seen = reader.small_number();
  Uint256 spent = reader.number();
  state.outflow_cap = reader.number();
  if (reader.failed()) return Fail{to_text(vault) + ": outflow(): not an answer"};
  const Result<Uint256, std::string> newest = number(state.registry, abi_call("finalEpoch()", {}), "finalEpoch()");
  if (!newest) return Fail{newest.error()};
  if (*newest != seen) spent = 0;
  state.outflow_left = state.outflow_cap > spent ? Uint256(state.outflow_cap - spent) : Uint256(0);
  return state;
}

Result<VaultAccount, std::string> ContractViews::account(const Address& vault, const Address& account) {
  const Result<Bytes, std::string> said =
      call(vault, abi_call("accountOf(address)", {abi_address(account)}), "accountOf(address)");
  if (!said) return Fail{said.error()};
  AbiReader reader(*said);
  VaultAccount state;
  state.net = signed_in(reader.word());
  state.paid = reader.number();
  state.epoch = reader.small_number();
  state.collateral = reader.number();
  state.exit_amount = reader.number();
  state.exit_epoch = reader.small_number();
  if (reader.failed()) return Fail{to_text(vault) + ": accountOf(address): not an answer"};
  return state;
}

Result<MinterState, std::string> ContractViews::minter(const Address& minter) {
  MinterState state;
  for (const auto& [signature, target] :
       {std::pair("community()", &state.community), std::pair("root()", &state.root)}) {
    const Result<Hash32, std::string> said = word(minter, signature);
    if (!said) return Fail{said.error()};
    *target = *said;
  }
  const Result<Uint256, std::string> total = number(minter, abi_call("total()", {}), "total()");
  if (!total) return Fail{total.error()};
  state.total = *total;
  if (auto done = small_numbers(minter, {{"nextEpoch()", &state.next_epoch},
                                         {"base()", &state.base_budget},
                                         {"halving()", &state.halving_epochs},
                                         {"bootstrap()", &state.bootstrap_epochs},
                                         {"window()", &state.window_epochs}});
      !done) {
    return Fail{done.error()};
  }
  const Result<Address, std::string> router = address(minter, "router()");
  if (!router) return Fail{router.error()};
  if (auto done = small_numbers(*router, {{"start()", &state.start},
                                          {"epochLength()", &state.epoch_seconds},
                                          {"currentEpoch()", &state.current_epoch}});
      !done) {
    return Fail{done.error()};
  }
  const Result<Address, std::string> token = address(minter, "token()");
  if (!token) return Fail{token.error()};
  const Result<CurrencyInfo, std::string> currency = this->currency(*token);
  if (!currency) return Fail{currency.error()};
  state.token = *currency;
  return state;
}

Result<Uint256, std::string> ContractViews::reward_limit(const Address& minter, std::int64_t epoch) {
  return number(minter, abi_call("limitOf(uint64)", {abi_uint(Uint256(epoch))}), "limitOf(uint64)");
}

Result<Uint256, std::string> ContractViews::claimed_rewards(const Address& minter, const Address& account) {
  return number(minter, abi_call("claimed(address)", {abi_address(account)}), "claimed(address)");
}

Result<Uint256, std::string> ContractViews::balance(const Address& account) {
  const auto said = pool_->agreed_number("eth_getBalance", json::array({to_text(account), at()}));
  if (!said) return Fail{said.error().text};
  return *said;
}

Result<Uint256, std::string> ContractViews::currency_balance(const Address& token, const Address& account) {
  return number(token, abi_call("balanceOf(address)", {abi_address(account)}), "balanceOf(address)");
}

Result<Uint256, std::string> ContractViews::allowance(const Address& token, const Address& owner,
                                                      const Address& spender) {
  return number(token, abi_call("allowance(address,address)", {abi_address(owner), abi_address(spender)}),
                "allowance(address,address)");
}

Result<Hash32, std::string> ContractViews::final_root(const Address& registry, std::int64_t epoch) {
  const Result<Bytes, std::string> said = call(registry, abi_call("finalRoot(uint64)", {abi_uint(Uint256(epoch))}),
                                               "finalRoot(" + std::to_string(epoch) + ")");
  if (!said) return Fail{said.error()};
  AbiReader reader(*said);
  const Hash32 root = reader.word();
  if (reader.failed()) return Fail{to_text(registry) + ": finalRoot(uint64): not an answer"};
  return root;
}

Result<Address, std::string> ContractViews::address(const Address& contract, const std::string& signature) {
  const Result<Hash32, std::string> said = word(contract, signature);
  if (!said) return Fail{said.error()};
  return address_in(*said);
}

Result<bool, std::string> ContractViews::has_code(const Address& address) {
  const auto code = pool_->agreed_data("eth_getCode", json::array({to_text(address), at()}));
  if (!code) return Fail{code.error().text};
  return !code->empty();
}

Result<std::optional<AnchoredEvent>, std::string> ContractViews::anchored(const Address& registry, std::int64_t epoch,
                                                                          std::int64_t first_block) {
  std::int64_t last = block_.number;
  while (last >= first_block) {
    const std::int64_t from = std::max(first_block, last - blocks_per_question + 1);
    const json filter = {{"address", to_text(registry)},
                         {"topics", json::array({to_data(anchored_topic()), to_data(topic_of(epoch))})},
                         {"fromBlock", to_quantity(from)},
                         {"toBlock", to_quantity(last)}};
    const auto some =
        pool_->agreed<std::vector<AnchoredEvent>>("eth_getLogs", json::array({filter}), anchored_events_from);
    if (!some) return Fail{some.error().text};
    if (!some->empty()) return std::optional(some->back());
    last = from - 1;
  }
  return std::optional<AnchoredEvent>{};
}

Result<std::vector<Address>, std::string> ContractViews::accounts_named(const Address& contract, std::int64_t first,
                                                                        std::int64_t last) {
  const json filter = {
      {"address", to_text(contract)}, {"fromBlock", to_quantity(first)}, {"toBlock", to_quantity(last)}};
  const auto named = pool_->agreed<std::vector<Address>>("eth_getLogs", json::array({filter}), named_accounts_from);
  if (!named) return Fail{named.error().text};
  return *named;
}

}  // namespace commonwatt
