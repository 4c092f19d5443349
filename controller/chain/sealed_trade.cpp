#include "controller/chain/sealed_trade.hpp"

#include <algorithm>

#include "controller/journal_trades.hpp"

namespace commonwatt {
namespace {

constexpr const char* batch_type =
    "((bytes32,uint64,bytes32,bytes32,uint64,bytes32,uint256)[],"
    "(int64,int64,uint8,bytes32),(uint64,uint64,bytes32[]))";
constexpr const char* order_type = "(bytes32,int64,int64,uint8,int64,int64,int64,bytes16)";
constexpr const char* place_type = "(uint64,uint64,bytes32[])";

/// bytesN and names: on the left of a word, zeros behind. At most 32 bytes.
AbiValue left_word(ByteView bytes) {
  Hash32 word{};
  std::copy(bytes.begin(), bytes.end(), word.begin());
  return abi_bytes32(word);
}

AbiValue number(std::int64_t value) {
  return abi_int(Int256(value));
}

AbiValue value_of(const TreePlace& place) {
  std::vector<AbiValue> path;
  for (const Hash32& hash : place.path) path.push_back(abi_bytes32(hash));
  return abi_tuple({number(place.index), number(place.count), abi_array(path)});
}

AbiValue value_of(const SealedBatchProof& batch) {
  std::vector<AbiValue> anchors;
  for (const ChainAnchor& anchor : batch.anchors) anchors.push_back(abi_anchor(anchor));
  const LogEntry& entry = batch.entry;
  return abi_tuple({abi_array(anchors),
                    abi_tuple({number(entry.interval.begin_seconds()), number(entry.interval.length_seconds()),
                               number(static_cast<std::int64_t>(entry.run)), abi_bytes32(entry.batch_root)}),
                    value_of(batch.place)});
}

AbiValue value_of(const Order& order) {
  return abi_tuple({left_word(as_bytes(order.household.text())), number(order.interval.begin_seconds()),
                    number(order.interval.length_seconds()), number(static_cast<std::int64_t>(order.side)),
                    number(order.quantity.count), number(order.limit.count), number(order.sequence),
                    left_word(order.salt)});
}

std::string energy_text(Energy energy) {
  return std::to_string(energy.count) + " Wh";
}

std::string price_text(Price price) {
  return std::to_string(price.count) + " micro-units per kWh";
}

std::string terms_text(const BookOrder& order) {
  return std::string(to_text(order.side)) + " " + energy_text(order.quantity) + " at " + price_text(order.limit);
}

/// The place of a value in a list, where it is there.
template <class List, class Is>
std::optional<std::size_t> place_of(const List& list, const Is& is) {
  const auto found = std::find_if(list.begin(), list.end(), is);
  if (found == list.end()) return std::nullopt;
  return static_cast<std::size_t>(found - list.begin());
}

}  // namespace

TreePlace place_in(const MerkleTree& tree, std::size_t index) {
  return {.index = static_cast<std::int64_t>(index),
          .count = static_cast<std::int64_t>(tree.size()),
          .path = tree.inclusion_path(index)};
}

std::vector<SealedOrder> sealed_orders(const Batch& batch, const std::vector<SignedOrder>& orders) {
  const std::vector<Hash32> leaves = batch_leaves(batch);
  const ClearingRecord& record = batch.record;
  std::vector<SealedOrder> sealed;
  for (const SignedOrder& order : orders) {
    SealedOrder found{.order = order, .leaf = {}, .line = {}};
    found.leaf = place_of(leaves, [leaf = order_leaf(order)](const Hash32& each) { return each == leaf; });
    if (record.clearing.fills.size() == record.book.size())
      found.line = place_of(record.book, [id = order_id(order.order)](const BookOrder& each) { return each.id == id; });
    if (found.leaf || found.line) sealed.push_back(std::move(found));
  }
  return sealed;
}

std::optional<std::string> fill_fault(const ClearingRecord& record, std::size_t line, const Order& order) {
  const BookOrder& in_book = record.book.at(line);
  const Energy fill = record.clearing.fills.at(line);
  const BookOrder own = book_order(order);
  if (in_book != own) return "the book has it as " + terms_text(in_book) + ", the order is to " + terms_text(own);
  if (fill < Energy{0} || fill > order.quantity)
    return energy_text(fill) + " were filled of an order to " + terms_text(own);
  if (fill == Energy{0}) return std::nullopt;
  const std::optional<Price>& price = record.clearing.price;
  if (!price) return energy_text(fill) + " were filled at no price";
  if (order.side == Side::buy ? *price <= order.limit : *price >= order.limit) return std::nullopt;
  return energy_text(fill) + " were filled at " + price_text(*price) + ", the order is to " + terms_text(own);
}

Bytes prove_order_call(const SealedBatchProof& batch, const SignedOrder& order, const TreePlace& place) {
  return abi_call(std::string("proveOrder(") + batch_type + "," + order_type + ",bytes," + place_type + ")",
                  {value_of(batch), value_of(order.order), abi_bytes(order.signature), value_of(place)});
}

Bytes prove_fill_call(const SealedBatchProof& batch, const Order& order, const ClearingRecord& record,
                      const TreePlace& place, std::size_t line) {
  return abi_call(std::string("proveFill(") + batch_type + "," + order_type + ",bytes," + place_type + ",uint256)",
                  {value_of(batch), value_of(order), abi_bytes(encode(record)), value_of(place),
                   number(static_cast<std::int64_t>(line))});
}

}  // namespace commonwatt
