#include "controller/chain/reward_command.hpp"

#include <filesystem>
#include <sstream>

#include "controller/chain/chain_report.hpp"
#include "controller/chain/contract_domain.hpp"
#include "controller/chain/reward_grant.hpp"
#include "controller/chain/token_amount.hpp"
#include "controller/csv_rows.hpp"
#include "controller/settlement_tree.hpp"

namespace commonwatt {
namespace {

std::string epoch_text(std::int64_t epoch) {
  return "epoch " + std::to_string(epoch);
}

std::string units_text(const Uint256& amount) {
  return amount.str() + " base units";
}

Result<RewardGrant, Refusal> read_grant(const std::string& file) {
  const Result<std::string, std::string> text = read_text(file);
  if (!text) return refuse(text.error(), status_data);
  Result<RewardGrant, std::string> grant = reward_grant_from_text(*text);
  if (!grant) return refuse(file + ": " + grant.error(), status_data);
  return std::move(*grant);
}

/// A minter as of one block.
struct Minter {
  ContractViews views;
  Address address;
  MinterState state;
};

Result<Minter, Refusal> open_minter(RpcPool& pool, const std::string& text) {
  const Result<Address, std::string> address = address_option("--minter", text);
  if (!address) return refuse(address.error(), status_usage);
  Result<ContractViews, std::string> views = ContractViews::open(pool);
  if (!views) return refuse(views.error());
  const Result<MinterState, std::string> state = views.value().minter(*address);
  if (!state) return refuse(state.error());
  return Minter{.views = views.value(), .address = *address, .state = *state};
}

/// Why a file's rewards are not this minter's, if they are not.
std::optional<std::string> stranger_fault(const Minter& minter, const RewardGrant& grant) {
  if (grant.chain_id != minter.views.chain_id()) {
    return "is for chain " + std::to_string(grant.chain_id) + ", the nodes are of chain " +
           std::to_string(minter.views.chain_id());
  }
  if (grant.minter != minter.address) return "is for the minter " + to_text(grant.minter);
  if (grant.community != minter.state.community) return "is of another community than the minter";
  return std::nullopt;
}

// What an attester does.

/// The journal's part of the parameters and the minter's.
Result<RewardSource, Refusal> source_of(Minter& minter, RewardSource source) {
  const MinterState& state = minter.state;
  if (source.epoch < state.next_epoch) {
    return refuse("--epoch " + std::to_string(source.epoch) + " was published or skipped: the next one is " +
                      std::to_string(state.next_epoch),
                  status_usage);
  }
  if (source.epoch >= state.current_epoch) {
    return refuse("--epoch " + std::to_string(source.epoch) + " is not over: the minter is in epoch " +
                      std::to_string(state.current_epoch),
                  status_usage);
  }
  if (state.base_budget > reward_budget_max.count) {
    return refuse("the minter's base budget of " + std::to_string(state.base_budget) +
                  " base units is more than this program counts");
  }
  const Result<Uint256, std::string> limit = minter.views.reward_limit(minter.address, source.epoch);
  if (!limit) return refuse(limit.error());
  source.start = state.start;
  source.epoch_seconds = state.epoch_seconds;
  source.parameters.base_budget = TokenAmount{state.base_budget};
  source.parameters.halving_epochs = state.halving_epochs;
  source.parameters.bootstrap_epochs = state.bootstrap_epochs;
  source.parameters.window_epochs = state.window_epochs;
  source.parameters.limit = TokenAmount{static_cast<std::int64_t>(std::min(*limit, Uint256(state.base_budget)))};
  return source;
}

/// What was published last, from its file; empty accounts before the first time.
Result<RewardGrant, Refusal> previous_grant(const Minter& minter, const std::string& file) {
  RewardGrant grant{.chain_id = minter.views.chain_id(),
                    .minter = minter.address,
                    .community = minter.state.community,
                    .epoch = 0,
                    .previous = {},
                    .accounts = {},
                    .signatures = {}};
  if (minter.state.root == Hash32{}) {
    if (file.empty()) return grant;
    return refuse("--previous " + file + ": nothing was published yet", status_usage);
  }
  if (file.empty()) {
    return refuse("rewards were published before: give --previous, the file of root " + to_data(minter.state.root),
                  status_usage);
  }
  Result<RewardGrant, Refusal> published = read_grant(file);
  if (!published) return Fail{published.error()};
  if (const auto fault = stranger_fault(minter, *published)) return refuse(file + ": " + *fault, status_data);
  if (published->root() != minter.state.root) {
    return refuse(file + ": is not what was published last: its root is " + to_data(published->root()) +
                      ", the minter's " + to_data(minter.state.root),
                  status_data);
  }
  grant.previous = minter.state.root;
  grant.accounts = std::move(published.value().accounts);
  return grant;
}

/// What every account earned in an epoch whose intervals are all settled for good.
Result<std::map<Address, TokenAmount>, Refusal> earned_in(const RewardReport& report) {
  if (report.final_intervals < report.intervals) {
    return refuse(std::to_string(report.intervals - report.final_intervals) + " of " +
                  std::to_string(report.intervals) + " intervals of " + epoch_text(report.epoch) +
                  " are not final: readings that come late can still change what was earned; sign later");
  }
  std::map<Address, TokenAmount> earned;
  for (const HouseholdReward& one : report.rewards.households) {
    if (one.reward == TokenAmount{0}) continue;
    const auto account = report.accounts.find(one.household);
    if (account == report.accounts.end())
      return refuse(one.household.text() + ": has no order key in the journal, so no account", status_data);
    earned[Address{account->second}] += one.reward;
  }
  return earned;
}

Outcome nothing_earned(const RewardReport& report) {
  return Report{.json = {{"epoch", report.epoch}, {"granted", 0}},
                .words = "nothing signed: nobody earned anything in " + epoch_text(report.epoch) +
                         (report.has_checks ? "" : "; no head meter's balance was given (--balance)") +
                         ". 'commonwatt rewards' says why; an epoch that earned nothing need not be published\n"};
}

Outcome sign_rewards(const SignRewardsOptions& options) {
  const Result<EvmSigner, std::string> signer = EvmSigner::open_any(options.access.key);
  if (!signer) return refuse(signer.error(), status_data);
  Result<RpcPool, std::string> pool = open_pool(options.access.rpc);
  if (!pool) return refuse(pool.error(), status_usage);
  Result<Minter, Refusal> minter = open_minter(pool.value(), options.minter);
  if (!minter) return Fail{minter.error()};
  const Result<RewardSource, Refusal> source = source_of(minter.value(), options.source);
  if (!source) return Fail{source.error()};
  Result<RewardGrant, Refusal> grant = previous_grant(*minter, options.previous);
  if (!grant) return Fail{grant.error()};
  const Result<RewardReport, Refusal> report = count_rewards(*source);
  if (!report) return Fail{report.error()};
  if (community_of(report->origin) != grant->community) {
    return refuse(
        options.source.directory + ": is the journal of " + report->origin + ", which is not the minter's community",
        status_data);
  }
  const Result<std::map<Address, TokenAmount>, Refusal> earned = earned_in(*report);
  if (!earned) return Fail{earned.error()};
  if (earned->empty()) return nothing_earned(*report);
  RewardGrant& made = grant.value();
  made.epoch = source->epoch;
  if (auto done = add_rewards(made, *earned); !done) return refuse(done.error());
  const Result<EvmSignature, std::string> signature = signer->sign(made.digest());
  if (!signature) return refuse(signature.error());
  made.signatures = {signature->packed()};

  const std::string file = options.out.empty() ? "rewards-" + std::to_string(made.epoch) + ".json" : options.out;
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored))
    return refuse("--out " + file + ": is there already, and is not written over", status_usage);
  std::ostringstream unused;
  if (write_result(file, reward_grant_text(made), unused, unused) != 0) return refuse(file + ": cannot be written");
  const std::int64_t granted = report->rewards.minted.count;
  return Report{.json = {{"epoch", made.epoch},
                         {"granted", granted},
                         {"total", made.total().count},
                         {"root", to_data(made.root())},
                         {"signer", to_text(signer->address())},
                         {"file", file}},
                .words = epoch_text(made.epoch) + ", " + to_text(report->begin) + " to " + to_text(report->end) + ": " +
                         units_text(granted) + " to " + std::to_string(earned->size()) +
                         " accounts; since the beginning " + units_text(made.total().count) + " to " +
                         std::to_string(made.accounts.size()) + "\nroot " + to_data(made.root()) + "\nsigned by " +
                         to_text(signer->address()) + " in " + file + "\n"};
}

