#include "controller/chain/deploy_command.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "controller/chain/abi.hpp"
#include "controller/chain/contract_code.hpp"
#include "controller/chain/token_amount.hpp"
#include "controller/command_output.hpp"
#include "controller/settlement_tree.hpp"

namespace commonwatt {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t veto_seconds_max = (1 << 21) - 2;  // AnchorRegistry keeps gaps in 21 bits
constexpr std::size_t attesters_max = 64;
constexpr int demo_decimals = 6;
/// What a byte of code and a constructor cost together, from above: to see beforehand that the money will do.
constexpr std::int64_t gas_per_byte = 260;
constexpr std::int64_t gas_per_contract = 300'000;

/// What the options say, checked.
struct Plan {
  Hash32 community{};
  std::vector<Address> attesters;  // rising
  Address guardian;
  std::optional<Address> owner;
  std::optional<Address> currency;
  std::optional<Address> registrar;
  std::map<std::string, Bytes> codes;
};

struct Deployed {
  std::string name;
  Address address;
  TransactionReceipt receipt;
};

Result<std::vector<Address>, std::string> attesters_of(const DeployOptions& options) {
  std::vector<Address> attesters;
  for (const std::string& text : options.attesters) {
    const Result<Address, std::string> address = address_option("--attester", text);
    if (!address) return Fail{address.error()};
    attesters.push_back(*address);
  }
  std::sort(attesters.begin(), attesters.end());
  if (const auto twice = std::adjacent_find(attesters.begin(), attesters.end()); twice != attesters.end())
    return Fail{"--attester " + to_text(*twice) + " is given twice"};
  if (attesters.empty() || attesters.size() > attesters_max)
    return Fail{"--attester is needed 1 to " + std::to_string(attesters_max) + " times"};
  const auto count = static_cast<std::int64_t>(attesters.size());
  if (options.quorum > count || options.quorum * 2 <= count) {
    return Fail{"--quorum " + std::to_string(options.quorum) + " of " + std::to_string(count) +
                " attesters: it must be more than half of them and at most all, so that any two quorums share one"};
  }
  return attesters;
}

std::vector<std::string> names_of(const DeployOptions& options) {
  std::vector<std::string> names{"AnchorRegistry"};
  if (options.demo_currency) names.emplace_back("DemoCurrency");
  if (options.demo_currency || !options.currency.empty()) names.emplace_back("SettlementVault");
  if (options.all) names.insert(names.end(), {"RewardMinter", "CommonwattGovernor", "DeviceRegistry", "Disputes"});
  return names;
}

/// The optional address in an option.
Result<std::optional<Address>, std::string> optional_address(std::string_view option, const std::string& text) {
  if (text.empty()) return std::optional<Address>{};
  const Result<Address, std::string> address = address_option(option, text);
  if (!address) return Fail{address.error()};
  return std::optional(*address);
}

Result<Plan, std::string> addresses_of(const DeployOptions& options) {
  Plan plan;
  plan.community = community_of(options.origin);
  const Result<std::vector<Address>, std::string> attesters = attesters_of(options);
  if (!attesters) return Fail{attesters.error()};
  plan.attesters = *attesters;
  const Result<Address, std::string> guardian = address_option("--guardian", options.guardian);
  if (!guardian) return Fail{guardian.error()};
  plan.guardian = *guardian;
  for (const auto& [option, text, target] :
       {std::tuple("--owner", &options.owner, &plan.owner), std::tuple("--currency", &options.currency, &plan.currency),
        std::tuple("--registrar", &options.registrar, &plan.registrar)}) {
    const Result<std::optional<Address>, std::string> address = optional_address(option, *text);
    if (!address) return Fail{address.error()};
    *target = *address;
  }
  return plan;
}

Result<Plan, std::string> plan_of(const DeployOptions& options) {
  if (options.origin.empty()) return Fail{std::string("--origin is missing: the evidence log's name")};
  Result<Plan, std::string> plan = addresses_of(options);
  if (!plan) return plan;
  if (options.veto_seconds < 0 || options.veto_seconds > veto_seconds_max) {
    return Fail{"--veto-seconds " + std::to_string(options.veto_seconds) + " is not 0 to " +
                std::to_string(veto_seconds_max)};
  }
  if (options.all && plan->owner) {
    return Fail{std::string("--owner does not go with --all: there the community's timelock owns the contracts")};
  }
  if (!options.all && (options.governance != GovernanceOptions{} || plan->registrar)) {
    return Fail{
        std::string("--registrar and the figures of rewards and votes go with --all: without it there is nobody "
                    "they are for")};
  }
  if (const std::optional<std::string> fault = governance_fault(options.governance)) return Fail{*fault};
  if (plan->currency && options.demo_currency) return Fail{std::string("give --currency or --demo-currency, not both")};
  if (!options.out.empty() && std::filesystem::exists(options.out))
    return Fail{"--out " + options.out + " exists already; an earlier deployment may be in it, so name another file"};
  for (const std::string& name : names_of(options)) {
    Result<Bytes, std::string> code = contract_code(options.contracts, name);
    if (!code) return Fail{code.error()};
    plan->codes[name] = std::move(code.value());
  }
  return plan;
}

class Deployment {
 public:
  Deployment(const DeployOptions& options, Plan plan, ChainAccount& account, std::ostream& out)
      : options_(options), plan_(std::move(plan)), account_(account), out_(out) {}

