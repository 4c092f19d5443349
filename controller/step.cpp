#include "controller/step.hpp"

#include <algorithm>
#include <set>

#include "controller/step_parts.hpp"

namespace commonwatt {
namespace {

Effects alarm(const std::string& source, const std::string& text) {
  return {RaiseAlarm{.severity = Severity::alarm, .source = source, .text = text}};
}

/// A meter that is new, goes on or comes back. Says what is wrong when it cannot.
std::optional<std::string> put_in_service(State& state, const HouseholdId& household, const MeterRecord& meter) {
  const auto [found, is_new] = state.meters.try_emplace(meter.id);
  MeterService& service = found->second;
  if (is_new) {
    service = {.household = household, .record = meter, .since = *state.next_gate, .until = {}, .account = {}};
    return std::nullopt;
  }
  if (service.household != household || service.record.role != meter.role) {
    return "meter " + meter.id.text() + " was " + service.household.text() + "'s, as " + to_text(service.record.role) +
           ", in intervals that are not final yet; it does not count in its new place before it has a new id";
  }
  service.record = meter;
  service.until.reset();
  return std::nullopt;
}

/// Who comes or goes, household or meter, does so with the interval whose gate closes next: earlier ones are settled
/// with those that were there.
Effects enrol(State& state, const MarketConfigured& configured) {
  Effects effects;
  std::set<MeterId> configured_meters;
  state.households.clear();
  for (const HouseholdRecord& household : configured.households) {
    state.households[household.id] = household;
    state.account_keys.try_emplace(household.id, household.order_key);
    Member& member = state.members.try_emplace(household.id, Member{{}, *state.next_gate, {}}).first->second;
    member.record = household;
    member.until.reset();
    for (const MeterRecord& meter : household.meters) {
      configured_meters.insert(meter.id);
      if (std::optional<std::string> fault = put_in_service(state, household.id, meter)) {
        effects.emplace_back(
            RaiseAlarm{.severity = Severity::alarm, .source = "controller", .text = std::move(*fault)});
      }
    }
  }
  for (auto& [id, member] : state.members) {
    if (!state.households.contains(id) && !member.until) member.until = state.next_gate;
  }
  for (auto& [id, meter] : state.meters) {
    if (!configured_meters.contains(id) && !meter.until) meter.until = state.next_gate;
  }
  return effects;
}

/// Members may join and rules change while the market runs; what is open stays open.
Effects configure(State& state, const MarketConfigured& configured, UtcTime now) {
  const bool first = !state.next_gate;
  if (!first && configured.rules.interval_seconds != state.rules.interval_seconds) {
    return alarm("controller", "the interval length cannot change within a journal; start a new one");
  }
  state.origin = configured.origin;
  state.log_key = configured.log_key;
  state.rules = configured.rules;
  state.anchor_intervals = configured.anchor_intervals;
  state.has_vault = configured.has_vault;
  if (first) {
    Interval interval = Interval::containing(now, state.rules.interval_seconds);
    while (state.rules.gate_closure(interval) <= now) interval = interval.next();
    state.next_gate = interval;
    state.next_settlement = interval;
  }
  return enrol(state, configured);
}

Effects take_signature(State& state, const CheckpointSigned& made) {
  const Checkpoint checkpoint = state.checkpoint();
  if (made.size != checkpoint.size || state.signature)
    return {};  // Made for a state the log has left behind, or twice.
  if (!checkpoint_signature_holds(state.log_key, checkpoint, made.signature)) {
    return alarm("controller",
                 "the signature over the log's state does not hold; the log key on disk is not the one in force");
  }
  state.signature = made.signature;
  Effects effects{PublishCheckpoint{.checkpoint = checkpoint, .signature = made.signature}};
  for (Effect& effect : make_anchor(state)) effects.push_back(std::move(effect));
  return effects;
}

Effects take_cosignature(State& state, const CosignatureReceived& received) {
  const Checkpoint checkpoint = state.checkpoint();
  if (received.size != checkpoint.size || !state.signature || state.cosignatures.contains(received.sender)) return {};
  const auto household = state.households.find(received.sender);
  const Cosignature cosignature{
      .witness = received.sender.text(), .time = received.time, .signature = received.signature};
  if (household == state.households.end() ||
      !cosignature_holds(household->second.witness_key, checkpoint, cosignature)) {
    return alarm(received.sender.text(), "a cosignature does not hold under the household's registered witness key");
  }
  state.cosignatures.emplace(received.sender, cosignature);
  if (static_cast<std::int64_t>(state.cosignatures.size()) < state.rules.witnesses_required) return {};
  state.witnessed_size = checkpoint.size;
  CheckpointWitnessed witnessed{.checkpoint = checkpoint, .signature = *state.signature, .cosignatures = {}};
  for (const auto& [witness, given] : state.cosignatures) witnessed.cosignatures.push_back(given);
  return {witnessed};
}

}  // namespace

Effects step(State& state, const Event& event, UtcTime now) {
  struct Visitor {
    State& state;
    UtcTime now;
    Effects operator()(const MarketConfigured& configured) const { return configure(state, configured, now); }
    Effects operator()(const OrderReceived& received) const { return take_order(state, received, now); }
    Effects operator()(const ReadingReceived& received) const { return take_reading(state, received, now); }
    Effects operator()(const GateClosed& closed) const { return close_gate(state, closed, now); }
    Effects operator()(const SettlementDue& due) const { return settle_interval(state, due, now); }
    Effects operator()(const CheckpointSigned& made) const { return take_signature(state, made); }
    Effects operator()(const CosignatureReceived& received) const { return take_cosignature(state, received); }
    Effects operator()(const PaymentBooked& payment) const { return take_payment(state, payment); }
    Effects operator()(const CollateralKnown& known) const { return take_collateral(state, known); }
    Effects operator()(const DataErased& erased) const { return erase_data(state, erased); }
  };
  return std::visit(Visitor{state, now}, event);
}

std::optional<UtcTime> next_deadline(const State& state) {
  if (!state.next_gate || !state.next_settlement) return std::nullopt;
  std::optional<UtcTime> deadline;
  const auto at_most = [&deadline](UtcTime time) { deadline = deadline ? std::min(*deadline, time) : time; };
  if (state.rules.is_traded(*state.next_gate)) at_most(state.rules.gate_closure(*state.next_gate));
  if (*state.next_settlement < *state.next_gate) at_most(state.rules.settlement_time(*state.next_settlement));
  if (!state.late.empty()) at_most(*state.next_revision);
  if (!state.provisional.empty()) at_most(state.rules.final_time(state.provisional.begin()->first));
  return deadline;
}

bool gate_is_due(const State& state, UtcTime now) {
  return state.next_gate && state.rules.is_traded(*state.next_gate) &&
         now >= state.rules.gate_closure(*state.next_gate);
}

std::optional<SettlementTask> due_settlement(const State& state, UtcTime now) {
  if (state.next_settlement && *state.next_settlement < *state.next_gate &&
      now >= state.rules.settlement_time(*state.next_settlement)) {
    return SettlementTask{.interval = *state.next_settlement, .run = Run::initial};
  }
  if (!state.late.empty() && now >= *state.next_revision)
    return SettlementTask{.interval = *state.late.begin(), .run = Run::revised};
  if (!state.provisional.empty() && now >= state.rules.final_time(state.provisional.begin()->first))
    return SettlementTask{.interval = state.provisional.begin()->first, .run = Run::final};
  return std::nullopt;
}

Effects pending_effects(const State& state) {
  Effects effects;
  for (const auto& [interval, open] : state.open) {
    if (open.cleared) effects.emplace_back(PublishClearing{*open.cleared});
  }
  if (state.log.size() == 0) return effects;
  if (!state.signature) {
    effects.emplace_back(SignCheckpoint{state.checkpoint()});
  } else {
    effects.emplace_back(PublishCheckpoint{.checkpoint = state.checkpoint(), .signature = *state.signature});
  }
  return effects;
}

const char* to_text(Severity severity) {
  switch (severity) {
    case Severity::info:
      return "info";
    case Severity::warning:
      return "warning";
    case Severity::alarm:
      return "alarm";
  }
  return "";
}

}  // namespace commonwatt
