// An interval is settled again as readings come late, and once for good: what a later run posts, seals and forgets.
#include <map>

#include <doctest/doctest.h>

#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::Neighbourhood;
using test::street_houses;
using test::street_interval;

constexpr std::int64_t half_a_day = 48;

/// What each household paid and the ledger's balances must be one.
void check_books(const Neighbourhood& street) {
  std::map<Interval, const StoreBatch*> in_force;
  for (const StoreBatch& store : street.batches) in_force[store.entry.interval] = &store;
  std::map<HouseholdId, Money> paid;
  for (const auto& [interval, store] : in_force) {
    for (const Statement& statement : store->batch.statements) paid[statement.household] += statement.total;
  }
  for (const auto& [household, money] : paid) {
    CHECK(street.state.ledger.balance({.kind = AccountKind::household, .household = household}) == -money);
    CHECK(street.state.household_totals.at(household).paid == money);
  }
  CHECK(street.state.ledger.sum() == Money{0});
}

UtcTime long_after() {
  return street_interval(half_a_day).begin() + std::chrono::hours(24 * 20);
}

/// The statements in force of a market that ran half a day, told of every reading in time.
std::vector<std::vector<Statement>> punctual() {
  Neighbourhood street;
  street.live(half_a_day);
  street.run_until(long_after());
  std::vector<std::vector<Statement>> statements;
  for (const StoreBatch& store : street.batches) {
    if (store.entry.run == Run::final) statements.push_back(store.batch.statements);
  }
  return statements;
}

TEST_CASE(
    "readings that come hours late are settled in one revised run each, and final is as if they had been in time") {
  Neighbourhood street;
  const MeterId late = test::grid_meter(2);
  street.loses = [&](const MeterId& meter, std::int64_t number) { return meter == late && number > 10; };
  street.live(half_a_day);
  REQUIRE(street.batches.size() == half_a_day);
  const Statement guessed = street.batches[12].batch.statements[2];
  CHECK(guessed.quality == DeliveryQuality::estimated);

  const UtcTime back = street_interval(half_a_day + 2).begin() + std::chrono::minutes(7);
  for (std::int64_t number = 11; number <= half_a_day; ++number) {
    const Reading reading = test::street_reading(late, test::street_registers(2, number), number);
    street.happen(ReadingReceived{street_houses()[2].id, test::signed_reading(2, reading)}, back);
  }
  CHECK(street.state.late.size() == half_a_day - 10);
  CHECK(*street.state.next_revision > back);
  CHECK(street.state.next_revision->seconds() % 3600 == 0);
  CHECK(street.next_run() == street.state.next_revision);
  street.run_until(*street.state.next_revision);
  CHECK(street.state.late.empty());
  CHECK_FALSE(street.state.next_revision.has_value());
  REQUIRE(street.batches.size() == half_a_day + half_a_day - 10);
  CHECK(street.state.totals.revised_runs == half_a_day - 10);
  check_books(street);

  const StoreBatch& revised = street.batches[half_a_day + 2];
  CHECK(revised.entry.run == Run::revised);
  CHECK(revised.entry.interval == street_interval(12));
  CHECK(revised.batch.statements[2].quality == DeliveryQuality::good);
  CHECK(revised.batch.record.book.empty());
  // Only the household whose meter was late pays or gets a difference.
  const Money difference = revised.batch.statements[2].total - guessed.total;
  REQUIRE(revised.postings.size() == 1);
  CHECK(revised.postings[0].amount == (difference > Money{0} ? difference : -difference));
  CHECK(revised.postings[0].kind == PostingKind::imbalance);

  street.run_until(long_after());
  CHECK(street.state.totals.final_runs == half_a_day);
  check_books(street);
  const std::vector<std::vector<Statement>> expected = punctual();
  REQUIRE(expected.size() == half_a_day);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const StoreBatch& final = street.batches[street.batches.size() - half_a_day + i];
    CHECK(final.entry.run == Run::final);
    CHECK(final.batch.statements == expected[i]);
    CHECK(final.postings.empty());  // The revised run has posted it all.
  }
}

TEST_CASE("the final run comes after fourteen days, and then nothing of the interval is kept") {
  Neighbourhood street;
  street.live(4);
  const UtcTime final_time = street_interval(0).end() + std::chrono::hours(24 * 14);
  CHECK_FALSE(due_settlement(street.state, final_time - Duration{1}).has_value());
  CHECK(due_settlement(street.state, final_time) == SettlementTask{street_interval(0), Run::final});
  CHECK(street.next_run() == final_time);
  street.run_until(final_time);
  CHECK(street.state.provisional.size() == 3);
  CHECK(street.state.totals.final_runs == 1);
  CHECK(street.batches.back().batch.statements[0].run == Run::final);
  street.run_until(long_after());
  CHECK(street.state.provisional.empty());
  CHECK_FALSE(street.next_run().has_value());
  check_books(street);
}

TEST_CASE("what is read after the final run does not change it; the energy comes back in the intervals still open") {
  Neighbourhood street;
  MarketConfigured quick = test::street_configuration();
  quick.rules.final_seconds = 7'200;
  street.happen(quick, UtcTime::from_seconds(test::street_begin - 100));
  const MeterId silent = test::grid_meter(3);
  constexpr std::int64_t intervals = 30;
  street.loses = [&](const MeterId& meter, std::int64_t number) {
    return meter == silent && number > 4 && number < 20;
  };
  for (std::int64_t number = 0; number < intervals + 3; ++number) {
    street.pass(number, intervals);
    street.run_until(street_interval(number).end() - std::chrono::seconds(301));
  }
  street.run_until(long_after());
  Energy import;
  for (const StoreBatch& store : street.batches) {
    if (store.entry.run == Run::final) import += store.batch.statements[3].import;
  }
  CHECK(street.state.totals.final_runs == intervals);
  CHECK(import == test::street_registers(3, intervals).import - test::street_registers(3, 0).import);
  check_books(street);
}

