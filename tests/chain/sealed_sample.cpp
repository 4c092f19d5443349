#include "tests/chain/sealed_sample.hpp"

#include <algorithm>

#include "controller/chain/evm_key.hpp"
#include "controller/eip712.hpp"
#include "controller/keccak.hpp"
#include "core/sha256.hpp"
#include "market/batch.hpp"

namespace commonwatt {
namespace {

using nlohmann::json;

constexpr Interval interval(1'800'000'000, 900);

Hash32 hash_of(const std::string& text) {
  return sha256(as_bytes(text));
}
Salt16 salt_of(const std::string& text) {
  Salt16 salt{};
  std::copy_n(hash_of(text).begin(), salt.size(), salt.begin());
  return salt;
}
EvmKey key_of(const std::string& name) {
  return EvmKey::from(keccak256(as_bytes("order key of " + name))).value();
}

Order order_of(const std::string& household, Side side, std::int64_t quantity, std::int64_t limit) {
  return {.household = HouseholdId::from(household).value(),
          .interval = interval,
          .side = side,
          .quantity = Energy{quantity},
          .limit = Price{limit},
          .sequence = quantity / 10,
          .salt = salt_of(household)};
}

/// Order signatures are r || s.
SignedOrder signed_by(const std::string& signer, const Order& order) {
  Bytes signature = key_of(signer).sign(order_digest(order)).packed();
  signature.pop_back();
  return {.order = order, .signature = signature};
}

/// In rising order of id, as a book is; the last household of four did not sign.
std::vector<SignedOrder> orders() {
  std::vector<SignedOrder> all{signed_by("hh01", order_of("hh01", Side::buy, 900, 284'700)),
                               signed_by("hh02", order_of("hh02", Side::sell, 70'000, -5)),
                               signed_by("hh-with-a-long-name-of-32-letter",
                                         order_of("hh-with-a-long-name-of-32-letter", Side::buy, 20, 300'000)),
                               signed_by("stranger", order_of("hh04", Side::buy, 1'250, 290'000))};
  std::sort(all.begin(), all.end(),
            [](const SignedOrder& a, const SignedOrder& b) { return order_id(a.order) < order_id(b.order); });
  return all;
}

Batch batch_of(const std::vector<SignedOrder>& orders) {
  Batch batch;
  ClearingRecord& record = batch.record;
  record.interval = interval;
  record.previous_batch = hash_of("previous");
  record.seed_batch = hash_of("seed batch");
  record.terms.tariff = {.retail = Price{300'000}, .feed_in = Price{-8}};
  record.terms.charges.loss_permille = 31;
  for (const SignedOrder& each : orders) {
    const Order& order = each.order;
    record.book.push_back(book_order(order));
    batch.order_leaves.push_back(record_leaf(LeafKind::order, order.salt, encode(order), each.signature));
  }
  record.seed = clearing_seed(interval, record.seed_batch, record.book);
  record.clearing = clear(record.book, record.rule, record.seed);
  batch.reading_leaves = {hash_of("reading 1"), hash_of("reading 2")};
  for (const char* name : {"hh01", "hh02"}) {
    Statement& statement = batch.statements.emplace_back();
    statement.household = HouseholdId::from(name).value();
    statement.interval = interval;
  }
  batch.salts = statement_salts(hash_of("batch"), batch.statements);
  return batch;
}

json place_of(const MerkleTree& tree, std::size_t index) {
  json path = json::array();
  for (const Hash32& sibling : tree.inclusion_path(index)) path.push_back("0x" + to_hex(sibling));
  return {{"index", index}, {"count", tree.size()}, {"path", path}};
}

json order_json(const SignedOrder& each, Energy fill, const json& place) {
  const Order& order = each.order;
  return {{"household", order.household.text()},
          {"side", static_cast<int>(order.side)},
          {"quantity", order.quantity.count},
          {"limit", order.limit.count},
          {"sequence", order.sequence},
          {"salt", "0x" + to_hex(order.salt)},
          {"id", "0x" + to_hex(order_id(order))},
          {"digest", "0x" + to_hex(order_digest(order))},
          {"key", to_text(key_of(order.household.text()).address())},
          {"signature", "0x" + to_hex(each.signature)},
          {"fill", fill.count},
          {"place", place}};
}

}  // namespace

json sealed_sample() {
  const std::vector<SignedOrder> signed_orders = orders();
  const Batch batch = batch_of(signed_orders);
  const MerkleTree tree(batch_leaves(batch));
  std::vector<Hash32> log;
  for (int i = 0; i < 7; ++i) log.push_back(hash_of("log " + std::to_string(i)));
  constexpr std::size_t log_index = 4;
  log[log_index] = log_leaf({.interval = interval, .run = Run::initial, .batch_root = tree.root()});
  const MerkleTree log_tree(log);
  json list = json::array();
  for (std::size_t i = 0; i < signed_orders.size(); ++i)
    list.push_back(order_json(signed_orders[i], batch.record.clearing.fills[i], place_of(tree, i + 1)));
  return {{"interval_begin", interval.begin_seconds()},
          {"interval_length", interval.length_seconds()},
          {"batch_root", "0x" + to_hex(tree.root())},
          {"log_root", "0x" + to_hex(log_tree.root())},
          {"log_place", place_of(log_tree, log_index)},
          {"record", "0x" + to_hex(encode(batch.record))},
          {"record_place", place_of(tree, 0)},
          {"price", batch.record.clearing.price.value().count},
          {"orders", list}};
}

}  // namespace commonwatt
