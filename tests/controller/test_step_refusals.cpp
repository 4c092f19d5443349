// What the heart refuses: events that cannot have happened, and messages that are not right.
#include <doctest/doctest.h>

#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::Neighbourhood;
using test::only;
using test::raises_alarm;
using test::street_houses;
using test::street_interval;

const UtcTime before_first_gate = UtcTime::from_seconds(test::street_begin - 100);

OrderReceived order_from(std::size_t house, const Order& order) {
  return {.sender = street_houses()[house].id, .order = test::signed_order(house, order)};
}
ReadingReceived reading_from(std::size_t house, const Reading& reading) {
  return {.sender = street_houses()[house].id, .reading = test::signed_reading(house, reading)};
}

std::string answer(const Effects& effects) {
  const Receipt& receipt = only<SendReceipt>(effects).receipt;
  if (!receipt.rejection) return "accepted";
  return receipt.subject == Subject::order ? to_text(static_cast<OrderReject>(*receipt.rejection))
                                           : to_text(static_cast<ReadingReject>(*receipt.rejection));
}

TEST_CASE("an accepted order is answered with its id and the time it came") {
  Neighbourhood street;
  const Order order = test::street_order(0, 0);
  const SendReceipt sent = only<SendReceipt>(street.happen(order_from(0, order), before_first_gate));
  CHECK(sent.household == street_houses()[0].id);
  CHECK(sent.receipt == Receipt{.subject = Subject::order,
                                .id = order_id(order),
                                .received = before_first_gate,
                                .rejection = std::nullopt});
  CHECK(street.state.totals.orders == 1);
  CHECK(open_spend(street.state, street_houses()[0].id) == Money{0});  // a sale at a positive price costs nothing
  street.happen(order_from(3, test::street_order(3, 0)), before_first_gate);
  CHECK(open_spend(street.state, street_houses()[3].id) == worst_case_spend(test::street_order(3, 0)));
}

TEST_CASE("an order sent again is answered again and changes nothing") {
  Neighbourhood street;
  const OrderReceived sent = order_from(0, test::street_order(0, 0));
  CHECK(answer(street.happen(sent, before_first_gate)) == "accepted");
  const Bytes before = encode(street.state);
  const UtcTime later = before_first_gate + std::chrono::seconds(5);
  REQUIRE(repeated(street.state, sent, later).has_value());
  CHECK(repeated(street.state, sent, later)->received == later);
  CHECK(answer(street.happen(sent, later)) == "accepted");
  CHECK(encode(street.state) == before);
  // Even after the gate has closed.
  street.close_gate(0);
  const Bytes closed = encode(street.state);
  CHECK(answer(street.happen(sent, street_interval(0).begin())) == "accepted");
  CHECK(encode(street.state) == closed);
}

TEST_CASE("a reading sent again is answered again and changes nothing, before and after a later one") {
  Neighbourhood street;
  const ReadingReceived sent =
      reading_from(0, test::street_reading(test::grid_meter(0), test::street_registers(0, 0), 0));
  CHECK_FALSE(repeated(street.state, sent, street_interval(0).begin()).has_value());
  CHECK(answer(street.happen(sent, street_interval(0).begin())) == "accepted");
  Bytes before = encode(street.state);
  CHECK(answer(street.happen(sent, street_interval(0).end())) == "accepted");
  CHECK(encode(street.state) == before);
  const ReadingReceived next =
      reading_from(0, test::street_reading(test::grid_meter(0), test::street_registers(0, 1), 1));
  CHECK(answer(street.happen(next, street_interval(1).begin())) == "accepted");
  before = encode(street.state);
  CHECK(answer(street.happen(sent, street_interval(1).begin())) == "accepted");
  CHECK(encode(street.state) == before);
}

