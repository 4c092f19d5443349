// What the controller tells households: receipts, signed states of the log, bills, and what they ask for.
#pragma once

#include <optional>
#include <vector>

#include "controller/bill.hpp"
#include "controller/journal.hpp"
#include "controller/market_view.hpp"
#include "controller/outgoing.hpp"
#include "controller/signing_keys.hpp"

namespace commonwatt {

/// In the thread that owns the state.
class HouseholdDesk {
 public:
  /// All must outlive this.
  HouseholdDesk(const SigningKey& log_key, Journal& journal, MarketView& view, Outgoing& outgoing)
      : log_key_(log_key), journal_(journal), view_(view), outgoing_(outgoing) {}

  /// The evidence log's leaves as the journal has them, and those of batches sealed since.
  void restore(std::vector<Hash32> leaves) { leaves_ = std::move(leaves); }
  void append(const Hash32& leaf) { leaves_.push_back(leaf); }

  void send_receipt(const SendReceipt& effect);
  /// A new signed state, and the bills of what was sealed since the one before.
  void publish_checkpoint(const PublishCheckpoint& effect, const State& state);
  void note_witnessed(const CheckpointWitnessed& effect, const State& state);
  /// A clearing, a bill, a signed state or a page of the log that a household asks for, as far as there is one.
  void answer(const HouseholdId& household, const Request& request, const State& state);

 private:
  void send_clearing(const HouseholdId& household, const Interval& interval, const State& state);
  void send_bill(const HouseholdId& household, const std::optional<Bill>& bill);
  void send_log(const HouseholdId& household, std::int64_t first);
  /// As far as it is signed.
  [[nodiscard]] std::span<const Hash32> log_from(std::int64_t first, std::int64_t at_most) const;
  [[nodiscard]] CheckpointMessage checkpoint_message(std::int64_t old_size) const;
  [[nodiscard]] SignedLog signed_log() const {
    return {.checkpoint = checkpoint_, .signature = checkpoint_signature_, .leaves = leaves_};
  }

  const SigningKey& log_key_;
  Journal& journal_;
  MarketView& view_;
  Outgoing& outgoing_;
  std::vector<Hash32> leaves_;
  Checkpoint checkpoint_;  // the newest signed state
  Bytes checkpoint_signature_;
};

}  // namespace commonwatt
