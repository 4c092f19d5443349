#include "market/certificate.hpp"

namespace commonwatt {
namespace {

std::string about(const BookOrder& order, const char* what) {
  return "order " + to_hex(order.id) + ": " + what;
}

std::optional<std::string> fill_fault(const BookOrder& order, Energy fill, std::optional<Price> price) {
  if (fill < Energy{0} || fill > order.quantity) return about(order, "filled outside [0, quantity]");
  if (!price) return fill == Energy{0} ? std::nullopt : std::optional(about(order, "filled without a price"));
  const bool buys = order.side == Side::buy;
  const bool good_enough = buys ? order.limit >= *price : order.limit <= *price;
  const bool not_better = buys ? order.limit <= *price : order.limit >= *price;
  if (fill > Energy{0} && !good_enough) return about(order, "filled beyond its limit");
  if (fill < order.quantity && !not_better) return about(order, "better than the price and not filled whole");
  return std::nullopt;
}

}  // namespace

std::optional<std::string> clearing_fault(std::span<const BookOrder> book, const Clearing& clearing) {
  if (clearing.fills.size() != book.size()) return "the clearing does not have one fill per order";
  Energy bought;
  Energy sold;
  std::optional<Price> best_bid_left;
  std::optional<Price> best_ask_left;
  for (std::size_t i = 0; i < book.size(); ++i) {
    const BookOrder& order = book[i];
    const Energy fill = clearing.fills[i];
    if (std::optional<std::string> fault = fill_fault(order, fill, clearing.price)) return fault;
    const bool buys = order.side == Side::buy;
    (buys ? bought : sold) += fill;
    if (fill == order.quantity) continue;
    if (buys && (!best_bid_left || order.limit > *best_bid_left)) best_bid_left = order.limit;
    if (!buys && (!best_ask_left || order.limit < *best_ask_left)) best_ask_left = order.limit;
  }
  if (bought != sold)
    return "buyers get " + std::to_string(bought.count) + " Wh, sellers give " + std::to_string(sold.count);
  if (bought != clearing.volume) return "the volume is not the sum of the fills";
  if (clearing.price.has_value() != (bought > Energy{0})) return "a price without volume, or volume without a price";
  if (best_bid_left && best_ask_left && *best_bid_left >= *best_ask_left)
    return "a bid and an ask that could trade are left";
  return std::nullopt;
}

}  // namespace commonwatt
