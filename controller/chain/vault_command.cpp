#include "controller/chain/vault_command.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "controller/chain/abi.hpp"
#include "controller/chain/chain_report.hpp"
#include "controller/chain/token_amount.hpp"
#include "controller/command_output.hpp"
#include "controller/csv_rows.hpp"
#include "controller/settlement_proof.hpp"

namespace commonwatt {
namespace {

/// How many more epochs are final until an exit is paid (SettlementVault.EXIT_EPOCHS).
constexpr std::int64_t exit_epochs = 2;

/// A vault, its registry and a key that pays, as of one block.
struct Vault {
  ChainAccount payer;
  ContractViews views;
  Address address;
  VaultState state;
  RegistryState registry;

  [[nodiscard]] std::string text(const Int256& amount) const {
    return token_amount_text(amount, state.currency.decimals) + " " + state.currency.symbol;
  }
  [[nodiscard]] std::string plain(const Int256& amount) const {
    return token_amount_text(amount, state.currency.decimals);
  }
};

Result<Vault, Refusal> open_vault(const ChainAccess& access, const std::string& vault) {
  const Result<Address, std::string> address = address_option("--vault", vault);
  if (!address) return refuse(address.error(), status_usage);
  Result<ChainAccount, std::string> payer = ChainAccount::open(access);
  if (!payer) return refuse(payer.error());
  Result<ContractViews, std::string> views = payer.value().views();
  if (!views) return refuse(views.error());
  const Result<VaultState, std::string> state = views.value().vault(*address);
  if (!state) return refuse(state.error());
  const Result<RegistryState, std::string> registry = views.value().registry(state->registry);
  if (!registry) return refuse(registry.error());
  return Vault{.payer = std::move(payer.value()),
               .views = views.value(),
               .address = *address,
               .state = *state,
               .registry = *registry};
}

/// An amount in an option, above zero if `least` is one.
Result<Uint256, Refusal> amount_option(const Vault& vault, const std::string& text, unsigned least) {
  const std::optional<Uint256> amount = token_amount_from_text(text, vault.state.currency.decimals);
  if (amount && *amount >= least) return *amount;
  return refuse("--amount '" + text + "' is not an amount of " + vault.state.currency.symbol +
                    " such as 12.50, with at most " + std::to_string(vault.state.currency.decimals) + " decimals" +
                    (least > 0 ? ", above zero" : ""),
                status_usage);
}

/// The newest settlement-EPOCH.json in a gateway's directory whose epoch is final.
Result<std::string, Refusal> newest_proof(const std::string& directory, std::int64_t final_epoch) {
  constexpr std::string_view prefix = "settlement-";
  constexpr std::string_view suffix = ".json";
  std::error_code error;
  std::optional<std::pair<std::int64_t, std::string>> newest;
  bool is_any = false;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(suffix) || name.size() <= prefix.size() + suffix.size()) continue;
    std::int64_t epoch = 0;
    const char* end = name.data() + name.size() - suffix.size();
    const auto [stop, problem] = std::from_chars(name.data() + prefix.size(), end, epoch);
    if (problem != std::errc() || stop != end) continue;
    is_any = true;
    if (epoch <= final_epoch && (!newest || epoch > newest->first)) newest = std::pair(epoch, entry.path().string());
  }
  if (error) return refuse("--gateway " + directory + ": " + error.message(), status_data);
  if (newest) return newest->second;
  return refuse("--gateway " + directory + ": " +
                    (is_any ? "no settlement proof there is of a final epoch; the newest final one is " +
                                  std::to_string(final_epoch)
                            : "holds no settlement-EPOCH.json"),
                status_data);
}

