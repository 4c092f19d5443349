#include "tests/bench/call_auction_bench.hpp"

#include <cstdlib>
#include <iostream>

#include "market/clearing.hpp"
#include "tests/bench/measure.hpp"

namespace commonwatt::bench {
namespace {

using Book = std::vector<LimitOrder>;

void fill(Book& book, std::size_t orders, const std::string& prices, Random& random) {
  book.resize(orders);
  for (LimitOrder& order : book) {
    const std::int64_t tick = prices == "one" ? 0 : random.between(0, 2'200) * 100;
    order.limit = Price{80'000 + (prices == "unique" ? random.between(0, 1'000'000'000) : tick)};
    order.quantity = Energy{random.between(1, 2'000)};
    order.side = random() % 2 == 0 ? Side::buy : Side::sell;
  }
}

/// Not a hash, but as good as one to break ties here, and as cheap for both.
Hash32 key_of(std::size_t index) {
  Hash32 key{};
  std::uint64_t mixed = (index + 1) * 0x9e3779b97f4a7c15U;
  for (std::size_t i = 0; i < 8; ++i, mixed >>= 8U) key[i] = static_cast<std::uint8_t>(mixed);
  return key;
}

std::int64_t pass_over(const Book& book) {
  std::int64_t limits = 0;
  std::int64_t quantities = 0;
  std::int64_t sides = 0;
  for (const LimitOrder& order : book) {
    limits += order.limit.count;
    quantities += order.quantity.count;
    sides += static_cast<std::int64_t>(order.side);
  }
  return limits ^ quantities ^ sides;
}

/// What one writes first: sort all orders by limit, walk to the crossing, fill. It keeps its memory too.
class SortedAuction {
 public:
  void clear(const Book& book, const TieKey& tie_key, Clearing& result) {
    items_.clear();
    Energy demand;
    for (std::uint32_t i = 0; i < book.size(); ++i) {
      items_.push_back({book[i].limit.count, book[i].quantity.count, i, book[i].side});
      if (book[i].side == Side::buy) demand += book[i].quantity;
    }
    std::sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) { return a.limit < b.limit; });
    result.price.reset();
    result.volume = {};
    result.fills.assign(book.size(), Energy{});
    std::int64_t net = -demand.count;
    std::size_t at = 0;
    while (at < items_.size() && net + items_[at].quantity < 0) net += items_[at++].quantity;
    if (at == items_.size() || demand == Energy{0}) return;
    const std::int64_t price = items_[at].limit;
    Energy bids_above;
    Energy asks_below;
    bids_.clear();
    asks_.clear();
    Energy bids_at;
    Energy asks_at;
    std::int64_t next = price;
    for (const Item& item : items_) {
      const Energy quantity{item.quantity};
      const bool buys = item.side == Side::buy;
      if (item.limit > price && next == price) next = item.limit;
      if (item.limit == price) {
        (buys ? bids_ : asks_).push_back({.index = item.index, .quantity = quantity});
        (buys ? bids_at : asks_at) += quantity;
      } else if (buys == (item.limit > price)) {
        (buys ? bids_above : asks_below) += quantity;
        result.fills[item.index] = quantity;
      }
    }
    result.volume = std::min(bids_above + bids_at, asks_below + asks_at);
    const Energy bids_share = result.volume - bids_above;
    const Energy asks_share = result.volume - asks_below;
    share_pro_rata(bids_, bids_share, tie_key);
    share_pro_rata(asks_, asks_share, tie_key);
    for (const Claim& bid : bids_) result.fills[bid.index] = bid.share;
    for (const Claim& ask : asks_) result.fills[ask.index] = ask.share;
    if (result.volume == Energy{0}) return;
    const bool is_bound = bids_share > Energy{0} || asks_share < asks_at;
    result.price = price_between(Price{price}, Price{is_bound ? price : next}, ClearingRule{});
  }

 private:
  struct Item {
    std::int64_t limit;
    std::int64_t quantity;
    std::uint32_t index;
    Side side;
  };
  std::vector<Item> items_;
  std::vector<Claim> bids_;
  std::vector<Claim> asks_;
};

struct BareItem {
  std::int64_t limit;
  std::int64_t quantity;
};

double bare_sort_seconds(const std::vector<Book>& books, std::vector<BareItem>& items) {
  double seconds = 0;
  for (const Book& book : books) {
    items.clear();
    for (const LimitOrder& order : book) items.push_back({order.limit.count, order.quantity.count});
    seconds += seconds_of([&] {
      std::sort(items.begin(), items.end(), [](const BareItem& a, const BareItem& b) { return a.limit < b.limit; });
    });
  }
  return seconds;
}

void require_same(const Clearing& ours, const Clearing& sorted) {
  if (ours == sorted) return;
  std::cerr << "bench-clearing: the two clearings differ\n";
  std::exit(1);
}

}  // namespace

CallAuctionFigures measure_call_auction(std::size_t orders, const std::string& prices, int rounds) {
  Random random(orders);
  // Small books are timed many at a time, and never the same twice: a repeated one is learnt by the branch predictor.
  std::vector<Book> books(std::max<std::size_t>(1, 200'000 / orders));
  const TieKey tie_key = key_of;
  CallAuction auction;
  SortedAuction sorted_auction;
  std::vector<Clearing> ours(books.size());
  std::vector<Clearing> sorted(books.size());
  std::vector<BareItem> items;
  std::vector<double> pass;
  std::vector<double> clear;
  std::vector<double> sort;
  std::vector<double> bare_sort;
  std::int64_t sum = 0;
  std::uint64_t allocated = 0;
  for (int round = -1; round < rounds; ++round) {
    for (Book& book : books) fill(book, orders, prices, random);
    const double pass_seconds = seconds_of([&] {
      for (const Book& book : books) sum += pass_over(book);
    });
    const std::uint64_t before = allocations();
    const double clear_seconds = seconds_of([&] {
      for (std::size_t i = 0; i < books.size(); ++i) auction.clear(books[i], ClearingRule{}, tie_key, ours[i]);
    });
    allocated = allocations() - before;
    const double sort_seconds = seconds_of([&] {
      for (std::size_t i = 0; i < books.size(); ++i) sorted_auction.clear(books[i], tie_key, sorted[i]);
    });
    const double bare_seconds = bare_sort_seconds(books, items);
    for (std::size_t i = 0; i < books.size(); ++i) require_same(ours[i], sorted[i]);
    if (round < 0) continue;  // The first round warms up.
    const double per_order = 1e9 / static_cast<double>(orders * books.size());
    pass.push_back(pass_seconds * per_order);
    clear.push_back(clear_seconds * per_order);
    sort.push_back(sort_seconds * per_order);
    bare_sort.push_back(bare_seconds * per_order);
  }
  volatile std::int64_t kept = sum;  // What is computed for nothing would not be computed.
  static_cast<void>(kept);
  return {.orders = orders,
          .prices = prices,
          .pass_ns = median(pass),
          .clear_ns = median(clear),
          .sort_ns = median(sort),
          .bare_sort_ns = median(bare_sort),
          .allocations = allocated};
}

}  // namespace commonwatt::bench
