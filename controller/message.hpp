// What travels over the broker, as deterministic CBOR, and where. A household writes below cw/v1/<household>/up/ and
// reads below cw/v1/<household>/down/; everyone reads cw/v1/market/. An attester's name stands where a household's
// does. The broker is a pipe: what counts is signed.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "controller/eip712.hpp"
#include "controller/signed_note.hpp"
#include "market/admission.hpp"
#include "market/batch.hpp"

namespace commonwatt {

enum class UpTopic : std::uint8_t { order, reading, cosignature, request, live, status, attestation };
enum class DownTopic : std::uint8_t { receipt, bill, checkpoint, clearing, journal, settlement, log };

const char* to_text(UpTopic topic);
const char* to_text(DownTopic topic);
std::string up_topic(const HouseholdId& household, UpTopic topic);
std::string down_topic(const HouseholdId& household, DownTopic topic);
inline constexpr const char* clearing_topic = "cw/v1/market/clearing";
inline constexpr const char* checkpoint_topic = "cw/v1/market/checkpoint";

struct UpAddress {
  HouseholdId household;
  UpTopic topic = UpTopic::order;
};
/// The household and kind of an up topic; nothing when the topic is not one.
std::optional<UpAddress> parse_up_topic(std::string_view topic);
/// The last level of a topic: "receipt" of "cw/v1/hh01/down/receipt".
std::string_view last_level(std::string_view topic);

/// The largest payload either side reads.
inline constexpr std::size_t payload_max = 4U << 20U;

enum class Subject : std::uint8_t { order, reading };
constexpr Subject enum_last(Subject) {
  return Subject::reading;
}

/// The controller's answer to an order or a reading. Once a household holds it, the controller has it on disk.
struct Receipt {
  Subject subject = Subject::order;
  Hash32 id{};  ///< order_id or reading_id
  UtcTime received;
  std::optional<std::int64_t> rejection;  ///< the OrderReject or ReadingReject; nothing when accepted

  friend bool operator==(const Receipt&, const Receipt&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.subject, self.id, self.received, self.rejection);
  }
};
struct SignedReceipt {
  Receipt receipt;
  Bytes signature;  ///< Ed25519 of the controller over receipt_text
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.receipt, self.signature);
  }
};
/// What the controller signs of a receipt: a prefix no other signature has, then the encoding.
Bytes receipt_text(const Receipt& receipt);

/// A new state of the log, with the proof that it extends the one of `old_size` entries.
struct CheckpointMessage {
  Checkpoint checkpoint;
  Bytes signature;
  std::int64_t old_size = 0;  ///< 0: no proof needed, the log was empty
  std::vector<Hash32> consistency;
  std::vector<Hash32> leaves;  ///< from place old_size on, when they are no more than checkpoint_leaves_max
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.checkpoint, self.signature, self.old_size, self.consistency, self.leaves);
  }
};
inline constexpr std::int64_t checkpoint_leaves_max = 64;

/// Leaves of the signed log from place `first` on, at most log_page_max.
struct LogPage {
  std::int64_t first = 0;
  std::vector<Hash32> leaves;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.first, self.leaves);
  }
};
inline constexpr std::int64_t log_page_max = 4'096;

/// A household's statement with the way from it to a signed checkpoint.
struct Bill {
  Statement statement;
  Salt16 salt{};
  std::int64_t leaf_index = 0;  ///< in the batch
  std::int64_t leaf_count = 0;
  std::vector<Hash32> batch_path;
  Hash32 batch_root{};
  std::int64_t log_index = 0;  ///< in the evidence log
  std::vector<Hash32> log_path;
  Checkpoint checkpoint;
  Bytes checkpoint_signature;

  friend bool operator==(const Bill&, const Bill&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.statement, self.salt, self.leaf_index, self.leaf_count, self.batch_path, self.batch_root,
                    self.log_index, self.log_path, self.checkpoint, self.checkpoint_signature);
  }
};
/// Whether a statement from outside is small enough that no sum or product of it can overflow.
bool statement_fits(const Statement& statement);
/// What is wrong with a bill's proof or arithmetic, in words; nothing when it leads from the statement to a
/// checkpoint that this log key signed.
std::optional<std::string> bill_fault(const Bill& bill, ByteView log_key);

enum class RequestKind : std::uint8_t { clearing, bill, checkpoint, journal, settlement, log };
constexpr RequestKind enum_last(RequestKind) {
  return RequestKind::log;
}
/// A gateway asks again for what it missed: the clearing of an interval, the bill in force of one or that of a place in
/// the evidence log, the newest checkpoint with a proof from the size it last cosigned, the settlement proofs of the
/// epochs after one, or the log's leaves behind its own copy. An attester asks for the journal after an entry.
struct Request {
  RequestKind kind = RequestKind::clearing;
  Interval interval;
  std::int64_t old_size = 0;
  std::optional<std::int64_t> log_index = std::nullopt;
  std::int64_t after = 0;   ///< the epoch, the entry of the journal, or how many leaves are known
  std::int64_t offset = 0;  ///< in the encoding of a JournalExtract
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.kind, self.interval, self.old_size, self.log_index, self.after, self.offset);
  }
};

struct CosignatureMessage {
  std::int64_t size = 0;
  Cosignature cosignature;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.size, self.cosignature);
  }
};

/// How a gateway fares, retained at the broker; its will says that it is off line.
struct GatewayStatus {
  bool online = false;
  std::int64_t clearings_checked = 0;  ///< since it started
  std::int64_t bills_checked = 0;      ///< since it started
  std::int64_t disputes = 0;  ///< clearings, bills, receipts, checkpoints and settlement proofs that were not right
  std::optional<std::int64_t> next_bill;       ///< begin of the first interval it has no bill of, in seconds
  std::optional<std::int64_t> next_log_index;  ///< the first place in the evidence log it has no bill of
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.online, self.clearings_checked, self.bills_checked, self.disputes, self.next_bill,
                    self.next_log_index);
  }
};

/// What a household's meters show now, for the screen; never for money. Watts: net positive when drawn from the grid.
struct Live {
  UtcTime time;
  std::optional<std::int64_t> net;
  std::optional<std::int64_t> production;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.time, self.net, self.production);
  }
};

}  // namespace commonwatt
