// The order book against a slow one written from the contract alone, and against the laws of price and time, under
// random flows from a printed seed.
#include <algorithm>
#include <array>
#include <set>

#include <doctest/doctest.h>

#include "market/order_book.hpp"
#include "tests/market/books.hpp"
#include "tests/market/naive_order_book.hpp"

namespace commonwatt {
namespace {

constexpr std::uint64_t first_seed = 20'260'705;

/// Both books under one random flow, compared after every operation.
class Comparison {
 public:
  explicit Comparison(std::uint64_t seed)
      : random_(seed),
        band_(random_band()),
        orders_max_(draw(0, 2) == 0 ? draw(1, 6) : 60),
        owners_(draw(1, 6)),
        quantity_max_(
            std::array<std::int64_t, 4>{1, 5, 2'000, order_energy_max.count}[static_cast<std::size_t>(draw(0, 3))]),
        book_(band_, static_cast<std::uint32_t>(orders_max_)),
        naive_(band_, static_cast<std::size_t>(orders_max_)) {}

  /// One operation; false when the books disagree or the market was not fair.
  bool step() {
    const std::vector<NewOrder> before = naive_.waiting();
    report_ = {};
    expected_ = {};
    const std::int64_t kind = draw(0, 99);
    bool agree = false;
    if (kind < 60) {
      agree = add();
    } else if (kind < 80) {
      const std::uint32_t tag = some_tag();
      agree = same(book_.cancel(handle(tag)), naive_.cancel(tag));
    } else {
      agree = replace();
    }
    trades += report_.trades.size();
    own_cancels += report_.own_cancels.size();
    refusals += refused_ ? 1U : 0U;
    return agree && report_.trades == expected_.trades && report_.own_cancels == expected_.own_cancels &&
           same_state() && fair(before);
  }

  std::uint64_t trades = 0;
  std::uint64_t own_cancels = 0;
  std::uint64_t refusals = 0;

 private:
  bool add() {
    taker_ = {.side = draw(0, 1) == 0 ? Side::buy : Side::sell,
              .limit = some_limit(),
              .quantity = some_quantity(),
              .owner = static_cast<std::uint32_t>(draw(0, owners_)),
              .tag = static_cast<std::uint32_t>(handles_.size())};
    handles_.emplace_back();
    const auto placed = book_.add(taker_, report_);
    return note(placed) && same(resting(placed), naive_.add(taker_, expected_));
  }

  bool replace() {
    const std::uint32_t tag = some_tag();
    OrderTerms terms{.limit = some_limit(), .quantity = some_quantity()};
    const std::optional<RestingOrder> order = book_.find(handle(tag));
    if (order && draw(0, 1) == 0) terms.limit = order->limit;
    taker_ = {.limit = terms.limit, .quantity = terms.quantity, .tag = tag};
    if (order) {
      taker_.side = order->side;
      taker_.owner = order->owner;
    }
    const auto placed = book_.replace(handle(tag), terms, report_);
    return note(placed) && same(resting(placed), naive_.replace(tag, terms, expected_));
  }

  /// Keeps the handle; false when it is not a new one, though something rests and nothing rested before.
  bool note(const Result<Placed, BookReject>& placed) {
    if (!placed) return true;
    if (placed->resting == Energy{0}) return placed->handle == OrderHandle{};
    const bool kept = handles_[taker_.tag] == placed->handle;
    handles_[taker_.tag] = placed->handle;
    const auto number = std::uint64_t{placed->handle.slot} << 32U | placed->handle.generation;
    return given_out_.insert(number).second != kept;
  }

  static Result<Energy, BookReject> resting(const Result<Placed, BookReject>& placed) {
    if (!placed) return Fail{placed.error()};
    return placed->resting;
  }

  bool same(const Result<Energy, BookReject>& ours, const Result<Energy, BookReject>& expected) {
    refused_ = !expected.ok();
    if (ours.ok() != expected.ok()) return false;
    return ours.ok() ? ours.value() == expected.value() : ours.error() == expected.error();
  }

  [[nodiscard]] bool same_state() const {
    const std::vector<NewOrder>& waiting = naive_.waiting();
    if (book_.size() != waiting.size() || book_.best_bid() != naive_.best(Side::buy) ||
        book_.best_ask() != naive_.best(Side::sell)) {
      return false;
    }
    return std::all_of(waiting.begin(), waiting.end(), [&](const NewOrder& order) {
      return book_.find(handle(order.tag)) ==
             RestingOrder{order.side, order.limit, order.quantity, order.owner, order.tag};
    });
  }

  /// The laws of price and time, looked at without the other book's matching.
  [[nodiscard]] bool fair(const std::vector<NewOrder>& before) const {
    if (book_.best_bid() && book_.best_ask() && *book_.best_bid() >= *book_.best_ask()) return false;
    Energy traded;
    for (const Trade& done : report_.trades) {
      const auto maker = std::find_if(before.begin(), before.end(),
                                      [&](const NewOrder& order) { return order.tag == done.maker_tag; });
      if (maker == before.end() || maker->owner == taker_.owner || maker->side == taker_.side) return false;
      if (done.quantity <= Energy{0} || done.price != maker->limit || done.taker_tag != taker_.tag) return false;
      if (taker_.side == Side::buy ? done.price > taker_.limit : done.price < taker_.limit) return false;
      // Whoever had the better claim to this trade has been served whole, or was the taker's own.
      for (auto rival = before.begin(); rival != before.end(); ++rival) {
        if (rival->side != maker->side || rival->owner == taker_.owner) continue;
        const bool better = maker->side == Side::sell ? rival->limit < maker->limit : rival->limit > maker->limit;
        const bool older = rival->limit == maker->limit && rival < maker;
        if ((better || older) && book_.find(handle(rival->tag))) return false;
      }
      traded += done.quantity;
    }
    return refused_ || report_.trades.empty() || conserved(before, traded);
  }

  /// Energy is neither made nor lost: what is open afterwards is what was, with the arriving order, less both sides
  /// of every trade and what was cancelled.
  [[nodiscard]] bool conserved(const std::vector<NewOrder>& before, Energy traded) const {
    Energy expected = taker_.quantity - traded - traded;
    Energy after;
    for (const NewOrder& order : before) {
      if (order.tag == taker_.tag) continue;
      expected += order.quantity;
      if (const auto rests = book_.find(handle(order.tag))) after += rests->quantity;
    }
    for (const OwnCancel& own : report_.own_cancels) expected -= own.quantity;
    if (const auto rests = book_.find(handle(taker_.tag))) after += rests->quantity;
    return after == expected;
  }

  PriceBand random_band() {
    const std::int64_t tick = draw(0, 1) == 0 ? 1 : draw(1, 1'000);
    const std::int64_t levels = draw(0, 3) == 0 ? 1 : draw(1, draw(0, 1) == 0 ? 8 : 5'000);
    const std::int64_t low = draw(-1'000'000, 1'000'000);
    return {.low = Price{low}, .high = Price{low + (levels - 1) * tick}, .tick = Price{tick}};
  }

  /// Mostly one of the band's, often an end of it, sometimes beyond or off tick.
  Price some_limit() {
    const std::int64_t levels = (band_.high.count - band_.low.count) / band_.tick.count + 1;
    switch (draw(0, 19)) {
      case 0:
        return band_.low - band_.tick;
      case 1:
        return band_.high + band_.tick;
      case 2:
        return band_.low + Price{draw(0, levels * band_.tick.count)};
      case 3:
        return band_.low;
      case 4:
        return band_.high;
      default:
        return band_.low + Price{draw(0, levels - 1) * band_.tick.count};
    }
  }

  Energy some_quantity() { return draw(0, 49) == 0 ? Energy{draw(-1, 0)} : Energy{draw(1, quantity_max_)}; }

  /// Mostly of an order that rests, sometimes of any there ever was.
  std::uint32_t some_tag() {
    const std::vector<NewOrder>& waiting = naive_.waiting();
    if (!waiting.empty() && draw(0, 9) != 0) {
      return waiting[static_cast<std::size_t>(draw(0, static_cast<std::int64_t>(waiting.size()) - 1))].tag;
    }
    if (handles_.empty()) handles_.emplace_back();
    return static_cast<std::uint32_t>(draw(0, static_cast<std::int64_t>(handles_.size()) - 1));
  }

  [[nodiscard]] OrderHandle handle(std::uint32_t tag) const { return handles_[tag]; }
  std::int64_t draw(std::int64_t low, std::int64_t high) { return test::between(random_, low, high); }

  test::Random random_;
  PriceBand band_;
  std::int64_t orders_max_ = 0;
  std::int64_t owners_ = 0;
  std::int64_t quantity_max_ = 0;
  OrderBook book_;
  test::NaiveOrderBook naive_;
  BookReport report_;
  BookReport expected_;
  NewOrder taker_;
  bool refused_ = false;
  std::vector<OrderHandle> handles_;  ///< by tag
  std::set<std::uint64_t> given_out_;
};

TEST_CASE("random flows trade as in a book searched from end to end, and fairly") {
  constexpr std::uint64_t flows = 4'000;
  MESSAGE("seed " << first_seed << ", " << flows << " flows");
  std::uint64_t trades = 0;
  std::uint64_t own_cancels = 0;
  std::uint64_t refusals = 0;
  for (std::uint64_t number = 0; number < flows; ++number) {
    Comparison comparison(first_seed + number);
    for (int operation = 0; operation < 150; ++operation) {
      const bool agrees_and_is_fair = comparison.step();
      CAPTURE(number);
      CAPTURE(operation);
      if (!agrees_and_is_fair) REQUIRE(agrees_and_is_fair);
    }
    trades += comparison.trades;
    own_cancels += comparison.own_cancels;
    refusals += comparison.refusals;
  }
  MESSAGE(trades << " trades, " << own_cancels << " own orders cancelled, " << refusals << " refusals");
  CHECK(trades > flows * 10);
  CHECK(own_cancels > flows);
  CHECK(refusals > flows * 10);
}

}  // namespace
}  // namespace commonwatt
