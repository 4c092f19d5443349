#include "market/order.hpp"

#include "core/sha256.hpp"

namespace commonwatt {

const char* to_text(Side side) {
  return side == Side::buy ? "buy" : "sell";
}

OrderId order_id(const Order& order) {
  return sha256(encode(order));
}

LimitOrder limit_order(const BookOrder& order) {
  return {.limit = order.limit, .quantity = order.quantity, .zone = 0, .side = order.side};
}

BookOrder book_order(const Order& order) {
  return {.id = order_id(order), .side = order.side, .quantity = order.quantity, .limit = order.limit};
}

}  // namespace commonwatt
