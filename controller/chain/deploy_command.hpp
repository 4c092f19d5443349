// `commonwatt chain deploy`: puts a community's contracts on a chain.
#pragma once

#include <ostream>

#include "controller/chain/command_options.hpp"
#include "controller/chain/governance_options.hpp"

namespace commonwatt {

struct DeployOptions {
  ChainAccess access;
  std::string origin;                   ///< of the evidence log: the community's name
  std::vector<std::string> attesters;   ///< addresses
  std::int64_t quorum = 0;              ///< how many of them must sign; more than half
  std::string guardian;                 ///< address
  std::int64_t veto_seconds = 0;        ///< below 2^21 - 1
  std::string owner;                    ///< address; empty: the deployer's, or the timelock's
  std::string currency;                 ///< address of an ERC-20 token; empty: no vault
  bool demo_currency = false;           ///< deploys one that is worth nothing
  bool force_demo_currency = false;     ///< on a chain that is not made for tests, too
  std::string outflow_cap = "10000";    ///< units of the currency that may leave while one epoch is the newest final
  std::string contracts = "contracts";  ///< directory whose out/ has what contracts/compile made
  std::string out;                      ///< where the controller's table goes; empty: nowhere
  bool all = false;                     ///< the token, its governance and the disputes too
  std::string registrar;                ///< address that enrols devices, with all; empty: the deployer's
  GovernanceOptions governance;         ///< with all
};

/// Returns the exit status: 0; 64 for options that do not fit; 65 for a file that is not as it should be; 1 when the
/// chain or a node refuses (sysexits.h). What was deployed before a failure is said.
int run_chain_deploy(const DeployOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
