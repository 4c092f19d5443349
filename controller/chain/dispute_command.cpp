#include "controller/chain/dispute_command.hpp"

namespace commonwatt {

int run_chain_dispute(const DisputeOptions& options, std::ostream& out, std::ostream& errors) {
  return finish(dispute_trade(options.court, options.trade), options.court.access.is_json, out, errors);
}

}  // namespace commonwatt