TEST_CASE("somebody else's accepted reading is not answered with its receipt") {
  Neighbourhood street;
  ReadingReceived sent = reading_from(0, test::street_reading(test::grid_meter(0), test::street_registers(0, 0), 0));
  street.happen(sent, street_interval(0).begin());
  sent.sender = street_houses()[1].id;
  CHECK_FALSE(repeated(street.state, sent, street_interval(0).begin()).has_value());
  CHECK(answer(street.happen(sent, street_interval(0).begin())) == "unknown_meter");
}

TEST_CASE("a copy of a neighbour's accepted order is refused, not confirmed") {
  Neighbourhood street;
  OrderReceived sent = order_from(0, test::street_order(0, 0));
  CHECK(answer(street.happen(sent, before_first_gate)) == "accepted");
  sent.sender = street_houses()[1].id;
  CHECK_FALSE(repeated(street.state, sent, before_first_gate).has_value());
  CHECK(answer(street.happen(sent, before_first_gate)) == "unknown_household");
}

TEST_CASE("orders of an unknown household, in another's name or with another's key are refused and counted") {
  Neighbourhood street;
  OrderReceived sent = order_from(0, test::street_order(0, 0));
  sent.sender = *HouseholdId::from("stranger");
  CHECK(answer(street.happen(sent, before_first_gate)) == "unknown_household");
  sent.order.order.household = sent.sender;
  CHECK(answer(street.happen(sent, before_first_gate)) == "unknown_household");
  sent = order_from(0, test::street_order(0, 0));
  sent.sender = street_houses()[1].id;
  CHECK(answer(street.happen(sent, before_first_gate)) == "unknown_household");
  CHECK(answer(street.happen(OrderReceived{street_houses()[0].id, test::signed_order(1, test::street_order(0, 0))},
                             before_first_gate)) == "bad_signature");
  CHECK(street.state.totals.rejected_orders == 4);
  CHECK(street.state.totals.orders == 0);
  CHECK(street.state.open.empty());
}

TEST_CASE("an order changed after it was signed is refused, whichever field it is") {
  Neighbourhood street;
  std::vector<OrderReceived> changed(5, order_from(3, test::street_order(3, 0)));
  changed[0].order.order.interval = street_interval(1);
  changed[1].order.order.side = Side::sell;
  changed[2].order.order.quantity += Energy{1};
  changed[3].order.order.limit += Price{1};
  changed[4].order.order.salt[0] ^= 1U;
  for (const OrderReceived& sent : changed) CHECK(answer(street.happen(sent, before_first_gate)) == "bad_signature");
  CHECK(answer(street.happen(order_from(3, test::street_order(3, 0)), before_first_gate)) == "accepted");
  CHECK(answer(street.happen(order_from(3, test::street_order(3, 1)), before_first_gate)) == "accepted");
  Order replayed = test::street_order(3, 1);
  replayed.salt[0] ^= 1U;
  CHECK(answer(street.happen(order_from(3, replayed), before_first_gate)) == "replayed");
}

