// What the shell should do after an event. Every effect can be done twice without harm; those that must not be lost
// are asked for again by `pending_effects` after a restart.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "controller/anchor.hpp"
#include "controller/message.hpp"
#include "controller/payment.hpp"
#include "controller/settlement_tree.hpp"

namespace commonwatt {

struct SendReceipt {
  HouseholdId household;
  Receipt receipt;
};
/// Tell everyone the book and what it cleared to.
struct PublishClearing {
  ClearingRecord record;
};
/// Keep the sealed batch where bills and proofs are made from, in the transaction that writes the event.
struct StoreBatch {
  std::int64_t log_index = 0;
  LogEntry entry;
  Batch batch;
  std::vector<Posting> postings;
};
/// Keep the payment where books are made from, in the transaction that writes the event.
struct StorePayment {
  std::int64_t number = 0;  ///< from 1, in the order they were booked
  PaymentBooked payment;

  friend bool operator==(const StorePayment&, const StorePayment&) = default;
};
/// Keep the anchor of an epoch and the leaves of its settlement tree, in the transaction that writes the event.
struct StoreAnchor {
  Anchor anchor;
  std::vector<SettlementLeaf> leaves;  ///< in order of account

  friend bool operator==(const StoreAnchor&, const StoreAnchor&) = default;
};
/// Sign the log's state; the signature comes back as CheckpointSigned.
struct SignCheckpoint {
  Checkpoint checkpoint;
};
/// Tell everyone the signed state and send each household its bill of the newest interval.
struct PublishCheckpoint {
  Checkpoint checkpoint;
  Bytes signature;
};
struct CheckpointWitnessed {
  Checkpoint checkpoint;
  Bytes signature;
  std::vector<Cosignature> cosignatures;
};

enum class Severity : std::uint8_t { info, warning, alarm };
constexpr Severity enum_last(Severity) {
  return Severity::alarm;
}
const char* to_text(Severity severity);
struct RaiseAlarm {
  Severity severity = Severity::warning;
  std::string source;
  std::string text;
};

using Effect = std::variant<SendReceipt, PublishClearing, StoreBatch, SignCheckpoint, PublishCheckpoint,
                            CheckpointWitnessed, RaiseAlarm, StorePayment, StoreAnchor>;
using Effects = std::vector<Effect>;

}  // namespace commonwatt