TEST_CASE(
    "a household that leaves is settled by its meters up to where it left, and is forgotten after the final runs") {
  Neighbourhood street;
  for (std::int64_t number = 0; number < 3; ++number) street.pass(number, 8);
  MarketConfigured fewer = test::street_configuration();
  fewer.households.pop_back();
  street.happen(fewer, street_interval(2).begin() + std::chrono::seconds(30));
  // Its last reading is still taken: interval 2 was open to it.
  street.send_readings(3);
  street.settle(0);
  street.settle(1);
  street.settle(2);
  for (std::size_t number = 0; number < 3; ++number) {
    REQUIRE(street.batches[number].batch.statements.size() == 4);
    CHECK(street.batches[number].batch.statements[3].quality == DeliveryQuality::good);
    CHECK(street.batches[number].batch.statements[3].import > Energy{0});
  }
  street.close_gate(3);
  street.settle(3);
  CHECK(street.batches[3].batch.statements.size() == 3);
  CHECK(street.state.members.size() == 4);
  street.run_until(street_interval(2).end() + std::chrono::hours(24 * 14));
  CHECK(street.state.members.size() == 3);
  CHECK_FALSE(street.state.meters.contains(test::grid_meter(3)));
  check_books(street);
}

TEST_CASE("a household that joins is not asked for what it did before") {
  Neighbourhood street;
  MarketConfigured fewer = test::street_configuration();
  fewer.households.erase(fewer.households.begin() + 2);
  State fresh;
  std::swap(street.state, fresh);
  street.happen(fewer, UtcTime::from_seconds(test::street_begin - 120));
  for (std::int64_t number = 0; number < 3; ++number) street.close_gate(number);
  street.happen(test::street_configuration(), street_interval(2).begin() + std::chrono::seconds(30));
  street.settle(0);
  CHECK(street.batches[0].batch.statements.size() == 3);
  for (std::int64_t number = 3; number < 8; ++number) {
    street.send_readings(number);
    street.close_gate(number);
    street.settle(number - 2);
  }
  CHECK(street.batches[2].batch.statements.size() == 3);
  CHECK(street.batches[3].batch.statements.size() == 4);
  street.run_until(long_after());
  for (const StoreBatch& store : street.batches)
    CHECK(store.batch.statements.size() == (store.entry.interval < street_interval(3) ? 3 : 4));
}

TEST_CASE("a meter cannot change hands while intervals it counted are not final") {
  Neighbourhood street;
  street.live(2);
  MarketConfigured moved = test::street_configuration();
  std::swap(moved.households[2].meters[0].id, moved.households[3].meters[0].id);
  const Effects effects = street.happen(moved, street_interval(6).begin());
  REQUIRE(effects.size() == 2);
  CHECK(std::get<RaiseAlarm>(effects[0]).text.find("hh04-grid was hh04's, as billing") != std::string::npos);
  CHECK(street.state.meters.at(test::grid_meter(2)).household == street_houses()[2].id);
}

TEST_CASE("an interval keeps the tariff its gate closed with, in every later run") {
  Neighbourhood street;
  MarketConfigured taxed = test::street_configuration();
  taxed.rules.loss_permille = 30;
  taxed.rules.network_fee = Price{10'000};
  TariffTerms terms = taxed.rules.tariff.terms();
  terms.versions[0].levies = {
      {.name = "levy", .price = Price{20'000}, .on_utility_energy = true, .on_neighbour_energy = true}};
  terms.versions[0].taxes = {{.name = "tax",
                              .permille = 190,
                              .on_utility_energy = true,
                              .on_neighbour_energy = true,
                              .on_fees = true,
                              .on_levies = true}};
  taxed.rules.tariff = TariffSchedule::from(terms).value();
  street.happen(taxed, UtcTime::from_seconds(test::street_begin - 110));
  const MeterId late = test::grid_meter(2);
  street.loses = [&](const MeterId& meter, std::int64_t number) { return meter == late && number > 2; };
  street.live(6);
  street.happen(test::street_configuration(), street_interval(8).begin());
  for (std::int64_t number = 3; number <= 6; ++number) {
    const Reading reading = test::street_reading(late, test::street_registers(2, number), number);
    street.happen(ReadingReceived{street_houses()[2].id, test::signed_reading(2, reading)}, street_interval(8).begin());
  }
  street.run_until(long_after());
  const Statement& revised = street.batches[6].batch.statements[2];
  CHECK(revised.run == Run::revised);
  CHECK(revised.loss_amount > Money{0});
  CHECK(revised.fee_amount == std::max(revised.delivered(), Energy{0}) * Price{10'000});
  CHECK(revised.fee_amount > Money{0});
  CHECK(revised.tax_amount > Money{0});
  CHECK(revised.total == revised.energy_amount + revised.imbalance_amount + revised.fee_amount + revised.loss_amount +
                             revised.tax_amount);
  for (const AccountKind kind : {AccountKind::losses, AccountKind::fees})
    CHECK(street.state.ledger.balance({.kind = kind, .household = {}}) > Money{0});
  check_books(street);
}

}  // namespace
}  // namespace commonwatt
