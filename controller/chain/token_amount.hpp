// Amounts of an ERC-20 currency: whole numbers of its smallest unit, and the decimal texts people use for them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "controller/chain/evm_types.hpp"
#include "core/units.hpp"

namespace commonwatt {

/// A vault takes currencies of at most so many decimals.
inline constexpr int token_decimals_max = 18;

/// The smallest units in "12.50"; nothing for what is no plain decimal number, has more decimals than the currency
/// or does not fit the vault's uint96. Decimals are 0 to 18.
std::optional<Uint256> token_amount_from_text(std::string_view text, int decimals);
/// With two decimals, or as many more as it takes to be exact: "12.50", "-0.000001".
std::string token_amount_text(const Int256& amount, int decimals);

/// Nano-currency in the smallest units, rounded down, as the vault does: against whoever is owed and whoever owes.
Int256 token_amount_of(Money net, int decimals);

/// The other way, rounded down or up to whole nano-currency; no more than a billion units of the currency.
Money money_below(const Uint256& amount, int decimals);
Money money_above(const Uint256& amount, int decimals);

}  // namespace commonwatt
