// A household's bill out of a sealed batch, and the text form in which it is kept and handed on.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "controller/effect.hpp"
#include "controller/message.hpp"
#include "market/merkle.hpp"

namespace commonwatt {

/// A signed state of the log and all its leaves up to there.
struct SignedLog {
  Checkpoint checkpoint;
  Bytes signature;
  std::span<const Hash32> leaves;  ///< at least checkpoint.size of them
};

/// All bills of a batch: its tree and its place in the log are hashed once, for however many households.
class BatchBills {
 public:
  /// `store` and `log` must outlive it.
  BatchBills(const StoreBatch& store, const SignedLog& log);
  /// The bill of a household; nothing when the batch has no statement for it or lies beyond the checkpoint.
  [[nodiscard]] std::optional<Bill> of(const HouseholdId& household) const;

 private:
  const StoreBatch& store_;
  const SignedLog& log_;
  bool is_signed_;  // the checkpoint holds the batch
  MerkleTree tree_;
  std::vector<Hash32> log_path_;
};

/// As BatchBills, for who wants one bill.
std::optional<Bill> make_bill(const StoreBatch& store, const HouseholdId& household, const SignedLog& log);

/// One line of JSON: the figures a person reads, and the whole bill in base64 under "proof".
std::string bill_line(const Bill& bill);
/// The bill of such a line; nothing when the line is not byte for byte what bill_line writes of it, so that no figure
/// can differ from what is proved.
std::optional<Bill> bill_from_line(std::string_view line);

}  // namespace commonwatt
