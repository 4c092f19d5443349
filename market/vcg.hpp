// Vickrey-Clarke-Groves payments for one zone: each household pays what its presence costs the others
// (RULEBOOK section 4).
//
// The fills are the efficient ones, those of the uniform auction. With W their welfare (limit x fill, bids minus asks),
// v(h) the part of it that lies in household h's own orders and W(-h) the largest welfare without h's orders, h pays
// W(-h) - (W - v(h)); below zero, it is paid. What h gains, W - W(-h), is what the market gains by having it.
//
// Who bears what: no household bears anything; compared with any uniform price that clears the market each is as well
// off or better. The operator's account `spread` bears the difference, `deficit`, which is never below zero.
//
// Properties: efficient; truthful in dominant strategies for a household's whole price-quantity curve, prices and
// quantities alike; nobody is worse off than without trading; NOT balanced, and open to households that collude or
// trade under several names.
//
// Sources: Vickrey, "Counterspeculation, auctions, and competitive sealed tenders", Journal of Finance 16 (1961);
// Clarke, "Multipart pricing of public goods", Public Choice 11 (1971); Groves, "Incentives in teams",
// Econometrica 41 (1973).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/wide.hpp"
#include "market/order.hpp"
#include "market/pro_rata.hpp"

namespace commonwatt {

struct Vcg {
  std::vector<WideMoney> payments;        ///< by household, positive: it pays; up to the largest number in use
  std::vector<WideMoney> order_payments;  ///< by order; those of a household's orders sum to its payment
  WideMoney buyers_pay = 0;               ///< the payments above zero
  WideMoney sellers_get = 0;              ///< the payments below zero, with their sign turned
  WideMoney deficit = 0;                  ///< sellers_get - buyers_pay, at least zero

  friend bool operator==(const Vcg&, const Vcg&) = default;
};

/// `households` numbers the household of each order from zero on; `fills` is an efficient allocation of the orders,
/// which is asserted. The orders' zones are ignored.
/// An order pays limit x fill (a sell order gets it) less its share of its household's gain, so no order does worse
/// than its limit. Each filled watt-hour has the same share, rounded down to nano-currency; the nano-currency left over
/// go one each to watt-hours of the household's orders, shared pro rata to fill, by largest remainder, then by the
/// smaller tie key.
/// Exact, nothing else is rounded. Pure; O(n log n); the same orders in any sequence get the same payments.
Vcg vcg_payments(std::span<const LimitOrder> orders, std::span<const std::uint32_t> households,
                 std::span<const Energy> fills, const TieKey& tie_key);

}  // namespace commonwatt
