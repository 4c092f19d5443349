// What a journal file holds of the trades of an interval: enough to show, to somebody who trusts nobody, what was
// sealed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "controller/effect.hpp"
#include "controller/eip712.hpp"

namespace commonwatt {

/// The leaf of an order in the batch of its interval.
Hash32 order_leaf(const SignedOrder& order);

struct JournalTrades {
  /// Of the interval's runs, in the sequence in which they were sealed.
  std::vector<StoreBatch> batches;
  /// Every journalled order that is a leaf of one of these batches or stands in one of their books, each once, in the
  /// sequence in which they came. What the heart refused is journalled, too.
  std::vector<SignedOrder> orders;
  /// The leaves of the whole evidence log.
  std::vector<Hash32> log_leaves;
  /// Journalled records of households that do not open, because their data keys are erased or not beside the journal:
  /// there may be orders among them.
  std::int64_t closed_records = 0;
};

/// Reads `file` without writing, also while a controller writes to it. The error names the file and what is wrong with
/// it; to have no batch of an interval that begins then is wrong, too.
Result<JournalTrades, std::string> read_trades(const std::filesystem::path& file, UtcTime interval_begin);

}  // namespace commonwatt
