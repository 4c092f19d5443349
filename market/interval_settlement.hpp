// What every household of an interval owes or gets, with fees, losses and tax (RULEBOOK section 6): the one place where
// energy becomes money, for settlements from files and for the running market.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/result.hpp"
#include "core/wide.hpp"
#include "market/pro_rata.hpp"
#include "market/settlement.hpp"
#include "market/tariff_charges.hpp"
#include "market/transfers.hpp"
#include "market/zone_tree.hpp"

namespace commonwatt {

/// Energy times the highest price of an interval, and what its contracts cost, stay within this: a hundred million
/// currency units. With it no sum of the settlement leaves 63 bits.
inline constexpr Money interval_money_max{100'000'000'000'000'000};
/// The largest amount that one pair of accounts can come to: taxes double at most what five kinds of payment make.
inline constexpr Money transfer_max{10 * interval_money_max.count};

/// A household of an interval, before prices.
struct SettlementMember {
  std::uint32_t household = 0;  ///< its number
  ZoneIndex zone = 0;
  Energy contract;        ///< net bought, sold below zero
  Money contract_amount;  ///< what it costs, at the prices of the contracts
  Energy delivered;       ///< import - export of all its billing meters
  Wide fee_relief = 0;    ///< Wh times the permille of the network fee that falls away for them
};

/// Whether there was a utility in the interval.
enum class GridState : std::uint8_t { connected, islanded };

/// The prices and percentages of an interval.
struct SettlementTerms {
  Tariff tariff;
  ImbalancePrices imbalance;
  std::span<const std::int64_t> loss_permille;  ///< of every zone
  std::span<const Levy> levies = {};
  std::span<const Tax> taxes = {};  ///< together at most 1000 permille
  Price network_fee{};              ///< on all energy drawn, less what a household is relieved of; at least zero
  GridState grid = GridState::connected;
};

/// What one household pays, by reason; below zero it is paid.
struct SettledMember {
  std::uint32_t household = 0;
  Energy contract;
  Energy delivered;
  Money energy_amount;     ///< its contracts
  Money imbalance_amount;  ///< its deviation
  Money fee_amount;        ///< edges its contracts pass, as far as prices do not hold the fees already; network fee
  Money loss_amount;       ///< the zone's loss factor on energy bought by contract, at retail, half to even
  Money tax_amount;        ///< levies, and taxes on what it pays for energy, fees, losses and levies, half to even

  [[nodiscard]] Energy deviation() const { return delivered - contract; }
  [[nodiscard]] Money before_tax() const { return energy_amount + imbalance_amount + fee_amount + loss_amount; }
  [[nodiscard]] Money total() const { return before_tax() + tax_amount; }

  friend bool operator==(const SettledMember&, const SettledMember&) = default;
};

struct SettledInterval {
  std::vector<SettledMember> members;  ///< as the members came
  std::vector<Transfer> transfers;     ///< netted; escrow is empty and all balances sum to zero
};

enum class IntervalFault : std::uint8_t { too_much_money };
/// The fault as an operator would understand it, with what to do.
const char* explain(IntervalFault fault);

/// Settles the interval. Members come in rising household number, once each. Exact but for percentages, which are
/// rounded half to even for every household; the account that gets them has the sum rounded once, and the residue goes
/// to `rounding`.
///
/// Fees: an edge of the zone tree carries the net of the contracts on its far side, and costs that energy times its
/// fee: for those on its far side who sell, where it exports, or buy, pro rata to their contracts. What buyers pay
/// beyond what sellers get pays the fees first, since the prices of a zonal auction hold them; households pay only what
/// is left, pro rata. What else buyers pay beyond what sellers get goes to `congestion` where there are zones, to
/// `spread` where there are none; a shortage is the `spread`'s.
///
/// The network fee is on every watt-hour drawn, by contract or beyond; a household's relief is taken off and what
/// remains rounded once, half to even.
///
/// On an island there is no utility: deviations settle with the `spread`, and what a household buys beyond its contract
/// counts as energy of neighbours for levies and taxes.
///
/// Contracts that do not balance settle all the same, each at its own price, and the spread bears the difference: one
/// wrong row keeps nobody from being billed. Whoever supplied them tells.
///
/// `tie_key` is asked for a place in `members`.
Result<SettledInterval, IntervalFault> settle_interval(std::span<const SettlementMember> members, const ZoneTree& zones,
                                                       const SettlementTerms& terms, const TieKey& tie_key);

}  // namespace commonwatt
