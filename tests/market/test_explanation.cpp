// Explanations against the engine: on random books and trees every reason and every figure, in the explanation and in
// its words, is computed again in another way, most of them by clearing again.
#include <algorithm>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "market/explanation.hpp"
#include "market/explanation_text.hpp"
#include "tests/market/auctions.hpp"
#include "tests/market/limit_books.hpp"

namespace commonwatt {
namespace {

using test::Auction;

constexpr std::uint64_t first_seed = 20'261'121;

/// All figures an explanation's words may hold, each of them checked; and the words.
class Figures {
 public:
  void price(Price price) { prices_.insert(price.count); }
  void prices_apart(Price a, Price b) { prices_.insert(std::abs((a - b).count)); }
  void energy(Energy energy) { energies_.insert(energy.count); }

  /// Every "(123)" and every "4,567 Wh" is one of them.
  void check(const std::string& words) const {
    for (std::size_t open = words.find('('); open != std::string::npos; open = words.find('(', open + 1)) {
      const std::string inside = words.substr(open + 1, words.find(')', open) - open - 1);
      if (inside.find_first_not_of("-0123456789") != std::string::npos) continue;
      CAPTURE(inside);
      REQUIRE(prices_.count(std::stoll(inside)) == 1);
    }
    for (std::size_t unit = words.find(" Wh"); unit != std::string::npos; unit = words.find(" Wh", unit + 1)) {
      std::string digits = words.substr(0, unit);
      digits.erase(0, digits.find_last_of(' ') + 1);
      digits.erase(std::remove(digits.begin(), digits.end(), ','), digits.end());
      CAPTURE(digits);
      REQUIRE(energies_.count(std::stoll(digits)) == 1);
    }
  }

