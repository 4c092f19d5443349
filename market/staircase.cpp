#include "market/staircase.hpp"

#include <algorithm>
#include <cassert>

namespace commonwatt {
namespace {

/// Adds a level to the end of a staircase, or to the step it continues.
void append(Levels& levels, const Level& level) {
  if (!levels.empty() && levels.back().price == level.price) {
    levels.back().stairs = levels.back().stairs + level.stairs;
  } else {
    levels.push_back(level);
  }
}

Levels merge(const Levels& a, const Levels& b) {
  Levels merged;
  merged.reserve(a.size() + b.size());
  auto next_a = a.begin();
  auto next_b = b.begin();
  while (next_a != a.end() && next_b != b.end()) {
    if (next_a->price == next_b->price) {
      merged.push_back({next_a->price, next_a->stairs + next_b->stairs});
      ++next_a;
      ++next_b;
    } else {
      merged.push_back(next_a->price < next_b->price ? *next_a++ : *next_b++);
    }
  }
  merged.insert(merged.end(), next_a, a.end());
  merged.insert(merged.end(), next_b, b.end());
  return merged;
}

/// The place `energy` watt-hours up a staircase that has as many.
Cut cut_at(const Levels& levels, Energy energy) {
  if (levels.empty()) return {};
  Energy before;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const Level& level = levels[i];
    const Energy into = energy - before;
    const Energy height = level.stairs.asks + level.stairs.bids;
    if (into == Energy{0}) {
      const std::optional<Price> low = i == 0 ? std::nullopt : std::optional(levels[i - 1].price);
      return {.place = {level.price, {}}, .prices = {low, level.price}};
    }
    if (into < height) {
      const Energy asks = std::min(into, level.stairs.asks);
      return {.place = {level.price, {asks, into - asks}}, .prices = {level.price, level.price}};
    }
    before += height;
  }
  assert(before == energy);
  return {.place = {levels.back().price, levels.back().stairs}, .prices = {levels.back().price, std::nullopt}};
}

/// Adds to `carried` what lies between two places, at its price plus `shift`.
void carry_part(const Levels& levels, const Place& begin, const Place& end, Price shift, Levels& carried) {
  const auto first = std::lower_bound(levels.begin(), levels.end(), begin.price,
                                      [](const Level& level, Price price) { return level.price < price; });
  for (auto level = first; level != levels.end() && level->price <= end.price; ++level) {
    const Stairs part = between(begin, end, level->price, level->stairs);
    if (part != Stairs{}) append(carried, {level->price + shift, part});
  }
}

}  // namespace

std::optional<Price> k_point(const PriceRange& range, const ClearingRule& rule) {
  if (range.low && range.high) return price_between(*range.low, *range.high, rule);
  return range.low ? range.low : range.high;
}

void sort_levels(Levels& levels) {
  std::sort(levels.begin(), levels.end(), [](const Level& a, const Level& b) { return a.price.count < b.price.count; });
  std::size_t joined = 0;
  for (std::size_t i = 1; i < levels.size(); ++i) {
    if (levels[i].price == levels[joined].price) {
      levels[joined].stairs = levels[joined].stairs + levels[i].stairs;
    } else {
      levels[++joined] = levels[i];
    }
  }
  if (!levels.empty()) levels.resize(joined + 1);
}

Levels merge(std::vector<Levels> staircases) {
  if (staircases.empty()) return {};
  // Neighbours in pairs, then the pairs in pairs: every level is moved once per round.
  for (std::size_t count = staircases.size(); count > 1; count = (count + 1) / 2) {
    for (std::size_t i = 0; 2 * i < count; ++i) {
      Levels merged =
          2 * i + 1 < count ? merge(staircases[2 * i], staircases[2 * i + 1]) : std::move(staircases[2 * i]);
      staircases[i] = std::move(merged);
    }
  }
  return std::move(staircases.front());
}

ZoneCuts carry_over_edge(const Zone& zone, Energy demand, Levels& levels) {
  Energy height;
  for (const Level& level : levels) height += level.stairs.asks + level.stairs.bids;
  const Energy import = std::min(demand, zone.import_limit.value_or(demand));
  const Energy supply = height - demand;
  const Energy exported = std::min(supply, zone.export_limit.value_or(supply));
  const ZoneCuts cuts{.import_end = cut_at(levels, demand - import),
                      .zero = cut_at(levels, demand),
                      .export_end = cut_at(levels, demand + exported),
                      .import = import};
  Levels carried;
  carried.reserve(levels.size() + 1);
  carry_part(levels, cuts.import_end.place, cuts.zero.place, -zone.fee, carried);
  carry_part(levels, cuts.zero.place, cuts.export_end.place, zone.fee, carried);
  levels = std::move(carried);
  return cuts;
}

Stairs between(const Place& begin, const Place& end, Price price, const Stairs& level) {
  if (price < begin.price || price > end.price) return {};
  return (price == end.price ? end.behind : level) - (price == begin.price ? begin.behind : Stairs{});
}

Place advance(const Place& begin, const Place& end, Price price, const Stairs& taken) {
  if (price < begin.price) return begin;
  if (price > end.price) return end;
  return {price, (price == begin.price ? begin.behind : Stairs{}) + taken};
}

}  // namespace commonwatt
