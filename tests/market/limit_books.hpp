// Books of limit orders and their households for the tests of the mechanisms that price by household.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "core/wide.hpp"
#include "market/clearing.hpp"
#include "market/pro_rata.hpp"
#include "tests/market/books.hpp"

namespace commonwatt::test {

inline LimitOrder buy(std::int64_t quantity, std::int64_t limit) {
  return {.limit = Price{limit}, .quantity = Energy{quantity}, .zone = 0, .side = Side::buy};
}
inline LimitOrder sell(std::int64_t quantity, std::int64_t limit) {
  return {.limit = Price{limit}, .quantity = Energy{quantity}, .zone = 0, .side = Side::sell};
}

struct LimitBook {
  std::vector<LimitOrder> orders;
  std::vector<std::uint32_t> households;
  std::vector<std::uint8_t> names;  ///< what tie keys are made of: they follow an order wherever it stands

  void add(const LimitOrder& order, std::uint32_t household) {
    orders.push_back(order);
    households.push_back(household);
    names.push_back(static_cast<std::uint8_t>(names.size()));
  }
  /// Each order of a household of its own.
  static LimitBook of_singles(const std::vector<LimitOrder>& orders) {
    LimitBook book;
    for (const LimitOrder& order : orders) book.add(order, static_cast<std::uint32_t>(book.orders.size()));
    return book;
  }
  /// Differs for each of 256 names, and stands in another order than they.
  TieKey tie_key() const {
    return [this](std::size_t index) {
      Hash32 key{};
      key[0] = static_cast<std::uint8_t>(names[index] * 167U + 13U);
      return key;
    };
  }
  std::size_t orders_of(std::uint32_t household) const {
    return static_cast<std::size_t>(std::count(households.begin(), households.end(), household));
  }
  /// The book in the sequence of these places.
  LimitBook in_sequence(const std::vector<std::size_t>& sequence) const {
    LimitBook book;
    for (const std::size_t place : sequence) {
      book.orders.push_back(orders[place]);
      book.households.push_back(households[place]);
      book.names.push_back(names[place]);
    }
    return book;
  }
};

/// The uniform auction over the same orders.
inline Clearing clear_uniform(const std::vector<LimitOrder>& orders) {
  std::vector<BookOrder> book;
  std::uint32_t number = 0;
  for (const LimitOrder& order : orders) {
    book.push_back({.id = numbered_id(number++), .side = order.side, .quantity = order.quantity, .limit = order.limit});
  }
  return clear(book, ClearingRule{}, Hash32{});
}

/// The welfare of these fills: value of what is bought less cost of what is sold.
inline WideMoney welfare_of(const std::vector<LimitOrder>& orders, const std::vector<Energy>& fills) {
  WideMoney welfare = 0;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const WideMoney worth = wide_product(fills[i], orders[i].limit);
    welfare += orders[i].side == Side::buy ? worth : -worth;
  }
  return welfare;
}

struct BookShape {
  std::int64_t orders_max = 0;
  std::int64_t households_max = 0;  ///< 0: every order has one of its own
  Price limit_min;
  Price limit_max;
  Energy quantity_max;
};

inline LimitBook random_limit_book(Random& random, const BookShape& shape) {
  LimitBook book;
  const std::int64_t orders = between(random, 0, shape.orders_max);
  for (std::int64_t i = 0; i < orders; ++i) {
    const std::int64_t quantity = between(random, 1, shape.quantity_max.count);
    const std::int64_t limit = between(random, shape.limit_min.count, shape.limit_max.count);
    const std::int64_t household = shape.households_max == 0 ? i : between(random, 0, shape.households_max - 1);
    const bool sells = between(random, 0, 1) == 1;
    book.add(sells ? sell(quantity, limit) : buy(quantity, limit), static_cast<std::uint32_t>(household));
  }
  return book;
}

inline std::vector<std::size_t> random_sequence(Random& random, std::size_t size) {
  std::vector<std::size_t> sequence(size);
  std::iota(sequence.begin(), sequence.end(), std::size_t{0});
  for (std::size_t i = size; i > 1; --i) {
    std::swap(sequence[i - 1], sequence[static_cast<std::size_t>(random() % i)]);
  }
  return sequence;
}

}  // namespace commonwatt::test
