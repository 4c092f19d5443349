#include <doctest/doctest.h>

#include "market/certificate.hpp"
#include "market/mechanism.hpp"
#include "tests/market/limit_books.hpp"
#include "tests/market/trees.hpp"

namespace commonwatt {
namespace {

constexpr std::array all_mechanisms{Mechanism::uniform, Mechanism::pay_as_bid, Mechanism::mcafee, Mechanism::vcg,
                                    Mechanism::continuous};

struct Market {
  std::vector<LimitOrder> orders;
  std::vector<std::uint32_t> households;
  ZoneTree tree = ZoneTree::single();
  ZoneTieKeys tie_keys = test::tie_keys();

  Market() = default;
  explicit Market(std::vector<LimitOrder> all) : orders(std::move(all)) {
    for (std::uint32_t i = 0; i < orders.size(); ++i) households.push_back(i);
  }
  [[nodiscard]] Result<AuctionResult, AuctionRefusal> run(Mechanism mechanism) const {
    return run_auction(mechanism,
                       {.orders = orders, .households = households, .tree = tree, .rule = {}, .tie_keys = tie_keys});
  }
};

using test::buy;
using test::sell;

// Asks 100 @ 10, 100 @ 20, 100 @ 40; bids 100 @ 50, 100 @ 30, 100 @ 5: two pairs trade, the price is between 20 and 30.
Market two_pairs() {
  return Market({sell(100, 10), sell(100, 20), sell(100, 40), buy(100, 50), buy(100, 30), buy(100, 5)});
}

TEST_CASE("a mechanism has the name it is asked for by") {
  for (const Mechanism mechanism : all_mechanisms) CHECK(mechanism_of(to_text(mechanism)) == mechanism);
  CHECK_FALSE(mechanism_of("first_price").has_value());
}

TEST_CASE("in the uniform auction everybody pays and gets the one price") {
  const AuctionResult result = *two_pairs().run(Mechanism::uniform);
  CHECK(result.clearing.zones[0].price == Price{25});
  CHECK(result.payments == std::vector<WideMoney>{-2'500, -2'500, 0, 2'500, 2'500, 0});
  CHECK(result.accounts ==
        AuctionAccounts{
            .buyers_pay = 5'000, .sellers_get = 5'000, .fees = 0, .congestion_rent = 0, .spread = 0, .welfare = 5'000});
}

TEST_CASE("paid as bid, the same orders trade and the spread keeps the welfare") {
  const AuctionResult result = *two_pairs().run(Mechanism::pay_as_bid);
  CHECK(result.payments == std::vector<WideMoney>{-1'000, -2'000, 0, 5'000, 3'000, 0});
  CHECK(result.accounts.spread == 5'000);
  CHECK(result.accounts.welfare == 5'000);
}

TEST_CASE("McAfee's price comes from those left over, where they leave room") {
  // The first pair left over is the bid at 5 and the ask at 40: 22 lies between the marginal ask and bid.
  const AuctionResult result = *two_pairs().run(Mechanism::mcafee);
  CHECK(result.clearing.volume == Energy{200});
  CHECK(result.clearing.zones[0].price == Price{22});
  CHECK(result.sellers_price == Price{22});
  CHECK(result.accounts.spread == 0);
}

TEST_CASE("under Vickrey-Clarke-Groves the operator pays what truth costs") {
  // Without either buyer the other trades with the ask at 10; each so pays 20 a Wh. Sellers mirror it at 30.
  const AuctionResult result = *two_pairs().run(Mechanism::vcg);
  CHECK(result.payments == std::vector<WideMoney>{-3'000, -3'000, 0, 2'000, 2'000, 0});
  CHECK(result.accounts.spread == -2'000);
}

TEST_CASE("in the continuous market the order that rests sets the price") {
  const AuctionResult result =
      *Market({sell(100, 20), buy(60, 50), buy(60, 30), sell(50, 5)}).run(Mechanism::continuous);
  CHECK(result.payments == std::vector<WideMoney>{-2'000, 1'200, 800 + 600, -600});
  CHECK(result.clearing.fills == std::vector<Energy>{Energy{100}, Energy{60}, Energy{60}, Energy{20}});
  CHECK(result.clearing.zones[0].price == Price{30});
  CHECK(result.accounts.spread == 0);
  CHECK(result.own_cancels == 0);
}

TEST_CASE("in the continuous market a household does not trade with itself") {
  Market market({sell(100, 20), buy(60, 50)});
  market.households = {7, 7};
  const AuctionResult result = *market.run(Mechanism::continuous);
  CHECK(result.clearing.volume == Energy{0});
  CHECK(result.own_cancels == 1);
}

TEST_CASE("a mechanism of one zone refuses more, an order book refuses what it cannot hold") {
  Market market = two_pairs();
  Zone below;
  below.parent = 0;
  market.tree = *ZoneTree::from({Zone{}, below});
  for (const Mechanism mechanism : {Mechanism::mcafee, Mechanism::vcg, Mechanism::continuous}) {
    CHECK(market.run(mechanism).error() == AuctionRefusal::one_zone_only);
  }
  CHECK(market.run(Mechanism::uniform).ok());
  CHECK(market.run(Mechanism::pay_as_bid).ok());
  market = Market({sell(order_energy_max.count + 1, 10)});
  CHECK(market.run(Mechanism::continuous).error() == AuctionRefusal::order_too_large);
  CHECK(market.run(Mechanism::vcg).ok());
  for (const AuctionRefusal refusal : {AuctionRefusal::one_zone_only, AuctionRefusal::too_many_orders,
                                       AuctionRefusal::order_too_large, AuctionRefusal::too_many_prices}) {
    CHECK(std::string(explain(refusal)).size() > 20);
  }
}

TEST_CASE("an empty market trades nothing under any mechanism") {
  for (const Mechanism mechanism : all_mechanisms) {
    const AuctionResult result = *Market().run(mechanism);
    CHECK(result.clearing.volume == Energy{0});
    CHECK_FALSE(result.clearing.zones[0].price.has_value());
    CHECK(result.accounts == AuctionAccounts{});
  }
}

/// What every mechanism owes everybody: nobody beyond its limit, energy bought is energy sold, money adds up.
void check_laws(const Market& market, Mechanism mechanism) {
  const AuctionResult result = *market.run(mechanism);
  CAPTURE(to_text(mechanism));
  Energy bought;
  Energy sold;
  WideMoney paid = 0;
  for (std::size_t i = 0; i < market.orders.size(); ++i) {
    const LimitOrder& order = market.orders[i];
    const Energy fill = result.clearing.fills[i];
    REQUIRE((fill >= Energy{0} && fill <= order.quantity));
    const bool buys = order.side == Side::buy;
    (buys ? bought : sold) += fill;
    paid += result.payments[i];
    REQUIRE(result.payments[i] <= wide_product(buys ? fill : -fill, order.limit));
  }
  REQUIRE(bought == sold);
  REQUIRE(bought == result.clearing.volume);
  const AuctionAccounts& accounts = result.accounts;
  REQUIRE(accounts.buyers_pay - accounts.sellers_get == paid);
  REQUIRE(paid == accounts.fees + accounts.congestion_rent + accounts.spread);
  REQUIRE(accounts.congestion_rent >= 0);
  if (mechanism == Mechanism::uniform || mechanism == Mechanism::continuous) REQUIRE(accounts.spread == 0);
  if (mechanism == Mechanism::pay_as_bid || mechanism == Mechanism::mcafee) REQUIRE(accounts.spread >= 0);
  if (mechanism == Mechanism::vcg) REQUIRE(accounts.spread <= 0);
}

TEST_CASE("under every mechanism nobody trades beyond its limit and money adds up, and none beats the efficient ones") {
  MESSAGE("seed 23");
  for (std::uint64_t number = 0; number < 2'000; ++number) {
    test::Random random(23 + number);
    Market market;
    for (const BookOrder& order : test::random_book(random)) {
      market.orders.push_back(limit_order(order));
      market.households.push_back(static_cast<std::uint32_t>(test::between(random, 0, 8)));
    }
    CAPTURE(number);
    for (const Mechanism mechanism : all_mechanisms) check_laws(market, mechanism);
    const WideMoney best = market.run(Mechanism::uniform)->accounts.welfare;
    REQUIRE(market.run(Mechanism::vcg)->accounts.welfare == best);
    REQUIRE(market.run(Mechanism::mcafee)->accounts.welfare <= best);
    REQUIRE(market.run(Mechanism::continuous)->accounts.welfare <= best);
  }
}

TEST_CASE("over random trees, uniform and paid as bid, the accounts add up") {
  MESSAGE("seed 29");
  for (std::uint64_t number = 0; number < 2'000; ++number) {
    test::Random random(29 + number);
    test::Neighbourhood made = test::random_neighbourhood(random);
    Market market(std::move(made.orders));
    market.tree = std::move(made.tree);
    CAPTURE(number);
    check_laws(market, Mechanism::uniform);
    check_laws(market, Mechanism::pay_as_bid);
  }
}

}  // namespace
}  // namespace commonwatt
