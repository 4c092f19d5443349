// Gets anchors attested and onto the chain, in a thread of its own: a node that hangs delays no gate.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "controller/attestation.hpp"
#include "controller/chain/vault_watch.hpp"
#include "controller/chain_config.hpp"
#include "controller/effect.hpp"

namespace commonwatt {

/// Newest epochs; 0: none yet.
struct AnchoringStatus {
  std::int64_t attested = 0;  ///< signed by a quorum
  std::int64_t anchored = 0;  ///< in the registry
  std::int64_t final = 0;     ///< there for good: in a final block, and beyond the registry's veto window

  friend bool operator==(const AnchoringStatus&, const AnchoringStatus&) = default;
};

class Anchoring {
 public:
  /// Opens the stores in `directory`, loads the relayer's key and starts the thread. The error says what is missing.
  /// The configuration must outlive this. The accounts are followed in mode vault.
  static Result<std::unique_ptr<Anchoring>, std::string> start(const ChainConfig& config,
                                                               const std::filesystem::path& directory,
                                                               VaultAccounts accounts);
  /// Waits for the question to a node that is under way.
  ~Anchoring();
  Anchoring(const Anchoring&) = delete;
  Anchoring& operator=(const Anchoring&) = delete;

  /// The first epoch it wants to be told of after a restart.
  [[nodiscard]] std::int64_t first_wanted() const;

  /// All return at once.
  void expect(const Anchor& anchor);
  void take(const HouseholdId& attester, const Attestation& given);
  [[nodiscard]] AnchoringStatus status() const;
  /// What is new about the households' collateral since the last call.
  [[nodiscard]] std::vector<CollateralKnown> collateral();
  /// Waits until every household's collateral was read once, the chain could not be read, or this has passed.
  void await_collateral(std::chrono::seconds at_most);
  /// What the operator is to be told since the last call.
  [[nodiscard]] std::vector<RaiseAlarm> alarms();

 private:
  class Work;
  explicit Anchoring(std::unique_ptr<Work> work);
  std::unique_ptr<Work> work_;
};

}  // namespace commonwatt
