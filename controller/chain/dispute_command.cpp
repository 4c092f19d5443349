#include "controller/chain/dispute_command.hpp"

#include "controller/chain/attester_dispute.hpp"
#include "controller/command_output.hpp"

namespace commonwatt {
namespace {

Outcome dispute(const DisputeOptions& options) {
  const bool is_trade = !options.trade.directory.empty();
  if (is_trade == !options.anchors.empty())
    return refuse("give --dir and --interval for a trade, or --anchor twice for an attester", status_usage);
  return is_trade ? dispute_trade(options.court, options.trade) : dispute_attester(options.court, options.anchors);
}

}  // namespace

int run_chain_dispute(const DisputeOptions& options, std::ostream& out, std::ostream& errors) {
  return finish(dispute(options), options.court.access.is_json, out, errors);
}

}  // namespace commonwatt
