// A day of the street in process: what must hold whatever happens.
#include <set>

#include <doctest/doctest.h>

#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::Neighbourhood;
using test::street_houses;
using test::street_interval;

constexpr std::int64_t day = 96;

Money balance(const State& state, std::size_t house) {
  return state.ledger.balance({.kind = AccountKind::household, .household = street_houses()[house].id});
}

TEST_CASE("over a day every sum is zero, every interval is settled once and in order, and the state is its encoding") {
  Neighbourhood street;
  street.watch = [](const State& state) {
    REQUIRE(state.ledger.sum() == Money{0});
    const Bytes bytes = encode(state);
    const auto back = decode<State>(bytes);
    REQUIRE(back.ok());
    REQUIRE(*back == state);
    REQUIRE(encode(*back) == bytes);
  };
  street.live(day);
  REQUIRE(street.batches.size() == day);
  for (std::int64_t number = 0; number < day; ++number) {
    const StoreBatch& store = street.batches[static_cast<std::size_t>(number)];
    CHECK(store.log_index == number);
    CHECK(store.entry.interval == street_interval(number));
    CHECK(store.batch.statements.size() == street_houses().size());
    CHECK(store.batch.record.clearing.volume > Energy{0});
    CHECK(store.batch.order_leaves.size() == 4);
    Energy contracts;
    for (const Statement& statement : store.batch.statements) {
      contracts += statement.contract;
      CHECK(statement.quality == DeliveryQuality::good);
      CHECK(statement.price == store.batch.record.clearing.price);
    }
    CHECK(contracts == Energy{0});
  }
  CHECK(street.state.totals.intervals_settled == day);
  CHECK(street.state.totals.rejected_orders == 0);
  CHECK(street.state.totals.rejected_readings == 0);
  CHECK(street.state.witnessed_size == day);
  CHECK(street.state.open.empty());
}

TEST_CASE("over a day a household pays for the energy of its registers, at the statements' totals") {
  Neighbourhood street;
  street.live(day);
  for (std::size_t house = 0; house < street_houses().size(); ++house) {
    Registers energy;
    Money paid;
    Money without_market;
    for (const StoreBatch& store : street.batches) {
      const Statement& statement = store.batch.statements[house];
      energy += Registers{statement.import, statement.export_};
      paid += statement.total;
      without_market += statement.without_market;
    }
    CHECK(energy == test::street_registers(house, day) - test::street_registers(house, 0));
    CHECK(balance(street.state, house) == -paid);
    CHECK(paid < without_market);  // Everybody is better off than with the utility alone.
    const HouseholdTotals& totals = street.state.household_totals.at(street_houses()[house].id);
    CHECK(totals.import == energy.import);
    CHECK(totals.export_ == energy.export_);
    CHECK(totals.paid == paid);
    CHECK(totals.saved == without_market - paid);
    CHECK(totals.settled == street_interval(day - 1));
  }
}

TEST_CASE("every batch is chained to the one before, and the log is a tree of all of them") {
  Neighbourhood street;
  street.live(12);
  Hash32 before{};
  for (const StoreBatch& store : street.batches) {
    CHECK(store.batch.record.previous_batch == before);
    CHECK(store.entry.batch_root == batch_root(store.batch));
    before = store.entry.batch_root;
  }
  CHECK(street.state.last_batch == before);
  CHECK(street.state.log.root() == merkle_root(street.log_leaves));
}

TEST_CASE("a replay of the events gives the same state, byte for byte") {
  Neighbourhood street;
  street.loses = [](const MeterId& meter, std::int64_t number) {
    return (number + static_cast<std::int64_t>(meter.text()[3])) % 7 == 0;
  };
  street.live(20);
  State again;
  for (const Neighbourhood::Happened& happened : street.events) step(again, happened.event, happened.time);
  CHECK(encode(again) == encode(street.state));
  // Taking the state up half way from its bytes makes no difference.
  State first_half;
  const std::size_t half = street.events.size() / 2;
  for (std::size_t i = 0; i < half; ++i) step(first_half, street.events[i].event, street.events[i].time);
  State second_half = decode<State>(encode(first_half)).value();
  for (std::size_t i = half; i < street.events.size(); ++i)
    step(second_half, street.events[i].event, street.events[i].time);
  CHECK(encode(second_half) == encode(street.state));
}

