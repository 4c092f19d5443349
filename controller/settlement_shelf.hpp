// A household's newest settlement proofs, as files: with one of them and a chain that has its anchor it proves its
// balance, whatever becomes of the operator.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "controller/settlement_proof.hpp"

namespace commonwatt {

class SettlementShelf {
 public:
  /// Epochs whose files are kept; older ones are removed.
  static constexpr std::int64_t kept_epochs = 16;

  /// The proofs of a household's account in `directory`; `accounts` has the addresses of all order keys it ever had,
  /// the first of which is its account. What lies there as settlement-EPOCH.json and is not such a proof is passed
  /// over.
  SettlementShelf(std::filesystem::path directory, const Hash32& community, std::set<EvmAddress> accounts);

  /// What is wrong with a proof that came; nothing when it can be kept, or is.
  [[nodiscard]] std::optional<std::string> fault(const SettlementProof& proof) const;
  /// Writes its file, on disk when it returns. Only after `fault` found nothing.
  Result<Done, std::string> keep(const SettlementProof& proof);

  /// The epoch behind which proofs are to be asked for: the one before the first gap, or the newest.
  [[nodiscard]] std::int64_t complete_until() const;
  [[nodiscard]] bool has_gap() const { return !proofs_.empty() && complete_until() != proofs_.rbegin()->first; }

 private:
  [[nodiscard]] std::filesystem::path file_of(std::int64_t epoch) const;
  std::filesystem::path directory_;
  Hash32 community_{};
  std::set<EvmAddress> accounts_;
  std::map<std::int64_t, SettlementProof> proofs_;
};

}  // namespace commonwatt
