#include <algorithm>
#include <limits>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "market/order_book.hpp"
#include "tests/core/stops.hpp"
#include "tests/market/books.hpp"

namespace commonwatt {
namespace {

constexpr std::uint64_t first_seed = 20'260'705;
constexpr PriceBand band{.low = Price{80'000}, .high = Price{300'000}, .tick = Price{100}};
constexpr Energy most = order_energy_max;

using Trades = std::vector<Trade>;
using OwnCancels = std::vector<OwnCancel>;

/// Order number `tag`, of an owner of its own unless the test says whose.
NewOrder buy(std::uint32_t tag, std::int64_t quantity, std::int64_t limit) {
  return {.side = Side::buy, .limit = Price{limit}, .quantity = Energy{quantity}, .owner = 100 + tag, .tag = tag};
}
NewOrder sell(std::uint32_t tag, std::int64_t quantity, std::int64_t limit) {
  return {.side = Side::sell, .limit = Price{limit}, .quantity = Energy{quantity}, .owner = 100 + tag, .tag = tag};
}
NewOrder of(std::uint32_t owner, NewOrder order) {
  order.owner = owner;
  return order;
}
Trade trade(std::uint32_t maker, std::uint32_t taker, std::int64_t price, std::int64_t quantity) {
  return {.maker_tag = maker, .taker_tag = taker, .price = Price{price}, .quantity = Energy{quantity}};
}

/// A book with its report, for the worked examples.
struct Desk {
  OrderBook book{band, 100};
  BookReport report;

