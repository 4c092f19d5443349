#include <fstream>
#include <sstream>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "controller/chain/anchored_proof.hpp"
#include "controller/chain/chain_command.hpp"
#include "controller/chain/deploy_command.hpp"
#include "controller/chain/guardian_command.hpp"
#include "controller/chain/vault_command.hpp"
#include "controller/evm_address.hpp"
#include "controller/signing_keys.hpp"
#include "tests/controller/temporary_directory.hpp"

using namespace commonwatt;
using test::TemporaryDirectory;

namespace {

/// What a command says, and its exit status.
struct Said {
  int status = 0;
  std::string out;
  std::string errors;
};
template <class Run, class Options>
Said say(Run run, const Options& options) {
  std::ostringstream out;
  std::ostringstream errors;
  const int status = run(options, out, errors);
  return {.status = status, .out = out.str(), .errors = errors.str()};
}

std::string address(int number) {
  return to_text(EvmKey::from(word_of(number)).value().address());
}

/// Options that have nothing wrong in them, with artifacts that only look like contracts: nothing is ever sent.
DeployOptions good_deploy(const TemporaryDirectory& directory) {
  std::filesystem::create_directory(directory / "out");
  for (const char* name : {"AnchorRegistry", "SettlementVault", "DemoCurrency"})
    test::write_text(directory / "out" / (std::string(name) + ".json"), R"({"bytecode":"0x00"})");
  DeployOptions options;
  // Nobody listens there: whoever gets that far says so.
  options.access = {.rpc = {"http://127.0.0.1:1"}, .key = (directory / "owner.key").string()};
  options.origin = "example.org/street";
  options.attesters = {address(1), address(2), address(3), address(4), address(5)};
  options.quorum = 3;
  options.guardian = address(6);
  options.veto_seconds = 3'600;
  options.contracts = directory.path().string();
  return options;
}

}  // namespace

TEST_CASE("a new key is its owner's alone, never replaces one, and shows its address again") {
  const TemporaryDirectory directory;
  const std::string file = (directory / "relayer.key").string();
  const Said made = say(run_chain_key, ChainKeyOptions{.file = file, .kind = "relayer"});
  REQUIRE(made.status == 0);
  REQUIRE(address_from(made.out.substr(0, 42)));
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600);
  CHECK(say(run_chain_key, ChainKeyOptions{.file = file, .kind = "relayer"}).status == 65);
  CHECK(say(run_chain_key, ChainKeyOptions{.file = file, .show = true}).out == made.out);
  CHECK(say(run_chain_key, ChainKeyOptions{.file = file}).status == 64);
  CHECK(say(run_chain_key, ChainKeyOptions{.file = file, .kind = "order"}).errors.find("order.key") !=
        std::string::npos);
  CHECK(say(run_chain_key, ChainKeyOptions{.file = file + "none", .show = true}).status == 65);
}

TEST_CASE("a household's order key is its account on the chain") {
  const TemporaryDirectory directory;
  const SigningKey key = SigningKey::make(KeyKind::order);
  REQUIRE(key.save(directory / "order.key"));
  const Address account{.bytes = address_of_order_key(key.public_key()).value()};
  CHECK(EvmKey::load_payer(directory / "order.key").value().address() == account);
  CHECK(say(run_chain_key, ChainKeyOptions{.file = (directory / "order.key").string(), .show = true}).out ==
        to_text(account) + "\n");
}

TEST_CASE("an attester's key pays for nothing: it signs anchors alone") {
  const TemporaryDirectory directory;
  REQUIRE(EvmKey::make().save(EvmKeyKind::attester, directory / "attester.key"));
  CHECK(EvmKey::load_any(directory / "attester.key"));
  CHECK(EvmKey::load_payer(directory / "attester.key").error().find("not the key of a relayer or a guardian") !=
        std::string::npos);
}

TEST_CASE("a deployment with a mistake in it is refused before a node is asked") {
  const TemporaryDirectory directory;
  REQUIRE(EvmKey::make().save(EvmKeyKind::owner, directory / "owner.key"));
  const DeployOptions good = good_deploy(directory);
  const auto refusal = [&good](const std::function<void(DeployOptions&)>& change) {
    DeployOptions options = good;
    change(options);
    const Said said = say(run_chain_deploy, options);
    CHECK(said.out.empty());
    return std::to_string(said.status) + " " + said.errors;
  };
  // The control: with nothing wrong it gets as far as the node that is not there.
  CHECK(refusal([](DeployOptions&) {}).starts_with("1 commonwatt: http://127.0.0.1:1: eth_chainId"));
  const std::vector<std::pair<std::function<void(DeployOptions&)>, std::string>> mistakes{
      {[](DeployOptions& options) { options.quorum = 2; }, "more than half"},
      {[](DeployOptions& options) { options.quorum = 6; }, "more than half"},
      {[](DeployOptions& options) { options.quorum = -1; }, "more than half"},
      {[](DeployOptions& options) { options.attesters[4] = options.attesters[0]; }, "is given twice"},
      {[](DeployOptions& options) { options.attesters[4].back() = 'z'; }, "is not an address"},
      {[](DeployOptions& options) { options.attesters.clear(); }, "--attester is needed"},
      {[](DeployOptions& options) { options.guardian = "0x" + std::string(40, '0'); }, "the zero address"},
      {[](DeployOptions& options) { options.guardian = ""; }, "--guardian '' is not an address"},
      {[](DeployOptions& options) { options.veto_seconds = 2'097'151; }, "is not 0 to 2097150"},
      {[](DeployOptions& options) { options.veto_seconds = -1; }, "is not 0 to 2097150"},
      {[](DeployOptions& options) { options.origin = ""; }, "--origin is missing"},
      {[](DeployOptions& options) { options.contracts += "/none"; }, "compile the contracts"},
      {[](DeployOptions& options) { options.all = true; }, "RewardMinter.json: cannot be read"},
      {[](DeployOptions& options) {
         options.all = true;
         options.owner = address(7);
       },
       "--owner does not go with --all"},
      {[](DeployOptions& options) {
         options.demo_currency = true;
         options.currency = address(7);
       },
       "not both"},
      {[&directory](DeployOptions& options) { options.out = (directory / "owner.key").string(); }, "exists already"},
  };
  for (const auto& [change, words] : mistakes) {
    const std::string said = refusal(change);
    CAPTURE(said);
    const std::string wanted = words;
    CAPTURE(wanted);
    CHECK(said.starts_with("64 "));
    CHECK(said.find(wanted) != std::string::npos);
  }
  CHECK(refusal([](DeployOptions& options) { options.access.rpc = {"ftp://node"}; }).find("a node's URL") !=
        std::string::npos);
  CHECK(refusal([](DeployOptions& options) { options.access.key += "x"; }).find("No such file") != std::string::npos);
}

