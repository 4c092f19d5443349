// The batch of one settlement run (RULEBOOK section 7): everything a bill rests on, in one Merkle tree.
#pragma once

#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "market/clearing.hpp"
#include "market/market_rules.hpp"
#include "market/merkle.hpp"
#include "market/settlement.hpp"

namespace commonwatt {

/// What an interval's auction was and became; the first leaf of its batch. In the batches of later runs book and fills
/// are empty: they stand in that of the initial run.
struct ClearingRecord {
  Interval interval;
  Run run = Run::initial;
  Hash32 previous_batch{};  ///< root of the batch sealed before this one
  Hash32 seed{};
  Hash32 seed_batch{};  ///< root of the last batch sealed when the gate closed, from which the seed follows
  ClearingRule rule;
  IntervalTerms terms;          ///< by which every run settles the interval
  std::vector<BookOrder> book;  ///< in rising order of id
  Clearing clearing;

  friend bool operator==(const ClearingRecord&, const ClearingRecord&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.interval, self.run, self.previous_batch, self.seed, self.seed_batch, self.rule, self.terms,
                    self.book, self.clearing);
  }
};

struct Batch {
  ClearingRecord record;
  std::vector<Hash32> order_leaves;    ///< in the book's sequence
  std::vector<Hash32> reading_leaves;  ///< of the boundary readings received, by meter and time
  std::vector<Statement> statements;   ///< in order of household
  std::vector<Salt16> salts;           ///< of the statements; deletable
  /// Leaves of statements that are erased: the tree stands without what they said.
  std::map<HouseholdId, Hash32> erased;

  friend bool operator==(const Batch&, const Batch&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.record, self.order_leaves, self.reading_leaves, self.statements, self.salts, self.erased);
  }
};

enum class LeafKind : std::uint8_t { clearing, order, reading, statement };

/// The leaf of one record: SHA-256(0x00 || salt || kind || encoding || signature). Without the salt, which is random
/// per record, nobody can guess a record back from its hash.
Hash32 record_leaf(LeafKind kind, const Salt16& salt, ByteView encoding, ByteView signature);

/// A salt for each of the statements of a run, from its one random number.
std::vector<Salt16> statement_salts(const Hash32& batch_salt, const std::vector<Statement>& statements);
Salt16 statement_salt(const Hash32& batch_salt, const HouseholdId& household);
Hash32 statement_leaf(const Statement& statement, const Salt16& salt);

/// All leaves of a batch: clearing, orders, readings, statements in order of household.
std::vector<Hash32> batch_leaves(const Batch& batch);
Hash32 batch_root(const Batch& batch);
/// Where a household's statement stands among the leaves; nothing when it has none.
std::optional<std::size_t> statement_index(const Batch& batch, const HouseholdId& household);

/// One entry of the evidence log: which batch was sealed.
struct LogEntry {
  Interval interval;
  Run run = Run::initial;
  Hash32 batch_root{};

  friend bool operator==(const LogEntry&, const LogEntry&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.interval, self.run, self.batch_root);
  }
};
Hash32 log_leaf(const LogEntry& entry);

}  // namespace commonwatt
