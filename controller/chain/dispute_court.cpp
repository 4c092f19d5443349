#include "controller/chain/dispute_court.hpp"

#include <algorithm>

#include "controller/chain/abi.hpp"
#include "controller/chain/contract_errors.hpp"
#include "controller/command_output.hpp"

namespace commonwatt {

using nlohmann::json;

bool Verdict::is(std::string_view error) const {
  const Bytes selector = abi_selector(error);
  return revert.size() >= selector.size() && std::equal(selector.begin(), selector.end(), revert.begin());
}

Result<Court, Refusal> Court::open(const CourtOptions& options) {
  Court court;
  const Result<Address, std::string> address = address_option("--disputes", options.disputes);
  if (!address) return refuse(address.error(), status_usage);
  court.disputes_ = *address;
  if (!options.is_dry_run) {
    Result<ChainAccount, std::string> payer = ChainAccount::open(options.access);
    if (!payer) return refuse(payer.error());
    court.payer_ = std::make_unique<ChainAccount>(std::move(payer.value()));
  }
  Result<RpcPool, std::string> pool = open_pool(options.access.rpc);
  if (!pool) return refuse(pool.error(), status_usage);
  court.pool_ = std::make_unique<RpcPool>(std::move(pool.value()));
  Result<ContractViews, std::string> views = ContractViews::open(*court.pool_);
  if (!views) return refuse(views.error());
  court.views_ = std::make_unique<ContractViews>(std::move(views.value()));
  const Result<Address, std::string> registry = court.views_->address(court.disputes_, "registry()");
  if (!registry) return refuse("--disputes " + registry.error());
  court.registry_ = *registry;
  const Result<RegistryState, std::string> state = court.views_->registry(court.registry_);
  if (!state) return refuse(state.error());
  court.state_ = *state;
  if (court.state_.is_vetoed) {
    return refuse("epochs after " + std::to_string(court.state_.epoch) +
                  " are vetoed and the registry waits for 'commonwatt chain rewind', which anybody may send; then try "
                  "again");
  }
  return court;
}

Result<Verdict, Refusal> Court::hear(const Bytes& call) {
  json message = {{"to", to_text(disputes_)}, {"data", to_data(call)}};
  if (payer_) message["from"] = to_text(payer_->address());
  const json at = {{"blockHash", to_data(views_->block().hash)}, {"requireCanonical", true}};
  const Result<Bytes, RpcError> said = pool_->agreed_data("eth_call", json::array({message, at}));
  if (said) return Verdict{};
  const RpcError& error = said.error();
  if (!error.is_revert && error.revert_data.empty()) return refuse(error.text);
  return Verdict{.revert = error.revert_data, .reason = contract_refusal(error.revert_data)};
}

Outcome Court::submit(const Bytes& call, std::string_view event, Report report) {
  if (!payer_) {
    report.json["to"] = to_text(disputes_);
    report.json["data"] = to_data(call);
    report.words = "not sent: " + report.words + "to " + to_text(disputes_) + "\ndata " + to_data(call) + "\n";
    return report;
  }
  const auto mined = payer_->send("proving", disputes_, call);
  if (!mined) return refuse(mined.error());
  if (mined->event(disputes_, event) == nullptr) {
    return refuse("the receipt of " + to_data(mined->transaction) + " has no " + std::string(event) + "; look at it");
  }
  note(report, *mined);
  return report;
}

}  // namespace commonwatt
