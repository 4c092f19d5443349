// What a transaction offers for its gas: enough to be taken, never more than an anchor may cost.
#pragma once

#include <optional>

#include "controller/chain/evm_types.hpp"

namespace commonwatt {

/// Wei per gas, as in a transaction.
struct GasPrice {
  Uint256 fee_max = 0;
  Uint256 tip_max = 0;

  friend bool operator==(const GasPrice&, const GasPrice&) = default;
};

/// What the chain asks now: lasts through six blocks of rising base fee, each by an eighth (EIP-1559).
GasPrice asked_price(const Uint256& base_fee, const Uint256& tip);
/// The least that replaces a transaction: nodes want both parts a tenth higher, we give an eighth.
GasPrice raised(const GasPrice& offered);
/// The dearer of the two, part by part.
GasPrice dearer(const GasPrice& a, const GasPrice& b);

/// The price with its fee cut to what a gas limit may cost; nothing when even the base fee is beyond that.
std::optional<GasPrice> within(const GasPrice& price, const Uint256& base_fee, std::int64_t gas_limit,
                               const Uint256& cost_max);

}  // namespace commonwatt
