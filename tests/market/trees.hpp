// Random zone trees with orders in them, from a seed.
#pragma once

#include "market/zone_clearing.hpp"
#include "tests/market/books.hpp"

namespace commonwatt::test {

struct Neighbourhood {
  ZoneTree tree = ZoneTree::single();
  std::vector<LimitOrder> orders;
};

inline Hash32 key_of(std::uint8_t domain, std::size_t index) {
  return sha256(
      std::array<std::uint8_t, 3>{domain, static_cast<std::uint8_t>(index >> 8U), static_cast<std::uint8_t>(index)});
}

inline std::optional<Energy> random_limit(Random& random, std::int64_t quantity_max) {
  switch (between(random, 0, 3)) {
    case 0:
      return std::nullopt;
    case 1:
      return Energy{0};
    default:
      return Energy{between(random, 0, 4 * quantity_max)};
  }
}

/// Up to `zones_max` zones, some of them islands, and up to `orders_max` orders; few distinct prices and fees, so that
/// ties across edges are common; fees zero, alike, or larger than any gain; limits absent, zero or binding.
inline Neighbourhood random_neighbourhood(Random& random, std::int64_t zones_max = 12, std::int64_t orders_max = 40) {
  const std::int64_t count = between(random, 1, zones_max);
  const std::int64_t prices = between(random, 1, 15);
  const std::int64_t price_step = between(random, 0, 4) == 0 ? 70'000'000 : between(random, 1, 3);
  const std::int64_t quantity_max =
      std::array<std::int64_t, 4>{1, 6, 4'000, 1'000'000'000}[static_cast<std::size_t>(between(random, 0, 3))];
  const std::int64_t chain_permille = between(random, 0, 1'000);
  std::vector<Zone> zones(static_cast<std::size_t>(count));
  for (std::int64_t i = 1; i < count; ++i) {
    Zone& zone = zones[static_cast<std::size_t>(i)];
    const bool continues = between(random, 0, 999) < chain_permille;
    zone.parent = static_cast<ZoneIndex>(continues ? i - 1 : between(random, 0, i - 1));
    zone.fee = Price{price_step * std::array<std::int64_t, 4>{0, 1, between(random, 0, 4),
                                                              100}[static_cast<std::size_t>(between(random, 0, 3))]};
    zone.export_limit = random_limit(random, quantity_max);
    zone.import_limit = random_limit(random, quantity_max);
    if (between(random, 0, 9) == 0) zone.export_limit = zone.import_limit = Energy{0};
  }
  // The root need not be the first of the list.
  const auto root = static_cast<std::size_t>(between(random, 0, count - 1));
  std::swap(zones[0], zones[root]);
  for (Zone& zone : zones) {
    if (!zone.parent) continue;
    if (*zone.parent == 0) {
      zone.parent = static_cast<ZoneIndex>(root);
    } else if (*zone.parent == root) {
      zone.parent = 0;
    }
  }
  Neighbourhood made{.tree = *ZoneTree::from(std::move(zones)), .orders = {}};
  const std::int64_t first_price = -between(random, 0, prices) * price_step;
  for (std::int64_t i = between(random, 0, orders_max); i > 0; --i) {
    made.orders.push_back({.limit = Price{first_price + between(random, 0, prices) * price_step},
                           .quantity = Energy{between(random, 1, quantity_max)},
                           .zone = static_cast<ZoneIndex>(between(random, 0, count - 1)),
                           .side = between(random, 0, 1) == 0 ? Side::buy : Side::sell});
  }
  return made;
}

inline ZoneTieKeys tie_keys() {
  return {.order = [](std::size_t i) { return key_of(0, i); }, .zone = [](std::size_t i) { return key_of(1, i); }};
}

}  // namespace commonwatt::test
