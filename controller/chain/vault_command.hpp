// `commonwatt chain deposit`, `claim` and `withdraw`: what a household does with its account in the vault. Its account
// is the address of its order key; anyone may deposit and claim for it.
#pragma once

#include <ostream>

#include "controller/chain/command_options.hpp"

namespace commonwatt {

struct DepositOptions {
  ChainAccess access = {};
  std::string vault = {};    ///< address
  std::string amount = {};   ///< units of the currency: "12.50"
  std::string account = {};  ///< address that gets the collateral; empty: the key's
};
struct ClaimOptions {
  ChainAccess access = {};
  std::string vault = {};    ///< address
  std::string proof = {};    ///< file of a settlement proof; or
  std::string gateway = {};  ///< a directory with settlement-EPOCH.json: the newest whose epoch is final
};
struct WithdrawOptions {
  ClaimOptions claim = {};  ///< the proof is needed to finish
  std::string amount = {};  ///< units of the currency to ask back
  bool finish = false;      ///< instead, pays what was asked back, two final epochs later
};

/// Each returns the exit status: 0, also when there is nothing to do; 64 for options that do not fit; 65 when a proof
/// does not hold or is not of what the chain has; 1 when a node or a contract refuses (sysexits.h).
int run_chain_deposit(const DepositOptions& options, std::ostream& out, std::ostream& errors);
int run_chain_claim(const ClaimOptions& options, std::ostream& out, std::ostream& errors);
int run_chain_withdraw(const WithdrawOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
