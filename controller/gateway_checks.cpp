#include "controller/gateway_checks.hpp"

#include <algorithm>

#include "market/certificate.hpp"
#include "market/market_run.hpp"

namespace commonwatt {

std::optional<std::string> clearing_dispute(const ClearingRecord& record, const std::vector<Order>& accepted) {
  const auto by_id = [](const BookOrder& a, const BookOrder& b) { return a.id < b.id; };
  // Strictly rising: an order that stands in the book twice would trade twice.
  const auto not_rising = [](const BookOrder& a, const BookOrder& b) { return a.id >= b.id; };
  if (std::adjacent_find(record.book.begin(), record.book.end(), not_rising) != record.book.end())
    return "the book is not in order of id";
  // What clear() is promised; it stops the program otherwise.
  if (record.rule.k_permille < 0 || record.rule.k_permille > 1000) return "the clearing rule is out of range";
  if (record.terms.tariff.feed_in < -price_magnitude_max || record.terms.tariff.retail > price_magnitude_max)
    return "the tariff is out of range";
  for (const BookOrder& order : record.book) {
    if (order.quantity <= Energy{0} || order.quantity > order_energy_max)
      return "the book holds a quantity out of range";
    if (order.limit < record.terms.tariff.feed_in || order.limit > record.terms.tariff.retail)
      return "the book holds a limit outside feed-in and retail";
  }
  for (const Order& order : accepted) {
    const BookOrder own = book_order(order);
    const auto found = std::lower_bound(record.book.begin(), record.book.end(), own, by_id);
    if (found == record.book.end() || *found != own)
      return "an accepted order is missing from the book or changed: " + to_hex(own.id);
  }
  if (record.seed != clearing_seed(record.interval, record.seed_batch, record.book))
    return "the seed does not follow from the book and the last batch";
  if (clear(record.book, record.rule, record.seed) != record.clearing)
    return "the clearing computed again from the book is another";
  return clearing_fault(record.book, record.clearing);
}

Contract contract_of(const ClearingRecord& record, const std::vector<Order>& own) {
  Contract contract{.net = {}, .price = record.clearing.price, .terms = record.terms};
  for (const Order& order : own) {
    const OrderId id = order_id(order);
    for (std::size_t i = 0; i < record.book.size(); ++i) {
      if (record.book[i].id != id) continue;
      contract.net += order.side == Side::buy ? record.clearing.fills[i] : -record.clearing.fills[i];
    }
  }
  return contract;
}

std::optional<std::string> bill_dispute(const Bill& bill, const HouseholdId& household, const OwnFigures& own,
                                        ByteView log_key) {
  const Statement& statement = bill.statement;
  if (statement.household != household) return "the bill is another household's";
  if (std::optional<std::string> fault = bill_fault(bill, log_key)) return fault;
  if (statement.contract != own.contract.net) {
    return "the contract is " + std::to_string(statement.contract.count) + " Wh, the clearing gave " +
           std::to_string(own.contract.net.count);
  }
  if (statement.price != own.contract.price || statement.tariff != own.contract.terms.tariff)
    return "price or tariff are not the clearing's";
  const Position position{.household = household,
                          .contract = statement.contract,
                          .grid = {statement.import, statement.export_},
                          .produced = statement.produced,
                          .quality = statement.quality};
  const RunBasis basis{
      .interval = statement.interval, .run = statement.run, .price = own.contract.price, .terms = own.contract.terms};
  if (statement_of(position, basis) != statement)
    return "fees, losses or taxes do not follow from the clearing's terms";
  if (statement.quality != DeliveryQuality::good) return std::nullopt;  // An estimate cannot be computed again here.
  if (own.grid && (statement.import != own.grid->import || statement.export_ != own.grid->export_)) {
    return "import or export are not what the meters' registers say";
  }
  if (statement.produced.has_value() != own.produces)
    return "production is billed without a production meter, or missing";
  if (own.produces && own.produced && statement.produced != own.produced)
    return "the production is not what the registers say";
  return std::nullopt;
}

std::optional<std::string> checkpoint_fault(const CheckpointMessage& message, const std::string& origin,
                                            ByteView log_key, const Witnessed& last) {
  const Checkpoint& checkpoint = message.checkpoint;
  if (checkpoint.origin != origin) return "the checkpoint is of another log: " + checkpoint.origin;
  if (!checkpoint_signature_holds(log_key, checkpoint, message.signature))
    return "the checkpoint is not signed by the controller";
  if (last.size == 0) return std::nullopt;  // The first one seen is taken on trust; every later one must extend it.
  if (checkpoint.size < last.size) return "the log has shrunk";
  if (message.old_size != last.size && checkpoint.size != last.size)
    return "the proof begins elsewhere than at the last cosigned state";
  const std::vector<Hash32>& path = checkpoint.size == last.size ? std::vector<Hash32>{} : message.consistency;
  if (!consistency_holds(static_cast<std::uint64_t>(last.size), last.root, static_cast<std::uint64_t>(checkpoint.size),
                         checkpoint.root, path)) {
    return "the log has been rewritten: it does not extend what was cosigned";
  }
  return std::nullopt;
}

std::optional<SplitView> split_view_of(const CheckpointMessage& message, const std::string& origin, ByteView log_key,
                                       const Witnessed& last) {
  const SignedCheckpoint older{.checkpoint = {.origin = origin, .size = last.size, .root = last.root},
                               .signature = last.signature};
  const SignedCheckpoint newer{.checkpoint = message.checkpoint, .signature = message.signature};
  if (newer.checkpoint.origin != origin || newer.checkpoint.size < last.size) return std::nullopt;
  for (const SignedCheckpoint& state : {older, newer}) {
    if (!checkpoint_signature_holds(log_key, state.checkpoint, state.signature)) return std::nullopt;
  }
  const bool one_size = newer.checkpoint.size == last.size;
  SplitView evidence{.log_key = {log_key.begin(), log_key.end()},
                     .older = older,
                     .newer = newer,
                     .path = one_size ? std::vector<Hash32>{} : message.consistency};
  const LogRelation relation = relation_of(older.checkpoint, newer.checkpoint, evidence.path);
  if (relation == LogRelation::same || relation == LogRelation::extended) return std::nullopt;
  return evidence;
}

}  // namespace commonwatt