/// The proof of the options, which holds and is of an anchor that the vault's registry has as final.
Result<SettlementProof, Refusal> checked_proof(Vault& vault, const ClaimOptions& options) {
  if (options.proof.empty() == options.gateway.empty())
    return refuse("give --proof FILE, or --gateway DIR for the newest there", status_usage);
  const Result<std::string, Refusal> file = options.proof.empty()
                                                ? newest_proof(options.gateway, vault.registry.final_epoch)
                                                : Result<std::string, Refusal>(options.proof);
  if (!file) return Fail{file.error()};
  const Result<std::string, std::string> text = read_text(*file);
  if (!text) return refuse(text.error(), status_data);
  const Result<SettlementProof, std::string> proof = settlement_proof_from_text(*text);
  const auto wrong = [&file](const std::string& what) { return refuse(*file + ": " + what, status_data); };
  if (!proof) return wrong(proof.error());
  if (const std::optional<std::string> fault = settlement_proof_fault(*proof)) return wrong(*fault);
  const Anchor& anchor = proof->anchor;
  const std::string epoch = "epoch " + std::to_string(anchor.epoch);
  if (anchor.community != vault.registry.community) return wrong("is of another community than the vault's registry");
  if (anchor.epoch > vault.registry.epoch)
    return wrong(epoch + " is not anchored yet; the registry is at " + std::to_string(vault.registry.epoch));
  const auto event = vault.views.anchored(vault.state.registry, anchor.epoch, options.access.first_block);
  if (!event) return refuse(event.error());
  if (!*event) return wrong(epoch + " is not found on the chain; is --first-block behind it?");
  if ((*event)->head != anchor_hash(anchor)) {
    return wrong(epoch + " is anchored as " + to_data((*event)->head) + ", this proof is of " +
                 to_data(anchor_hash(anchor)) + "; get the proof again from the controller");
  }
  const Result<Hash32, std::string> root = vault.views.final_root(vault.state.registry, anchor.epoch);
  if (!root) return refuse(root.error());
  if (*root != anchor.settlement_root) return wrong(epoch + " has another settlement root on the chain");
  return *proof;
}

Address account_of(const SettlementProof& proof) {
  return {.bytes = proof.account};
}

/// settle, claim and executeExit take the same arguments.
Bytes leaf_call(const char* function, const SettlementProof& proof) {
  std::vector<AbiValue> path;
  for (const Hash32& hash : proof.path) path.push_back(abi_bytes32(hash));
  return abi_call(std::string(function) + "(address,uint64,int256,bytes32[])",
                  {abi_address(account_of(proof)), abi_uint(Uint256(proof.anchor.epoch)),
                   abi_int(Int256(proof.cumulative_net.count)), abi_array(path)});
}

/// The amount in the vault's event of that signature: the first word of its data.
Result<Uint256, Refusal> logged_amount(const TransactionReceipt& mined, const Address& vault,
                                       std::string_view signature) {
  if (const ReceiptLog* log = mined.event(vault, signature); log != nullptr) {
    AbiReader reader(log->data);
    const Uint256 amount = reader.number();
    if (!reader.failed()) return amount;
  }
  return refuse("the receipt of " + to_data(mined.transaction) + " has no " + std::string(signature) + "; look at it");
}

Outcome deposit(const DepositOptions& options) {
  Result<Vault, Refusal> opened = open_vault(options.access, options.vault);
  if (!opened) return Fail{opened.error()};
  Vault& vault = opened.value();
  const Result<Uint256, Refusal> amount = amount_option(vault, options.amount, 1);
  if (!amount) return Fail{amount.error()};
  Address account = vault.payer.address();
  if (!options.account.empty()) {
    const Result<Address, std::string> given = address_option("--account", options.account);
    if (!given) return refuse(given.error(), status_usage);
    account = *given;
  }
  const Address& token = vault.state.currency.address;
  const Result<Uint256, std::string> money = vault.views.currency_balance(token, vault.payer.address());
  if (!money) return refuse(money.error());
  if (*money < *amount) {
    return refuse(to_text(vault.payer.address()) + " has " + vault.text(Int256(*money)) + ", less than the " +
                  vault.text(Int256(*amount)) + " to deposit");
  }
  const Result<Uint256, std::string> allowed = vault.views.allowance(token, vault.payer.address(), vault.address);
  if (!allowed) return refuse(allowed.error());
  if (*allowed < *amount) {
    const auto approved =
        vault.payer.send("approving the vault", token,
                         abi_call("approve(address,uint256)", {abi_address(vault.address), abi_uint(*amount)}));
    if (!approved) return refuse(approved.error());
  }
  const auto mined = vault.payer.send("depositing", vault.address,
                                      abi_call("deposit(address,uint256)", {abi_address(account), abi_uint(*amount)}));
  if (!mined) return refuse(mined.error());
  const Result<Uint256, Refusal> arrived = logged_amount(*mined, vault.address, "Deposited(address,address,uint256)");
  if (!arrived) return Fail{arrived.error()};
  Report report{.json = {{"account", to_text(account)}, {"deposited", vault.plain(Int256(*arrived))}},
                .words = "deposited " + vault.text(Int256(*arrived)) + " for " + to_text(account) + "\n"};
  note(report, *mined);
  return report;
}

/// What an account and a proof come to together, in the currency's smallest units.
struct Due {
  Int256 credit;  // negative: a debt
  Int256 collateral;
  bool is_applied = false;  // the epoch of the proof was applied before
};

