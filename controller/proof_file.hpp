// One bill as a file that proves itself: the statement, the way from it to the signed log, and who vouches for the log.
// Whoever holds the controller's public key can check it alone and offline.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller/evm_address.hpp"
#include "controller/message.hpp"
#include "core/result.hpp"

namespace commonwatt {

/// Where a state of the log stands on a chain that is the checkpoint's or extends it. That it does is proved here; that
/// the chain has it, whoever has the chain checks (chain/anchored_proof.hpp).
struct ProofAnchor {
  std::int64_t chain_id = 0;
  EvmAddress registry{};
  std::int64_t epoch = 0;
  Hash32 transaction{};
  std::int64_t block = 0;
  std::int64_t log_size = 0;
  Hash32 log_root{};
  std::vector<Hash32> consistency;  ///< RFC 6962 path from the checkpoint's size to log_size; empty where they are one

  friend bool operator==(const ProofAnchor&, const ProofAnchor&) = default;
};

struct ProofFile {
  Bill bill;
  Bytes log_key;
  std::vector<Cosignature> cosignatures;
  std::vector<NoteKey> witnesses;  ///< the key of each cosignature, in the same sequence
  std::optional<ProofAnchor> anchor;
};

/// JSON with its fields in one sequence. What a person reads there follows from the statement below it.
std::string proof_text(const ProofFile& proof);
/// The proof of such a text. The error says what is wrong with it; nothing is verified yet.
Result<ProofFile, std::string> proof_from_text(std::string_view text);

/// Whether a text is meant as a proof file, whatever is wrong with it.
bool looks_like_proof(std::string_view text);

/// What is wrong with a proof, step by step from the statement to the cosignatures; nothing when all of it holds. With
/// a log key it must be that key's log, without one the file's own key is taken at its word.
std::optional<std::string> proof_fault(const ProofFile& proof, const std::optional<Hash32>& log_key);

/// Why an anchored state of the log is not the checkpoint's and does not extend it; nothing when it is or does.
std::optional<std::string> anchor_fault(const ProofAnchor& anchor, const Checkpoint& checkpoint);

/// What a proof without a fault proves, in words: whose bill, of when, how much, and on whose word. Says what it does
/// not prove, too.
std::string proof_words(const ProofFile& proof, const std::optional<Hash32>& log_key);

}  // namespace commonwatt
