// The best welfare of a zone tree as a linear program, solved by CLP: an optimum that owes nothing to staircases.
#pragma once

#include "market/zone_clearing.hpp"

namespace commonwatt::test {

enum class Simplex : std::uint8_t { dual, primal };

struct LpResult {
  bool solved = false;
  double welfare = 0;        ///< nano-currency
  double solve_seconds = 0;  ///< of the solver alone, from a cold start
};

/// Maximises value less cost less fees: a variable per order and two per edge, an equation per zone.
LpResult best_welfare(std::span<const LimitOrder> orders, const ZoneTree& tree, Simplex simplex = Simplex::dual);

}  // namespace commonwatt::test
