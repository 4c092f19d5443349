#include "market/tariff_charges.hpp"

#include <algorithm>
#include <cassert>
#include <functional>

#include "core/wide.hpp"

namespace commonwatt {

Money levy_amount(const Levy& levy, const Purchase& purchase) {
  Money amount;
  if (levy.on_utility_energy) amount += purchase.utility_energy * levy.price;
  if (levy.on_neighbour_energy) amount += purchase.neighbour_energy * levy.price;
  return amount;
}

Money levies_amount(std::span<const Levy> levies, const Purchase& purchase) {
  Money sum;
  for (const Levy& levy : levies) sum += levy_amount(levy, purchase);
  return sum;
}

TaxAmount tax_amount(const Tax& tax, const Purchase& purchase, Money levies) {
  assert(tax.permille >= 0 && tax.permille <= tax_permille_max);
  Wide base = 0;
  if (tax.on_utility_energy) base += purchase.utility_amount.count;
  if (tax.on_neighbour_energy) base += purchase.neighbour_amount.count;
  if (tax.on_fees) base += purchase.fees.count;
  if (tax.on_levies) base += levies.count;
  const Wide thousandths = base * tax.permille;
  const Wide amount = half_even_divide(thousandths, 1'000);
  if (amount != static_cast<std::int64_t>(amount)) std::abort();
  return {.amount = Money{static_cast<std::int64_t>(amount)},
          .residue = static_cast<std::int64_t>(thousandths - amount * 1'000)};
}

std::int64_t community_fee_permille(std::span<const ZoneId> transformers) {
  if (transformers.empty()) return 1'000;
  const bool is_one =
      std::adjacent_find(transformers.begin(), transformers.end(), std::not_equal_to<>()) == transformers.end();
  return is_one ? 600 : 800;
}

Price reduced_fee(Price fee, std::int64_t permille) {
  assert(permille >= 0 && permille <= 1'000);
  return {static_cast<std::int64_t>(half_even_divide(wide(fee.count) * permille, 1'000))};
}

}  // namespace commonwatt
