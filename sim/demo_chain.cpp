#include "sim/demo_chain.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#include <nlohmann/json.hpp>
#include <sys/utsname.h>

#include "controller/chain/contract_views.hpp"
#include "controller/evm_address.hpp"
#include "controller/keyring.hpp"
#include "controller/settlement_proof.hpp"
#include "controller/settlement_tree.hpp"

namespace commonwatt {
namespace {

using nlohmann::json;

constexpr const char* collateral = "200";
/// In market time an interval lasts a second: an anchor may be vetoed about as long as its successor takes.
constexpr const char* veto_seconds = "2";
/// A thousand ether of a chain where they are worth nothing.
constexpr const char* play_money = "0x3635c9adc5dea00000";
constexpr std::chrono::seconds money_wait{30};
/// Nano-currency in the smallest unit of a currency with six decimals.
constexpr std::int64_t nano_in_unit = 1000;

/// The node's program as npm has laid it out for this machine.
std::filesystem::path anvil_of(const std::filesystem::path& contracts) {
  utsname machine{};
  ::uname(&machine);
  const std::string name = machine.machine;
  const std::string processor = name == "x86_64" ? "amd64" : name == "aarch64" ? "arm64" : name;
  return contracts / "node_modules" / "@foundry-rs" / ("anvil-linux-" + processor) / "bin" / "anvil";
}

Result<std::string, std::string> text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || !text) return Fail{file.string() + ": cannot be read"};
  return text.str();
}

/// The newest settlement proof of a gateway, and its file.
Result<std::pair<SettlementProof, std::filesystem::path>, std::string> newest_proof(const std::filesystem::path& home) {
  std::optional<std::pair<SettlementProof, std::filesystem::path>> newest;
  for (const auto& entry : std::filesystem::directory_iterator(home)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("settlement-") || !name.ends_with(".json")) continue;
    const Result<std::string, std::string> text = text_of(entry.path());
    if (!text) return Fail{text.error()};
    Result<SettlementProof, std::string> proof = settlement_proof_from_text(*text);
    if (!proof) return Fail{entry.path().string() + ": " + proof.error()};
    if (!newest || newest->first.anchor.epoch < proof->anchor.epoch) newest = {std::move(*proof), entry.path()};
  }
  if (!newest) return Fail{home.string() + ": holds no settlement proof"};
  return std::move(*newest);
}

Money balance_of(const State& state, const HouseholdId& household) {
  return state.ledger.balance({.kind = AccountKind::household, .household = household});
}

/// What the vault owes a household, in the currency's smallest units.
std::int64_t credit_of(const State& state, const HouseholdId& household) {
  return std::max<std::int64_t>(balance_of(state, household).count, 0) / nano_in_unit;
}

/// Where a deployment has put a contract.
std::string address_in(const json& deployed, const std::string& name) {
  for (const json& contract : deployed.at("contracts")) {
    if (contract.at("name") == name) return contract.at("address").get<std::string>();
  }
  throw std::runtime_error("chain deploy did not say where " + name + " is");
}

EvmAddress account_of(const State& state, const HouseholdId& household) {
  return address_of_order_key(state.households.at(household).order_key).value_or(EvmAddress{});
}

}  // namespace

struct DemoChain::Node {
  RpcPool pool;
};

DemoChain::DemoChain(DemoPlan& plan, const DemoOptions& options, Supervisor& children)
    : plan_(plan), options_(options), children_(children), rpc_(options.rpc) {}
DemoChain::~DemoChain() = default;

Result<std::string, std::string> DemoChain::run(const std::string& what, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), options_.program.string());
  return run_to_end(
      {.name = what, .argv = std::move(arguments), .log = plan_.directory / "logs" / "chain-commands.log"});
}