Result<Due, Refusal> due_of(Vault& vault, const SettlementProof& proof) {
  const Result<VaultAccount, std::string> account = vault.views.account(vault.address, account_of(proof));
  if (!account) return refuse(account.error());
  const std::string epoch = std::to_string(proof.anchor.epoch);
  if (proof.anchor.epoch < account->epoch) {
    return refuse("the proof is of epoch " + epoch + ", and epoch " + std::to_string(account->epoch) +
                      " is applied already; take a newer proof",
                  status_data);
  }
  const bool is_applied = proof.anchor.epoch == account->epoch;
  if (is_applied && account->net != Int256(proof.cumulative_net.count))
    return refuse("epoch " + epoch + " was applied with another net: the attesters signed two trees", status_data);
  const Int256 net = token_amount_of(proof.cumulative_net, vault.state.currency.decimals);
  return Due{
      .credit = net - Int256(account->paid), .collateral = Int256(account->collateral), .is_applied = is_applied};
}

/// Pays what the account is owed, as far as the cap allows.
Outcome pay_credit(Vault& vault, const SettlementProof& proof, const Due& due) {
  Report report{.json = {{"account", to_text(account_of(proof))}, {"epoch", proof.anchor.epoch}}, .words = ""};
  if (vault.state.outflow_left == 0) {
    report.json["paid"] = vault.plain(0);
    report.json["owed"] = vault.plain(due.credit);
    report.words = "nothing sent: " + vault.text(due.credit) + " are owed, and the outflow cap of " +
                   vault.text(Int256(vault.state.outflow_cap)) + " is used up until an epoch after " +
                   std::to_string(vault.registry.final_epoch) + " is final\n";
    return report;
  }
  if (const Int256 payable = std::min(due.credit, Int256(vault.state.outflow_left));
      payable > Int256(vault.state.holdings)) {
    return refuse("the vault holds " + vault.text(Int256(vault.state.holdings)) + ", less than the " +
                  vault.text(payable) + " to pay: those who owe have not deposited it");
  }
  const auto mined = vault.payer.send("claiming", vault.address, leaf_call("claim", proof));
  if (!mined) return refuse(mined.error());
  const Result<Uint256, Refusal> paid = logged_amount(*mined, vault.address, "Claimed(address,uint64,uint256)");
  if (!paid) return Fail{paid.error()};
  const Int256 owed = due.credit - Int256(*paid);
  report.json["paid"] = vault.plain(Int256(*paid));
  report.json["owed"] = vault.plain(owed);
  report.words = "paid " + vault.text(Int256(*paid)) + " to " + to_text(account_of(proof)) + " as of epoch " +
                 std::to_string(proof.anchor.epoch) + "\n";
  if (owed > 0) {
    report.words +=
        vault.text(owed) + " stay owed because of the outflow cap; claim again when a newer epoch is final\n";
  }
  note(report, *mined);
  return report;
}

/// Applies a debt, which the collateral must cover.
Outcome settle_debt(Vault& vault, const SettlementProof& proof, const Due& due) {
  const Int256 debt = -due.credit;
  const Int256 free = due.collateral - debt;
  if (free < 0) {
    return refuse(to_text(account_of(proof)) + " owes " + vault.text(debt) + ", its collateral of " +
                  vault.text(due.collateral) + " does not cover it; deposit at least " + vault.text(-free) + " first");
  }
  Report report{.json = {{"account", to_text(account_of(proof))},
                         {"epoch", proof.anchor.epoch},
                         {"paid", vault.plain(0)},
                         {"owes", vault.plain(debt)},
                         {"collateral", vault.plain(due.collateral)},
                         {"free", vault.plain(free)}},
                .words = to_text(account_of(proof)) + " owes " + vault.text(debt) + " as of epoch " +
                         std::to_string(proof.anchor.epoch) + ", covered by its collateral of " +
                         vault.text(due.collateral) + ", of which " + vault.text(free) + " stay free\n"};
  if (due.is_applied) {
    report.words += "nothing sent: this epoch is settled already\n";
    return report;
  }
  const auto mined = vault.payer.send("settling", vault.address, leaf_call("settle", proof));
  if (!mined) return refuse(mined.error());
  note(report, *mined);
  return report;
}

