// A market under whatever sequence of events: it never stops, its money always sums to zero, its state is always the
// one its encoding gives, and what is refused is refused without a trace.
#include <cstdlib>

#include "tests/controller/neighbourhood.hpp"

namespace {

using namespace commonwatt;

void must(bool claim) {
  if (!claim) std::abort();
}

/// Draws numbers from the input; zeros when it is used up.
class Draws {
 public:
  explicit Draws(ByteView bytes) : bytes_(bytes) {}
  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const std::uint8_t first = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return first;
  }
  /// Small numbers mostly, any 64-bit number sometimes.
  std::int64_t number() {
    const std::uint8_t first = byte();
    if (first < 0xF0) return first;
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8U | byte();
    return static_cast<std::int64_t>(value);
  }
  /// What an event as it comes over the line is decoded from.
  ByteView rest() const { return bytes_; }
  bool used_up() const { return bytes_.empty(); }

 private:
  ByteView bytes_;
};

OrderReceived some_order(Draws& draws) {
  const std::size_t house = draws.byte() % 4U;
  Order order = test::street_order(house, draws.byte() % 6U);
  order.quantity = Energy{draws.byte() % 8U == 0 ? draws.number() : draws.byte() * 16};
  order.side = static_cast<Side>(draws.byte() % 2U);
  order.limit = Price{80'000 + draws.byte() * 1'000};
  order.sequence = draws.number();
  const std::size_t signer = draws.byte() < 0xF0 ? house : 0;
  return {test::street_houses()[house].id, test::signed_order(signer, order)};
}

ReadingReceived some_reading(Draws& draws) {
  const std::size_t house = draws.byte() % 4U;
  const std::int64_t number = draws.byte() % 10U;
  const MeterId meter =
      test::has_plant(house) && draws.byte() % 2U == 1 ? test::plant_meter(house) : test::grid_meter(house);
  Reading reading = test::street_reading(meter, test::street_registers(house, number), number);
  if (draws.byte() % 8U == 0) reading.time = {draws.number()};
  if (draws.byte() % 4U == 0) reading.registers.import = Energy{draws.number()};
  if (draws.byte() % 4U == 0) reading.sequence = draws.number();
  return {test::street_houses()[house].id, test::signed_reading(house, reading)};
}

MarketConfigured some_configuration(Draws& draws) {
  MarketConfigured configured = test::street_configuration();
  configured.households.resize(1 + draws.byte() % 4U);
  configured.rules.gate_closure_seconds = draws.byte();
  configured.rules.settlement_lag_seconds = draws.byte() * 16;
  configured.rules.witnesses_required = draws.byte() % 4U;
  configured.rules.clearing.k_permille = draws.byte() * 3;
  configured.anchor_intervals = draws.byte() % 3U;
  configured.rules.tariff = TariffSchedule::constant({.retail = Price{draws.byte() * 2'000}, .feed_in = Price{0}});
  return configured;
}

/// What the controller's shell does when a deadline has come.
void do_what_is_due(State& state, UtcTime now) {
  while (gate_is_due(state, now)) must(step(state, GateClosed{*state.next_gate}, now).size() == 1);
  while (const std::optional<SettlementTask> task = due_settlement(state, now)) {
    step(state, SettlementDue{task->interval, task->run, Hash32{}}, now);
    const Checkpoint checkpoint = state.checkpoint();
    step(state, CheckpointSigned{checkpoint.size, sign_checkpoint(test::street_log_key(), checkpoint)}, now);
    must(state.signature.has_value());
  }
}

void take(State& state, const Event& event, UtcTime now) {
  const Bytes before = encode(state);
  const Effects effects = step(state, event, now);
  if (test::raises_alarm(effects)) must(encode(state) == before);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Draws draws(ByteView(data, size));
  State state;
  UtcTime now = UtcTime::from_seconds(test::street_begin - 120);
  step(state, test::street_configuration(), now);
  for (int i = 0; i < 200 && !draws.used_up(); ++i) {
    switch (draws.byte() % 8U) {
      case 0:
      case 1:
        take(state, some_order(draws), now);
        break;
      case 2:
      case 3:
        take(state, some_reading(draws), now);
        break;
      case 4:
        now = now + std::chrono::seconds(draws.byte() * 8);
        do_what_is_due(state, now);
        break;
      case 5:
        take(state, GateClosed{test::street_interval(draws.byte() % 10U)}, now);
        take(state, SettlementDue{test::street_interval(draws.byte() % 10U), Run(draws.byte() % 3U), Hash32{}}, now);
        break;
      case 6:
        take(state, some_configuration(draws), now);
        break;
      default:
        // An event as it comes over the line; rules come from the operator's own file alone.
        if (const auto event = decode<Event>(draws.rest()); event && !std::holds_alternative<MarketConfigured>(*event))
          take(state, *event, now);
    }
    must(state.ledger.sum() == Money{0});
  }
  const Result<State, CborError> again = decode<State>(encode(state));
  must(again.ok() && *again == state);
  return 0;
}