TEST_CASE("figures of rewards and votes that a contract would refuse, or that decide nothing, are told with words") {
  CHECK(governance_fault({}) == std::nullopt);
  const std::vector<std::pair<std::function<void(GovernanceOptions&)>, std::string>> mistakes{
      {[](GovernanceOptions& figures) { figures.base_budget = 0; }, "--base-budget 0 is not 1 to"},
      {[](GovernanceOptions& figures) { figures.base_budget = reward_budget_max.count + 1; }, "--base-budget"},
      {[](GovernanceOptions& figures) { figures.halving_epochs = 0; }, "--halving 0 is not 1 to"},
      {[](GovernanceOptions& figures) { figures.bootstrap_epochs = -1; }, "--bootstrap -1 is not 0 to"},
      {[](GovernanceOptions& figures) { figures.window_epochs = 65; }, "--window 65 is not 1 to 64"},
      {[](GovernanceOptions& figures) { figures.epoch_seconds = 0; }, "--epoch-seconds 0 is not 1 to"},
      {[](GovernanceOptions& figures) { figures.proposal_votes = -1; }, "--proposal-votes -1 is not 0 to"},
      {[](GovernanceOptions& figures) { figures.quorum_votes = 0; }, "--quorum-votes 0 is not 1 to"},
      {[](GovernanceOptions& figures) { figures.quorum_percent = 101; }, "--quorum-percent 101 is not 0 to 100"},
      {[](GovernanceOptions& figures) { figures.voting_delay_seconds = -1; }, "--voting-delay -1 is not 0 to"},
      {[](GovernanceOptions& figures) { figures.voting_period_seconds = 0; }, "--voting-period 0 is not 1 to"},
      {[](GovernanceOptions& figures) { figures.timelock_seconds = 0; }, "--timelock-delay 0 is not 1 to"},
      {[](GovernanceOptions& figures) { figures.timelock_seconds = 365 * 86'400 + 1; }, "--timelock-delay 31536001"},
      {[](GovernanceOptions& figures) {
         figures.base_budget = 100;
         figures.halving_epochs = 2;
         figures.quorum_votes = 401;
       },
       "--quorum-votes 401 is more than there can ever be: 400"},
      {[](GovernanceOptions& figures) {
         figures.base_budget = 100;
         figures.halving_epochs = 2;
         figures.proposal_votes = 401;
       },
       "--proposal-votes 401 is more than there can ever be: 400"},
  };
  for (const auto& [change, words] : mistakes) {
    GovernanceOptions figures;
    change(figures);
    const std::string said = governance_fault(figures).value_or("nothing");
    CAPTURE(said);
    CHECK(said.starts_with(words));
  }
}

TEST_CASE("without --all there is nobody whom its figures are for") {
  const TemporaryDirectory directory;
  DeployOptions options = good_deploy(directory);
  options.governance.timelock_seconds = 60;
  CHECK(say(run_chain_deploy, options).errors.find("go with --all") != std::string::npos);
  options.governance = {};
  options.registrar = address(7);
  CHECK(say(run_chain_deploy, options).status == 64);
}

TEST_CASE("options that do not fit together are told before a node is asked") {
  CHECK(say(run_chain_status, ChainStatusOptions{}).errors.find("--registry or --vault") != std::string::npos);
  CHECK(say(run_chain_status, ChainStatusOptions{.registry = "0x12"}).errors.find("is not an address") !=
        std::string::npos);
  CHECK(say(run_chain_status, ChainStatusOptions{.registry = address(1), .account = address(2)})
            .errors.find("give --vault") != std::string::npos);
  CHECK(say(run_chain_deposit, DepositOptions{}).status == 64);
  CHECK(say(run_chain_claim, ClaimOptions{.vault = address(1)}).errors.find("--key FILE is missing") !=
        std::string::npos);
  CHECK(say(run_chain_withdraw, WithdrawOptions{}).errors.find("--finish") != std::string::npos);
  CHECK(say(run_chain_veto, VetoOptions{}).errors.find("--epoch is 1 or more") != std::string::npos);
  CHECK(say(run_chain_veto, VetoOptions{.epoch = 1}).status == 64);
  CHECK(say(run_chain_rewind, GuardianOptions{.registry = address(1)}).errors.find("--key FILE is missing") !=
        std::string::npos);
  CHECK_FALSE(find_anchor({.settlement = "none", .registry = address(1)}));
}
