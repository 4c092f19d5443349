// What comes on top of the price of energy: levies per kilowatt-hour, taxes in permille of amounts, and the network fee
// of a local electricity community. Rounding is that of RULEBOOK section 1.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "core/id.hpp"
#include "core/units.hpp"

namespace commonwatt {

/// An amount per kilowatt-hour bought.
struct Levy {
  std::string name;  ///< for the bill
  Price price;
  bool on_utility_energy = false;
  bool on_neighbour_energy = false;

  friend bool operator==(const Levy&, const Levy&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.name, self.price, self.on_utility_energy, self.on_neighbour_energy);
  }
};

/// A share of amounts, as value added tax is. Taxes are not taxed.
struct Tax {
  std::string name;           ///< for the bill
  std::int64_t permille = 0;  ///< 0 to 1000
  bool on_utility_energy = false;
  bool on_neighbour_energy = false;
  bool on_fees = false;
  bool on_levies = false;

  friend bool operator==(const Tax&, const Tax&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.name, self.permille, self.on_utility_energy, self.on_neighbour_energy, self.on_fees,
                    self.on_levies);
  }
};
inline constexpr std::int64_t tax_permille_max = 1'000;  ///< of all taxes of a tariff together

/// What comes on top of the price of energy in an interval.
struct Charges {
  std::vector<Levy> levies;
  std::vector<Tax> taxes;
  std::int64_t loss_permille = 0;  ///< on energy bought from neighbours, paid at retail
  Price network_fee;               ///< on all energy drawn; at least zero

  friend bool operator==(const Charges&, const Charges&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.levies, self.taxes, self.loss_permille, self.network_fee);
  }
};

/// What one household buys in one interval, before levies and taxes.
struct Purchase {
  Energy utility_energy;
  Energy neighbour_energy;
  Money utility_amount;    ///< for the energy from the utility
  Money neighbour_amount;  ///< for the energy from neighbours
  Money fees;              ///< network fees

  friend bool operator==(const Purchase&, const Purchase&) = default;
};

/// Exact.
Money levy_amount(const Levy& levy, const Purchase& purchase);
Money levies_amount(std::span<const Levy> levies, const Purchase& purchase);

struct TaxAmount {
  Money amount;
  /// What the rounding left out: exactly, base x permille = amount x 1000 + residue. In thousandths of a
  /// nano-currency, -500 to 500; below what the ledger counts, so whoever keeps the account `rounding` sums it first.
  std::int64_t residue = 0;

  friend bool operator==(const TaxAmount&, const TaxAmount&) = default;
};
/// The tax on the sum of the amounts it is on, rounded once, half to even. `levies` is what levies_amount gave. A later
/// settlement run posts the difference of two tax amounts, never the tax on a difference: that would round twice.
TaxAmount tax_amount(const Tax& tax, const Purchase& purchase, Money levies);

/// How much of the network fee remains to be paid for energy from within a Swiss local electricity community, in
/// permille: 600 where all members are behind one transformer, 800 for all members as soon as one is behind another
/// (rebates of 40 and 20 per cent: StromVG, SR 734.7, articles 17d and 17e; StromVV, SR 734.71, article 19h; both in
/// force since 2026-01-01). `transformers` has the zone of each member's transformer; without members there is no
/// community, and 1000.
std::int64_t community_fee_permille(std::span<const ZoneId> transformers);
/// The fee that remains, half to even. What is rounded off goes nowhere: this is a price, no payment.
Price reduced_fee(Price fee, std::int64_t permille);

}  // namespace commonwatt
