// What attesters and the controller send each other. An attester replays the journal with the same step(), comes to
// the same anchors, and signs them; the controller alone cannot anchor.
#pragma once

#include <optional>
#include <tuple>
#include <vector>

#include "controller/event.hpp"

namespace commonwatt {

/// An attester's signature of an epoch's anchor.
struct Attestation {
  std::int64_t epoch = 0;
  Hash32 head{};    ///< struct hash of the anchor
  Bytes signature;  ///< EIP-712, 65 bytes r || s || v

  friend bool operator==(const Attestation&, const Attestation&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.epoch, self.head, self.signature);
  }
};

/// Where a controller keeps those it took, beside its journal.
inline constexpr const char* attestations_file = "attestations.sqlite";

struct JournalLine {
  std::int64_t number = 0;
  UtcTime time;
  Event event;  ///< without the names of people
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.number, self.time, self.event);
  }
};

/// The state after an erasure, with which a replay begins where the events before it cannot be read any more.
struct ErasureState {
  DataErased erased;
  Bytes state;  ///< its encoding, whose SHA-256 the erasure names and the log key signed
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.erased, self.state);
  }
};

/// What comes in the journal after an entry.
struct JournalExtract {
  std::int64_t after = 0;
  Hash32 before{};                   ///< chain hash of the entry `after`; zeros when there is none
  std::optional<ErasureState> base;  ///< stands for the entries up to that erasure, `last`; then there are no lines
  std::vector<JournalLine> lines;
  std::int64_t last = 0;  ///< the last entry that is told here; `after` when there is none
  Hash32 tip{};           ///< its chain hash
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.after, self.before, self.base, self.lines, self.last, self.tip);
  }
};
/// Encoded events in one extract; a single longer one goes alone.
inline constexpr std::size_t extract_size_max = std::size_t{256} << 10U;

/// An extract, or a part of one that is too long for a message.
struct JournalPage {
  std::int64_t after = 0;
  Hash32 extract_hash{};  ///< SHA-256 of the whole encoding: parts of different ones do not mix
  std::int64_t size = 0;  ///< of the whole encoding
  std::int64_t offset = 0;
  Bytes part;
  std::int64_t entries = 0;   ///< how many the journal has
  std::int64_t attested = 0;  ///< the newest epoch that needs no more attestations
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.after, self.extract_hash, self.size, self.offset, self.part, self.entries, self.attested);
  }
};
inline constexpr std::size_t journal_part_max = std::size_t{384} << 10U;
/// The largest extract an attester puts together.
inline constexpr std::int64_t extract_encoding_max = std::int64_t{256} << 20U;

}  // namespace commonwatt