Outcome claim(const ClaimOptions& options) {
  Result<Vault, Refusal> opened = open_vault(options.access, options.vault);
  if (!opened) return Fail{opened.error()};
  Vault& vault = opened.value();
  const Result<SettlementProof, Refusal> proof = checked_proof(vault, options);
  if (!proof) return Fail{proof.error()};
  const Result<Due, Refusal> due = due_of(vault, *proof);
  if (!due) return Fail{due.error()};
  if (due->credit > 0) return pay_credit(vault, *proof, *due);
  if (due->credit < 0) return settle_debt(vault, *proof, *due);
  const std::string who = to_text(account_of(*proof));
  return Report{
      .json = {{"account", who}, {"epoch", proof->anchor.epoch}, {"paid", vault.plain(0)}, {"owed", vault.plain(0)}},
      .words = "nothing sent: nothing is due to " + who + " as of epoch " + std::to_string(proof->anchor.epoch) + "\n"};
}

Outcome request_exit(Vault& vault, const std::string& text) {
  const Result<Uint256, Refusal> amount = amount_option(vault, text, 0);
  if (!amount) return Fail{amount.error()};
  const Result<VaultAccount, std::string> account = vault.views.account(vault.address, vault.payer.address());
  if (!account) return refuse(account.error());
  if (*amount > account->collateral) {
    return refuse(to_text(vault.payer.address()) + " has " + vault.text(Int256(account->collateral)) +
                  " of collateral, less than --amount " + text);
  }
  const auto mined =
      vault.payer.send("asking collateral back", vault.address, abi_call("requestExit(uint96)", {abi_uint(*amount)}));
  if (!mined) return refuse(mined.error());
  const std::int64_t ready = vault.registry.epoch + exit_epochs;
  Report report{.json = {{"account", to_text(vault.payer.address())},
                         {"requested", vault.plain(Int256(*amount))},
                         {"ready_epoch", ready}},
                .words = "asked " + vault.text(Int256(*amount)) + " back; 'withdraw --finish' pays it when epoch " +
                         std::to_string(ready) + " or a later one is final\n"};
  note(report, *mined);
  return report;
}

Outcome finish_exit(Vault& vault, const ClaimOptions& options) {
  const Result<SettlementProof, Refusal> proof = checked_proof(vault, options);
  if (!proof) return Fail{proof.error()};
  const Result<VaultAccount, std::string> account = vault.views.account(vault.address, account_of(*proof));
  if (!account) return refuse(account.error());
  const std::string who = to_text(account_of(*proof));
  if (account->exit_amount == 0) return refuse(who + " has asked nothing back; 'withdraw --amount' does");
  const std::int64_t newest = vault.registry.final_epoch;
  if (newest < account->exit_epoch + exit_epochs) {
    return refuse("too early: epoch " + std::to_string(newest) + " is the newest final one, the exit waits for " +
                  std::to_string(account->exit_epoch + exit_epochs));
  }
  if (proof->anchor.epoch != newest) {
    return refuse("the proof is of epoch " + std::to_string(proof->anchor.epoch) +
                      ", an exit is judged by the newest final one, " + std::to_string(newest),
                  status_data);
  }
  const auto mined = vault.payer.send("paying the exit", vault.address, leaf_call("executeExit", *proof));
  if (!mined) return refuse(mined.error());
  const Result<Uint256, Refusal> paid = logged_amount(*mined, vault.address, "Exited(address,uint64,uint256)");
  if (!paid) return Fail{paid.error()};
  const Int256 rest = Int256(account->exit_amount) - Int256(*paid);
  Report report{.json = {{"account", who},
                         {"paid", vault.plain(Int256(*paid))},
                         {"requested", vault.plain(Int256(account->exit_amount))}},
                .words = "paid " + vault.text(Int256(*paid)) + " of collateral to " + who + "\n"};
  if (rest > 0) {
    report.words +=
        vault.text(rest) + " of the request were not paid: the account owes them, or the outflow cap holds them back\n";
  }
  note(report, *mined);
  return report;
}

Outcome withdraw(const WithdrawOptions& options) {
  if (options.finish != options.amount.empty())
    return refuse("give --amount to ask collateral back, or --finish to get what was asked", status_usage);
  Result<Vault, Refusal> vault = open_vault(options.claim.access, options.claim.vault);
  if (!vault) return Fail{vault.error()};
  return options.finish ? finish_exit(vault.value(), options.claim) : request_exit(vault.value(), options.amount);
}

}  // namespace

int run_chain_deposit(const DepositOptions& options, std::ostream& out, std::ostream& errors) {
  return finish(deposit(options), options.access.is_json, out, errors);
}

int run_chain_claim(const ClaimOptions& options, std::ostream& out, std::ostream& errors) {
  return finish(claim(options), options.access.is_json, out, errors);
}

int run_chain_withdraw(const WithdrawOptions& options, std::ostream& out, std::ostream& errors) {
  return finish(withdraw(options), options.claim.access.is_json, out, errors);
}

}  // namespace commonwatt
