#include <algorithm>
#include <cassert>

#include "controller/step_parts.hpp"

namespace commonwatt {
namespace {

/// Net contract of each household: bought positive, sold negative.
std::map<HouseholdId, Energy> contracts(const OpenInterval& open) {
  std::map<HouseholdId, Energy> net;
  std::size_t index = 0;
  for (const auto& [id, entry] : open.orders) {
    const Energy fill = open.cleared->clearing.fills[index++];
    net[entry.order.household] += entry.order.side == Side::buy ? fill : -fill;
  }
  return net;
}

/// What a household's meters delivered, all together. Counts the meters that had to be estimated.
Position position_of(State& state, const HouseholdRecord& household, const Interval& interval, Energy contract) {
  Position position{.household = household.id,
                    .contract = contract,
                    .grid = {},
                    .produced = std::nullopt,
                    .quality = DeliveryQuality::good};
  for (const MeterRecord& meter : household.meters) {
    const Delivery delivery = state.meters.at(meter.id).settle(interval);
    const bool estimated = delivery.quality == DeliveryQuality::estimated;
    if (estimated) ++state.totals.estimated_readings;
    if (meter.role == MeterRole::submeter) continue;
    if (estimated) position.quality = DeliveryQuality::estimated;
    if (meter.role == MeterRole::billing) {
      position.grid += delivery.energy;
    } else {
      position.produced = position.produced.value_or(Energy{0}) + delivery.energy.export_;
    }
  }
  return position;
}

/// The leaves of the readings up to the interval's end that no batch holds yet; they are sealed from here on.
std::vector<Hash32> seal_readings(State& state, const Interval& interval) {
  std::vector<Hash32> leaves;
  for (auto& [meter, by_time] : state.reading_leaves) {
    for (auto& [time, reading] : by_time) {
      if (time > interval.end().seconds()) break;
      if (!reading.sealed) leaves.push_back(reading.leaf);
      reading.sealed = true;
    }
    by_time.erase(by_time.begin(), by_time.lower_bound(interval.begin_seconds() - repeats_answered_seconds));
  }
  return leaves;
}

/// Remembers which orders were accepted, and forgets those too old to come again.
void remember_orders(State& state, const Interval& interval, const OpenInterval& open) {
  std::set<OrderId>& accepted = state.settled_orders[interval];
  for (const auto& [id, entry] : open.orders) accepted.insert(accepted.end(), id);
  const Interval oldest(interval.begin_seconds() - repeats_answered_seconds, interval.length_seconds());
  state.settled_orders.erase(state.settled_orders.begin(), state.settled_orders.lower_bound(oldest));
}

std::vector<Statement> statements_of(State& state, const Interval& interval, const OpenInterval& open) {
  std::map<HouseholdId, Energy> net = contracts(open);
  std::vector<Statement> statements;
  // A household that left after its order was accepted has no meters any more: its contract is an imbalance.
  for (const auto& [id, contract] : net) assert(contract == Energy{0} || open.cleared->clearing.price);
  for (const auto& [id, household] : state.households) net.try_emplace(id);
  for (const auto& [id, contract] : net) {
    const auto household = state.households.find(id);
    const Position position = household == state.households.end()
                                  ? Position{.household = id,
                                             .contract = contract,
                                             .grid = {},
                                             .produced = std::nullopt,
                                             .quality = DeliveryQuality::estimated}
                                  : position_of(state, household->second, interval, contract);
    statements.push_back(settle(position, interval, open.cleared->clearing.price, open.cleared->tariff));
  }
  return statements;
}

void add_to_totals(State& state, const Statement& statement) {
  state.totals.import += statement.import;
  state.totals.export_ += statement.export_;
  state.totals.produced += statement.produced.value_or(Energy{0});
  HouseholdTotals& totals = state.household_totals[statement.household];
  totals.produced += statement.produced.value_or(Energy{0});
  totals.used += statement.used();
  totals.import += statement.import;
  totals.export_ += statement.export_;
  totals.bought += std::max(statement.contract, Energy{0});
  totals.sold += std::max(-statement.contract, Energy{0});
  totals.grid_bought += std::max(statement.deviation(), Energy{0});
  totals.grid_sold += std::max(-statement.deviation(), Energy{0});
  totals.paid += statement.total;
  totals.saved += statement.saved();
  totals.settled = statement.interval;
}

}  // namespace

Effects settle_interval(State& state, const SettlementDue& due, UtcTime now) {
  if (!settlement_is_due(state, now) || due.interval != *state.next_settlement) {
    return {RaiseAlarm{.severity = Severity::alarm,
                       .source = "controller",
                       .text = "an interval was settled out of turn: " + to_text(due.interval.begin())}};
  }
  const OpenInterval open = std::move(state.open.at(due.interval));
  state.open.erase(due.interval);
  remember_orders(state, due.interval, open);
  assert(open.cleared);
  Batch batch{.record = *open.cleared, .order_leaves = {}, .reading_leaves = {}, .statements = {}, .salt = due.salt};
  batch.record.previous_batch = state.last_batch;
  for (const auto& [id, entry] : open.orders) batch.order_leaves.push_back(entry.leaf);
  batch.reading_leaves = seal_readings(state, due.interval);
  batch.statements = statements_of(state, due.interval, open);

  StoreBatch store{.log_index = state.log.size(), .entry = {}, .batch = {}, .postings = postings(batch.statements)};
  state.ledger.post(store.postings);
  Energy contracts_sum;
  for (const Statement& statement : batch.statements) {
    contracts_sum += statement.contract;
    add_to_totals(state, statement);
  }
  assert(contracts_sum == Energy{0});  // What neighbours bought is what neighbours sold.

  state.last_batch = batch_root(batch);
  store.entry = {.interval = due.interval, .run = Run::initial, .batch_root = state.last_batch};
  store.batch = std::move(batch);
  state.log.append(log_leaf(store.entry));
  state.signature.reset();
  state.cosignatures.clear();
  state.next_settlement = due.interval.next();
  ++state.totals.intervals_settled;
  return {std::move(store), SignCheckpoint{state.checkpoint()}};
}

}  // namespace commonwatt