Result<Done, std::string> DemoChain::start_node(std::uint16_t port) {
  std::filesystem::create_directories(directory());
  if (rpc_.empty()) {
    const std::filesystem::path program = anvil_of(options_.contracts);
    if (!std::filesystem::exists(program)) {
      return Fail{program.string() +
                  ": the chain's node is not installed; start this with tools/demo --chain evm, or name a node "
                  "that runs with --rpc URL"};
    }
    rpc_ = "http://127.0.0.1:" + std::to_string(port);
    // Transactions are mined at once, and a block a second makes them final.
    Result<Done, std::string> started = children_.start(
        {.name = "chain",
         .argv = {program.string(), "--port", std::to_string(port), "--slots-in-an-epoch", "1", "--block-time", "1",
                  "--mixed-mining", "--state", (directory() / "anvil.json").string(), "--silent"},
         .log = plan_.directory / "logs" / "chain.log"});
    if (!started) return started;
  }
  Result<RpcPool, std::string> pool = open_pool({rpc_});
  if (!pool) return Fail{pool.error()};
  node_ = std::make_unique<Node>(Node{.pool = std::move(*pool)});
  return Done{};
}

bool DemoChain::node_answers() {
  return node_->pool.any("eth_chainId", json::array()).ok();
}

void DemoChain::ask_for_block() {
  if (!options_.rpc.empty()) static_cast<void>(node_->pool.any("evm_mine", json::array()));
}

/// Every node for development has an account with play money that needs no key.
Result<Done, std::string> DemoChain::fund(const std::string& address) {
  const auto failed = [&](const std::string& why) {
    return Fail{rpc_ + ": gives no play money (" + why + "); a demo needs a node for development, such as anvil"};
  };
  const auto accounts = node_->pool.any("eth_accounts", json::array());
  if (!accounts) return failed(accounts.error().text);
  if (!accounts->is_array() || accounts->empty()) return failed("it has no account of its own");
  const json transfer{{"from", accounts->front()}, {"to", address}, {"value", play_money}};
  if (const auto sent = node_->pool.any("eth_sendTransaction", json::array({transfer})); !sent)
    return failed(sent.error().text);
  const auto until = std::chrono::steady_clock::now() + money_wait;
  while (std::chrono::steady_clock::now() < until) {
    const auto balance = node_->pool.agreed_number("eth_getBalance", json::array({address, "latest"}));
    if (balance && *balance > 0) return Done{};
    ask_for_block();
  }
  return failed("the transfer did not arrive");
}

Result<Done, std::string> DemoChain::deploy() {
  std::error_code error;
  std::filesystem::create_directories(directory(), error);
  std::vector<std::string> addresses;
  const std::filesystem::path relayer = plan_.directory / "controller" / "keys" / "relayer.key";
  for (const auto& file : {relayer, directory() / "deployer.key", directory() / "guardian.key"}) {
    const EvmKey key = EvmKey::make();
    if (Result<Done, std::string> saved = key.save(EvmKeyKind::relayer, file); !saved) return saved;
    addresses.push_back(to_text(key.address()));
  }
  for (std::size_t i = 0; i < 2; ++i) {
    if (Result<Done, std::string> funded = fund(addresses[i]); !funded) return funded;
  }
  Result<std::vector<std::string>, std::string> attesting = write_attester_identities(plan_, attesters);
  if (!attesting) return Fail{attesting.error()};
  const std::filesystem::path table = directory() / "chain.toml";
  std::vector<std::string> arguments{"chain",
                                     "deploy",
                                     "--rpc",
                                     rpc_,
                                     "--key",
                                     (directory() / "deployer.key").string(),
                                     "--origin",
                                     demo_origin,
                                     "--quorum",
                                     std::to_string(quorum),
                                     "--guardian",
                                     addresses[2],
                                     "--veto-seconds",
                                     veto_seconds,
                                     "--demo-currency",
                                     "--contracts",
                                     options_.contracts.string(),
                                     "--all",
                                     "--out",
                                     table.string(),
                                     "--json"};
  for (const std::string& attester : *attesting) arguments.insert(arguments.end(), {"--attester", attester});
  const Result<std::string, std::string> said = run("chain deploy", std::move(arguments));
  if (!said) return Fail{said.error()};
  const json deployed = json::parse(*said);
  const Result<std::string, std::string> written = text_of(table);
  if (!written) return Fail{written.error()};
  plan_.chain = DemoChainPlan{.table = *written,
                              .chain_id = deployed.at("chain_id").get<std::int64_t>(),
                              .registry = address_in(deployed, "AnchorRegistry"),
                              .vault = address_in(deployed, "SettlementVault"),
                              .attesters = std::move(*attesting)};
  for (const HouseholdPlan& household : plan_.households) {
    if (Result<Done, std::string> paid = deposit(household); !paid) return paid;
  }
  return await_final();
}