// What anybody does who pays for it.

/// The rewards of all files, with the signatures of all.
Result<RewardGrant, Refusal> merged(const std::vector<std::string>& files) {
  if (files.empty()) return refuse("give --file for every attester's", status_usage);
  Result<RewardGrant, Refusal> all = read_grant(files.front());
  if (!all) return all;
  for (std::size_t i = 1; i < files.size(); ++i) {
    const Result<RewardGrant, Refusal> one = read_grant(files[i]);
    if (!one) return Fail{one.error()};
    if (!one->grants_the_same_as(*all)) {
      return refuse(files[i] + ": grants something else than " + files.front() +
                        ": its attester counted from another journal, other balances, another --fee or another "
                        "--previous",
                    status_data);
    }
    auto& signatures = all.value().signatures;
    signatures.insert(signatures.end(), one->signatures.begin(), one->signatures.end());
  }
  return all;
}

Outcome publish_rewards(const PublishRewardsOptions& options) {
  const Result<RewardGrant, Refusal> grant = merged(options.files);
  if (!grant) return Fail{grant.error()};
  Result<ChainAccount, std::string> payer = ChainAccount::open(options.access);
  if (!payer) return refuse(payer.error());
  const Result<Minter, Refusal> minter = open_minter(payer.value().pool(), options.minter);
  if (!minter) return Fail{minter.error()};
  const auto wrong = [&](const std::string& what) { return refuse(options.files.front() + ": " + what, status_data); };
  if (const auto fault = stranger_fault(*minter, *grant)) return wrong(*fault);
  Report report{.json = {{"epoch", grant->epoch}, {"root", to_data(grant->root())}, {"total", grant->total().count}},
                .words = "nothing sent: the rewards of " + epoch_text(grant->epoch) + " are published already\n"};
  if (grant->root() == minter->state.root) return report;
  if (grant->previous != minter->state.root) {
    return wrong("follows the root " + to_data(grant->previous) + ", the minter has " + to_data(minter->state.root) +
                 "; sign again with --previous of that one");
  }
  const Result<std::vector<Bytes>, std::string> signatures = rising_signatures(grant->digest(), grant->signatures);
  if (!signatures) return wrong(signatures.error());
  const auto mined =
      payer.value().send("publishing the rewards", minter->address, publish_rewards_call(*grant, *signatures));
  if (!mined) return refuse(mined.error());
  const Uint256 granted = Uint256(grant->total().count) - minter->state.total;
  report.json["granted"] = granted.str();
  report.words = "published the rewards of " + epoch_text(grant->epoch) + ": " + units_text(granted) +
                 ", since the beginning " + units_text(grant->total().count) + "\n";
  note(report, *mined);
  return report;
}

