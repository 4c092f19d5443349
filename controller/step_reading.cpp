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

const MeterRecord* meter_of(const State& state, const ReadingReceived& received) {
  const auto household = state.households.find(received.sender);
  if (household == state.households.end()) return nullptr;
  for (const MeterRecord& meter : household->second.meters) {
    if (meter.id == received.reading.reading.meter) return &meter;
  }
  return nullptr;
}

std::optional<ReadingReject> refuse(const State& state, const ReadingReceived& received, UtcTime now) {
  const Reading& reading = received.reading.reading;
  if (is_malformed(reading)) return ReadingReject::malformed;
  const MeterRecord* meter = meter_of(state, received);
  if (meter == nullptr) return ReadingReject::unknown_meter;
  const Bytes& key = state.households.at(received.sender).reading_key;
  if (!reading_signature_holds(key, reading_digest(reading), received.reading.signature))
    return ReadingReject::bad_signature;
  if (reading.time > now + clock_tolerance) return ReadingReject::clock_ahead;
  return state.meters.at(reading.meter).refuse(reading, meter->rating, state.rules.interval_seconds);
}

}  // namespace

std::optional<Receipt> repeated(const State& state, const ReadingReceived& received, UtcTime now) {
  const Reading& reading = received.reading.reading;
  const auto meter = state.meters.find(reading.meter);
  const auto owner = state.meter_owners.find(reading.meter);
  if (meter == state.meters.end() || owner == state.meter_owners.end() || owner->second != received.sender)
    return std::nullopt;
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
  state.meters.at(reading.meter).add(reading);
  state.reading_leaves[reading.meter][reading.time.seconds()] = {
      .leaf = record_leaf(LeafKind::reading, reading.salt, encode(reading), received.reading.signature)};
  ++state.totals.readings;
  return {SendReceipt{.household = received.sender, .receipt = receipt_of(reading, now, std::nullopt)}};
}

}  // namespace commonwatt
