// The certificate of optimality of a clearing (RULEBOOK section 4), checked in one pass without knowing how the
// clearing was found.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "market/clearing.hpp"

namespace commonwatt {

/// What is wrong with a clearing of this book, in words; nothing when it is optimal, conserving and of the largest
/// volume.
std::optional<std::string> clearing_fault(std::span<const BookOrder> book, const Clearing& clearing);

}  // namespace commonwatt
