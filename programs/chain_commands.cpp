#include "programs/chain_commands.hpp"

#include <iostream>
#include <memory>

#include "controller/chain/chain_command.hpp"
#include "controller/chain/deploy_command.hpp"
#include "controller/chain/dispute_command.hpp"
#include "controller/chain/guardian_command.hpp"
#include "controller/chain/reward_command.hpp"
#include "controller/chain/vault_command.hpp"
#include "programs/attest_command.hpp"

namespace commonwatt {
namespace {

/// Options are owned by the callback that uses them; `access` lives in them.
void add_reading(CLI::App* command, ChainAccess& access) {
  command->add_option("--rpc", access.rpc, "a node's URL; repeatable: all must agree")->required()->type_name("URL");
  command->add_option("--first-block", access.first_block, "the registry's: no event is looked for before it")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  command->add_flag("--json", access.is_json, "prints one JSON object");
}

void add_paying(CLI::App* command, ChainAccess& access) {
  add_reading(command, access);
  command->add_option("--key", access.key, "key of the account that pays; a household's order.key will do")
      ->required()
      ->type_name("FILE|pkcs11:URI");
}

void add_key(CLI::App& chain, std::function<int()>& action) {
  CLI::App* command = chain.add_subcommand("key", "makes a key for the chain and prints its address");
  auto options = std::make_shared<ChainKeyOptions>();
  command->add_option("file", options->file, "where the key goes: a file, readable by its owner alone, or a token")
      ->required()
      ->type_name("FILE|pkcs11:URI");
  command->add_option("--kind", options->kind, "relayer, attester, guardian or owner")->type_name("KIND");
  command->add_flag("--show", options->show, "instead, prints the address of the key that is there");
  command->footer(
      "Example: commonwatt chain key --kind relayer /etc/commonwatt/relayer.key\n"
      "         commonwatt chain key --kind relayer 'pkcs11:token=commonwatt;object=relayer?"
      "module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/commonwatt/pin'");
  command->callback([=, &action] { action = [=] { return run_chain_key(*options, std::cout, std::cerr); }; });
}

/// The names are those of `commonwatt rewards`, where both have them.
void add_governance(CLI::App* command, GovernanceOptions& figures) {
  const auto number = [command](const char* name, std::int64_t& value, const char* words, const char* type) {
    command->add_option(name, value, words)->type_name(type)->capture_default_str()->group("Figures of --all");
  };
  number("--base-budget", figures.base_budget, "base units of rewards an epoch, before it halves", "N");
  number("--halving", figures.halving_epochs, "epochs", "N");
  number("--bootstrap", figures.bootstrap_epochs, "epochs not capped by what was burned", "N");
  number("--window", figures.window_epochs, "epochs whose burned fees cap the budget, 1 to 64", "N");
  number("--epoch-seconds", figures.epoch_seconds, "a reward epoch", "S");
  command->add_option("--proposal-votes", figures.proposal_votes, "to propose; a hundredth of the base budget")
      ->type_name("N")
      ->group("Figures of --all");
  command->add_option("--quorum-votes", figures.quorum_votes, "to decide, at least; the base budget")
      ->type_name("N")
      ->group("Figures of --all");
  number("--quorum-percent", figures.quorum_percent, "of the supply, to decide", "N");
  number("--voting-delay", figures.voting_delay_seconds, "between a proposal and the votes on it", "S");
  number("--voting-period", figures.voting_period_seconds, "how long votes are taken", "S");
  number("--timelock-delay", figures.timelock_seconds, "between a decision and its effect: time to leave", "S");
}

void add_deploy(CLI::App& chain, std::function<int()>& action) {
  CLI::App* command = chain.add_subcommand("deploy", "puts a community's contracts on a chain");
  auto options = std::make_shared<DeployOptions>();
  add_paying(command, options->access);
  command->add_option("--origin", options->origin, "the evidence log's name")->required()->type_name("ORIGIN");
  command->add_option("--attester", options->attesters, "who signs anchors; repeatable")
      ->required()
      ->type_name("ADDRESS");
  command->add_option("--quorum", options->quorum, "how many of them must sign: more than half")
      ->required()
      ->type_name("N");
  command->add_option("--guardian", options->guardian, "who may veto and pause")->required()->type_name("ADDRESS");
  command->add_option("--veto-seconds", options->veto_seconds, "how long an anchor may be vetoed")
      ->required()
      ->type_name("S");
  command->add_option("--owner", options->owner, "who may change attesters and guardians; the deployer if not given")
      ->type_name("ADDRESS");
  command->add_option("--currency", options->currency, "an ERC-20 token: deploys a vault, too")->type_name("ADDRESS");
  command->add_flag("--demo-currency", options->demo_currency, "instead, deploys a token that is worth nothing");
  command->add_flag("--force-demo-currency", options->force_demo_currency, "on a chain that is not for tests, too");
  command->add_option("--outflow-cap", options->outflow_cap, "the most that leaves the vault in an epoch")
      ->type_name("AMOUNT")
      ->capture_default_str();
  command->add_option("--contracts", options->contracts, "where contracts/compile left out/")
      ->type_name("DIR")
      ->capture_default_str();
  command->add_option("--out", options->out, "where the controller's table [chain] goes")->type_name("FILE.toml");
  command->add_flag("--all", options->all, "the token, its governance, the device registry and the disputes, too");
  command->add_option("--registrar", options->registrar, "with --all: who enrols devices; the deployer if not given")
      ->type_name("ADDRESS");
  add_governance(command, options->governance);
  command->footer(
      "Example: commonwatt chain deploy --rpc http://127.0.0.1:8545 --key owner.key --origin example.org/sonnenfeld "
      "\\\n"
      "            --attester 0x... --attester 0x... --attester 0x... --quorum 2 --guardian 0x... \\\n"
      "            --veto-seconds 86400 --out chain.toml\n"
      "What to choose, and what it costs, is in docs/chain.md.");
  command->callback([=, &action] { action = [=] { return run_chain_deploy(*options, std::cout, std::cerr); }; });
}

void add_status(CLI::App& chain, std::function<int()>& action) {
  CLI::App* command = chain.add_subcommand("status", "says what the registry, the vault and an account hold");
  auto options = std::make_shared<ChainStatusOptions>();
  add_reading(command, options->access);
  command->add_option("--registry", options->registry, "the AnchorRegistry")->type_name("ADDRESS");
  command->add_option("--vault", options->vault, "the SettlementVault")->type_name("ADDRESS");
  command->add_option("--relayer", options->relayer, "whose money pays for anchors")->type_name("ADDRESS");
  command->add_option("--account", options->account, "a household's account in the vault")->type_name("ADDRESS");
  command->footer("Example: commonwatt chain status --rpc http://127.0.0.1:8545 --registry 0x...");
  command->callback([=, &action] { action = [=] { return run_chain_status(*options, std::cout, std::cerr); }; });
}

void add_deposit(CLI::App& chain, std::function<int()>& action) {
  CLI::App* command = chain.add_subcommand("deposit", "adds collateral to an account in the vault");
  auto options = std::make_shared<DepositOptions>();
  add_paying(command, options->access);
  command->add_option("--vault", options->vault, "the SettlementVault")->required()->type_name("ADDRESS");
  command->add_option("--amount", options->amount, "units of the currency, such as 12.50")
      ->required()
      ->type_name("AMOUNT");
  command->add_option("--account", options->account, "whose; the key's if not given")->type_name("ADDRESS");
  command->footer(
      "Example: commonwatt chain deposit --rpc http://127.0.0.1:8545 --vault 0x... --key keys/order.key --amount "
      "12.50");
  command->callback([=, &action] { action = [=] { return run_chain_deposit(*options, std::cout, std::cerr); }; });
}

void add_proof(CLI::App* command, ClaimOptions& options) {
  add_paying(command, options.access);
  command->add_option("--vault", options.vault, "the SettlementVault")->required()->type_name("ADDRESS");
  auto* proof = command->add_option("--proof", options.proof, "a settlement proof")->type_name("FILE.json");
  command
      ->add_option("--gateway", options.gateway, "instead, a gateway's directory: the newest proof there that is final")
      ->type_name("DIR")
      ->excludes(proof);
}

void add_claim(CLI::App& chain, std::function<int()>& action) {
  CLI::App* command = chain.add_subcommand("claim", "pays out what an account is owed, or settles what it owes");
  auto options = std::make_shared<ClaimOptions>();
  add_proof(command, *options);
  command->footer(
      "Example: commonwatt chain claim --rpc http://127.0.0.1:8545 --vault 0x... --key keys/order.key \\\n"
      "            --gateway /var/lib/commonwatt/gateway");
  command->callback([=, &action] { action = [=] { return run_chain_claim(*options, std::cout, std::cerr); }; });
}

void add_withdraw(CLI::App& chain, std::function<int()>& action) {
  CLI::App* command = chain.add_subcommand("withdraw", "asks collateral back, and two final epochs later gets it");
  auto options = std::make_shared<WithdrawOptions>();
  add_proof(command, options->claim);
  command->add_option("--amount", options->amount, "how much to ask back; 0 takes a request back")->type_name("AMOUNT");
  command->add_flag("--finish", options->finish, "pays what was asked back");
  command->footer(
      "Example: commonwatt chain withdraw --rpc http://127.0.0.1:8545 --vault 0x... --key keys/order.key --amount 5\n"
      "         commonwatt chain withdraw --rpc http://127.0.0.1:8545 --vault 0x... --key keys/order.key --finish \\\n"
      "            --gateway /var/lib/commonwatt/gateway");
  command->callback([=, &action] { action = [=] { return run_chain_withdraw(*options, std::cout, std::cerr); }; });
}

void add_registry(CLI::App* command, GuardianOptions& options) {
  add_paying(command, options.access);
  command->add_option("--registry", options.registry, "the AnchorRegistry")->required()->type_name("ADDRESS");
}

void add_veto(CLI::App& chain, std::function<int()>& action) {
  CLI::App* command = chain.add_subcommand("veto", "a guardian undoes an epoch and all newer ones");
  auto options = std::make_shared<VetoOptions>();
  add_registry(command, options->guardian);
  command->add_option("--epoch", options->epoch, "the oldest that is wrong")->required()->type_name("N");
  command->footer(
      "Example: commonwatt chain veto --rpc http://127.0.0.1:8545 --registry 0x... --key guardian.key --epoch 812");
  command->callback([=, &action] { action = [=] { return run_chain_veto(*options, std::cout, std::cerr); }; });
}

/// The commands that need no more than a registry and a key.
void add_stop_and_go(CLI::App& chain, std::function<int()>& action) {
  using Run = int (*)(const GuardianOptions&, std::ostream&, std::ostream&);
  struct Command {
    const char* name;
    const char* text;
    const char* key;
    Run run;
  };
  for (const Command& each :
       {Command{"pause", "a guardian stops anchoring and payments", "guardian.key", run_chain_pause},
        Command{"unpause", "the owner resumes what was paused", "owner.key", run_chain_unpause},
        Command{"rewind", "lets anchoring go on after a veto; anybody may", "relayer.key", run_chain_rewind}}) {
    CLI::App* command = chain.add_subcommand(each.name, each.text);
    auto options = std::make_shared<GuardianOptions>();
    add_registry(command, *options);
    command->footer(std::string("Example: commonwatt chain ") + each.name +
                    " --rpc http://127.0.0.1:8545 --registry 0x... --key " + each.key);
    command->callback([=, &action, run = each.run] { action = [=] { return run(*options, std::cout, std::cerr); }; });
  }
}

void add_sign_rewards(CLI::App& chain, std::function<int()>& action) {
  CLI::App* command = chain.add_subcommand("sign-rewards", "an attester counts a reward epoch and signs what it finds");
  auto options = std::make_shared<SignRewardsOptions>();
  RewardSource& source = options->source;
  add_reading(command, options->access);
  command->add_option("--key", options->access.key, "the attester's")->required()->type_name("FILE|pkcs11:URI");
  command->add_option("--minter", options->minter, "the RewardMinter")->required()->type_name("ADDRESS");
  command->add_option("--dir", source.directory, "with a journal.sqlite that you have verified")
      ->required()
      ->type_name("DIR");
  command->add_option("--epoch", source.epoch, "which, as the minter counts them")->required()->type_name("N");
  command->add_option("--balance", source.balance, "balance.csv of 'settle'; without it no zone is confirmed")
      ->type_name("FILE");
  command->add_option("--fee", source.parameters.fee.count, "the least any buyer pays, micro-currency per kWh")
      ->type_name("MICRO")
      ->capture_default_str();
  command
      ->add_option("--reward-to-fee", source.parameters.reward_to_fee_permille, "the most a kWh earns of it, 1 to 999")
      ->type_name("PERMILLE")
      ->capture_default_str();
  command->add_option("--previous", options->previous, "what was published last")->type_name("FILE.json");
  command->add_option("--out", options->out, "where it goes; rewards-EPOCH.json")->type_name("FILE.json");
  command->footer(
      "Example: commonwatt chain sign-rewards --rpc http://127.0.0.1:8545 --minter 0x... --key attester.key \\\n"
      "            --dir copy --epoch 41 --balance balance.csv --previous rewards-40.json");
  command->callback([=, &action] { action = [=] { return run_chain_sign_rewards(*options, std::cout, std::cerr); }; });
}

void add_publish_rewards(CLI::App& chain, std::function<int()>& action) {
  CLI::App* command =
      chain.add_subcommand("publish-rewards", "publishes the rewards that a quorum of attesters signed");
  auto options = std::make_shared<PublishRewardsOptions>();
  add_paying(command, options->access);
  command->add_option("--minter", options->minter, "the RewardMinter")->required()->type_name("ADDRESS");
  command->add_option("--file", options->files, "what an attester signed; repeatable")
      ->required()
      ->type_name("FILE.json");
  command->footer(
      "Example: commonwatt chain publish-rewards --rpc http://127.0.0.1:8545 --minter 0x... --key relayer.key \\\n"
      "            --file anna/rewards-41.json --file bert/rewards-41.json --file cleo/rewards-41.json");
  command->callback(
      [=, &action] { action = [=] { return run_chain_publish_rewards(*options, std::cout, std::cerr); }; });
}

void add_claim_rewards(CLI::App& chain, std::function<int()>& action) {
  CLI::App* command = chain.add_subcommand("claim-rewards", "mints what an account has earned and not claimed yet");
  auto options = std::make_shared<ClaimRewardsOptions>();
  add_paying(command, options->access);
  command->add_option("--minter", options->minter, "the RewardMinter")->required()->type_name("ADDRESS");
  command->add_option("--file", options->file, "what was published last")->required()->type_name("FILE.json");
  command->add_option("--account", options->account, "whose; the key's if not given")->type_name("ADDRESS");
  command->footer(
      "Example: commonwatt chain claim-rewards --rpc http://127.0.0.1:8545 --minter 0x... --key keys/order.key \\\n"
      "            --file rewards-41.json");
  command->callback([=, &action] { action = [=] { return run_chain_claim_rewards(*options, std::cout, std::cerr); }; });
}

void add_dispute(CLI::App& chain, std::function<int()>& action) {
  CLI::App* command = chain.add_subcommand("dispute", "proves fraud to the contract Disputes; anybody may");
  auto options = std::make_shared<DisputeOptions>();
  add_reading(command, options->court.access);
  auto* key = command->add_option("--key", options->court.access.key, "key of the account that pays")
                  ->type_name("FILE|pkcs11:URI");
  command->add_flag("--dry-run", options->court.is_dry_run, "sends nothing: prints the call, for somebody else to send")
      ->excludes(key);
  command->add_option("--disputes", options->court.disputes, "the contract Disputes")->required()->type_name("ADDRESS");
  auto* directory =
      command->add_option("--dir", options->trade.directory, "with a controller's journal, or a copy of it")
          ->type_name("DIR");
  command->add_option("--interval", options->trade.interval, "begin of the interval traded in, in UTC")
      ->needs(directory)
      ->type_name("TIME");
  command->add_option("--run", options->trade.run, "initial, revised or final; else all that are sealed")
      ->type_name("RUN");
  command->add_option("--order", options->trade.order, "the order's hash; else every order of the interval")
      ->type_name("HASH");
  command->add_option("--household", options->trade.household, "only this household's orders")->type_name("ID");
  command
      ->add_option("--anchor", options->anchors, "instead of a trade, twice: two anchors of one epoch by one attester")
      ->type_name("TRANSACTION|FILE|DIR");
  command->footer(
      "Example: commonwatt chain dispute --rpc http://127.0.0.1:8545 --disputes 0x... --key relayer.key --dir /var/lib/"
      "commonwatt \\\n"
      "             --interval 2026-06-21T10:15:00Z --household hh04\n"
      "         commonwatt chain dispute --rpc http://127.0.0.1:8545 --disputes 0x... --key relayer.key --anchor 0x... "
      "\\\n             --anchor /var/lib/commonwatt");
  command->callback([=, &action] { action = [=] { return run_chain_dispute(*options, std::cout, std::cerr); }; });
}

}  // namespace

void add_chain_commands(CLI::App& app, std::function<int()>& action) {
  CLI::App* chain = app.add_subcommand("chain", "contracts, anchors and money on an EVM chain");
  chain->require_subcommand(1);
  add_key(*chain, action);
  add_deploy(*chain, action);
  add_status(*chain, action);
  add_deposit(*chain, action);
  add_claim(*chain, action);
  add_withdraw(*chain, action);
  add_veto(*chain, action);
  add_stop_and_go(*chain, action);
  add_sign_rewards(*chain, action);
  add_publish_rewards(*chain, action);
  add_claim_rewards(*chain, action);
  add_dispute(*chain, action);
  add_attest(*chain, action);
}

}  // namespace commonwatt
