#include <algorithm>
#include <cassert>
#include <utility>

#include "controller/step_parts.hpp"
#include "market/market_run.hpp"

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

/// Fills in what the meters in service delivered, from what is known of them by now. Returns how many were estimated.
std::int64_t measure(const State& state, const Interval& interval, std::map<HouseholdId, Position>& positions) {
  std::int64_t estimated_meters = 0;
  for (const auto& [id, meter] : state.meters) {
    const auto found = positions.find(meter.household);
    if (found == positions.end() || !meter.serves(interval)) continue;
    Position& position = found->second;
    const Delivery delivery = meter.account.delivery(interval);
    const bool estimated = delivery.quality == DeliveryQuality::estimated;
    if (estimated) ++estimated_meters;
    if (meter.record.role == MeterRole::submeter) continue;
    if (estimated) position.quality = DeliveryQuality::estimated;
    if (meter.record.role == MeterRole::billing) {
      position.grid += delivery.energy;
    } else {
      position.produced = position.produced.value_or(Energy{0}) + delivery.energy.export_;
    }
  }
  return estimated_meters;
}

Position unmeasured(const HouseholdId& household, Energy contract, DeliveryQuality quality) {
  return {.household = household, .contract = contract, .grid = {}, .produced = std::nullopt, .quality = quality};
}

/// Who takes part in an interval, before its meters are looked at. A household that left after its order was accepted
/// has no meters any more: its contract is an imbalance.
std::map<HouseholdId, Position> first_positions(const State& state, const Interval& interval,
                                                const OpenInterval& open) {
  std::map<HouseholdId, Position> positions;
  for (const auto& [id, member] : state.members) {
    if (member.takes_part(interval)) positions.emplace(id, unmeasured(id, {}, DeliveryQuality::good));
  }
  for (const auto& [id, contract] : contracts(open)) {
    assert(contract == Energy{0} || open.cleared->clearing.price);
    positions.try_emplace(id, unmeasured(id, {}, DeliveryQuality::estimated)).first->second.contract = contract;
  }
  return positions;
}

/// The same households and contracts as when the interval was settled before, not measured yet.
std::map<HouseholdId, Position> positions_again(const State& state, const Interval& interval,
                                                const std::vector<Position>& before) {
  std::map<HouseholdId, Position> positions;
  for (const Position& position : before) {
    const auto member = state.members.find(position.household);
    const bool has_meters = member != state.members.end() && member->second.takes_part(interval);
    positions.emplace(position.household, unmeasured(position.household, position.contract,
                                                     has_meters ? DeliveryQuality::good : DeliveryQuality::estimated));
  }
  return positions;
}