TEST_CASE("a missing reading is estimated, marked and made up for by the next interval") {
  Neighbourhood street;
  const MeterId silent = test::grid_meter(2);
  street.loses = [&](const MeterId& meter, std::int64_t number) { return meter == silent && number == 5; };
  street.live(10);
  Energy import;
  for (std::size_t number = 0; number < 10; ++number) {
    const Statement& statement = street.batches[number].batch.statements[2];
    const bool touched = number == 4 || number == 5;
    CHECK(statement.quality == (touched ? DeliveryQuality::estimated : DeliveryQuality::good));
    CHECK(street.batches[number].batch.statements[3].quality == DeliveryQuality::good);
    import += statement.import;
  }
  CHECK(import == test::street_registers(2, 10).import - test::street_registers(2, 0).import);
  CHECK(street.state.totals.estimated_readings == 2);
}

TEST_CASE("one silent household never blocks the others, and its week-long silence ends in the truth") {
  Neighbourhood street;
  const MeterId silent = test::grid_meter(3);
  street.loses = [&](const MeterId& meter, std::int64_t number) {
    return meter == silent && number > 4 && number < 40;
  };
  street.live(41);
  REQUIRE(street.batches.size() == 41);
  // Readings 40 and 41 come two intervals after what they tell of was first settled.
  REQUIRE(street.next_run() == street.state.next_revision);
  street.run_until(*street.state.next_revision);
  CHECK(street.state.totals.revised_runs == 34);
  CHECK(street.state.household_totals.at(street_houses()[3].id).import ==
        test::street_registers(3, 41).import - test::street_registers(3, 0).import);
}

TEST_CASE("deadlines are gates and settlements in order of time, and after the end of trading the final runs") {
  Neighbourhood street;
  CHECK_FALSE(next_deadline(State{}).has_value());
  const auto seconds_of = [&] { return next_deadline(street.state)->seconds() - test::street_begin; };
  CHECK(seconds_of() == -60);
  street.pass(0, 2);
  CHECK(seconds_of() == 840);
  street.pass(1, 2);
  CHECK(seconds_of() == 1'740);
  MarketConfigured last = test::street_configuration();
  last.rules.trading_end = street_interval(2).begin();
  street.happen(last, street_interval(1).begin() + std::chrono::seconds(5));
  CHECK(seconds_of() == 2'700);
  CHECK_FALSE(gate_is_due(street.state, UtcTime::from_seconds(test::street_begin + 9'000)));
  street.pass(2, 2);
  street.pass(3, 2);
  street.pass(4, 2);
  CHECK(seconds_of() == 900 + 14 * 86'400);
  CHECK(street.state.totals.intervals_settled == 2);
}

TEST_CASE("a restarted shell publishes open clearings again and asks again for a missing signature") {
  Neighbourhood street;
  CHECK(pending_effects(street.state).empty());
  for (std::int64_t number = 0; number < 3; ++number) street.pass(number, 9);
  Effects pending = pending_effects(street.state);
  REQUIRE(pending.size() == 3);
  CHECK(std::get<PublishClearing>(pending[0]).record == street.clearings[0]);
  street.send_orders(3);
  street.close_gate(3);
  street.happen(SettlementDue{street_interval(0), Run::initial, Hash32{}},
                street.state.rules.settlement_time(street_interval(0)));
  pending = pending_effects(street.state);
  CHECK(test::only<SignCheckpoint>(pending).checkpoint == street.state.checkpoint());
  const Bytes signature = sign_checkpoint(test::street_log_key(), street.state.checkpoint());
  street.happen(CheckpointSigned{1, signature}, street.state.rules.settlement_time(street_interval(0)));
  pending = pending_effects(street.state);
  CHECK(test::only<PublishCheckpoint>(pending).signature == signature);
}

TEST_CASE("a member that leaves keeps a contract of later, as an imbalance, and the others are settled as ever") {
  Neighbourhood street;
  street.send_orders(1);
  street.close_gate(0);
  MarketConfigured fewer = test::street_configuration();
  fewer.households.pop_back();
  street.happen(fewer, street_interval(0).begin() - std::chrono::seconds(30));
  street.send_readings(0);
  street.send_readings(1);
  street.close_gate(1);
  street.send_readings(2);
  street.settle(0);
  street.settle(1);
  const Statement& left = street.batches[1].batch.statements.at(3);
  CHECK(left.household == street_houses()[3].id);
  CHECK(left.delivered() == Energy{0});
  CHECK(left.contract > Energy{0});
  CHECK(left.quality == DeliveryQuality::estimated);
  CHECK(street.batches[1].batch.statements[0].quality == DeliveryQuality::good);
  CHECK(street.state.ledger.sum() == Money{0});
}

}  // namespace
}  // namespace commonwatt
