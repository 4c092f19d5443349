// The order book once more, written from its contract alone: a list in order of arrival, searched from end to end.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "market/order_book.hpp"

namespace commonwatt::test {

class NaiveOrderBook {
 public:
  NaiveOrderBook(const PriceBand& band, std::size_t orders_max) : band_(band), orders_max_(orders_max) {}

  /// What is left and rests, or why the order is refused.
  Result<Energy, BookReject> add(NewOrder order, BookReport& report) {
    if (const auto fault = fault_of(order.limit, order.quantity)) return Fail{*fault};
    if (waiting_.size() == orders_max_ && !first_met(order)) return Fail{BookReject::book_full};
    while (order.quantity > Energy{0}) {
      const std::optional<std::size_t> met = first_met(order);
      if (!met) break;
      NewOrder& maker = waiting_[*met];
      if (maker.owner == order.owner) {
        report.own_cancels.push_back({maker.tag, order.tag, maker.quantity});
        maker.quantity = Energy{0};
      } else {
        const Energy traded = std::min(maker.quantity, order.quantity);
        report.trades.push_back({maker.tag, order.tag, maker.limit, traded});
        maker.quantity -= traded;
        order.quantity -= traded;
      }
      if (maker.quantity == Energy{0}) waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(*met));
    }
    if (order.quantity > Energy{0}) waiting_.push_back(order);
    return order.quantity;
  }

  Result<Energy, BookReject> cancel(std::uint32_t tag) {
    const std::optional<std::size_t> place = place_of(tag);
    if (!place) return Fail{BookReject::unknown_order};
    const Energy open = waiting_[*place].quantity;
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(*place));
    return open;
  }

  Result<Energy, BookReject> replace(std::uint32_t tag, const OrderTerms& terms, BookReport& report) {
    const std::optional<std::size_t> place = place_of(tag);
    if (!place) return Fail{BookReject::unknown_order};
    if (const auto fault = fault_of(terms.limit, terms.quantity)) return Fail{*fault};
    NewOrder changed = waiting_[*place];
    const bool keeps_place = terms.limit == changed.limit && terms.quantity <= changed.quantity;
    changed.limit = terms.limit;
    changed.quantity = terms.quantity;
    if (keeps_place) {
      waiting_[*place] = changed;
      return changed.quantity;
    }
    (void)cancel(tag);
    return add(changed, report);
  }

  /// What rests, oldest first; the quantity is what is open.
  [[nodiscard]] const std::vector<NewOrder>& waiting() const { return waiting_; }

  [[nodiscard]] std::optional<Price> best(Side side) const {
    std::optional<Price> best;
    for (const NewOrder& order : waiting_) {
      if (order.side == side && (!best || (side == Side::buy ? order.limit > *best : order.limit < *best))) {
        best = order.limit;
      }
    }
    return best;
  }

 private:
  [[nodiscard]] std::optional<BookReject> fault_of(Price limit, Energy quantity) const {
    if (quantity < Energy{1} || quantity > order_energy_max) return BookReject::quantity_out_of_bounds;
    if (limit < band_.low || limit > band_.high) return BookReject::price_out_of_band;
    if ((limit - band_.low).count % band_.tick.count != 0) return BookReject::price_off_tick;
    return std::nullopt;
  }

  /// The oldest of the best-priced orders of the other side that the order's limit reaches.
  [[nodiscard]] std::optional<std::size_t> first_met(const NewOrder& order) const {
    std::optional<std::size_t> first;
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      const NewOrder& maker = waiting_[i];
      if (maker.side == order.side) continue;
      const bool buys = order.side == Side::buy;
      if (buys ? maker.limit > order.limit : maker.limit < order.limit) continue;
      if (!first || (buys ? maker.limit < waiting_[*first].limit : maker.limit > waiting_[*first].limit)) first = i;
    }
    return first;
  }

  [[nodiscard]] std::optional<std::size_t> place_of(std::uint32_t tag) const {
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      if (waiting_[i].tag == tag) return i;
    }
    return std::nullopt;
  }

  PriceBand band_;
  std::size_t orders_max_ = 0;
  std::vector<NewOrder> waiting_;
};

}  // namespace commonwatt::test