  Placed add(const NewOrder& order) { return book.add(order, report).value(); }
  Placed replace(OrderHandle handle, std::int64_t quantity, std::int64_t limit) {
    return book.replace(handle, {.limit = Price{limit}, .quantity = Energy{quantity}}, report).value();
  }
  [[nodiscard]] std::int64_t open(const Placed& placed) const {
    const std::optional<RestingOrder> order = book.find(placed.handle);
    return order ? order->quantity.count : 0;
  }
};

TEST_CASE("an order that meets nobody rests whole and can be found") {
  Desk desk;
  const Placed placed = desk.add(of(7, buy(1, 500, 120'000)));
  CHECK(placed.resting == Energy{500});
  CHECK(desk.report.trades.empty());
  CHECK(desk.book.best_bid() == Price{120'000});
  CHECK_FALSE(desk.book.best_ask());
  CHECK(desk.book.size() == 1);
  CHECK(desk.book.find(placed.handle) ==
        RestingOrder{.side = Side::buy, .limit = Price{120'000}, .quantity = Energy{500}, .owner = 7, .tag = 1});
}

TEST_CASE("a bid below the ask and an ask above the bid wait for each other") {
  Desk desk;
  desk.add(buy(1, 500, 120'000));
  desk.add(sell(2, 500, 120'100));
  CHECK(desk.report.trades.empty());
  CHECK(desk.book.best_bid() == Price{120'000});
  CHECK(desk.book.best_ask() == Price{120'100});
}

TEST_CASE("a trade is at the price of the order that rested, whichever side arrives") {
  Desk desk;
  desk.add(sell(1, 500, 100'000));
  const Placed bid = desk.add(buy(2, 500, 250'000));
  desk.add(buy(3, 500, 250'000));
  const Placed ask = desk.add(sell(4, 500, 100'000));
  CHECK(desk.report.trades == Trades{trade(1, 2, 100'000, 500), trade(3, 4, 250'000, 500)});
  CHECK(bid == Placed{});
  CHECK(ask == Placed{});
  CHECK(desk.book.size() == 0);
}

TEST_CASE("an arriving order takes the best price first and stops at its limit; the rest waits") {
  Desk desk;
  const Placed far = desk.add(sell(1, 100, 130'000));
  desk.add(sell(2, 100, 110'000));
  desk.add(sell(3, 100, 120'000));
  const Placed bid = desk.add(buy(4, 1'000, 120'000));
  CHECK(desk.report.trades == Trades{trade(2, 4, 110'000, 100), trade(3, 4, 120'000, 100)});
  CHECK(bid.resting == Energy{800});
  CHECK(desk.open(bid) == 800);
  CHECK(desk.open(far) == 100);
  CHECK(desk.book.best_bid() == Price{120'000});
  CHECK(desk.book.best_ask() == Price{130'000});
}

TEST_CASE("at one price the older order is served first, and one served in part keeps its place") {
  Desk desk;
  desk.add(sell(1, 100, 110'000));
  const Placed second = desk.add(sell(2, 100, 110'000));
  desk.add(buy(3, 30, 110'000));
  desk.add(buy(4, 90, 110'000));
  CHECK(desk.report.trades == Trades{trade(1, 3, 110'000, 30), trade(1, 4, 110'000, 70), trade(2, 4, 110'000, 20)});
  CHECK(desk.open(second) == 80);
}

TEST_CASE("a cancelled order gives back what was open and never trades") {
  Desk desk;
  const Placed first = desk.add(sell(1, 100, 110'000));
  const Placed middle = desk.add(sell(2, 100, 110'000));
  const Placed last = desk.add(sell(3, 100, 110'000));
  desk.add(buy(4, 40, 110'000));
  CHECK(desk.book.cancel(middle.handle).value() == Energy{100});
  CHECK(desk.book.cancel(first.handle).value() == Energy{60});
  desk.report = {};
  desk.add(buy(5, 10, 110'000));
  CHECK(desk.report.trades == Trades{trade(3, 5, 110'000, 10)});
  CHECK(desk.book.cancel(last.handle).value() == Energy{90});
  CHECK_FALSE(desk.book.best_ask());
}

TEST_CASE("when the best price empties the next best takes over, on both sides") {
  Desk desk;
  const Placed bid = desk.add(buy(1, 10, 100'000));
  desk.add(buy(2, 10, 80'000));
  const Placed ask = desk.add(sell(3, 10, 200'000));
  desk.add(sell(4, 10, 300'000));
  CHECK(desk.book.cancel(bid.handle).ok());
  CHECK(desk.book.cancel(ask.handle).ok());
  CHECK(desk.book.best_bid() == band.low);
  CHECK(desk.book.best_ask() == band.high);
}

TEST_CASE("an order that asks for no more at the same price keeps its handle and its place") {
  Desk desk;
  const Placed first = desk.add(sell(1, 100, 110'000));
  desk.add(sell(2, 100, 110'000));
  CHECK(desk.replace(first.handle, 100, 110'000) == first);
  CHECK(desk.replace(first.handle, 60, 110'000) == Placed{.handle = first.handle, .resting = Energy{60}});
  desk.add(buy(3, 100, 110'000));
  CHECK(desk.report.trades == Trades{trade(1, 3, 110'000, 60), trade(2, 3, 110'000, 40)});
}

TEST_CASE("the quantity of a replacement is what shall be open, whatever has traded before") {
  Desk desk;
  const Placed ask = desk.add(sell(1, 100, 110'000));
  desk.add(buy(2, 70, 110'000));
  CHECK(desk.replace(ask.handle, 20, 110'000).resting == Energy{20});
  CHECK(desk.open(ask) == 20);
}

TEST_CASE("an order that asks for more goes behind its equals, under a new handle") {
  Desk desk;
  const Placed first = desk.add(sell(1, 100, 110'000));
  desk.add(sell(2, 100, 110'000));
  const Placed later = desk.replace(first.handle, 101, 110'000);
  CHECK_FALSE(later.handle == first.handle);
  CHECK_FALSE(desk.book.find(first.handle));
  desk.add(buy(3, 150, 110'000));
  CHECK(desk.report.trades == Trades{trade(2, 3, 110'000, 100), trade(1, 3, 110'000, 50)});
}

TEST_CASE("an order moved to a price that another order meets trades at once") {
  Desk desk;
  desk.add(buy(1, 50, 100'000));
  const Placed ask = desk.add(of(9, sell(2, 80, 200'000)));
  const Placed moved = desk.replace(ask.handle, 70, 90'000);
  CHECK(desk.report.trades == Trades{trade(1, 2, 100'000, 50)});
  CHECK(desk.book.find(moved.handle) ==
        RestingOrder{.side = Side::sell, .limit = Price{90'000}, .quantity = Energy{20}, .owner = 9, .tag = 2});
}

TEST_CASE("an owner's older order gives way to the younger one that meets it, and the report says so") {
  Desk desk;
  desk.add(sell(1, 100, 110'000));
  const Placed own = desk.add(of(5, sell(2, 60, 110'000)));
  desk.add(sell(3, 100, 110'000));
  const Placed beyond = desk.add(of(5, sell(4, 60, 130'000)));
  const Placed bid = desk.add(of(5, buy(6, 150, 120'000)));
  CHECK(desk.report.trades == Trades{trade(1, 6, 110'000, 100), trade(3, 6, 110'000, 50)});
  CHECK(desk.report.own_cancels == OwnCancels{{.tag = 2, .taker_tag = 6, .quantity = Energy{60}}});
  CHECK(bid == Placed{});
  CHECK_FALSE(desk.book.find(own.handle));
  CHECK(desk.open(beyond) == 60);
}

TEST_CASE("an own order behind those that fill the younger one stays") {
  Desk desk;
  desk.add(sell(1, 100, 110'000));
  const Placed own = desk.add(of(5, sell(2, 60, 110'000)));
  desk.add(of(5, buy(3, 100, 110'000)));
  CHECK(desk.report.own_cancels.empty());
  CHECK(desk.open(own) == 60);
}

TEST_CASE("alone with itself an owner trades nothing, and the younger order rests") {
  Desk desk;
  desk.add(of(5, sell(1, 100, 110'000)));
  const Placed bid = desk.add(of(5, buy(2, 40, 250'000)));
  CHECK(desk.report.trades.empty());
  CHECK(desk.report.own_cancels == OwnCancels{{.tag = 1, .taker_tag = 2, .quantity = Energy{100}}});
  CHECK(desk.open(bid) == 40);
  CHECK_FALSE(desk.book.best_ask());
}

TEST_CASE("an order is refused for the first rule it breaks") {
  Desk desk;
  const auto refusal = [&](std::int64_t quantity, std::int64_t limit) {
    return desk.book.add(buy(1, quantity, limit), desk.report).error();
  };
  CHECK(refusal(0, 79'950) == BookReject::quantity_out_of_bounds);
  CHECK(refusal(-1, 120'000) == BookReject::quantity_out_of_bounds);
  CHECK(refusal(most.count + 1, 120'000) == BookReject::quantity_out_of_bounds);
  CHECK(refusal(1, 79'950) == BookReject::price_out_of_band);
  CHECK(refusal(1, 79'900) == BookReject::price_out_of_band);
  CHECK(refusal(1, 300'100) == BookReject::price_out_of_band);
  CHECK(refusal(1, std::numeric_limits<std::int64_t>::min()) == BookReject::price_out_of_band);
  CHECK(refusal(1, std::numeric_limits<std::int64_t>::max()) == BookReject::price_out_of_band);
  CHECK(refusal(1, 120'001) == BookReject::price_off_tick);
  CHECK(refusal(1, 120'099) == BookReject::price_off_tick);
  CHECK(desk.book.size() == 0);
  CHECK(desk.add(buy(1, most.count, 80'000)).resting == most);
  CHECK(desk.add(sell(2, 1, 300'000)).resting == Energy{1});
}

TEST_CASE("a full book refuses an order that would only wait and takes one that trades") {
  OrderBook book(band, 2);
  BookReport report;
  CHECK(book.add(buy(1, 10, 100'000), report).ok());
  const Placed second = book.add(buy(2, 10, 90'000), report).value();
  CHECK(book.add(buy(3, 10, 110'000), report).error() == BookReject::book_full);
  CHECK(book.add(sell(4, 10, 100'100), report).error() == BookReject::book_full);
  CHECK(book.replace(second.handle, {Price{95'000}, Energy{11}}, report).ok());
  CHECK(report.trades.empty());
  const Placed ask = book.add(sell(5, 15, 100'000), report).value();
  CHECK(report.trades == Trades{trade(1, 5, 100'000, 10)});
  CHECK(ask.resting == Energy{5});
  CHECK(book.size() == 2);
  // One that only meets its owner's order rests in that order's place.
  CHECK(book.add(of(105, buy(6, 5, 100'000)), report).value().resting == Energy{5});
  CHECK(book.size() == 2);
}

TEST_CASE("what is refused leaves no trace") {
  Desk desk;
  const Placed ask = desk.add(sell(1, 100, 110'000));
  const auto refusal = [&](OrderHandle handle, std::int64_t quantity, std::int64_t limit) {
    return desk.book.replace(handle, {Price{limit}, Energy{quantity}}, desk.report).error();
  };
  CHECK(refusal(OrderHandle{}, 0, 0) == BookReject::unknown_order);
  CHECK(refusal(ask.handle, 0, 0) == BookReject::quantity_out_of_bounds);
  CHECK(refusal(ask.handle, most.count + 1, 110'000) == BookReject::quantity_out_of_bounds);
  CHECK(refusal(ask.handle, 100, 300'100) == BookReject::price_out_of_band);
  CHECK(refusal(ask.handle, 100, 110'050) == BookReject::price_off_tick);
  CHECK(desk.open(ask) == 100);
  CHECK(desk.report.trades.empty());
  CHECK(desk.report.own_cancels.empty());
}

TEST_CASE("a handle names its order as long as that rests, and nothing afterwards") {
  Desk desk;
  const OrderHandle cancelled = desk.add(sell(1, 100, 110'000)).handle;
  CHECK(desk.book.cancel(cancelled).ok());
  CHECK(desk.book.cancel(cancelled).error() == BookReject::unknown_order);
  const OrderHandle filled = desk.add(sell(2, 100, 110'000)).handle;
  CHECK(filled.slot == cancelled.slot);
  CHECK(desk.book.cancel(cancelled).error() == BookReject::unknown_order);
  desk.add(buy(3, 100, 110'000));
  CHECK(desk.book.cancel(filled).error() == BookReject::unknown_order);
  const OrderHandle other = desk.add(sell(4, 100, 110'000)).handle;
  CHECK(desk.book.replace(filled, {Price{110'000}, Energy{1}}, desk.report).error() == BookReject::unknown_order);
  CHECK_FALSE(desk.book.find(filled));
  CHECK(desk.book.find(other).has_value());
}

TEST_CASE("made-up handles name nothing") {
  Desk desk;
  const OrderHandle real = desk.add(sell(1, 100, 110'000)).handle;
  const Placed gone = desk.add(sell(2, 100, 110'000));
  CHECK(desk.book.cancel(gone.handle).ok());
  const std::uint32_t high = std::numeric_limits<std::uint32_t>::max();
  for (const OrderHandle handle : {OrderHandle{}, OrderHandle{0, 1}, OrderHandle{real.slot, real.generation + 1},
                                   OrderHandle{real.slot, 0}, OrderHandle{gone.handle.slot, gone.handle.generation + 1},
                                   OrderHandle{gone.handle.slot, gone.handle.generation + 2},
                                   OrderHandle{real.slot + 2, 1}, OrderHandle{high, 1}, OrderHandle{high, high}}) {
    CHECK_FALSE(desk.book.find(handle));
    CHECK(desk.book.cancel(handle).error() == BookReject::unknown_order);
  }
  CHECK(desk.book.size() == 1);
}

TEST_CASE("a reason for refusal has its own name") {
  std::set<std::string> names;
  constexpr int reasons = static_cast<int>(enum_last(BookReject{})) + 1;
  for (int reason = 0; reason < reasons; ++reason) names.insert(to_text(static_cast<BookReject>(reason)));
  CHECK(names.size() == reasons);
  CHECK_FALSE(names.contains(""));
}

TEST_CASE("a band is valid when its tick divides it into no more prices than a book has levels") {
  const std::int64_t high = price_magnitude_max.count;
  const auto valid = [](std::int64_t low, std::int64_t top, std::int64_t tick) {
    return is_valid({.low = Price{low}, .high = Price{top}, .tick = Price{tick}});
  };
  CHECK(valid(80'000, 300'000, 100));
  CHECK(valid(-5, -5, 1));
  CHECK(valid(7, 7, std::numeric_limits<std::int64_t>::max()));
  CHECK(valid(0, LevelSet::size_max - 1, 1));
  CHECK(valid(-high, high, 1'000));
  CHECK_FALSE(valid(0, LevelSet::size_max, 1));
  CHECK_FALSE(valid(1, 0, 1));
  CHECK_FALSE(valid(0, 10, 3));
  CHECK_FALSE(valid(0, 10, 0));
  CHECK_FALSE(valid(0, 10, -1));
  CHECK_FALSE(valid(-high - 1'000, 0, 1'000));
  CHECK_FALSE(valid(0, high + 1'000, 1'000));
  CHECK_FALSE(valid(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(), 1));
}

TEST_CASE("a book on no band, for no order or for too many stops the program") {
  CHECK(stops([] { OrderBook book({.low = Price{0}, .high = Price{10}, .tick = Price{0}}, 10); }));
  CHECK(stops([] { OrderBook book({.low = Price{0}, .high = Price{10}, .tick = Price{3}}, 10); }));
  CHECK(stops([] { OrderBook book(band, 0); }));
  CHECK(stops([] { OrderBook book(band, book_orders_max + 1); }));
}

TEST_CASE("every price of a band is its own level, whatever the tick") {
  const std::int64_t high = price_magnitude_max.count;
  for (const std::int64_t tick :
       {1L, 2L, 3L, 7L, 100L, 641L, 65'537L, 999'999L, 123'456'789L, 2 * high - 1, 2 * high}) {
    const std::int64_t steps = std::min<std::int64_t>(2 * high / tick, 3'000);
    // The highest prices there are, where a quotient that was not exact would show.
    const PriceBand ticks{.low = Price{high - steps * tick}, .high = Price{high}, .tick = Price{tick}};
    const PriceBand wide{.low = Price{high - 2 * high / tick * tick}, .high = Price{high}, .tick = Price{tick}};
    const PriceBand& tried = is_valid(wide) ? wide : ticks;
    OrderBook book(tried, 1);
    BookReport report;
    bool exact = true;
    for (std::int64_t step = 0; step <= steps; ++step) {
      const std::int64_t price = high - step * tick;
      const auto placed = book.add(sell(1, 1, price), report);
      exact = exact && placed.ok() && book.best_ask() == Price{price} && book.cancel(placed->handle).ok();
      if (tick == 1) continue;
      exact = exact && book.add(sell(1, 1, price - 1), report).error() ==
                           (price == tried.low.count ? BookReject::price_out_of_band : BookReject::price_off_tick);
    }
    CAPTURE(tick);
    CHECK(exact);
  }
}

TEST_CASE("the ends of the longest band meet") {
  OrderBook book({.low = Price{0}, .high = Price{LevelSet::size_max - 1}, .tick = Price{1}}, 10);
  BookReport report;
  CHECK(book.add(buy(1, 10, 0), report).ok());
  CHECK(book.add(sell(2, 10, LevelSet::size_max - 1), report).ok());
  CHECK(book.add(sell(3, 10, 0), report).ok());
  CHECK(book.add(buy(4, 10, LevelSet::size_max - 1), report).ok());
  CHECK(report.trades == Trades{trade(1, 3, 0, 10), trade(2, 4, LevelSet::size_max - 1, 10)});
}

TEST_CASE("the same calls give the same answers, handles included") {
  for (std::uint64_t number = 0; number < 20; ++number) {
    test::Random random(first_seed + number);
    OrderBook one(band, 50);
    OrderBook two(band, 50);
    BookReport report_one;
    BookReport report_two;
    for (std::uint32_t tag = 0; tag < 500; ++tag) {
      const std::int64_t limit = 80'000 + 100 * test::between(random, 0, 20);
      const std::int64_t quantity = test::between(random, 1, 50);
      const NewOrder order = random() % 2 == 0 ? buy(tag, quantity, limit) : sell(tag, quantity, limit);
      const auto first = one.add(order, report_one);
      const auto second = two.add(order, report_two);
      REQUIRE(first.ok() == second.ok());
      if (first.ok()) REQUIRE(first.value() == second.value());
    }
    CHECK(report_one.trades == report_two.trades);
  }
}

}  // namespace
}  // namespace commonwatt
