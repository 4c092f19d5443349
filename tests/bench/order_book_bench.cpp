#include "tests/bench/order_book_bench.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "market/order_book.hpp"
#include "tests/market/books.hpp"

namespace commonwatt::bench {
namespace {

constexpr std::uint64_t first_seed = 20'260'703;
constexpr std::size_t flow_count = 5;
constexpr std::size_t flow_operations = 1'000'000;
constexpr int rounds = 3;

// 8 to 30 ct per kWh in steps of 0.01 ct.
constexpr PriceBand band{.low = Price{80'000}, .high = Price{300'000}, .tick = Price{100}};
constexpr std::int64_t last_level = (band.high.count - band.low.count) / band.tick.count;
constexpr std::int64_t quantity_max = 2'000;
constexpr std::int64_t owners = 1'000;
// More orders come than go in such a flow, so it needs a bound. Both books depend on it: what rests decides which cache
// they live in.
constexpr std::size_t resting_max = 50'000;

enum class Act : std::uint8_t { add, cancel, replace };

/// One message of a flow. Who cancels or replaces names the order as the book in question had it named: ours by the
/// handle, the other by the tag.
struct Operation {
  NewOrder order;
  OrderHandle handle;
  Act act = Act::add;
};

using Flow = std::vector<Operation>;

/// Draws a flow that makes sense to a book: it runs one along to know what rests and where the best prices are. Half
/// the operations are adds that rest, 30 % adds that trade, 15 % cancels and 5 % replaces, until resting_max orders
/// rest. From then on a cancel comes instead of an add too many, which over a whole flow makes it 42, 30, 23 and 5 %.
class FlowWriter {
 public:
  explicit FlowWriter(std::uint64_t seed) : random_(seed), book_(band, flow_operations) {}

  Flow write() {
    Flow flow;
    flow.reserve(flow_operations);
    handles_.resize(flow_operations);
    places_.resize(flow_operations);
    while (flow.size() < flow_operations) flow.push_back(next(static_cast<std::uint32_t>(flow.size())));
    return flow;
  }
  [[nodiscard]] std::size_t resting() const { return live_.size(); }

 private:
  Operation next(std::uint32_t tag) {
    if (draw(0, 63) == 0) fair_ = std::clamp<std::int64_t>(fair_ + draw(-3, 3), 500, last_level - 500);
    const std::int64_t kind = live_.empty() ? 0 : draw(0, 99);
    const bool rests = kind < 50 && live_.size() < resting_max;
    const bool trades = kind >= 50 && kind < 80;
    Operation operation;
    if (rests || trades) {
      operation.order = rests ? resting_order() : trading_order();
      operation.order.owner = static_cast<std::uint32_t>(draw(1, owners));
      operation.order.tag = tag;
      note(tag, book_.add(operation.order, report_).value());
    } else {
      operation.order.tag = live_[static_cast<std::size_t>(draw(0, static_cast<std::int64_t>(live_.size()) - 1))];
      operation.handle = handles_[operation.order.tag];
      operation.act = kind < 95 ? Act::cancel : Act::replace;
      if (operation.act == Act::cancel) {
        (void)book_.cancel(operation.handle).value();
        forget(operation.order.tag);
      } else {
        replace(operation);
      }
    }
    for (const Trade& trade : report_.trades) forget_if_gone(trade.maker_tag);
    for (const OwnCancel& own : report_.own_cancels) forget_if_gone(own.tag);
    report_ = {};
    return operation;
  }

  NewOrder resting_order() {
    const bool buys = draw(0, 1) == 0;
    std::int64_t level = buys ? draw(0, fair_) : draw(fair_ + 1, last_level);
    if (buys && book_.best_ask()) level = std::min(level, level_of(*book_.best_ask()) - 1);
    if (!buys && book_.best_bid()) level = std::max(level, level_of(*book_.best_bid()) + 1);
    return order(buys ? Side::buy : Side::sell, level);
  }

  NewOrder trading_order() {
    const bool buys = draw(0, 1) == 0;
    const std::optional<Price> best = buys ? book_.best_ask() : book_.best_bid();
    if (!best) return resting_order();
    return order(buys ? Side::buy : Side::sell, level_of(*best) + (buys ? draw(0, 50) : -draw(0, 50)));
  }