std::vector<Position> in_order(const std::map<HouseholdId, Position>& positions) {
  std::vector<Position> list;
  for (const auto& [id, position] : positions) list.push_back(position);
  return list;
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

RunBasis basis_of(const ClearingRecord& record) {
  return {.interval = record.interval, .run = record.run, .price = record.clearing.price, .terms = record.terms};
}

/// Adds what a statement says to the totals, or with `sign` -1 takes it away again.
void add_to_totals(State& state, const Statement& statement, std::int64_t sign) {
  const auto signed_energy = [sign](Energy energy) { return Energy{sign * energy.count}; };
  const auto signed_money = [sign](Money money) { return Money{sign * money.count}; };
  state.totals.import += signed_energy(statement.import);
  state.totals.export_ += signed_energy(statement.export_);
  state.totals.produced += signed_energy(statement.produced.value_or(Energy{0}));
  HouseholdTotals& totals = state.household_totals[statement.household];
  totals.produced += signed_energy(statement.produced.value_or(Energy{0}));
  totals.used += signed_energy(statement.used());
  totals.import += signed_energy(statement.import);
  totals.export_ += signed_energy(statement.export_);
  totals.bought += signed_energy(std::max(statement.contract, Energy{0}));
  totals.sold += signed_energy(std::max(-statement.contract, Energy{0}));
  totals.grid_bought += signed_energy(std::max(statement.deviation(), Energy{0}));
  totals.grid_sold += signed_energy(std::max(-statement.deviation(), Energy{0}));
  totals.paid += signed_money(statement.total);
  totals.saved += signed_money(statement.saved());
  totals.settled = std::max(totals.settled.value_or(statement.interval), statement.interval);
}

/// Posts a run, seals its batch under salts that follow from `salt`, and asks for the signature over it. `before` is
/// what the interval was settled to.
Effects seal_run(State& state, Batch batch, MarketRun run, const Hash32& salt, const std::vector<Statement>& before) {
  const Interval interval = batch.record.interval;
  batch.statements = std::move(run.statements);
  batch.salts = statement_salts(salt, batch.statements);
  batch.record.previous_batch = state.last_batch;
  batch.reading_leaves = seal_readings(state, interval);
  StoreBatch store{.log_index = state.log.size(), .entry = {}, .batch = {}, .postings = std::move(run.postings)};
  state.ledger.post(store.postings);
  Energy contracts_sum;
  for (const Statement& statement : before) add_to_totals(state, statement, -1);
  for (const Statement& statement : batch.statements) {
    contracts_sum += statement.contract;
    add_to_totals(state, statement, 1);
  }
  assert(contracts_sum == Energy{0});  // What neighbours bought is what neighbours sold.

  state.last_batch = batch_root(batch);
  store.entry = {.interval = interval, .run = batch.record.run, .batch_root = state.last_batch};
  store.batch = std::move(batch);
  state.log.append(log_leaf(store.entry));
  state.signature.reset();
  state.cosignatures.clear();
  return {std::move(store), SignCheckpoint{state.checkpoint()}};
}

Effects initial_run(State& state, const SettlementDue& due) {
  const OpenInterval open = std::move(state.open.at(due.interval));
  state.open.erase(due.interval);
  remember_orders(state, due.interval, open);
  assert(open.cleared);
  std::map<HouseholdId, Position> positions = first_positions(state, due.interval, open);
  state.totals.estimated_readings += measure(state, due.interval, positions);

  ProvisionalInterval& settled = state.provisional[due.interval];
  settled = {.record = *open.cleared, .positions = in_order(positions)};
  Batch batch;
  batch.record = *open.cleared;
  for (const auto& [id, entry] : open.orders) batch.order_leaves.push_back(entry.leaf);
  MarketRun run = settle(settled.positions, basis_of(settled.record));
  settled.record.book.clear();
  settled.record.clearing.fills.clear();
  state.next_settlement = due.interval.next();
  ++state.totals.intervals_settled;
  return seal_run(state, std::move(batch), std::move(run), due.salt, {});
}

/// What only intervals that are settled for good now still needed.
void forget_closed(State& state, const Interval& closed) {
  for (auto& [id, meter] : state.meters) {
    if (meter.serves(closed)) meter.account.close(closed);
  }
  const auto is_over = [&closed](const auto& entry) {
    return entry.second.until && *entry.second.until <= closed.next();
  };
  std::erase_if(state.meters, is_over);
  std::erase_if(state.members, is_over);
}

Effects later_run(State& state, const SettlementDue& due) {
  ProvisionalInterval& settled = state.provisional.at(due.interval);
  const std::vector<Position> before = std::exchange(settled.positions, {});
  const std::vector<Statement> statements_before = settle(before, basis_of(settled.record)).statements;
  std::map<HouseholdId, Position> positions = positions_again(state, settled.record.interval, before);
  measure(state, due.interval, positions);
  settled.positions = in_order(positions);
  settled.record.run = due.run;
  MarketRun run = settle_again(settled.positions, before, basis_of(settled.record));
  Batch batch;
  batch.record = settled.record;
  state.late.erase(due.interval);
  if (state.late.empty()) state.next_revision.reset();
  ++(due.run == Run::final ? state.totals.final_runs : state.totals.revised_runs);
  if (due.run == Run::final) {
    state.provisional.erase(due.interval);
    forget_closed(state, due.interval);
  }
  return seal_run(state, std::move(batch), std::move(run), due.salt, statements_before);
}

}  // namespace

Effects settle_interval(State& state, const SettlementDue& due, UtcTime now) {
  if (due_settlement(state, now) != SettlementTask{.interval = due.interval, .run = due.run}) {
    return {RaiseAlarm{.severity = Severity::alarm,
                       .source = "controller",
                       .text = "a run was settled out of turn: " + std::string(to_text(due.run)) + " of " +
                               to_text(due.interval.begin())}};
  }
  return due.run == Run::initial ? initial_run(state, due) : later_run(state, due);
}

}  // namespace commonwatt
