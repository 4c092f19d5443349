// A bill's proof held against the chain it names: whether the registry there has the anchored state of the log, final,
// in the transaction and block of the proof.
#pragma once

#include <ostream>

#include "controller/chain/contract_views.hpp"
#include "controller/proof_file.hpp"
#include "controller/settlement_proof.hpp"

namespace commonwatt {

struct AnchoredProofOptions {
  std::vector<std::string> rpc = {};  ///< URLs of nodes, which must all agree
  std::string registry = {};          ///< address; empty: the proof's own is taken at its word
};

/// What the chain proves of a proof that holds offline, in words; the error says which step fails.
Result<std::string, std::string> check_on_chain(const ProofFile& proof, RpcPool& pool,
                                                const std::optional<Address>& registry);

/// `commonwatt verify PROOF --rpc URL`, behind the offline checks. Returns the exit status: 0; 1 when something does
/// not hold or a node is silent; 64 when options do not fit; 65 when the file cannot be read or has no anchor
/// (sysexits.h).
int run_verify_on_chain(const std::string& file, const AnchoredProofOptions& options, std::ostream& out,
                        std::ostream& errors);

/// The anchor to put into a bill's proof: that of a settlement proof's file, looked up in the registry.
struct AnchorSearch {
  std::string settlement = {};  ///< file
  std::vector<std::string> rpc = {};
  std::string registry = {};  ///< address
  std::int64_t first_block = 0;
};
Result<ProofAnchor, std::string> find_anchor(const AnchorSearch& search);

}  // namespace commonwatt