  /// Half of the changes want less at the same price, half another price.
  void replace(Operation& operation) {
    const RestingOrder before = book_.find(operation.handle).value();
    if (draw(0, 1) == 0) {
      operation.order.limit = before.limit;
      operation.order.quantity = Energy{draw(1, before.quantity.count)};
    } else {
      const NewOrder changed = order(before.side, level_of(before.limit) + draw(-10, 10));
      operation.order.limit = changed.limit;
      operation.order.quantity = changed.quantity;
    }
    const OrderTerms terms{.limit = operation.order.limit, .quantity = operation.order.quantity};
    const Placed placed = book_.replace(operation.handle, terms, report_).value();
    forget(operation.order.tag);
    note(operation.order.tag, placed);
  }

  NewOrder order(Side side, std::int64_t level) {
    const Price limit{band.low.count + std::clamp<std::int64_t>(level, 0, last_level) * band.tick.count};
    return {.side = side, .limit = limit, .quantity = Energy{draw(1, quantity_max)}};
  }

  void note(std::uint32_t tag, const Placed& placed) {
    if (placed.resting == Energy{0}) return;
    handles_[tag] = placed.handle;
    places_[tag] = live_.size();
    live_.push_back(tag);
  }
  void forget(std::uint32_t tag) {
    places_[live_.back()] = places_[tag];
    live_[places_[tag]] = live_.back();
    live_.pop_back();
  }
  void forget_if_gone(std::uint32_t tag) {
    if (!book_.find(handles_[tag])) forget(tag);
  }

  static std::int64_t level_of(Price price) { return (price.count - band.low.count) / band.tick.count; }
  std::int64_t draw(std::int64_t low, std::int64_t high) { return test::between(random_, low, high); }

  test::Random random_;
  OrderBook book_;
  BookReport report_;
  std::int64_t fair_ = last_level / 2;
  std::vector<std::uint32_t> live_;  ///< the tags of the orders that rest
  std::vector<std::size_t> places_;  ///< of a tag among them
  std::vector<OrderHandle> handles_;
};

/// The same rules on the containers of the standard library.
class MapBook {
 public:
  void add(const NewOrder& order, BookReport& report) {
    if (order.side == Side::buy) {
      arrive(
          order, bids_, asks_, [&](Price ask) { return ask <= order.limit; }, report);
    } else {
      arrive(
          order, asks_, bids_, [&](Price bid) { return bid >= order.limit; }, report);
    }
  }

  void cancel(std::uint32_t tag) {
    const auto found = orders_.find(tag);
    const std::list<NewOrder>::iterator order = found->second;
    orders_.erase(found);
    if (order->side == Side::buy) {
      take_out(bids_, order);
    } else {
      take_out(asks_, order);
    }
  }

  void replace(const NewOrder& terms, BookReport& report) {
    NewOrder& order = *orders_.find(terms.tag)->second;
    if (terms.limit == order.limit && terms.quantity <= order.quantity) {
      order.quantity = terms.quantity;
      return;
    }
    NewOrder changed = order;
    changed.limit = terms.limit;
    changed.quantity = terms.quantity;
    cancel(terms.tag);
    add(changed, report);
  }

 private:
  template <class Own, class Other, class Meets>
  void arrive(NewOrder order, Own& own, Other& other, Meets meets, BookReport& report) {
    while (order.quantity > Energy{0} && !other.empty() && meets(other.begin()->first)) {
      std::list<NewOrder>& queue = other.begin()->second;
      NewOrder& maker = queue.front();
      if (maker.owner == order.owner) {
        report.own_cancels.push_back({.tag = maker.tag, .taker_tag = order.tag, .quantity = maker.quantity});
        maker.quantity = Energy{0};
      } else {
        const Energy traded = std::min(order.quantity, maker.quantity);
        report.trades.push_back(
            {.maker_tag = maker.tag, .taker_tag = order.tag, .price = maker.limit, .quantity = traded});
        order.quantity -= traded;
        maker.quantity -= traded;
      }
      if (maker.quantity > Energy{0}) continue;
      orders_.erase(maker.tag);
      queue.pop_front();
      if (queue.empty()) other.erase(other.begin());
    }
    if (order.quantity == Energy{0}) return;
    std::list<NewOrder>& queue = own[order.limit];
    orders_[order.tag] = queue.insert(queue.end(), order);
  }