 private:
  std::set<std::int64_t> prices_;
  std::set<std::int64_t> energies_;
};

OrderNames plain_names() {
  return {.order = [](std::size_t i) { return "#" + std::to_string(i); },
          .zone = [](ZoneIndex i) { return "z" + std::to_string(i); }};
}

bool is_better(Side side, Price a, Price b) {
  return side == Side::buy ? a > b : a < b;
}

/// The parts of a result one order's explanation is checked against.
struct Case {
  const Auction& auction;
  const AuctionResult& result;
  const Explanation& found;
  const LimitOrder& order;
  Energy fill;
  Figures& figures;
};

/// The fees on the way of energy from one zone to another; nothing when an edge on it is closed.
std::optional<Price> fees_between(const ZoneTree& tree, ZoneIndex from, ZoneIndex to) {
  const auto up = [&](ZoneIndex zone) {
    std::vector<ZoneIndex> path{zone};
    while (tree[path.back()].parent) path.push_back(*tree[path.back()].parent);
    return path;
  };
  std::vector<ZoneIndex> ascent = up(from);
  std::vector<ZoneIndex> descent = up(to);
  while (ascent.size() > 1 && descent.size() > 1 && ascent[ascent.size() - 2] == descent[descent.size() - 2]) {
    ascent.pop_back();
    descent.pop_back();
  }
  // One may lie above the other.
  if (ascent.back() != descent.back()) FAIL("paths to the root do not meet");
  ascent.pop_back();
  descent.pop_back();
  Price fees;
  for (const ZoneIndex zone : ascent) {
    if (tree[zone].export_limit == Energy{0}) return std::nullopt;
    fees += tree[zone].fee;
  }
  for (const ZoneIndex zone : descent) {
    if (tree[zone].import_limit == Energy{0}) return std::nullopt;
    fees += tree[zone].fee;
  }
  return fees;
}

/// What the best order of the other side is worth in the order's zone.
std::optional<Price> best_worth(const Case& c) {
  std::optional<Price> best;
  for (const LimitOrder& other : c.auction.orders) {
    if (other.side == c.order.side) continue;
    const bool buys = c.order.side == Side::buy;
    const std::optional<Price> fees = buys ? fees_between(c.auction.tree, other.zone, c.order.zone)
                                           : fees_between(c.auction.tree, c.order.zone, other.zone);
    if (!fees) continue;
    const Price worth = buys ? other.limit + *fees : other.limit - *fees;
    if (!best || is_better(other.side, worth, *best)) best = worth;
  }
  return best;
}

void check_apart(const Case& c) {
  REQUIRE(c.result.clearing.volume == Energy{0});
  REQUIRE(c.found.counterpart.has_value());
  const Counterpart& counterpart = *c.found.counterpart;
  const bool buys = c.order.side == Side::buy;
  REQUIRE(std::any_of(c.auction.orders.begin(), c.auction.orders.end(), [&](const LimitOrder& other) {
    return other.side != c.order.side && other.zone == counterpart.zone && other.limit == counterpart.limit;
  }));
  REQUIRE(counterpart.fees == (buys ? fees_between(c.auction.tree, counterpart.zone, c.order.zone)
                                    : fees_between(c.auction.tree, c.order.zone, counterpart.zone)));
  const Price worth = buys ? counterpart.limit + counterpart.fees : counterpart.limit - counterpart.fees;
  REQUIRE(worth == best_worth(c));
  std::optional<Price> best_own;
  for (const LimitOrder& other : c.auction.orders) {
    if (other.side != c.order.side || other.zone != c.order.zone) continue;
    best_own = best_own ? (buys ? std::max(*best_own, other.limit) : std::min(*best_own, other.limit)) : other.limit;
  }
  REQUIRE(c.found.best_own_side == best_own);
  REQUIRE(is_better(c.order.side, worth, *best_own));
  for (const Price price : {worth, counterpart.limit, counterpart.fees, *best_own}) c.figures.price(price);
}

/// What an order gets of a split when its tie key is the given one.
Energy share_with_key(const Case& c, const std::vector<std::size_t>& sharers, Energy available, std::uint8_t key) {
  std::vector<Claim> claims;
  for (const std::size_t index : sharers) {
    claims.push_back({.index = index, .quantity = c.auction.orders[index].quantity, .share = {}, .remainder = {}});
  }
  share_pro_rata(claims, available, [&](std::size_t index) {
    if (index != c.found.order) return c.auction.keys.order(index);
    Hash32 own{};
    own.fill(key);
    return own;
  });
  return std::find_if(claims.begin(), claims.end(), [&](const Claim& claim) { return claim.index == c.found.order; })
      ->share;
}

void check_sharing(const Case& c, const std::vector<std::size_t>& sharers, bool is_exact) {
  REQUIRE(c.found.sharing.has_value());
  const Sharing& sharing = *c.found.sharing;
  Energy wanted;
  Energy available;
  for (const std::size_t index : sharers) {
    wanted += c.auction.orders[index].quantity;
    available += c.result.clearing.fills[index];
  }
  REQUIRE(sharing.wanted == wanted);
  REQUIRE(sharing.available == available);
  REQUIRE(available < wanted);
  REQUIRE(sharing.floor_share.has_value() == is_exact);
  c.figures.energy(wanted);
  c.figures.energy(available);
  if (!is_exact) return;
  const Energy floor = *sharing.floor_share;
  REQUIRE(wide(floor.count) * wanted.count <= wide(c.order.quantity.count) * available.count);
  REQUIRE((wide(floor.count) + 1) * wanted.count > wide(c.order.quantity.count) * available.count);
  c.figures.energy(floor);
  // With the smallest and with the largest of keys: what the key decides differs, what the remainder decides does not.
  const Energy most = share_with_key(c, sharers, available, 0x00);
  const Energy least = share_with_key(c, sharers, available, 0xFF);
  Energy floors;
  for (const std::size_t index : sharers) {
    const Wide product = wide(c.auction.orders[index].quantity.count) * available.count;
    floors += Energy{static_cast<std::int64_t>(product / wanted.count)};
  }
  const bool is_extra = c.fill == floor + Energy{1};
  REQUIRE((is_extra || c.fill == floor));
  LastWattHour expected = LastWattHour::none_left;
  if (floors < available && most != least) {
    expected = is_extra ? LastWattHour::got_by_tie_key : LastWattHour::missed_by_tie_key;
  } else if (floors < available) {
    REQUIRE(most == c.fill);
    expected = is_extra ? LastWattHour::got_by_remainder : LastWattHour::missed_by_remainder;
  }
  REQUIRE(sharing.last == expected);
}

/// The order with another limit, in the auction cleared again.
TreeClearing with_limit(const Case& c, Price limit) {
  std::vector<LimitOrder> orders = c.auction.orders;
  orders[c.found.order].limit = limit;
  return test::clear_call(c.auction, orders);
}

void check_whole_limit(const Case& c, test::Random& random) {
  if (c.fill == c.order.quantity) {
    REQUIRE_FALSE(c.found.whole_limit.has_value());
    return;
  }
  const bool buys = c.order.side == Side::buy;
  const Price best = buys ? auction_price_magnitude_max : -auction_price_magnitude_max;
  const auto is_whole_at = [&](Price limit) { return with_limit(c, limit).fills[c.found.order] == c.order.quantity; };
  if (!c.found.whole_limit) {
    REQUIRE_FALSE(is_whole_at(best));
    return;
  }
  const WholeLimit& whole = *c.found.whole_limit;
  const TreeClearing there = with_limit(c, whole.limit);
  REQUIRE(there.fills[c.found.order] == c.order.quantity);
  REQUIRE(there.zones[c.order.zone].price == whole.price);
  REQUIRE_FALSE(is_whole_at(whole.limit - Price{buys ? 1 : -1}));
  const Price better = whole.limit + Price{(buys ? 1 : -1) * test::between(random, 1, 10)};
  REQUIRE(is_whole_at(buys ? std::min(better, best) : std::max(better, best)));
  REQUIRE(is_whole_at(best));
  c.figures.price(whole.limit);
  c.figures.price(whole.price);
}

void check_edge(const Case& c) {
  const Zone& edge = c.auction.tree[c.order.zone];
  const ZoneClearing& zone = c.result.clearing.zones[c.order.zone];
  REQUIRE(c.found.edge.has_value() == (edge.parent.has_value() && zone.price.has_value()));
  if (!c.found.edge) return;
  const EdgeReason& reason = *c.found.edge;
  REQUIRE(reason.parent == *edge.parent);
  REQUIRE(reason.fee == edge.fee);
  REQUIRE(reason.flow.count == std::abs(zone.flow.count));
  const std::optional<Price>& above = c.result.clearing.zones[*edge.parent].price;
  REQUIRE(reason.parent_price == above);
  c.figures.price(edge.fee);
  c.figures.energy(reason.flow);
  if (above) c.figures.prices_apart(*above, *zone.price);
  switch (reason.state) {
    case EdgeState::exports:
      REQUIRE((zone.flow > Energy{0} && *zone.price == *above - edge.fee));
      break;
    case EdgeState::imports:
      REQUIRE((zone.flow < Energy{0} && *zone.price == *above + edge.fee));
      break;
    case EdgeState::exports_to_limit:
      REQUIRE((zone.flow > Energy{0} && zone.flow == edge.export_limit && *above - *zone.price >= edge.fee));
      break;
    case EdgeState::imports_to_limit:
      REQUIRE((zone.flow < Energy{0} && -zone.flow == edge.import_limit && *zone.price - *above >= edge.fee));
      break;
    case EdgeState::idle:
      REQUIRE(zone.flow == Energy{0});
      REQUIRE((*above - *zone.price <= edge.fee || edge.export_limit == Energy{0}));
      REQUIRE((*zone.price - *above <= edge.fee || edge.import_limit == Energy{0}));
      break;
    case EdgeState::cut_off:
      REQUIRE((edge.export_limit == Energy{0} && edge.import_limit == Energy{0}));
      break;
    case EdgeState::parent_unpriced:
      REQUIRE((!above && zone.flow == Energy{0}));
      break;
  }
}

Outcome expected_of_call(const Case& c, const std::vector<std::size_t>& at_price) {
  const bool buys = c.order.side == Side::buy;
  if (c.fill == Energy{0} && !best_worth(c)) return buys ? Outcome::no_sellers : Outcome::no_buyers;
  if (c.result.clearing.volume == Energy{0}) return Outcome::best_apart;
  const Price price = *c.result.clearing.zones[c.order.zone].price;
  if (is_better(c.order.side, c.order.limit, price)) return Outcome::better_than_price;
  if (is_better(c.order.side, price, c.order.limit)) return Outcome::worse_than_price;
  Energy left;
  Energy filled;
  for (const std::size_t index : at_price) {
    left += c.auction.orders[index].quantity - c.result.clearing.fills[index];
    filled += c.result.clearing.fills[index];
  }
  if (left == Energy{0}) return Outcome::at_price_whole;
  return filled == Energy{0} ? Outcome::at_price_unserved : Outcome::at_price_shared;
}

void check_call(const Case& c, test::Random& random) {
  const std::optional<Price>& price = c.result.clearing.zones[c.order.zone].price;
  REQUIRE(c.found.price == price);
  std::vector<std::size_t> at_price;
  for (std::size_t i = 0; i < c.auction.orders.size(); ++i) {
    const LimitOrder& other = c.auction.orders[i];
    if (other.side == c.order.side && other.zone == c.order.zone && other.limit == price) at_price.push_back(i);
  }
  REQUIRE(c.found.outcome == expected_of_call(c, at_price));
  if (price) c.figures.price(*price);
  if (price) c.figures.prices_apart(*price, c.order.limit);
  if (c.found.outcome == Outcome::better_than_price) REQUIRE(c.fill == c.order.quantity);
  if (c.found.outcome == Outcome::at_price_whole) REQUIRE(c.fill == c.order.quantity);
  if (c.found.outcome == Outcome::worse_than_price) REQUIRE(c.fill == Energy{0});
  if (c.found.outcome == Outcome::best_apart) check_apart(c);
  const bool shares = c.found.outcome == Outcome::at_price_shared || c.found.outcome == Outcome::at_price_unserved;
  REQUIRE(c.found.sharing.has_value() == shares);
  if (shares) check_sharing(c, at_price, c.auction.tree.children(c.order.zone).empty());
  check_whole_limit(c, random);
  check_edge(c);
}

/// The others' welfare when a household's orders are taken away, cleared by themselves.
void check_externality(const Case& c) {
  REQUIRE(c.found.externality.has_value());
  const Externality& found = *c.found.externality;
  const std::uint32_t household = c.auction.households[c.found.order];
  std::vector<LimitOrder> others;
  std::vector<Energy> fills;
  WideMoney paid = 0;
  std::size_t own = 0;
  for (std::size_t i = 0; i < c.auction.orders.size(); ++i) {
    if (c.auction.households[i] == household) {
      paid += c.result.payments[i];
      ++own;
      continue;
    }
    others.push_back(c.auction.orders[i]);
    fills.push_back(c.result.clearing.fills[i]);
  }
  REQUIRE(found.household_orders == own);
  REQUIRE(found.household_payment == paid);
  REQUIRE(found.others_with == test::welfare_of(others, fills));
  REQUIRE(found.others_without == test::welfare_of(others, test::clear_uniform(others).fills));
  REQUIRE(paid == found.others_without - found.others_with);
}

/// Watt-hour by watt-hour, the best bid with the best ask: the orders of each pair.
std::vector<std::pair<std::size_t, std::size_t>> matched_pairs(const Auction& auction) {
  const auto units_of = [&](Side side) {
    std::vector<std::size_t> units;
    for (std::size_t i = 0; i < auction.orders.size(); ++i) {
      if (auction.orders[i].side != side) continue;
      units.insert(units.end(), static_cast<std::size_t>(auction.orders[i].quantity.count), i);
    }
    std::stable_sort(units.begin(), units.end(), [&](std::size_t a, std::size_t b) {
      const Price limit_a = auction.orders[a].limit;
      const Price limit_b = auction.orders[b].limit;
      if (limit_a != limit_b) return is_better(side, limit_a, limit_b);
      return auction.keys.order(a) < auction.keys.order(b);
    });
    return units;
  };
  const std::vector<std::size_t> bids = units_of(Side::buy);
  const std::vector<std::size_t> asks = units_of(Side::sell);
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t i = 0; i < std::min(bids.size(), asks.size()); ++i) {
    if (auction.orders[bids[i]].limit < auction.orders[asks[i]].limit) break;
    pairs.emplace_back(bids[i], asks[i]);
  }
  return pairs;
}

Outcome expected_of_mcafee(const Case& c, const std::vector<std::size_t>& matched, std::size_t bid, std::size_t ask) {
  const auto& households = c.auction.households;
  if (std::find(matched.begin(), matched.end(), c.found.order) == matched.end()) return Outcome::behind_marginal;
  if (c.result.clearing.fills[bid] == Energy{0}) {
    if (c.found.order == bid || c.found.order == ask) return Outcome::marginal;
    const std::uint32_t own = households[c.found.order];
    if (own == households[bid] || own == households[ask]) return Outcome::household_marginal;
    if (c.result.clearing.volume == Energy{0}) return Outcome::left_without_partner;
  }
  const bool all_whole = std::all_of(matched.begin(), matched.end(), [&](std::size_t i) {
    const bool is_out = c.result.clearing.fills[bid] == Energy{0} &&
                        (households[i] == households[bid] || households[i] == households[ask]);
    return is_out || c.result.clearing.fills[i] == c.auction.orders[i].quantity;
  });
  if (!all_whole) return Outcome::rationed;
  return c.order.limit == c.found.price ? Outcome::at_price_whole : Outcome::better_than_price;
}

void check_mcafee(const Case& c) {
  const auto pairs = matched_pairs(c.auction);
  REQUIRE(c.found.margin.has_value() == !pairs.empty());
  if (pairs.empty()) {
    const std::optional<Price> best = best_worth(c);
    const bool buys = c.order.side == Side::buy;
    REQUIRE(c.found.outcome == (best ? Outcome::best_apart : buys ? Outcome::no_sellers : Outcome::no_buyers));
    if (best) check_apart(c);
    return;
  }
  const std::size_t bid = pairs.back().first;
  const std::size_t ask = pairs.back().second;
  REQUIRE(*c.found.margin == Margin{.bid = c.auction.orders[bid].limit,
                                    .ask = c.auction.orders[ask].limit,
                                    .volume = Energy{static_cast<std::int64_t>(pairs.size())}});
  c.figures.price(c.found.margin->bid);
  c.figures.price(c.found.margin->ask);
  c.figures.energy(c.found.margin->volume);
  const bool buys = c.order.side == Side::buy;
  REQUIRE(c.found.price == (buys ? c.result.clearing.zones[0].price : c.result.sellers_price));
  if (c.found.price) c.figures.price(*c.found.price);
  if (c.found.price) c.figures.prices_apart(*c.found.price, c.order.limit);
  std::vector<std::size_t> matched;
  for (const auto& pair : pairs) {
    const std::size_t index = buys ? pair.first : pair.second;
    if (std::find(matched.begin(), matched.end(), index) == matched.end()) matched.push_back(index);
  }
  REQUIRE(c.found.outcome == expected_of_mcafee(c, matched, bid, ask));
  if (c.found.outcome != Outcome::rationed) return;
  const auto& households = c.auction.households;
  matched.erase(std::remove_if(matched.begin(), matched.end(),
                               [&](std::size_t i) {
                                 return households[i] == households[bid] || households[i] == households[ask];
                               }),
                matched.end());
  check_sharing(c, matched, true);
}

/// What the words say of money, the one figure without a unit.
void check_payment(const Case& c, const std::string& words) {
  const WideMoney worth = wide_product(c.fill, c.order.limit);
  const WideMoney gain = (c.order.side == Side::buy ? worth : -worth) - c.result.payments[c.found.order];
  REQUIRE(c.found.payment == c.result.payments[c.found.order]);
  REQUIRE(c.found.gain == gain);
  REQUIRE(gain >= 0);
  const auto says = [&](const std::string& phrase) { return words.find(phrase) != std::string::npos; };
  REQUIRE(says("Its household") == (c.fill > Energy{0}));
  if (c.fill == Energy{0}) return;
  const WideMoney payment = c.found.payment;
  REQUIRE(says(payment > 0   ? "Its household pays " + money_text(payment) + " for"
               : payment < 0 ? "Its household gets " + money_text(-payment) + " for"
                             : "Its household pays nothing for"));
  REQUIRE((gain == 0 || says("which is " + money_text(gain) + " better than its limit")));
  if (c.found.mechanism == Mechanism::vcg || c.found.mechanism == Mechanism::continuous) {
    const WideMoney received = c.order.side == Side::buy ? payment : -payment;
    c.figures.price(Price{static_cast<std::int64_t>(floor_divide(received, c.fill.count))});
  }
}

using Counts = std::map<Outcome, int>;

void check_all(Mechanism mechanism, const Auction& auction, const AuctionResult& result, test::Random& random,
               Counts& counts) {
  for (std::size_t i = 0; i < auction.orders.size(); ++i) {
    const Explanation found = explain_order(mechanism, auction.input(), result, i);
    const std::string words = to_text(found, plain_names());
    CAPTURE(i);
    CAPTURE(words);
    Figures figures;
    const Case c{auction, result, found, auction.orders[i], result.clearing.fills[i], figures};
    REQUIRE(found.fill == c.fill);
    REQUIRE(found.stated == c.order);
    figures.price(c.order.limit);
    figures.energy(c.order.quantity);
    figures.energy(c.fill);
    if (mechanism == Mechanism::mcafee) {
      check_mcafee(c);
    } else if (mechanism != Mechanism::continuous) {
      check_call(c, random);
    }
    if (mechanism == Mechanism::vcg) check_externality(c);
    check_payment(c, words);
    figures.check(words);
    REQUIRE(words.find("  ") == std::string::npos);
    REQUIRE(words.back() == '.');
    ++counts[found.outcome];
  }
}

void check_reached(const Counts& counts, const std::vector<Outcome>& outcomes, int at_least) {
  for (const Outcome outcome : outcomes) {
    CAPTURE(static_cast<int>(outcome));
    CHECK((counts.count(outcome) == 1 && counts.at(outcome) >= at_least));
  }
}

const std::vector<Outcome> outcomes_of_call{
    Outcome::better_than_price, Outcome::at_price_whole, Outcome::at_price_shared, Outcome::at_price_unserved,
    Outcome::worse_than_price,  Outcome::no_buyers,      Outcome::no_sellers,      Outcome::best_apart};

TEST_CASE("in random books every reason and every figure is what clearing again shows") {
  constexpr int books = 2'000;
  MESSAGE("seed " << first_seed << ", " << books << " books");
  Counts counts;
  for (std::uint64_t number = 0; number < books; ++number) {
    test::Random random(first_seed + number);
    CAPTURE(number);
    // Every third book is so small that often a side is missing or nothing trades.
    Auction auction = test::auction_of(test::random_neighbourhood(random, 1, number % 3 == 0 ? 4 : 30));
    auction.rule.k_permille = std::array<std::int64_t, 4>{0, 500, 1000, 333}[number % 4];
    const Mechanism mechanism = number % 2 == 0 ? Mechanism::uniform : Mechanism::pay_as_bid;
    check_all(mechanism, auction, test::call_result(mechanism, auction), random, counts);
  }
  check_reached(counts, outcomes_of_call, 100);
}

TEST_CASE("in random trees every reason and every figure is what clearing again shows") {
  constexpr int trees = 2'000;
  MESSAGE("seed " << first_seed << ", " << trees << " trees");
  Counts counts;
  for (std::uint64_t number = 0; number < trees; ++number) {
    test::Random random(first_seed + number);
    CAPTURE(number);
    Auction auction = test::auction_of(test::random_neighbourhood(random, 8, 30));
    auction.rule.k_permille = std::array<std::int64_t, 3>{0, 500, 1000}[number % 3];
    const Mechanism mechanism = number % 2 == 0 ? Mechanism::uniform : Mechanism::pay_as_bid;
    check_all(mechanism, auction, test::call_result(mechanism, auction), random, counts);
  }
  check_reached(counts, outcomes_of_call, 200);
}

TEST_CASE("the largest quantities, prices and fees are explained without an overflow") {
  const std::int64_t energy = auction_energy_max.count / 8;
  const std::int64_t price = auction_price_magnitude_max.count;
  const std::vector<LimitOrder> orders{test::buy(energy, price),     test::buy(energy - 1, -price),
                                       test::sell(energy, -price),   test::sell(energy, price),
                                       test::buy(energy / 3, price), test::sell(energy / 2, -price)};
  test::Random random(first_seed);
  Counts counts;
  const Zone dear{.parent = 0, .fee = Price{price}, .export_limit = {}, .import_limit = {}};
  for (const std::vector<Zone>& zones : {std::vector<Zone>{Zone{}}, std::vector<Zone>{Zone{}, dear, dear}}) {
    Auction auction = test::auction_of({.tree = *ZoneTree::from(zones), .orders = orders});
    for (std::size_t i = 0; i < orders.size(); ++i) {
      auction.orders[i].zone = static_cast<ZoneIndex>(i % zones.size());
    }
    for (const Mechanism mechanism : {Mechanism::uniform, Mechanism::pay_as_bid}) {
      check_all(mechanism, auction, test::call_result(mechanism, auction), random, counts);
    }
    if (zones.size() > 1) continue;
    check_all(Mechanism::vcg, auction, test::call_result(Mechanism::vcg, auction), random, counts);
    const AuctionResult reduced = test::mcafee_result(auction);
    for (std::size_t i = 0; i < orders.size(); ++i) {
      const Explanation found = explain_order(Mechanism::mcafee, auction.input(), reduced, i);
      CHECK(found.fill == reduced.clearing.fills[i]);
      CHECK_FALSE(to_text(found, plain_names()).empty());
    }
  }
}

Auction random_households(test::Random& random) {
  const test::BookShape shape{.orders_max = 20,
                              .households_max = test::between(random, 0, 12),
                              .limit_min = Price{test::between(random, -6, 3)},
                              .limit_max = Price{test::between(random, 4, 25)},
                              .quantity_max = Energy{test::between(random, 1, 12)}};
  test::LimitBook book = test::random_limit_book(random, shape);
  Auction auction;
  auction.orders = std::move(book.orders);
  auction.households = std::move(book.households);
  return auction;
}

TEST_CASE("in random books the trade reduction's reasons are those of matching watt-hour by watt-hour") {
  constexpr int books = 5'000;
  MESSAGE("seed " << first_seed << ", " << books << " books");
  Counts counts;
  for (std::uint64_t number = 0; number < books; ++number) {
    test::Random random(first_seed + number);
    CAPTURE(number);
    const Auction auction = random_households(random);
    check_all(Mechanism::mcafee, auction, test::mcafee_result(auction), random, counts);
  }
  check_reached(counts,
                {Outcome::better_than_price, Outcome::at_price_whole, Outcome::no_buyers, Outcome::no_sellers,
                 Outcome::best_apart, Outcome::marginal, Outcome::household_marginal, Outcome::behind_marginal,
                 Outcome::left_without_partner, Outcome::rationed},
                100);
}

TEST_CASE("in random books a Vickrey payment is explained by the market without the household") {
  constexpr int books = 2'000;
  MESSAGE("seed " << first_seed << ", " << books << " books");
  Counts counts;
  for (std::uint64_t number = 0; number < books; ++number) {
    test::Random random(first_seed + number);
    CAPTURE(number);
    const Auction auction = random_households(random);
    check_all(Mechanism::vcg, auction, test::call_result(Mechanism::vcg, auction), random, counts);
  }
  check_reached(counts, outcomes_of_call, 100);
}

TEST_CASE("in random books a continuous market's orders trade as they are said to") {
  constexpr int books = 2'000;
  MESSAGE("seed " << first_seed << ", " << books << " books");
  Counts counts;
  int taken_off_count = 0;
  for (std::uint64_t number = 0; number < books; ++number) {
    test::Random random(first_seed + number);
    CAPTURE(number);
    const Auction auction = random_households(random);
    const auto [result, taken_off] = test::continuous_result(auction);
    check_all(Mechanism::continuous, auction, result, random, counts);
    for (std::size_t i = 0; i < auction.orders.size(); ++i) {
      const Explanation found = explain_order(Mechanism::continuous, auction.input(), result, i);
      const Energy fill = result.clearing.fills[i];
      REQUIRE(found.outcome == (fill == auction.orders[i].quantity ? Outcome::traded_whole
                                : fill > Energy{0}                 ? Outcome::traded_in_part
                                                                   : Outcome::untraded));
      if (!taken_off[i]) continue;
      REQUIRE(found.met_own_order);
      ++taken_off_count;
    }
  }
  CHECK(taken_off_count > 100);
  check_reached(counts, {Outcome::traded_whole, Outcome::traded_in_part, Outcome::untraded}, 1'000);
}

}  // namespace
}  // namespace commonwatt
