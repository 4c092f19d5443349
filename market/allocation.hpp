// Who shared whose energy in an interval (RULEBOOK section 6, allocation settlement): the surplus that some meters fed
// in is given, after the fact, to the demand that others drew at the same time. The keys are those of the
// energy-sharing laws: static and dynamic shares of the quarter hour (Austria: ElWG section 70, since 2026-10-01;
// before, ElWOG 2010 section 16e), priority, percentage and pro rata (Luxembourg: law of 1 August 2007, articles 8ter
// and 8quater), shares agreed among those who take part (EnWG section 42c, Germany), a fixed coefficient each (RD
// 244/2019 annex I, Spain).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/id.hpp"
#include "core/result.hpp"
#include "core/units.hpp"
#include "market/participants.hpp"
#include "market/pro_rata.hpp"

namespace commonwatt {

enum class AllocationKey : std::uint8_t {
  dynamic,        ///< pro rata to demand
  static_shares,  ///< each its share of the surplus, at most its demand; what is left of a share stays unused
  percentage,     ///< as static_shares, then what is left goes to the demand left, pro rata
  priority,       ///< tiers one after the other, pro rata to demand within a tier
};
/// "dynamic", "static", "percentage", "priority".
const char* to_text(AllocationKey key);
std::optional<AllocationKey> allocation_key_from_text(std::string_view text);

struct AllocationMember {
  Energy delivered;                 ///< import - export: demand above zero, surplus below
  std::int64_t share_permille = 0;  ///< of the surplus of all; for static_shares and percentage
  std::int64_t tier = 0;            ///< the smaller is served first; for priority
};

/// Why shares cannot be shares.
enum class AllocationFault : std::uint8_t { share_out_of_range, shares_above_whole };
/// The fault as an operator would understand it, with what to do.
const char* explain(AllocationFault fault);

/// What every member is allocated: bought above zero, sold below, and zero in sum. Nobody buys above its demand or
/// sells above its surplus. What buyers take comes from the sellers pro rata to surplus. Every split is
/// share_pro_rata's, so the sequence of the members changes nothing. Demand and surplus of all stay within 63 bits
/// each.
Result<std::vector<Energy>, AllocationFault> allocate(AllocationKey key, std::span<const AllocationMember> members,
                                                      const TieKey& tie_key);

/// What breaks ties between households: SHA-256(32 zero bytes || id). No secret is needed, since nobody chooses an id
/// knowing the registers to come.
Hash32 allocation_tie_key(const HouseholdId& household);

enum class InternalPriceRule : std::uint8_t {
  fixed,
  mid_market,           ///< floor((retail + feed-in) / 2)
  supply_demand_ratio,  ///< nearer to feed-in the more there is to share
};

/// What shared energy costs among neighbours.
struct InternalPrice {
  InternalPriceRule rule = InternalPriceRule::fixed;
  Price fixed{};  ///< for the rule of that name
};

/// The price of an interval's shared energy. With r = surplus / demand, supply_demand_ratio is the selling price of Liu
/// et al., "Energy-Sharing Model With Price-Based Demand Response for Microgrids of Peer-to-Peer Prosumers", IEEE
/// Trans. Power Systems 32(5), 2017: feed_in x retail / ((retail - feed_in) x r + feed_in), rounded down, and feed_in
/// for r >= 1. A buyer that gets r of its demand at it and the rest at retail pays in all what that paper's buying
/// price asks. The formula wants prices above zero; with a feed-in price at or below zero the price is instead a
/// straight line between the same ends, retail - (retail - feed_in) x r, rounded down. Retail is at least feed-in.
Price internal_price(const InternalPrice& rule, const Tariff& tariff, Energy surplus, Energy demand);

}  // namespace commonwatt