TEST_CASE("every reason to hold a reading is answered, warned of and changes nothing but the count") {
  Neighbourhood street;
  const UtcTime now = street_interval(1).begin();
  const Reading good = test::street_reading(test::grid_meter(0), test::street_registers(0, 1), 1);
  street.happen(reading_from(0, test::street_reading(test::grid_meter(0), test::street_registers(0, 0), 0)), now);
  std::vector<std::pair<std::string, ReadingReceived>> held;
  const auto add = [&](const char* reason, const Reading& reading, std::size_t sender = 0) {
    held.emplace_back(reason, reading_from(sender, reading));
  };
  Reading bad = good;
  bad.registers.import = Energy{-1};
  add("malformed", bad);
  bad.registers.import = Energy{1'000'000'000'000'001};
  add("malformed", bad);
  bad = good;
  bad.sequence = 0;
  add("malformed", bad);
  bad = good;
  bad.meter = *MeterId::from("nobodys");
  add("unknown_meter", bad);
  add("unknown_meter", good, 1);  // another household's meter
  held.emplace_back("unknown_meter", ReadingReceived{*HouseholdId::from("stranger"), test::signed_reading(0, good)});
  held.emplace_back("bad_signature", ReadingReceived{street_houses()[0].id, test::signed_reading(1, good)});
  bad = good;
  bad.time = good.time + std::chrono::seconds(1);
  add("not_a_boundary", bad);
  bad.time = {std::numeric_limits<std::int64_t>::min()};
  add("not_a_boundary", bad);
  bad.time = street_interval(2).begin();
  add("clock_ahead", bad);
  bad = good;
  bad.sequence = 1;
  add("out_of_order", bad);
  bad = good;
  bad.registers.import = Energy{0};
  add("register_decreased", bad);
  bad = good;
  bad.registers.import += Energy{10'000};
  add("implausible", bad);
  std::int64_t count = 0;
  for (const auto& [reason, sent] : held) {
    State expected = street.state;
    expected.totals.rejected_readings = ++count;
    const Effects effects = street.happen(sent, now);
    CHECK(answer(effects) == reason);
    CHECK(only<RaiseAlarm>(effects).severity == Severity::warning);
    CHECK(only<RaiseAlarm>(effects).text.find(reason) != std::string::npos);
    CHECK(encode(street.state) == encode(expected));
  }
  CHECK(answer(street.happen(reading_from(0, good), now)) == "accepted");
}

TEST_CASE("a gateway's clock may be ten seconds ahead and no more") {
  Neighbourhood street;
  const Reading reading = test::street_reading(test::grid_meter(0), test::street_registers(0, 0), 0);
  const UtcTime ten_before = reading.time - std::chrono::seconds(10);
  CHECK(answer(street.happen(reading_from(0, reading), ten_before - Duration{1})) == "clock_ahead");
  CHECK(answer(street.happen(reading_from(0, reading), ten_before)) == "accepted");
}

TEST_CASE("a gate or a settlement out of turn changes nothing and raises an alarm") {
  Neighbourhood street;
  for (std::int64_t number = 0; number < 3; ++number) street.pass(number, 9);
  const Bytes before = encode(street.state);
  const UtcTime gate = street.state.rules.gate_closure(street_interval(3));
  const UtcTime settlement = street.state.rules.settlement_time(street_interval(0));
  const auto is_refused = [&](const Event& event, UtcTime at) {
    return raises_alarm(street.happen(event, at)) && encode(street.state) == before;
  };
  CHECK(is_refused(GateClosed{street_interval(3)}, gate - Duration{1}));                   // too early
  CHECK(is_refused(GateClosed{street_interval(2)}, gate));                                 // twice
  CHECK(is_refused(GateClosed{street_interval(4)}, gate + std::chrono::hours(1)));         // one left out
  CHECK(is_refused(GateClosed{Interval(street_interval(3).begin_seconds(), 300)}, gate));  // of another length
  CHECK(is_refused(SettlementDue{street_interval(0), Run::initial, {}}, settlement - Duration{1}));
  CHECK(is_refused(SettlementDue{street_interval(1), Run::initial, {}}, settlement + std::chrono::hours(1)));
  CHECK(is_refused(SettlementDue{street_interval(3), Run::initial, {}}, settlement + std::chrono::hours(9)));
  street.settle(0);
  const Effects twice = street.happen(SettlementDue{street_interval(0), Run::initial, {}}, settlement);
  CHECK(raises_alarm(twice));
  CHECK(street.batches.size() == 1);
  CHECK(raises_alarm(
      street.happen(SettlementDue{street_interval(3), Run::initial, {}}, settlement + std::chrono::hours(9))));
}

TEST_CASE("before the market is configured nothing is taken") {
  State state;
  const Bytes empty = encode(state);
  const UtcTime now = street_interval(0).begin();
  CHECK(raises_alarm(step(state, GateClosed{street_interval(0)}, now)));
  CHECK(raises_alarm(step(state, SettlementDue{street_interval(0), Run::initial, {}}, now)));
  CHECK(encode(state) == empty);
  CHECK(answer(step(state, order_from(0, test::street_order(0, 0)), now)) == "unknown_household");
  CHECK(pending_effects(state).empty());
}

TEST_CASE("the interval length cannot change within a journal") {
  Neighbourhood street;
  const Bytes before = encode(street.state);
  MarketConfigured other = test::street_configuration();
  other.rules.interval_seconds = 300;
  CHECK(raises_alarm(street.happen(other, before_first_gate)));
  CHECK(encode(street.state) == before);
}

TEST_CASE("a gate that was closed stays closed when the operator lets gates close later") {
  Neighbourhood street;
  street.pass(0, 9);
  MarketConfigured later = test::street_configuration();
  later.rules.gate_closure_seconds = 0;
  const UtcTime now = street_interval(0).begin() - std::chrono::seconds(30);
  street.happen(later, now);
  Order order = test::street_order(3, 0);
  order.sequence = 9;
  CHECK(answer(street.happen(order_from(3, order), now)) == "gate_closed");
  CHECK(street.state.open.at(street_interval(0)).orders.size() == 4);
  order.interval = street_interval(1);
  CHECK(answer(street.happen(order_from(3, order), now)) == "accepted");
}

TEST_CASE("a signature over the log that does not hold is not kept; a second or an old one is passed over") {
  Neighbourhood street;
  for (std::int64_t number = 0; number < 3; ++number) street.pass(number, 9);
  const UtcTime now = street.state.rules.settlement_time(street_interval(0));
  street.happen(SettlementDue{street_interval(0), Run::initial, {}}, now);
  const Bytes unsigned_state = encode(street.state);
  Bytes signature = sign_checkpoint(test::street_log_key(), street.state.checkpoint());
  signature[40] ^= 1U;
  CHECK(raises_alarm(street.happen(CheckpointSigned{1, signature}, now)));
  CHECK(street.happen(CheckpointSigned{0, signature}, now).empty());
  CHECK(encode(street.state) == unsigned_state);
  signature[40] ^= 1U;
  CHECK(only<PublishCheckpoint>(street.happen(CheckpointSigned{1, signature}, now)).signature == signature);
  CHECK(street.happen(CheckpointSigned{1, signature}, now).empty());
}

TEST_CASE("a checkpoint is witnessed when enough different members have cosigned it") {
  Neighbourhood street;
  for (std::int64_t number = 0; number < 3; ++number) street.pass(number, 9);
  const UtcTime now = street.state.rules.settlement_time(street_interval(0));
  street.happen(SettlementDue{street_interval(0), Run::initial, {}}, now);
  const Checkpoint checkpoint = street.state.checkpoint();
  const auto given_by = [&](std::size_t house, std::size_t key) {
    const Cosignature made =
        cosign(street_houses()[key].witness_key, street_houses()[house].id.text(), checkpoint, now.seconds());
    return CosignatureReceived{street_houses()[house].id, checkpoint.size, made.time, made.signature};
  };
  CHECK(street.happen(given_by(0, 0), now).empty());  // The controller has not signed yet.
  CHECK(street.state.cosignatures.empty());
  street.happen(CheckpointSigned{1, sign_checkpoint(test::street_log_key(), checkpoint)}, now);
  CHECK(raises_alarm(street.happen(given_by(0, 1), now)));
  CosignatureReceived stranger = given_by(0, 0);
  stranger.sender = *HouseholdId::from("stranger");
  CHECK(raises_alarm(street.happen(stranger, now)));
  CHECK(street.happen(given_by(0, 0), now).empty());
  CHECK(street.happen(given_by(0, 0), now).empty());  // The same member does not count twice.
  CHECK(street.state.witnessed_size == 0);
  const CheckpointWitnessed witnessed = only<CheckpointWitnessed>(street.happen(given_by(2, 2), now));
  CHECK(witnessed.checkpoint == checkpoint);
  CHECK(witnessed.cosignatures.size() == 2);
  CHECK(street.state.witnessed_size == 1);
}

}  // namespace
}  // namespace commonwatt
