#include <algorithm>

#include "controller/step_parts.hpp"

namespace commonwatt {
namespace {

/// How far a gateway's clock may be ahead of the controller's.
constexpr std::chrono::seconds clock_tolerance{10};

Receipt receipt_of(const Reading& reading, UtcTime now, std::optional<ReadingReject> rejection) {
  Receipt receipt{.subject = Subject::reading, .id = reading_id(reading), .received = now, .rejection = std::nullopt};
  if (rejection) receipt.rejection = static_cast<std::int64_t>(*rejection);
  return receipt;
}

bool is_malformed(const Reading& reading) {
  constexpr Energy register_max{1'000'000'000'000'000};  // 1000 TWh: no difference of two overflows
  const Registers& registers = reading.registers;
  return registers.import < Energy{0} || registers.export_ < Energy{0} || registers.import > register_max ||
         registers.export_ > register_max || reading.sequence <= 0;
}

/// The meter a reading is of; nothing when it is none of the sender's.
const MeterService* meter_of(const State& state, const ReadingReceived& received) {
  const auto meter = state.meters.find(received.reading.reading.meter);
  const bool own = meter != state.meters.end() && meter->second.household == received.sender;
  return own && state.members.contains(received.sender) ? &meter->second : nullptr;
}

std::optional<ReadingReject> refuse(const State& state, const ReadingReceived& received, UtcTime now) {
  const Reading& reading = received.reading.reading;
  if (is_malformed(reading)) return ReadingReject::malformed;
  const MeterService* meter = meter_of(state, received);
  if (meter == nullptr) return ReadingReject::unknown_meter;
  const Bytes& key = state.members.at(received.sender).record.reading_key;
  if (!reading_signature_holds(key, reading_digest(reading), received.reading.signature))
    return ReadingReject::bad_signature;
  if (reading.time > now + clock_tolerance) return ReadingReject::clock_ahead;
  return meter->account.refuse(reading, meter->record.rating, state.rules.interval_seconds);
}

/// Settled intervals that the reading tells something new of are settled again.
void note_late(State& state, const MeterService& meter, std::int64_t from, std::int64_t until, UtcTime now) {
  const Interval first(from, state.rules.interval_seconds);
  for (auto it = state.provisional.lower_bound(first); it != state.provisional.end(); ++it) {
    const Interval& interval = it->first;
    if (interval.end().seconds() > until) break;
    if (!meter.serves(interval)) continue;
    if (state.late.empty()) state.next_revision = state.rules.revision_time(now);
    state.late.insert(interval);
  }
}

}  // namespace

std::optional<Receipt> repeated(const State& state, const ReadingReceived& received, UtcTime now) {
  const Reading& reading = received.reading.reading;
  if (meter_of(state, received) == nullptr) return std::nullopt;
  const auto leaves = state.reading_leaves.find(reading.meter);
  if (leaves == state.reading_leaves.end()) return std::nullopt;
  const auto leaf = leaves->second.find(reading.time.seconds());
  const Hash32 own = record_leaf(LeafKind::reading, reading.salt, encode(reading), received.reading.signature);
  if (leaf == leaves->second.end() || leaf->second.leaf != own) return std::nullopt;
  return receipt_of(reading, now, std::nullopt);
}

Effects take_reading(State& state, const ReadingReceived& received, UtcTime now) {
  const Reading& reading = received.reading.reading;
  if (const std::optional<Receipt> again = repeated(state, received, now)) {
    return {SendReceipt{.household = received.sender, .receipt = *again}};
  }
  if (const std::optional<ReadingReject> rejection = refuse(state, received, now)) {
    ++state.totals.rejected_readings;
    Effects effects{SendReceipt{.household = received.sender, .receipt = receipt_of(reading, now, *rejection)}};
    effects.emplace_back(RaiseAlarm{.severity = Severity::warning,
                                    .source = received.sender.text(),
                                    .text = "reading of " + reading.meter.text() + " for " + to_text(reading.time) +
                                            " held (" + to_text(*rejection) + "): " + explain(*rejection)});
    return effects;
  }
  // From here the reading counts.
  MeterService& meter = state.meters.at(reading.meter);
  const std::int64_t from = meter.account.add(reading);
  note_late(state, meter, from, reading.time.seconds(), now);
  state.reading_leaves[reading.meter][reading.time.seconds()] = {
      .leaf = record_leaf(LeafKind::reading, reading.salt, encode(reading), received.reading.signature)};
  ++state.totals.readings;
  return {SendReceipt{.household = received.sender, .receipt = receipt_of(reading, now, std::nullopt)}};
}

}  // namespace commonwatt
