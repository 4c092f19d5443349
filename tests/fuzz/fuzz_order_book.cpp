// An order book under whatever sequence of calls: it agrees with one that is searched from end to end, it never
// crosses, no owner trades with itself, and every watt-hour is open, traded or cancelled.
#include <cstdlib>

#include "core/bytes.hpp"
#include "tests/market/naive_order_book.hpp"

namespace {

using namespace commonwatt;

void must(bool claim) {
  if (!claim) std::abort();
}

/// Draws numbers from the input; zeros when it is used up.
class Draws {
 public:
  explicit Draws(ByteView bytes) : bytes_(bytes) {}
  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const std::uint8_t first = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return first;
  }
  /// Small numbers mostly, any 64-bit number sometimes.
  std::int64_t number() {
    const std::uint8_t first = byte();
    if (first < 0xF8) return first;
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8U | byte();
    return static_cast<std::int64_t>(value);
  }
  [[nodiscard]] bool used_up() const { return bytes_.empty(); }

 private:
  ByteView bytes_;
};

/// Both books, and who owns what was ever placed.
class Market {
 public:
  Market(const PriceBand& band, std::uint8_t orders_max)
      : band_(band), book_(band, orders_max), naive_(band, orders_max) {}

  void step(Draws& draws) {
    report_ = {};
    expected_ = {};
    const std::uint8_t act = draws.byte();
    if (act < 0x90 || orders_.empty()) {
      add(draws);
    } else if (act < 0xC0) {
      cancel(some_tag(draws));
    } else {
      replace(some_tag(draws), draws);
    }
    must(report_.trades == expected_.trades && report_.own_cancels == expected_.own_cancels);
    must(book_.size() == naive_.waiting().size());
    const std::optional<Price> bid = book_.best_bid();
    const std::optional<Price> ask = book_.best_ask();
    must(bid == naive_.best(Side::buy) && ask == naive_.best(Side::sell));
    must(!bid || !ask || *bid < *ask);
    for (const NewOrder& order : naive_.waiting()) {
      must(book_.find(handles_[order.tag]) ==
           RestingOrder{order.side, order.limit, order.quantity, order.owner, order.tag});
    }
  }

 private:
  void add(Draws& draws) {
    const std::uint8_t kind = draws.byte();
    const auto tag = static_cast<std::uint32_t>(orders_.size());
    const NewOrder order{.side = static_cast<Side>(kind % 2),
                         .limit = some_limit(draws),
                         .quantity = Energy{draws.number()},
                         .owner = kind / 2U % 4U,
                         .tag = tag};
    orders_.push_back(order);
    handles_.emplace_back();
    settle(tag, order.quantity, book_.add(order, report_), naive_.add(order, expected_));
  }

  void cancel(std::uint32_t tag) {
    const auto ours = book_.cancel(handles_[tag]);
    const auto expected = naive_.cancel(tag);
    must(ours.ok() == expected.ok());
    must(ours.ok() ? ours.value() == expected.value() : ours.error() == expected.error());
  }

  void replace(std::uint32_t tag, Draws& draws) {
    const OrderTerms terms{.limit = some_limit(draws), .quantity = Energy{draws.number()}};
    settle(tag, terms.quantity, book_.replace(handles_[tag], terms, report_), naive_.replace(tag, terms, expected_));
  }

  /// What an order asked for is what it traded and what rests.
  void settle(std::uint32_t tag, Energy asked, const Result<Placed, BookReject>& ours,
              const Result<Energy, BookReject>& expected) {
    must(ours.ok() == expected.ok());
    if (!ours) {
      must(ours.error() == expected.error() && report_.trades.empty() && report_.own_cancels.empty());
      return;
    }
    must(ours->resting == expected.value());
    for (const Trade& trade : report_.trades) {
      must(trade.taker_tag == tag && trade.quantity > Energy{0});
      must(orders_[trade.maker_tag].owner != orders_[tag].owner);
      must(orders_[trade.maker_tag].side != orders_[tag].side);
      asked -= trade.quantity;
    }
    must(asked == ours->resting);
    if (asked > Energy{0}) handles_[tag] = ours->handle;
  }

  Price some_limit(Draws& draws) {
    const std::int64_t number = draws.number();
    return number < 0 || number > 0xFF ? Price{number} : Price{band_.low.count + (number - 8) * band_.tick.count};
  }
  std::uint32_t some_tag(Draws& draws) { return static_cast<std::uint32_t>(draws.byte() % orders_.size()); }

  PriceBand band_;
  OrderBook book_;
  test::NaiveOrderBook naive_;
  BookReport report_;
  BookReport expected_;
  std::vector<NewOrder> orders_;      ///< as they were added, by tag
  std::vector<OrderHandle> handles_;  ///< by tag
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Draws draws(ByteView(data, size));
  const std::int64_t tick = 1 + draws.byte();
  const std::int64_t low = -100 * draws.byte();
  const PriceBand band{.low = Price{low}, .high = Price{low + draws.byte() * tick}, .tick = Price{tick}};
  Market market(band, static_cast<std::uint8_t>(draws.byte() | 1U));
  while (!draws.used_up()) market.step(draws);
  return 0;
}
