// The controller's side of anchors, in the thread that owns the state: hands new ones to the anchoring thread, serves
// attesters the journal, and sends households their settlement proofs.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/anchoring.hpp"
#include "controller/journal.hpp"
#include "controller/outgoing.hpp"

namespace commonwatt {

class AnchorDesk {
 public:
  /// The journal and `outgoing` must outlive this, as must the configuration.
  static Result<std::unique_ptr<AnchorDesk>, std::string> open(const ChainConfig& config,
                                                               const std::filesystem::path& directory, Journal& journal,
                                                               Outgoing& outgoing, const State& state);

  /// Whether that is an attester's name at the broker.
  [[nodiscard]] bool is_attester(const HouseholdId& name) const { return attesters_.contains(name); }
  /// A message from one.
  void take(const HouseholdId& attester, UpTopic topic, const Bytes& payload);

  /// A new anchor, once it is on disk.
  void publish(const StoreAnchor& store, const State& state);
  /// The newest anchor again, after a lost connection: who missed more asks.
  void publish_newest(const State& state);
  /// A household's proofs of the epochs after one, as far as their leaves are kept.
  void send_settlements(const HouseholdId& household, std::int64_t after, const State& state);

  [[nodiscard]] AnchoringStatus status() const { return anchoring_->status(); }
  [[nodiscard]] std::vector<CollateralKnown> collateral() { return anchoring_->collateral(); }
  void await_collateral(std::chrono::seconds at_most) { anchoring_->await_collateral(at_most); }
  [[nodiscard]] std::vector<RaiseAlarm> alarms() { return anchoring_->alarms(); }

 private:
  AnchorDesk(Journal& journal, Outgoing& outgoing) : journal_(journal), outgoing_(outgoing) {}
  Result<Done, std::string> expect_stored();
  void send_page(const HouseholdId& attester, const Request& request);
  void refuse_unreadable(const HouseholdId& attester, UpTopic topic);

  Journal& journal_;
  Outgoing& outgoing_;
  std::set<HouseholdId> attesters_;
  std::set<HouseholdId> told_;  // whose messages were not readable
  std::unique_ptr<Anchoring> anchoring_;
};

}  // namespace commonwatt