Outcome claim_rewards(const ClaimRewardsOptions& options) {
  const Result<RewardGrant, Refusal> grant = read_grant(options.file);
  if (!grant) return Fail{grant.error()};
  Result<ChainAccount, std::string> payer = ChainAccount::open(options.access);
  if (!payer) return refuse(payer.error());
  Result<Address, std::string> account = payer->address();
  if (!options.account.empty()) account = address_option("--account", options.account);
  if (!account) return refuse(account.error(), status_usage);
  Result<Minter, Refusal> minter = open_minter(payer.value().pool(), options.minter);
  if (!minter) return Fail{minter.error()};
  const auto wrong = [&](const std::string& what) { return refuse(options.file + ": " + what, status_data); };
  if (const auto fault = stranger_fault(*minter, *grant)) return wrong(*fault);
  if (grant->root() != minter->state.root) {
    return wrong("is of " + epoch_text(grant->epoch) + " and not what was published last, root " +
                 to_data(minter->state.root) + "; get the newest file from the operator or an attester");
  }
  const std::optional<Bytes> call = claim_rewards_call(*grant, *account);
  if (!call) return wrong(to_text(*account) + " has earned nothing by " + epoch_text(grant->epoch));
  const Result<Uint256, std::string> claimed = minter.value().views.claimed_rewards(minter->address, *account);
  if (!claimed) return refuse(claimed.error());
  const Int256 due = Int256(grant->accounts.at(*account).count) - Int256(*claimed);
  const CurrencyInfo& token = minter->state.token;
  const auto plain = [&token](const Int256& amount) { return token_amount_text(amount, token.decimals); };
  const std::string whom = " for " + to_text(*account) + " as of " + epoch_text(grant->epoch) + "\n";
  Report report{.json = {{"account", to_text(*account)}, {"epoch", grant->epoch}, {"claimed", plain(0)}},
                .words = "nothing sent: nothing is due" + whom};
  if (due <= 0) return report;
  const auto mined = payer.value().send("claiming the rewards", minter->address, *call);
  if (!mined) return refuse(mined.error());
  report.json["claimed"] = plain(due);
  report.words = "claimed " + plain(due) + " " + token.symbol + whom;
  note(report, *mined);
  return report;
}

}  // namespace

int run_chain_sign_rewards(const SignRewardsOptions& options, std::ostream& out, std::ostream& errors) {
  return finish(sign_rewards(options), options.access.is_json, out, errors);
}

int run_chain_publish_rewards(const PublishRewardsOptions& options, std::ostream& out, std::ostream& errors) {
  return finish(publish_rewards(options), options.access.is_json, out, errors);
}

int run_chain_claim_rewards(const ClaimRewardsOptions& options, std::ostream& out, std::ostream& errors) {
  return finish(claim_rewards(options), options.access.is_json, out, errors);
}

}  // namespace commonwatt
