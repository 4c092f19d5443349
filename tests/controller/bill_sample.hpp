// Rows of a household's bill for tests: figures drawn by lot, or all the same.
#pragma once

#include <random>

#include "controller/household_bill.hpp"

namespace commonwatt::test {

inline LocalZone zone_of(const char* name) {
  return *LocalZone::open(name);
}
inline HouseholdId bill_household() {
  return *HouseholdId::from("hh01");
}

/// 250 Wh used; of them `contract` from neighbours at 14.12 ct, the rest from the grid at 30 ct.
inline BillRow plain_row(std::int64_t begin_seconds, Energy contract = Energy{0}) {
  BillRow row;
  row.interval = Interval(begin_seconds, 900);
  row.contract = contract;
  row.import = Energy{250};
  row.price = Price{141'200};
  row.tariff = {.retail = Price{300'000}, .feed_in = Price{80'000}};
  const Energy rest = row.deviation();
  row.amounts[index_of(BillAmount::energy)] = contract * *row.price;
  row.amounts[index_of(BillAmount::imbalance)] = rest * (rest > Energy{0} ? row.tariff.retail : row.tariff.feed_in);
  row.total = row.amounts[0] + row.amounts[1];
  row.without_market = Energy{250} * row.tariff.retail;
  return row;
}

inline BillRow random_row(std::mt19937_64& draw, std::int64_t begin_seconds) {
  const auto below = [&](std::int64_t bound) {
    return std::uniform_int_distribution<std::int64_t>(0, bound - 1)(draw);
  };
  BillRow row = plain_row(begin_seconds, Energy{below(3'000) - 1'500});
  row.import = Energy{below(2'000)};
  row.export_ = Energy{below(2'000)};
  if (below(3) > 0) row.produced = row.export_ + Energy{below(500)};
  if (below(10) == 0) row.quality = DeliveryQuality::estimated;
  row.total = Money{0};
  for (Money& amount : row.amounts) {
    amount = Money{below(2'000'000'000) - 1'000'000'000};
    row.total += amount;
  }
  row.without_market = Money{below(2'000'000'000) - 500'000'000};
  return row;
}

}  // namespace commonwatt::test
