// `commonwatt verify` of single files: a bill's proof, evidence against a log, and two signed notes held against each
// other. `commonwatt bill --proof` makes the first.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "controller/proof_file.hpp"

namespace commonwatt {

/// What goes into a proof beside the bill.
struct ProofParts {
  std::string log_key;                     ///< 64 hexadecimal digits; needed
  std::string note;                        ///< file of the signed note of the bill's checkpoint; empty: no cosignatures
  std::vector<std::string> witnesses;      ///< NAME=HEX64 of each witness whose cosignature is taken from the note
  std::optional<ProofAnchor> anchor = {};  ///< where the log stands on a chain; its path is taken from `consistency`
  std::string consistency = {};            ///< file of a consistency path, a hash in hexadecimal a line; empty: none
  std::vector<Hash32> log = {};            ///< without that file, the log's leaves the path is made from
};
Result<ProofFile, std::string> make_proof(const Bill& bill, const ProofParts& parts);

struct VerifyFileOptions {
  std::string file;     ///< a bill's proof, or evidence of a split view
  std::string log_key;  ///< 64 hexadecimal digits; empty: the file's own key is taken at its word
  std::string bill;     ///< file of bills; the proof must be of one of them. Empty: of any bill
};
/// Says what is proved, or which step fails. Returns 0, or 1 when something does not hold; 64 when options do not fit
/// together; 65 when a file is not as it should be (sysexits.h). Evidence that proves a split view returns 1.
int run_verify_file(const VerifyFileOptions& options, std::ostream& out, std::ostream& errors);

struct CompareOptions {
  std::vector<std::string> notes;  ///< two files, in either sequence
  std::string proof;               ///< file of a consistency path, a hash in hexadecimal a line; empty: none
  std::string log_key;             ///< 64 hexadecimal digits; needed
  std::string evidence;            ///< where both states are kept when they do not extend each other; empty: nowhere
};
/// As run_verify_file: 0 when the newer state is the older one or extends it, else 1.
int run_compare(const CompareOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
