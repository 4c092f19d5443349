// Books for the tests of the auction: orders in one line each, and random books from a seed.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "core/sha256.hpp"
#include "market/order.hpp"

namespace commonwatt::test {

/// An id that differs for every number.
inline OrderId numbered_id(std::uint32_t number) {
  const std::array<std::uint8_t, 4> bytes{static_cast<std::uint8_t>(number >> 24U),
                                          static_cast<std::uint8_t>(number >> 16U),
                                          static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)};
  return sha256(bytes);
}

inline BookOrder bid(std::uint32_t number, std::int64_t quantity, std::int64_t limit) {
  return {.id = numbered_id(number), .side = Side::buy, .quantity = Energy{quantity}, .limit = Price{limit}};
}
inline BookOrder ask(std::uint32_t number, std::int64_t quantity, std::int64_t limit) {
  return {.id = numbered_id(number), .side = Side::sell, .quantity = Energy{quantity}, .limit = Price{limit}};
}

using Random = std::mt19937_64;

/// A number in [low, high]; the same on every machine, which the standard's distributions are not.
inline std::int64_t between(Random& random, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(high - low + 1));
}

/// Up to `orders_max` orders. Most books have few distinct prices, so that ties are everywhere; quantities are tiny,
/// alike or huge; prices may be negative.
inline std::vector<BookOrder> random_book(Random& random, std::int64_t orders_max = 60) {
  const std::int64_t orders = between(random, 0, orders_max);
  const std::int64_t prices = between(random, 0, 12);
  const std::int64_t price_step = between(random, 0, 3) == 0 ? price_magnitude_max.count / 12 : between(random, 1, 5);
  const std::int64_t first_price = -between(random, 0, prices) * price_step;
  const std::array<std::int64_t, 4> largest{1, 7, 5'000, order_energy_max.count};
  const std::int64_t quantity_max = largest[static_cast<std::size_t>(between(random, 0, 3))];
  const std::int64_t sell_permille = between(random, 0, 1000);
  std::vector<BookOrder> book;
  for (std::int64_t i = 0; i < orders; ++i) {
    const bool sells = between(random, 0, 999) < sell_permille;
    const std::int64_t quantity = between(random, 1, quantity_max);
    const std::int64_t limit = first_price + between(random, 0, prices) * price_step;
    const auto number = static_cast<std::uint32_t>(i);
    book.push_back(sells ? ask(number, quantity, limit) : bid(number, quantity, limit));
  }
  return book;
}

}  // namespace commonwatt::test