  template <class Levels>
  static void take_out(Levels& levels, std::list<NewOrder>::iterator order) {
    const auto level = levels.find(order->limit);
    level->second.erase(order);
    if (level->second.empty()) levels.erase(level);
  }

  std::map<Price, std::list<NewOrder>, std::greater<>> bids_;
  std::map<Price, std::list<NewOrder>> asks_;
  std::unordered_map<std::uint32_t, std::list<NewOrder>::iterator> orders_;
};

void take(OrderBook& book, const Operation& operation, BookReport& report) {
  bool taken = false;
  switch (operation.act) {
    case Act::add:
      taken = book.add(operation.order, report).ok();
      break;
    case Act::cancel:
      taken = book.cancel(operation.handle).ok();
      break;
    case Act::replace:
      taken = book.replace(operation.handle, {operation.order.limit, operation.order.quantity}, report).ok();
      break;
  }
  assert(taken);
}

void take(MapBook& book, const Operation& operation, BookReport& report) {
  switch (operation.act) {
    case Act::add:
      book.add(operation.order, report);
      break;
    case Act::cancel:
      book.cancel(operation.order.tag);
      break;
    case Act::replace:
      book.replace(operation.order, report);
      break;
  }
}

/// What a run traded, in one value that differs as soon as any trade does.
struct Tally {
  std::uint64_t trades = 0;
  Energy volume;
  std::uint64_t checksum = 0;

  void count(const Trade& trade) {
    ++trades;
    volume.count += trade.quantity.count;
    for (const std::uint64_t part :
         {std::uint64_t{trade.maker_tag} << 32U | trade.taker_tag,
          static_cast<std::uint64_t>(trade.price.count) << 32U | static_cast<std::uint64_t>(trade.quantity.count)}) {
      checksum = (checksum ^ part) * 0x9E37'79B9'7F4A'7C15U;
    }
  }
  friend bool operator==(const Tally&, const Tally&) = default;
};

struct Run {
  Tally tally;
  double ns = 0;  ///< per operation
};

/// Gives the flow to the book, which writes its trades one after the other; they are looked at afterwards. The report
/// has been written before, so that neither book waits for fresh pages.
template <class Book>
Run timed_run(Book book, const Flow& flow, BookReport& report) {
  Run run;
  report.trades.clear();
  report.own_cancels.clear();
  const auto begin = std::chrono::steady_clock::now();
  for (const Operation& operation : flow) take(book, operation, report);
  const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - begin;
  run.ns = spent.count() / static_cast<double>(flow.size());
  for (const Trade& trade : report.trades) run.tally.count(trade);
  return run;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

OrderBookFigures measure_order_book() {
  OrderBookFigures figures{.flows = flow_count, .operations = flow_operations, .same_trades = true};
  std::vector<double> ours_ns;
  std::vector<double> map_ns;
  BookReport report;
  report.trades.resize(2 * flow_operations);
  report.own_cancels.resize(flow_operations);
  for (std::uint64_t number = 0; number < flow_count; ++number) {
    FlowWriter writer(first_seed + number);
    const Flow flow = writer.write();
    figures.resting += writer.resting() / flow_count;
    for (int round = 0; round < rounds; ++round) {
      const Run ours = timed_run(OrderBook(band, flow_operations), flow, report);
      const Run other = timed_run(MapBook(), flow, report);
      ours_ns.push_back(ours.ns);
      map_ns.push_back(other.ns);
      figures.same_trades = figures.same_trades && ours.tally == other.tally;
      if (round == 0) figures.trades += ours.tally.trades;
    }
  }
  figures.ours_ns = median(std::move(ours_ns));
  figures.map_ns = median(std::move(map_ns));
  figures.orders_per_second = 1e9 / figures.ours_ns;
  figures.ratio = figures.map_ns / figures.ours_ns;
  return figures;
}

}  // namespace commonwatt::bench
