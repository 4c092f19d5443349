// `commonwatt chain dispute --anchor --anchor`: proves to the contract that an attester signed two anchors of one
// epoch.
#pragma once

#include <string>
#include <vector>

#include "controller/chain/dispute_court.hpp"

namespace commonwatt {

/// `anchors` are two of: a transaction's hash, a file with the data of a call, a controller's directory; not two
/// directories, because the other one says which epoch. Refused when they are of different epochs or communities, are
/// one, or have no signer in common.
Outcome dispute_attester(const CourtOptions& options, const std::vector<std::string>& anchors);

}  // namespace commonwatt