  Result<Done, std::string> check_chain();
  Result<Done, std::string> run();
  std::string toml(bool is_whole) const;
  ordered_json json() const;
  [[nodiscard]] const std::vector<Deployed>& deployed() const { return deployed_; }
  std::string cost_text() const;
  std::string owner_text() const;

 private:
  Result<Address, std::string> deploy(const std::string& name, const std::vector<AbiValue>& arguments);
  Result<Done, std::string> deploy_governance();
  Result<Done, std::string> deploy_money(const Address& registry);
  Result<Done, std::string> deploy_devices(const Address& registry);
  Result<Done, std::string> check_deployed();
  Result<Address, std::string> asked(const Address& contract, const std::string& signature);
  void add_created(const std::string& name, const Address& address);
  AbiValue attester_array() const;
  const Deployed* find(const std::string& name) const;

  const DeployOptions& options_;
  Plan plan_;
  ChainAccount& account_;
  std::ostream& out_;
  std::vector<Deployed> deployed_;
  std::int64_t chain_id_ = 0;
  Address owner_;
  CurrencyInfo currency_;
  Uint256 outflow_cap_ = 0;
  std::int64_t gas_ = 0;
  Uint256 cost_ = 0;
};

/// What only a node knows, before anything is sent.
Result<Done, std::string> Deployment::check_chain() {
  Result<ContractViews, std::string> views = account_.views();
  if (!views) return Fail{views.error()};
  chain_id_ = views->chain_id();
  owner_ = plan_.owner.value_or(account_.address());
  constexpr std::array test_chains{31'337, 1'337};
  if (options_.demo_currency && !options_.force_demo_currency &&
      std::find(test_chains.begin(), test_chains.end(), chain_id_) == test_chains.end()) {
    return Fail{"--demo-currency on chain " + std::to_string(chain_id_) +
                ": money that is worth nothing belongs on a chain for tests (31337, 1337); give --currency, or "
                "--force-demo-currency if this is one"};
  }
  if (plan_.currency) {
    const Result<CurrencyInfo, std::string> currency = views->currency(*plan_.currency);
    if (!currency) return Fail{"--currency " + currency.error()};
    currency_ = *currency;
  } else if (options_.demo_currency) {
    currency_ = {.address = {}, .symbol = "DEMO", .decimals = demo_decimals};
  }
  if (plan_.currency || options_.demo_currency) {
    const std::optional<Uint256> cap = token_amount_from_text(options_.outflow_cap, currency_.decimals);
    if (!cap || *cap == 0) {
      return Fail{"--outflow-cap '" + options_.outflow_cap + "' is not an amount above zero with at most " +
                  std::to_string(currency_.decimals) + " decimals"};
    }
    outflow_cap_ = *cap;
  }
  std::int64_t gas = 0;
  for (const auto& [name, code] : plan_.codes)
    gas += gas_per_contract + gas_per_byte * static_cast<std::int64_t>(code.size());
  const Result<Uint256, std::string> balance = views->balance(account_.address());
  if (!balance) return Fail{balance.error()};
  if (const Uint256 needed = views->block().base_fee * gas; *balance == 0 || *balance < needed) {
    return Fail{to_text(account_.address()) + " has " + ether_cost_text(*balance) + "; deploying takes up to " +
                std::to_string(gas) + " gas, now " + ether_cost_text(needed) + ": send it some first"};
  }
  return Done{};
}

Result<Done, std::string> Deployment::run() {
  if (options_.all) {
    if (auto done = deploy_governance(); !done) return done;
  }
  const Result<Address, std::string> registry = deploy(
      "AnchorRegistry", {abi_address(owner_), abi_bytes32(plan_.community), abi_uint(Uint256(options_.veto_seconds)),
                         abi_uint(Uint256(options_.quorum)), attester_array(), abi_address(plan_.guardian)});
  if (!registry) return Fail{registry.error()};
  if (plan_.currency || options_.demo_currency) {
    if (auto done = deploy_money(*registry); !done) return done;
  }
  if (options_.all) {
    if (auto done = deploy_devices(*registry); !done) return done;
  }
  return check_deployed();
}

/// The minter makes the token, the governor makes the timelock, and the timelock gets everything.
Result<Done, std::string> Deployment::deploy_governance() {
  const Result<Address, std::string> minter = deploy(
      "RewardMinter", {abi_address(account_.address()), abi_bytes32(plan_.community),
                       reward_schedule(options_.governance), abi_uint(Uint256(options_.quorum)), attester_array()});
  if (!minter) return Fail{minter.error()};
  const Result<Address, std::string> token = asked(*minter, "token()");
  if (!token) return Fail{token.error()};
  const Result<Address, std::string> router = asked(*minter, "router()");
  if (!router) return Fail{router.error()};
  add_created("CommonwattToken", *token);
  add_created("FeeRouter", *router);
  const Result<Address, std::string> governor =
      deploy("CommonwattGovernor", {abi_address(*token), voting_rules(options_.governance)});
  if (!governor) return Fail{governor.error()};
  const Result<Address, std::string> timelock = asked(*governor, "timelock()");
  if (!timelock) return Fail{timelock.error()};
  add_created("CommonwattTimelock", *timelock);
  owner_ = *timelock;
  const Result<TransactionReceipt, std::string> given =
      account_.send("giving the RewardMinter to the timelock", *minter,
                    abi_call("transferOwnership(address)", {abi_address(*timelock)}));
  if (!given) return Fail{given.error()};
  gas_ += given->gas;
  cost_ += given->cost;
  return Done{};
}

Result<Done, std::string> Deployment::deploy_money(const Address& registry) {
  if (options_.demo_currency) {
    const Result<Address, std::string> currency = deploy("DemoCurrency", {});
    if (!currency) return Fail{currency.error()};
    currency_.address = *currency;
  }
  const Result<Address, std::string> vault =
      deploy("SettlementVault",
             {abi_address(owner_), abi_address(registry), abi_address(currency_.address), abi_uint(outflow_cap_)});
  if (!vault) return Fail{vault.error()};
  return Done{};
}

Result<Done, std::string> Deployment::deploy_devices(const Address& registry) {
  const Result<Address, std::string> devices =
      deploy("DeviceRegistry",
             {abi_address(owner_), abi_address(registry), abi_address(plan_.registrar.value_or(account_.address()))});
  if (!devices) return Fail{devices.error()};
  // Readings are signed for no chain: their domain has the id 0 (controller/eip712.hpp).
  const Result<Address, std::string> disputes =
      deploy("Disputes", {abi_address(registry), abi_address(*devices), abi_uint(0)});
  if (!disputes) return Fail{disputes.error()};
  return Done{};
}

Result<Address, std::string> Deployment::deploy(const std::string& name, const std::vector<AbiValue>& arguments) {
  Bytes data = plan_.codes.at(name);
  const Bytes tail = abi_tuple(arguments).bytes;
  data.insert(data.end(), tail.begin(), tail.end());
  const Result<TransactionReceipt, std::string> mined = account_.send("deploying " + name, std::nullopt, data);
  if (!mined) return Fail{mined.error()};
  if (!mined->contract)
    return Fail{"deploying " + name + ": the receipt of " + to_data(mined->transaction) + " names no contract"};
  deployed_.push_back({name, *mined->contract, *mined});
  gas_ += mined->gas;
  cost_ += mined->cost;
  if (!options_.access.is_json) {
    out_ << name << " " << to_text(*mined->contract) << ", block " << mined->block << ", " << mined->gas << " gas\n"
         << std::flush;
  }
  return *mined->contract;
}

/// One that the last deployed contract made.
void Deployment::add_created(const std::string& name, const Address& address) {
  if (!options_.access.is_json) out_ << "  made " << name << " " << to_text(address) << "\n";
  deployed_.push_back({name, address, deployed_.back().receipt});
}

/// Another node may serve the check than the one that took the transactions.
Result<Done, std::string> Deployment::check_deployed() {
  Result<ContractViews, std::string> views = account_.views();
  if (!views) return Fail{views.error()};
  for (const Deployed& each : deployed_) {
    const Result<bool, std::string> there = views->has_code(each.address);
    if (!there) return Fail{there.error()};
    if (!*there)
      return Fail{each.name + " " + to_text(each.address) + ": the nodes have no code there; look again later"};
  }
  const Result<RegistryState, std::string> registry = views->registry(find("AnchorRegistry")->address);
  if (!registry) return Fail{registry.error()};
  if (registry->community != plan_.community || registry->quorum != options_.quorum)
    return Fail{std::string("the registry does not say what it was deployed with; compile the contracts again")};
  return Done{};
}

Result<Address, std::string> Deployment::asked(const Address& contract, const std::string& signature) {
  Result<ContractViews, std::string> views = account_.views();
  if (!views) return Fail{views.error()};
  return views->address(contract, signature);
}

AbiValue Deployment::attester_array() const {
  std::vector<AbiValue> items;
  for (const Address& attester : plan_.attesters) items.push_back(abi_address(attester));
  return abi_array(items);
}

const Deployed* Deployment::find(const std::string& name) const {
  const auto found =
      std::find_if(deployed_.begin(), deployed_.end(), [&name](const Deployed& each) { return each.name == name; });
  return found == deployed_.end() ? nullptr : &*found;
}

std::string Deployment::cost_text() const {
  return std::to_string(gas_) + " gas, " + ether_cost_text(cost_);
}

std::string Deployment::owner_text() const {
  return to_text(owner_) + (options_.all ? " (the timelock)" : "");
}

std::string quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string Deployment::toml(bool is_whole) const {
  std::string text =
      "# Commonwatt's contracts for " + options_.origin + " on chain " + std::to_string(chain_id_) + "\n";
  for (const Deployed& each : deployed_) text += "# " + each.name + " " + to_text(each.address) + "\n";
  if (!is_whole) return text + "# The deployment failed behind these; they are not complete.\n";
  text += "# owner " + owner_text() + ", guardian " + to_text(plan_.guardian) + "\n\n";
  const Deployed* registry = find("AnchorRegistry");
  const Deployed* vault = find("SettlementVault");
  text += std::string("[chain]\nmode = ") + (vault != nullptr ? "\"vault\"" : "\"anchor\"") +
          "\nchain_id = " + std::to_string(chain_id_) + "\nregistry = \"" + to_text(registry->address) + "\"\n";
  if (vault != nullptr) text += "vault = \"" + to_text(vault->address) + "\"\n";
  text += "first_block = " + std::to_string(registry->receipt.block) + "\nrpc = [";
  for (const std::string& url : options_.access.rpc) text += (text.back() == '[' ? "" : ", ") + quoted(url);
  text += "]\nanchor_intervals = 1\nquorum = " + std::to_string(options_.quorum) + "\n";
  text +=
      "# relayer_key = \"...\"  # file of the key that pays for anchors: commonwatt chain key --kind relayer FILE\n";
  text += "# attesters = [...]     # who signs anchors; their addresses on the chain are\n";
  for (const Address& attester : plan_.attesters) text += "#   " + to_text(attester) + "\n";
  return text;
}

ordered_json Deployment::json() const {
  ordered_json contracts = ordered_json::array();
  for (const Deployed& each : deployed_) {
    contracts.push_back({{"name", each.name},
                         {"address", to_text(each.address)},
                         {"block", each.receipt.block},
                         {"transaction", to_data(each.receipt.transaction)}});
  }
  ordered_json json{{"chain_id", chain_id_},
                    {"community", to_data(plan_.community)},
                    {"owner", to_text(owner_)},
                    {"contracts", contracts},
                    {"gas", gas_},
                    {"cost_wei", cost_.str()}};
  if (options_.all) json["governance"] = governance_json(options_.governance);
  return json;
}

/// What exists on the chain although the deployment failed.
int report_failure(const DeployOptions& options, const Deployment& deployment, const std::string& why,
                   std::ostream& out, std::ostream& errors) {
  std::string text = why;
  for (const Deployed& each : deployment.deployed())
    text += "\n  exists already: " + each.name + " " + to_text(each.address);
  if (!deployment.deployed().empty())
    text += "\n  what exists has no use alone: deploy anew when the cause is mended, it costs once more";
  if (!options.out.empty() && !deployment.deployed().empty())
    (void)write_result(options.out, deployment.toml(false), out, errors);
  if (options.access.is_json) {
    ordered_json json = deployment.json();
    json["error"] = why;
    out << json.dump() << "\n";
  }
  return complain(errors, text, 1);
}

}  // namespace

int run_chain_deploy(const DeployOptions& options, std::ostream& out, std::ostream& errors) {
  Result<Plan, std::string> plan = plan_of(options);
  if (!plan) return complain(errors, plan.error(), status_usage);
  Result<ChainAccount, std::string> account = ChainAccount::open(options.access);
  if (!account) return complain(errors, account.error(), 1);
  Deployment deployment(options, std::move(plan.value()), account.value(), out);
  if (const auto fit = deployment.check_chain(); !fit) return complain(errors, fit.error(), 1);
  if (const auto done = deployment.run(); !done) return report_failure(options, deployment, done.error(), out, errors);
  if (options.access.is_json) {
    out << deployment.json().dump() << "\n";
  } else {
    out << "all together " << deployment.cost_text() << "; owner " << deployment.owner_text() << "\n";
    if (options.owner.empty() && !options.all)
      out << "The deployer owns the registry: before anything of value depends on it, give it to a timelock.\n";
    if (options.all) {
      out << governance_text(options.governance)
          << "Make Disputes a guardian by a vote; until then only --guardian can veto.\n";
    }
  }
  return options.out.empty() ? 0 : write_result(options.out, deployment.toml(true), out, errors);
}

}  // namespace commonwatt
