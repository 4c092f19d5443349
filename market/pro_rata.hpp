// Sharing what is left at the margin (RULEBOOK section 4): pro rata to quantity, the last watt-hours by largest
// remainder, then by the smaller tie key.
#pragma once

#include <functional>
#include <span>

#include "core/bytes.hpp"
#include "core/units.hpp"

namespace commonwatt {

/// SHA-256(seed || name) of an order or a zone, by its index. Asked only where a tie must be broken.
using TieKey = std::function<Hash32(std::size_t index)>;

/// One who shares: in, what it asks for; out, what it gets.
struct Claim {
  std::size_t index = 0;  ///< what the tie key is asked for
  Energy quantity;        ///< at least zero
  Energy share{};
  Energy remainder{};           ///< of the division that made the share
  std::uint64_t key_begin = 0;  ///< the first eight bytes of the tie key, where one was needed
};

/// Shares `available` among the claims: floor(quantity x available / total) each, then the watt-hours left over go one
/// each to the largest remainders, equal ones by the smaller tie key. `available` lies in [0, sum of the quantities];
/// nobody gets more than it asks for. Linear time on average, no memory of its own. The sequence of the claims has no
/// influence and is another one afterwards.
void share_pro_rata(std::span<Claim> claims, Energy available, const TieKey& tie_key);

}  // namespace commonwatt