/// Collateral counts when it is final, and the market begins with all of it.
Result<Done, std::string> DemoChain::await_final() {
  const Result<std::int64_t, RpcError> newest = node_->pool.common_height("latest");
  if (!newest) return Fail{newest.error().text};
  const auto until = std::chrono::steady_clock::now() + money_wait;
  while (std::chrono::steady_clock::now() < until) {
    const Result<std::int64_t, RpcError> final = node_->pool.common_height("finalized");
    if (!final) return Fail{final.error().text};
    if (*final >= *newest) return Done{};
    ask_for_block();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return Fail{rpc_ + ": block " + std::to_string(*newest) + " does not become final; a demo needs a node that says so"};
}

Result<Done, std::string> DemoChain::deposit(const HouseholdPlan& household) {
  const Result<HouseholdKeys, std::string> keys = HouseholdKeys::load(household_directory(plan_, household) / "keys");
  if (!keys) return Fail{keys.error()};
  const std::string account = "0x" + to_hex(*address_of_order_key(keys->order.public_key()));
  const Result<std::string, std::string> said =
      run("chain deposit", {"chain", "deposit", "--amount", collateral, "--account", account, "--vault",
                            plan_.chain->vault, "--rpc", rpc_, "--key", (directory() / "deployer.key").string()});
  if (!said) return Fail{said.error()};
  return Done{};
}

Result<Done, std::string> DemoChain::start_attesters() {
  for (std::size_t i = options_.dead_attesters; i < attesters; ++i) {
    if (Result<Done, std::string> written = write_attester_config(plan_, i); !written) return written;
    std::vector<std::string> argv{options_.program.string(), "chain", "attest", "--config",
                                  (attester_directory(plan_, i) / "attester.toml").string()};
    if (i < options_.dead_attesters + options_.lying_attesters) argv.emplace_back("--insecure-lie");
    Result<Done, std::string> started =
        children_.start({.name = attester_name(i),
                         .argv = std::move(argv),
                         .log = plan_.directory / "logs" / (attester_name(i) + ".log")});
    if (!started) return started;
  }
  return Done{};
}

/// Returns the gas it took.
Result<std::int64_t, std::string> DemoChain::claim(const HouseholdPlan& household) {
  const Result<std::string, std::string> said = run(
      "chain claim", {"chain", "claim", "--gateway", household_directory(plan_, household).string(), "--vault",
                      plan_.chain->vault, "--rpc", rpc_, "--key", (directory() / "deployer.key").string(), "--json"});
  if (!said) return Fail{household.id.text() + ": " + said.error()};
  return json::parse(*said).value("gas", std::int64_t{0});
}

/// A household proves its last bill with what its gateway holds, and asks the chain alone.
Result<Done, std::string> DemoChain::verify(const HouseholdPlan& household) {
  const std::filesystem::path home = household_directory(plan_, household);
  const std::string proof = (directory() / (household.id.text() + ".proof.json")).string();
  const auto settlement = newest_proof(home);
  if (!settlement) return Fail{settlement.error()};
  const Result<SigningKey, std::string> log_key =
      SigningKey::load(KeyKind::log, key_file(plan_.directory / "controller" / "keys", KeyKind::log));
  if (!log_key) return Fail{log_key.error()};
  const std::string key = to_hex(log_key->public_key());
  const UtcTime last = plan_.end - std::chrono::seconds(900);
  Result<std::string, std::string> said =
      run("bill --proof", {"bill", "--store", home.string(), "--from", to_text(last), "--to", to_text(plan_.end),
                           "--proof", proof, "--log-key", key, "--settlement", settlement->second.string(), "--rpc",
                           rpc_, "--registry", plan_.chain->registry});
  if (said) {
    said = run("verify", {"verify", proof, "--log-key", key, "--bill",
                          (plan_.directory / "bills" / (household.id.text() + ".jsonl")).string(), "--rpc", rpc_,
                          "--registry", plan_.chain->registry});
  }
  if (!said) return Fail{household.id.text() + ": " + said.error()};
  return Done{};
}

/// Whether the vault has the ledger's balance of a household to the last unit, and has paid a credit out.
std::optional<std::string> DemoChain::payout_fault(const HouseholdPlan& household, const State& state) {
  const Address account{account_of(state, household.id)};
  const Address vault = address_from(plan_.chain->vault).value();
  Result<ContractViews, std::string> views = ContractViews::open(node_->pool);
  if (!views) return views.error();
  const Result<VaultAccount, std::string> has = views->account(vault, account);
  const Result<VaultState, std::string> of_vault = views->vault(vault);
  if (!has) return has.error();
  if (!of_vault) return of_vault.error();
  const Result<Uint256, std::string> balance = views->currency_balance(of_vault->currency.address, account);
  if (!balance) return balance.error();
  if (has->net != balance_of(state, household.id).count)
    return household.id.text() + ": the vault's net is not the ledger's balance";
  const std::int64_t credit = credit_of(state, household.id);
  if (*balance != Uint256(credit) || has->paid != Uint256(credit)) {
    return household.id.text() + ": was not paid what the ledger owes it";
  }
  return std::nullopt;
}

Result<Done, std::string> DemoChain::count_anchors(DemoChainResult& result) {
  const json filter{
      {"address", plan_.chain->registry}, {"fromBlock", "0x0"}, {"topics", json::array({to_data(anchored_topic())})}};
  const auto logs = node_->pool.any("eth_getLogs", json::array({filter}));
  if (!logs) return Fail{logs.error().text};
  result.anchors = static_cast<std::int64_t>(logs->size());
  if (logs->empty()) return Fail{std::string("nothing was anchored")};
  const auto receipt = node_->pool.any("eth_getTransactionReceipt", json::array({logs->back().at("transactionHash")}));
  if (!receipt) return Fail{receipt.error().text};
  result.gas_per_anchor = small_quantity_from(receipt->at("gasUsed").get<std::string>()).value_or(0);
  Result<ContractViews, std::string> views = ContractViews::open(node_->pool);
  if (!views) return Fail{views.error()};
  const Result<RegistryState, std::string> registry = views->registry(address_from(result.registry).value());
  if (!registry) return Fail{registry.error()};
  result.final = registry->final_epoch;
  return Done{};
}

DemoChainResult DemoChain::finish(const State& state) {
  DemoChainResult result{.chain_id = plan_.chain->chain_id,
                         .registry = plan_.chain->registry,
                         .vault = plan_.chain->vault,
                         .claims_equal_ledger = true,
                         .verified = true,
                         .faults = {}};
  if (const Result<Done, std::string> counted = count_anchors(result); !counted)
    result.faults.push_back(counted.error());
  std::int64_t paid = 0;
  for (const HouseholdPlan& household : plan_.households) {
    const Result<std::int64_t, std::string> gas = claim(household);
    if (gas) {
      ++result.claims;
    } else {
      result.faults.push_back(gas.error());
    }
    if (gas && credit_of(state, household.id) > 0) {
      result.gas_per_claim += *gas;
      ++paid;
    }
    if (const std::optional<std::string> fault = payout_fault(household, state)) {
      result.claims_equal_ledger = false;
      result.faults.push_back(*fault);
    }
    if (const Result<Done, std::string> verified = verify(household); !verified) {
      result.verified = false;
      result.faults.push_back(verified.error());
    }
  }
  if (paid > 0) result.gas_per_claim /= paid;
  return result;
}

}  // namespace commonwatt
