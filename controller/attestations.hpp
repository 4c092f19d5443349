// Which attesters have signed which anchor. Every signature is judged when it comes and kept on disk, so that a restart
// has those that were given.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/attestation.hpp"
#include "controller/chain_config.hpp"

namespace commonwatt {

class Attestations {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// An epoch without a quorum for this long is told, with the attesters that are missing.
  static constexpr std::chrono::minutes silence_max{5};
  /// Attested epochs whose late attestations are still judged.
  static constexpr std::int64_t late_epochs = 64;

  /// Opens or makes the file. The configuration must outlive this.
  static Result<std::unique_ptr<Attestations>, std::string> open(const std::filesystem::path& file,
                                                                 const ChainConfig& config);
  ~Attestations();
  Attestations(const Attestations&) = delete;
  Attestations& operator=(const Attestations&) = delete;

  /// The anchor of the next epoch, to be attested.
  Result<Done, std::string> expect(const Anchor& anchor, Time now);
  /// Takes an attestation that came from `attester`. Returns why it is refused, for the operator: once for an attester
  /// until it sends a good one. An error when the disk fails.
  Result<std::optional<std::string>, std::string> take(const HouseholdId& attester, const Attestation& given);

  /// All epochs up to this one have a quorum, also those attested before a restart.
  [[nodiscard]] std::int64_t attested() const { return attested_; }
  /// An attested epoch that is still known, and its quorum's signatures.
  struct Attested {
    Anchor anchor;
    std::vector<Bytes> signatures;
  };
  [[nodiscard]] std::optional<Attested> attested_anchor(std::int64_t epoch) const;
  /// Forgets what no late attestation is judged by: epochs up to `epoch` but the last ones.
  void forget(std::int64_t epoch);

  /// Whom the oldest epoch without a quorum has waited for too long; nothing when there is none, or that was told.
  std::optional<std::string> silence(Time now);

 private:
  struct Tables;
  struct Epoch {
    Anchor anchor;
    Hash32 head{};
    Hash32 digest{};
    Time since;
    std::map<HouseholdId, Bytes> signatures;
  };
  Attestations(std::unique_ptr<Tables> tables, const ChainConfig& config);
  [[nodiscard]] std::optional<std::string> fault(const HouseholdId& attester, const Attestation& given) const;
  Result<Done, std::string> count();

  std::unique_ptr<Tables> tables_;
  const ChainConfig& config_;
  std::map<std::int64_t, Epoch> epochs_;
  std::int64_t attested_ = 0;
  std::map<HouseholdId, bool> told_;  // whose refusal was told
  std::string told_silence_;
};

}  // namespace commonwatt
