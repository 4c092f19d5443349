#include "controller/chain/guardian_command.hpp"

#include "controller/chain/abi.hpp"
#include "controller/chain/chain_report.hpp"
#include "controller/chain/undone_anchors.hpp"
#include "controller/command_output.hpp"

namespace commonwatt {
namespace {

/// A registry and a key that pays, as of one block.
struct Registry {
  ChainAccount payer;
  ContractViews views;
  Address address;
  RegistryState state;

  [[nodiscard]] std::string epoch_text() const { return "epoch " + std::to_string(state.epoch); }
};

Result<Registry, Refusal> open_registry(const GuardianOptions& options) {
  const Result<Address, std::string> address = address_option("--registry", options.registry);
  if (!address) return refuse(address.error(), status_usage);
  Result<ChainAccount, std::string> payer = ChainAccount::open(options.access);
  if (!payer) return refuse(payer.error());
  Result<ContractViews, std::string> views = payer.value().views();
  if (!views) return refuse(views.error());
  const Result<RegistryState, std::string> state = views.value().registry(*address);
  if (!state) return refuse(state.error());
  return Registry{.payer = std::move(payer.value()), .views = views.value(), .address = *address, .state = *state};
}

/// Whether the key is a guardian's; a refusal where it is not.
Result<Done, Refusal> check_guardian(Registry& registry, const std::string& what) {
  const Result<bool, std::string> is_guardian = registry.views.is_guardian(registry.address, registry.payer.address());
  if (!is_guardian) return refuse(is_guardian.error());
  if (*is_guardian) return Done{};
  return refuse(to_text(registry.payer.address()) + " is not a guardian of the registry, and only guardians " + what +
                "; give --key of one");
}

/// Sends a call and adds its transaction to the report.
Outcome sent(Registry& registry, const std::string& what, const Bytes& call, Report report) {
  const auto mined = registry.payer.send(what, registry.address, call);
  if (!mined) return refuse(mined.error());
  note(report, *mined);
  return report;
}

Report nothing_sent(Report report) {
  report.words = "nothing sent: " + report.words;
  return report;
}

/// Why an epoch cannot be vetoed, if it cannot.
std::optional<std::string> veto_fault(const Registry& registry, std::int64_t epoch) {
  const std::string who = "epoch " + std::to_string(epoch);
  if (epoch > registry.state.epoch && registry.state.is_vetoed) {
    return who + " is not there: the registry is at " + registry.epoch_text() +
           ", all newer ones are vetoed already, and it waits for 'commonwatt chain rewind'";
  }
  if (epoch > registry.state.epoch) return who + " is not anchored yet; the registry is at " + registry.epoch_text();
  if (epoch <= registry.state.final_epoch) {
    return "the veto window of " + who + " is over: the newest final one is " +
           std::to_string(registry.state.final_epoch) + ". 'commonwatt chain pause' stops what rests on it";
  }
  return std::nullopt;
}

Outcome veto(const VetoOptions& options) {
  if (options.epoch < 1) return refuse("--epoch is 1 or more", status_usage);
  Result<Registry, Refusal> opened = open_registry(options.guardian);
  if (!opened) return Fail{opened.error()};
  Registry& registry = opened.value();
  if (const auto allowed = check_guardian(registry, "veto"); !allowed) return Fail{allowed.error()};
  if (const auto fault = veto_fault(registry, options.epoch)) return refuse(*fault);
  const auto mined =
      registry.payer.send("vetoing", registry.address, abi_call("veto(uint64)", {abi_uint(Uint256(options.epoch))}));
  if (!mined) return refuse(mined.error());
  // Another may have been anchored on the way: the event says what was undone.
  const ReceiptLog* log = mined->event(registry.address, "Vetoed(uint64,uint64,address)");
  if (log == nullptr || log->topics.size() != 3)
    return refuse("the receipt of " + to_data(mined->transaction) + " has no Vetoed; look at it");
  AbiReader reader(log->topics[2]);
  const std::int64_t last = reader.small_number();
  const std::string epochs = last == options.epoch
                                 ? "epoch " + std::to_string(last)
                                 : "epochs " + std::to_string(options.epoch) + " to " + std::to_string(last);
  Report report{.json = {{"from", options.epoch}, {"to", last}},
                .words = "vetoed " + epochs + "; nothing is anchored until anybody's 'commonwatt chain rewind'\n"};
  note(report, *mined);
  return report;
}

Outcome pause(const GuardianOptions& options) {
  Result<Registry, Refusal> opened = open_registry(options);
  if (!opened) return Fail{opened.error()};
  Registry& registry = opened.value();
  if (const auto allowed = check_guardian(registry, "pause"); !allowed) return Fail{allowed.error()};
  Report report{.json = {{"paused", true}}, .words = "the registry is paused already\n"};
  if (registry.state.is_paused) return nothing_sent(std::move(report));
  report.words = "paused: nothing is anchored or paid until the owner's 'commonwatt chain unpause'\n";
  return sent(registry, "pausing", abi_call("pause()", {}), std::move(report));
}

Outcome unpause(const GuardianOptions& options) {
  Result<Registry, Refusal> opened = open_registry(options);
  if (!opened) return Fail{opened.error()};
  Registry& registry = opened.value();
  const Result<Address, std::string> owner = registry.views.address(registry.address, "owner()");
  if (!owner) return refuse(owner.error());
  if (*owner != registry.payer.address()) {
    return refuse("only the registry's owner resumes it, which is " + to_text(*owner) + ", not " +
                  to_text(registry.payer.address()) + "; where that is a timelock or a wallet of several, propose " +
                  "unpause() there");
  }
  Report report{.json = {{"paused", false}}, .words = "the registry is not paused\n"};
  if (!registry.state.is_paused) return nothing_sent(std::move(report));
  report.words = std::string("resumed: ") + (registry.state.is_vetoed
                                                 ? "payments go on, and anchoring after 'commonwatt chain rewind'\n"
                                                 : "anchoring and payments go on\n");
  return sent(registry, "resuming", abi_call("unpause()", {}), std::move(report));
}

Outcome rewind(const GuardianOptions& options) {
  Result<Registry, Refusal> opened = open_registry(options);
  if (!opened) return Fail{opened.error()};
  Registry& registry = opened.value();
  if (!registry.state.is_vetoed) {
    return refuse("nothing to rewind: the registry is at " + registry.epoch_text() + ", and nothing newer is vetoed");
  }
  const Result<std::vector<ChainAnchor>, std::string> chain =
      read_undone_anchors(registry.payer.pool(), {.registry = registry.address,
                                                  .community = registry.state.community,
                                                  .epoch = registry.state.epoch,
                                                  .first_block = options.access.first_block,
                                                  .last_block = registry.views.block().number});
  if (!chain) return refuse(chain.error());
  Report report{
      .json = {{"epoch", registry.state.epoch}, {"undone", nlohmann::ordered_json::array()}},
      .words = "rewound to " + registry.epoch_text() + ":" +
               (registry.state.is_paused ? " anchoring goes on when the owner resumes it\n" : " anchoring goes on\n")};
  for (const ChainAnchor& anchor : *chain) {
    if (anchor.epoch == registry.state.epoch) continue;
    report.json["undone"].push_back({{"epoch", anchor.epoch}, {"head", to_data(anchor.head)}});
    report.words += "  undone epoch " + std::to_string(anchor.epoch) + ", head " + to_data(anchor.head) + "\n";
  }
  return sent(registry, "rewinding", rewind_call(*chain), std::move(report));
}

}  // namespace

int run_chain_veto(const VetoOptions& options, std::ostream& out, std::ostream& errors) {
  return finish(veto(options), options.guardian.access.is_json, out, errors);
}

int run_chain_pause(const GuardianOptions& options, std::ostream& out, std::ostream& errors) {
  return finish(pause(options), options.access.is_json, out, errors);
}

int run_chain_unpause(const GuardianOptions& options, std::ostream& out, std::ostream& errors) {
  return finish(unpause(options), options.access.is_json, out, errors);
}

int run_chain_rewind(const GuardianOptions& options, std::ostream& out, std::ostream& errors) {
  return finish(rewind(options), options.access.is_json, out, errors);
}

}  // namespace commonwatt
