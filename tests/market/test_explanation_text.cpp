// What a household reads, to the letter, for books that can be checked by hand.
#include <doctest/doctest.h>

#include "market/explanation_text.hpp"
#include "tests/market/auctions.hpp"
#include "tests/market/limit_books.hpp"

namespace commonwatt {
namespace {

using test::Auction;
using test::buy;
using test::sell;

const OrderNames names{.order = [](std::size_t i) { return std::string(1, static_cast<char>('A' + i)); },
                       .zone = [](ZoneIndex i) { return i == 0 ? "town" : "street" + std::to_string(i); }};

Auction singles(std::vector<LimitOrder> orders, std::vector<Zone> zones = {Zone{}}) {
  return test::auction_of({.tree = *ZoneTree::from(std::move(zones)), .orders = std::move(orders)});
}
LimitOrder in_zone(ZoneIndex zone, LimitOrder order) {
  order.zone = zone;
  return order;
}
std::string uniform(const Auction& auction, std::size_t order) {
  const AuctionResult result = test::call_result(Mechanism::uniform, auction);
  return to_text(explain_order(Mechanism::uniform, auction.input(), result, order), names);
}

TEST_CASE("numbers are exact, in currency units and as orders write them") {
  CHECK(price_text(Price{284'700}) == "0.2847 per kWh (284700)");
  CHECK(price_text(Price{0}) == "0.00 per kWh (0)");
  CHECK(price_text(Price{-1}) == "-0.000001 per kWh (-1)");
  CHECK(price_text(Price{12'000'000}) == "12.00 per kWh (12000000)");
  CHECK(energy_text(Energy{0}) == "0 Wh");
  CHECK(energy_text(Energy{999}) == "999 Wh");
  CHECK(energy_text(Energy{-1'234'567}) == "-1,234,567 Wh");
  CHECK(energy_text(Energy{123'456}) == "123,456 Wh");
  CHECK(money_text(-1'423'500'000) == "-1.4235");
  CHECK(money_text(1) == "0.000000001");
}

TEST_CASE("an order better than the price, one at it, one worse and one that would move it") {
  const Auction auction =
      singles({buy(500, 320'000), sell(800, 250'000), buy(300, 200'000), sell(100, 290'000), buy(200, 250'000)});
  CHECK(uniform(auction, 0) ==
        "Order A asked to buy 500 Wh at 0.32 per kWh (320000) or less, and was filled whole. Its limit is better than "
        "the price, 0.25 per kWh (250000), by 0.07 per kWh (70000), and every such order is filled whole. Its "
        "household pays 0.125 for 500 Wh at 0.25 per kWh (250000), which is 0.035 better than its limit.");
  // 700 Wh are asked for at this limit or above, and 1,000 Wh at 0.20.
  CHECK(uniform(auction, 1) ==
        "Order B offered to sell 800 Wh at 0.25 per kWh (250000) or more, and sold 700 Wh of it. Its limit is exactly "
        "the price, 0.25 per kWh (250000). It is the only ask at this limit, and 700 Wh was left for it. Its household "
        "gets 0.175 for 700 Wh at 0.25 per kWh (250000), exactly its limit. All else the same, it would have been "
        "filled whole with a limit of 0.20 per kWh (200000) or less; with exactly that limit the price would have been "
        "0.20 per kWh (200000).");
  // Above 0.25 stand the 500 Wh of A alone: with these 300 Wh that is what is offered at 0.25.
  CHECK(uniform(auction, 2) ==
        "Order C asked to buy 300 Wh at 0.20 per kWh (200000) or less, and was not filled. Its limit is below the "
        "price, 0.25 per kWh (250000), by 0.05 per kWh (50000), and no such order is filled. All else the same, it "
        "would have been filled whole with a limit of 0.250001 per kWh (250001) or more; with exactly that limit the "
        "price would have been 0.25 per kWh (250000).");
  CHECK(uniform(auction, 4) ==
        "Order E asked to buy 200 Wh at 0.25 per kWh (250000) or less, and was filled whole. Its limit is exactly the "
        "price, 0.25 per kWh (250000), and there was enough for all bids at this limit. Its household pays 0.05 for "
        "200 Wh at 0.25 per kWh (250000), exactly its limit.");
}

TEST_CASE("the last watt-hour of a shared price") {
  // 5 Wh for bids of 4, 4 and 2 Wh: 2, 2 and 1 and nothing left. For bids of 4, 4 and 3 Wh: 20/11, 20/11, 15/11.
  CHECK(uniform(singles({sell(5, 10), buy(4, 20), buy(4, 20), buy(2, 20)}), 3) ==
        "Order D asked to buy 2 Wh at 0.00002 per kWh (20) or less, and bought 1 Wh of it. Its limit is exactly the "
        "price, 0.00002 per kWh (20). The bids at this limit are for 10 Wh, with 5 Wh left for them, shared in "
        "proportion to quantity: its part is 1 Wh. Its household pays 0.00000002 for 1 Wh at 0.00002 per kWh (20), "
        "exactly its limit. All else the same, it would have been filled whole with a limit of 0.000021 per kWh (21) "
        "or more; with exactly that limit the price would have been 0.00002 per kWh (20).");
  CHECK(uniform(singles({sell(5, 10), buy(4, 20), buy(4, 20), buy(3, 20)}), 1) ==
        "Order B asked to buy 4 Wh at 0.00002 per kWh (20) or less, and bought 2 Wh of it. Its limit is exactly the "
        "price, 0.00002 per kWh (20). The bids at this limit are for 11 Wh, with 5 Wh left for them, shared in "
        "proportion to quantity: its part, rounded down, is 1 Wh, and its remainder was large enough for one of the "
        "watt-hours left over by rounding. Its household pays 0.00000004 for 2 Wh at 0.00002 per kWh (20), exactly its "
        "limit. All else the same, it would have been filled whole with a limit of 0.000021 per kWh (21) or more; with "
        "exactly that limit the price would have been 0.00002 per kWh (20).");
  CHECK(uniform(singles({sell(5, 10), buy(4, 20), buy(4, 20), buy(3, 20)}), 3) ==
        "Order D asked to buy 3 Wh at 0.00002 per kWh (20) or less, and bought 1 Wh of it. Its limit is exactly the "
        "price, 0.00002 per kWh (20). The bids at this limit are for 11 Wh, with 5 Wh left for them, shared in "
        "proportion to quantity: its part, rounded down, is 1 Wh, and the watt-hours left over by rounding went to "
        "larger remainders. Its household pays 0.00000002 for 1 Wh at 0.00002 per kWh (20), exactly its limit. All "
        "else the same, it would have been filled whole with a limit of 0.000021 per kWh (21) or more; with exactly "
        "that limit the price would have been 0.00002 per kWh (20).");
  CHECK(uniform(singles({sell(1, 10), buy(1, 20), buy(1, 20)}), 0) ==
        "Order A offered to sell 1 Wh at 0.00001 per kWh (10) or more, and was filled whole. Its limit is better than "
        "the price, 0.00002 per kWh (20), by 0.00001 per kWh (10), and every such order is filled whole. Its household "
        "gets 0.00000002 for 1 Wh at 0.00002 per kWh (20), which is 0.00000001 better than its limit.");
  CHECK(
      uniform(singles({sell(1, 10), buy(1, 20), buy(1, 20)}), 1) ==
      "Order B asked to buy 1 Wh at 0.00002 per kWh (20) or less, and was not filled. Its limit is exactly the price, "
      "0.00002 per kWh (20). The bids at this limit are for 2 Wh, with 1 Wh left for them, shared in proportion to "
      "quantity: its part, rounded down, is 0 Wh, and the watt-hours left over by rounding went to larger remainders "
      "and, of equal ones, to smaller tie keys. All else the same, it would have been filled whole with a limit of "
      "0.000021 per kWh (21) or more; with exactly that limit the price would have been 0.00002 per kWh (20).");
  CHECK(
      uniform(singles({sell(1, 10), buy(1, 20), buy(1, 20)}), 2) ==
      "Order C asked to buy 1 Wh at 0.00002 per kWh (20) or less, and was filled whole. Its limit is exactly the "
      "price, 0.00002 per kWh (20). The bids at this limit are for 2 Wh, with 1 Wh left for them, shared in proportion "
      "to quantity: its part, rounded down, is 0 Wh, and of equal remainders its tie key won it one of the watt-hours "
      "left over by rounding. Its household pays 0.00000002 for 1 Wh at 0.00002 per kWh (20), exactly its limit.");
}

TEST_CASE("nothing trades") {
  CHECK(uniform(singles({buy(5, 100)}), 0) ==
        "Order A asked to buy 5 Wh at 0.0001 per kWh (100) or less, and was not filled. There was nobody to buy from: "
        "no order offered to sell.");
  CHECK(uniform(singles({sell(5, 100)}), 0) ==
        "Order A offered to sell 5 Wh at 0.0001 per kWh (100) or more, and was not filled. There was nobody to sell "
        "to: no order asked to buy.");
  CHECK(uniform(singles({sell(5, 300'000), buy(2, 250'000), buy(9, 100'000)}), 2) ==
        "Order C asked to buy 9 Wh at 0.10 per kWh (100000) or less, and was not filled. Nothing traded anywhere: the "
        "highest bid, 0.25 per kWh (250000), was below the lowest ask, 0.30 per kWh (300000). All else the same, no "
        "limit an order may state would have filled it whole.");
  const std::vector<Zone> zones{Zone{}, Zone{0, Price{20'000}, {}, {}}, Zone{0, Price{30'000}, {}, {}}};
  const Auction auction = singles({in_zone(1, sell(5, 280'000)), in_zone(2, buy(5, 300'000))}, zones);
  CHECK(
      uniform(auction, 0) ==
      "Order A offered to sell 5 Wh in zone street1 at 0.28 per kWh (280000) or more, and was not filled. Nothing "
      "traded anywhere: the most that a buyer would have left to sellers in zone street1 was 0.25 per kWh (250000), a "
      "bid of 0.30 per kWh (300000) in zone street2 less 0.05 per kWh (50000) of fees. The lowest ask in zone street1 "
      "was 0.28 per kWh (280000). All else the same, it would have been filled whole with a limit of 0.25 per kWh "
      "(250000) or less; with exactly that limit the price in zone street1 would have been 0.25 per kWh (250000).");
  CHECK(
      uniform(auction, 1) ==
      "Order B asked to buy 5 Wh in zone street2 at 0.30 per kWh (300000) or less, and was not filled. Nothing traded "
      "anywhere: the cheapest energy that could reach zone street2 would have cost 0.33 per kWh (330000), an ask of "
      "0.28 per kWh (280000) in zone street1 plus 0.05 per kWh (50000) of fees. The highest bid in zone street2 was "
      "0.30 per kWh (300000). All else the same, it would have been filled whole with a limit of 0.33 per kWh (330000) "
      "or more; with exactly that limit the price in zone street2 would have been 0.33 per kWh (330000).");
  const std::vector<Zone> closed{Zone{}, Zone{0, Price{0}, Energy{0}, {}}};
  CHECK(uniform(singles({in_zone(1, sell(5, 1)), in_zone(0, buy(5, 3))}, closed), 0) ==
        "Order A offered to sell 5 Wh in zone street1 at 0.000001 per kWh (1) or more, and was not filled. There was "
        "nobody to sell to: no order asked to buy in any zone that energy from zone street1 can reach.");
}

TEST_CASE("a zone's price and its parent's") {
  const std::vector<Zone> zones{Zone{}, Zone{0, Price{10'000}, Energy{100}, {}}, Zone{0, Price{20'000}, {}, {}},
                                Zone{0, Price{5'000}, Energy{0}, Energy{0}}, Zone{0, Price{150'000}, {}, {}}};
  const Auction auction =
      singles({in_zone(1, sell(500, 100'000)), in_zone(0, buy(300, 400'000)), in_zone(0, sell(400, 300'000)),
               in_zone(2, buy(50, 350'000)), in_zone(3, sell(10, 50'000)), in_zone(3, buy(10, 60'000)),
               in_zone(4, buy(10, 200'000))},
              zones);
  CHECK(uniform(auction, 0) ==
        "Order A offered to sell 500 Wh in zone street1 at 0.10 per kWh (100000) or more, and sold 100 Wh of it. Its "
        "limit is exactly the price of zone street1, 0.10 per kWh (100000). It is the only ask at this limit in zone "
        "street1, and 100 Wh was left for it. Its household gets 0.01 for 100 Wh at 0.10 per kWh (100000), exactly its "
        "limit. All else the same, no limit an order may state would have filled it whole. Zone street1 exported 100 "
        "Wh to zone town, all that may be carried, and its price is 0.20 per kWh (200000) below that of zone town, of "
        "which 0.01 per kWh (10000) is the fee.");
  CHECK(uniform(auction, 1) ==
        "Order B asked to buy 300 Wh in zone town at 0.40 per kWh (400000) or less, and was filled whole. Its limit is "
        "better than the price of zone town, 0.30 per kWh (300000), by 0.10 per kWh (100000), and every such order is "
        "filled whole. Its household pays 0.09 for 300 Wh at 0.30 per kWh (300000), which is 0.03 better than its "
        "limit.");
  CHECK(uniform(auction, 3) ==
        "Order D asked to buy 50 Wh in zone street2 at 0.35 per kWh (350000) or less, and was filled whole. Its limit "
        "is better than the price of zone street2, 0.32 per kWh (320000), by 0.03 per kWh (30000), and every such "
        "order is filled whole. Its household pays 0.016 for 50 Wh at 0.32 per kWh (320000), which is 0.0015 better "
        "than its limit. Zone street2 imported 50 Wh from zone town, so its price is that of zone town plus the fee of "
        "0.02 per kWh (20000).");
  CHECK(uniform(auction, 4) ==
        "Order E offered to sell 10 Wh in zone street3 at 0.05 per kWh (50000) or more, and was filled whole. Its "
        "limit is better than the price of zone street3, 0.055 per kWh (55000), by 0.005 per kWh (5000), and every "
        "such order is filled whole. Its household gets 0.00055 for 10 Wh at 0.055 per kWh (55000), which is 0.00005 "
        "better than its limit. No energy can flow between zone street3 and zone town, so the price is its own.");
  CHECK(uniform(auction, 6) ==
        "Order G asked to buy 10 Wh in zone street4 at 0.20 per kWh (200000) or less, and was not filled. Its limit is "
        "exactly the price of zone street4, 0.20 per kWh (200000), and nothing was left for the bids in zone street4 "
        "at this limit. All else the same, it would have been filled whole with a limit of 0.45 per kWh (450000) or "
        "more; with exactly that limit the price in zone street4 would have been 0.45 per kWh (450000). Between zone "
        "street4 and zone town nothing flowed: their prices differ by 0.10 per kWh (100000), no more than the fee of "
        "0.15 per kWh (150000).");
}

TEST_CASE("the other mechanisms") {
  Auction auction = singles({buy(10, 50), sell(8, 10), buy(10, 40), sell(20, 25), buy(10, 30), sell(6, 20)});
  const auto explained = [&](Mechanism mechanism, const AuctionResult& result, std::size_t order) {
    return to_text(explain_order(mechanism, auction.input(), result, order), names);
  };
  // 30 Wh match, the last of them the bid at 30 and the ask at 25; bids of 20 Wh and asks of 14 Wh trade.
  const AuctionResult reduced = test::mcafee_result(auction);
  CHECK(explained(Mechanism::mcafee, reduced, 0) ==
        "Order A asked to buy 10 Wh at 0.00005 per kWh (50) or less, and bought 7 Wh of it. The bids that trade are "
        "for 20 Wh and the other side for 14 Wh, which are shared in proportion to quantity: its part is 7 Wh. Its "
        "household pays 0.00000021 for 7 Wh at 0.00003 per kWh (30), which is 0.00000014 better than its limit.");
  CHECK(explained(Mechanism::mcafee, reduced, 4) ==
        "Order E asked to buy 10 Wh at 0.00003 per kWh (30) or less, and was not filled. Of the best bids and asks, "
        "matched in turn, 30 Wh match, down to a bid of 0.00003 per kWh (30) and up to an ask of 0.000025 per kWh "
        "(25). This order is the last bid that matches: the last ones decide the prices and do not trade themselves, "
        "so that nobody's limit moves the price at which it trades.");
  CHECK(explained(Mechanism::pay_as_bid, test::call_result(Mechanism::pay_as_bid, auction), 0) ==
        "Order A asked to buy 10 Wh at 0.00005 per kWh (50) or less, and was filled whole. Its limit is better than "
        "the clearing price, 0.000025 per kWh (25), by 0.000025 per kWh (25), and every such order is filled whole. "
        "Its household pays 0.0000005 for 10 Wh: here every order trades at its own limit.");
  auction.households[2] = 0;
  const AuctionResult vcg = test::call_result(Mechanism::vcg, auction);
  CHECK(explained(Mechanism::vcg, vcg, 0) ==
        "Order A asked to buy 10 Wh at 0.00005 per kWh (50) or less, and was filled whole. Its limit is better than "
        "the clearing price, 0.000025 per kWh (25), by 0.000025 per kWh (25), and every such order is filled whole. "
        "Its household pays 0.00000029 for 10 Wh, on average 0.000029 per kWh (29), which is 0.00000021 better than "
        "its limit. For its 2 orders together it pays 0.00000048, which is what its presence costs the others: by "
        "their limits (bids less asks) what the others trade is worth -0.0000003 with it and would be worth 0.00000018 "
        "without it.");
  CHECK(explained(Mechanism::vcg, vcg, 1) ==
        "Order B offered to sell 8 Wh at 0.00001 per kWh (10) or more, and was filled whole. Its limit is better than "
        "the clearing price, 0.000025 per kWh (25), by 0.000015 per kWh (15), and every such order is filled whole. "
        "Its household gets 0.00000022 for 8 Wh, on average about 0.000027 per kWh (27), which is 0.00000014 better "
        "than its limit. That is what its presence brings the others: by their limits (bids less asks) what the others "
        "trade is worth 0.00000068 with it and would be worth 0.00000046 without it.");
  CHECK(explained(Mechanism::vcg, vcg, 3) ==
        "Order D offered to sell 20 Wh at 0.000025 per kWh (25) or more, and sold 16 Wh of it. Its limit is exactly "
        "the clearing price, 0.000025 per kWh (25). It is the only ask at this limit, and 16 Wh was left for it. Its "
        "household gets 0.00000054 for 16 Wh, on average about 0.000033 per kWh (33), which is 0.00000014 better than "
        "its limit. That is what its presence brings the others: by their limits (bids less asks) what the others "
        "trade is worth 0.000001 with it and would be worth 0.00000046 without it. All else the same, it would have "
        "been filled whole with a limit of 0.000019 per kWh (19) or less.");
  auction.households[4] = 3;
  const AuctionResult continuous = test::continuous_result(auction).first;
  CHECK(explained(Mechanism::continuous, continuous, 0) ==
        "Order A asked to buy 10 Wh at 0.00005 per kWh (50) or less, and was filled whole. Each trade was made at the "
        "limit of the order that was in the book first. Its household pays 0.0000005 for 10 Wh, on average 0.00005 per "
        "kWh (50), exactly its limit.");
  CHECK(explained(Mechanism::continuous, continuous, 3) ==
        "Order D offered to sell 20 Wh at 0.000025 per kWh (25) or more, and sold 12 Wh of it. Each trade was made at "
        "the limit of the order that was in the book first. For the rest nobody within its limit was left to trade "
        "with, or it left the book when a newer order of its own household met it. Its household gets 0.0000005 for 12 "
        "Wh, on average about 0.000041 per kWh (41), which is 0.0000002 better than its limit.");
  CHECK(explained(Mechanism::continuous, continuous, 4) ==
        "Order E asked to buy 10 Wh at 0.00003 per kWh (30) or less, and bought 6 Wh of it. Each trade was made at the "
        "limit of the order that was in the book first. For the rest nobody within its limit was left to trade with. "
        "Its household pays 0.00000018 for 6 Wh, on average 0.00003 per kWh (30), exactly its limit.");
}

}  // namespace
}  // namespace commonwatt
