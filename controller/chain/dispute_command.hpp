// `commonwatt chain dispute`: whoever sees fraud proves it to the contract Disputes.
#pragma once

#include <ostream>

#include "controller/chain/trade_dispute.hpp"

namespace commonwatt {

struct DisputeOptions {
  CourtOptions court = {};
  TradeDisputeOptions trade = {};
  std::vector<std::string> anchors = {};  ///< of an attester, instead of a trade
};

/// Returns the exit status: 0; 64 for options that do not fit; 65 for a file that cannot be read; 1 when there is
/// nothing to prove, or a node or the contract refuses (sysexits.h).
int run_chain_dispute(const DisputeOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
