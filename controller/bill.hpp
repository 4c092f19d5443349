// A household's bill out of a sealed batch, and the text form in which it is kept and handed on.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "controller/effect.hpp"
#include "controller/message.hpp"

namespace commonwatt {

/// A signed state of the log and all its leaves up to there.
struct SignedLog {
  Checkpoint checkpoint;
  Bytes signature;
  std::span<const Hash32> leaves;  ///< at least checkpoint.size of them
};

/// The bill of a household; nothing when the batch has no statement for it or lies beyond the checkpoint.
std::optional<Bill> make_bill(const StoreBatch& store, const HouseholdId& household, const SignedLog& log);

/// One line of JSON: the figures a person reads, and the whole bill in base64 under "proof".
std::string bill_line(const Bill& bill);
/// The bill of such a line; nothing when the line is not byte for byte what bill_line writes of it, so that no figure
/// can differ from what is proved.
std::optional<Bill> bill_from_line(std::string_view line);

}  // namespace commonwatt
