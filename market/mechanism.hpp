// The auction mechanisms behind one interface (RULEBOOK section 4): which orders trade, what each pays, and which
// account bears the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/wide.hpp"
#include "market/zone_clearing.hpp"

namespace commonwatt {

/// | mechanism  | each order pays or gets     | efficient | truthful                  | who bears the difference | |
/// ---------- | --------------------------- | --------- | ------------------------- | --------------------------------
/// | | uniform    | its zone's price            | yes       | nearly, in large markets  | nobody: it is fees and rent |
/// | pay_as_bid | its own limit               | yes       | no: all shade their limit | `spread` gains it | | mcafee |
/// one price for each side     | no        | yes, in price (one order) | `spread` gains it; see mcafee.hpp | | vcg |
/// what it costs the others    | yes       | yes                       | `spread` pays it; see vcg.hpp    | |
/// continuous | the resting order's limit   | no        | no                        | nobody | "Efficient" and
/// "truthful" are about the limits stated; nobody ever trades beyond its limit in any of them. uniform and pay_as_bid
/// clear zone trees, the others one zone. All but continuous are independent of the sequence of the orders; continuous
/// takes them one after the other by price-time priority (order_book.hpp).
enum class Mechanism : std::uint8_t { uniform, pay_as_bid, mcafee, vcg, continuous };
constexpr Mechanism enum_last(Mechanism) {
  return Mechanism::continuous;
}
const char* to_text(Mechanism mechanism);
/// The mechanism of that name; nothing when there is none.
std::optional<Mechanism> mechanism_of(std::string_view name);

struct AuctionInput {
  std::span<const LimitOrder> orders;
  std::span<const std::uint32_t> households;  ///< of each order, numbered from zero on
  const ZoneTree& tree;
  ClearingRule rule;
  const ZoneTieKeys& tie_keys;
};

/// Nano-currency. buyers_pay - sellers_get = fees + congestion_rent + spread, exactly.
struct AuctionAccounts {
  WideMoney buyers_pay = 0;
  WideMoney sellers_get = 0;
  WideMoney fees = 0;             ///< fee x flow of every edge
  WideMoney congestion_rent = 0;  ///< what the prices on both sides of an edge differ by beyond its fee, x flow
  WideMoney spread = 0;           ///< what is left with the operator; below zero, what it adds
  WideMoney welfare = 0;          ///< limits of the bids filled, less those of the asks filled, less the fees

  friend bool operator==(const AuctionAccounts&, const AuctionAccounts&) = default;
};

struct AuctionResult {
  /// Fills, zone prices, positions and flows. In pay_as_bid and vcg the zone prices are those of the uniform auction;
  /// in mcafee the root's is what buyers pay; in continuous it is the last trade's.
  TreeClearing clearing;
  std::vector<WideMoney> payments;     ///< by order: what its household pays; below zero, what it gets
  std::optional<Price> sellers_price;  ///< of mcafee: what sellers get
  std::size_t own_cancels = 0;  ///< of continuous: orders cancelled because a younger one of the household met them
  AuctionAccounts accounts;

  friend bool operator==(const AuctionResult&, const AuctionResult&) = default;
};

/// Why a mechanism does not take this auction.
enum class AuctionRefusal : std::uint8_t { one_zone_only, too_many_orders, order_too_large, too_many_prices };
/// The reason, with what to do.
const char* explain(AuctionRefusal refusal);

/// Fee x flow over the edge above a zone.
WideMoney edge_fee(const ZoneTree& tree, std::span<const ZoneClearing> zones, ZoneIndex zone);
/// What flow and price difference over that edge earn beyond the fee: at least zero, and zero without a flow.
WideMoney congestion_rent(const ZoneTree& tree, std::span<const ZoneClearing> zones, ZoneIndex zone);

/// Runs one auction, or says why this mechanism does not.
Result<AuctionResult, AuctionRefusal> run_auction(Mechanism mechanism, const AuctionInput& input);

}  // namespace commonwatt
