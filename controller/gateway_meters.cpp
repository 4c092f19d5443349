#include "controller/gateway_meters.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/sha256.hpp"
#include "meter/estimation.hpp"
#include "meter/profile_decode.hpp"

namespace commonwatt {
namespace {

/// The registers at the boundary between two samples, or at the later one.
std::optional<MeterBoundary> boundary_reading(const MeterId& meter, UtcTime boundary,
                                              const std::optional<RegisterSample>& before, const RegisterSample& after,
                                              Duration period) {
  const auto register_then = [&](Energy Registers::*direction) {
    std::optional<RegisterPoint> earlier;
    if (before) earlier = RegisterPoint{before->time, before->registers.*direction};
    return register_at(boundary, earlier, {after.time, after.registers.*direction}, period);
  };
  const std::optional<Energy> import = register_then(&Registers::import);
  const std::optional<Energy> exported = register_then(&Registers::export_);
  if (!import || !exported) return std::nullopt;
  const bool read_at_it = after.time == boundary;
  return MeterBoundary{.meter = meter,
                       .boundary = boundary,
                       .registers = {*import, *exported},
                       .raw = read_at_it ? after.raw : sha256({before->raw, after.raw})};
}

/// Where the device's counters start again at 0; nothing where its profile does not say.
std::optional<Energy> rollover_of(const DevicePlan& device) {
  std::optional<Energy> rollover;
  if (!device.profile) return rollover;
  for (const ProfileBlock& block : device.profile->blocks) {
    for (const ProfileRegister& place : block.registers) {
      const std::optional<Energy> own = register_rollover(place);
      if (own && (!rollover || *own < *rollover)) rollover = own;
    }
  }
  return rollover;
}

ValidationLimits limits_of(const GatewayMeter& meter) {
  const bool produces = meter.record.role == MeterRole::production;
  return {.flow = produces ? MeteredFlow::production : MeteredFlow::connection,
          .rating = meter.record.rating,
          .wraps_at = rollover_of(meter.device),
          .plant = meter.plant};
}

/// What the owner is told of, and told again when it changes: which findings there are, not their figures. A reading
/// that waits for the next one is nothing to tell, and a repeated one only when it lasts.
std::string told_findings(const ValidatedReading& validated, unsigned stale_in_a_row) {
  constexpr unsigned stale_told = 3;
  std::string told;
  for (const ReadingFinding& finding : validated.findings) {
    if (finding.flag == ReadingFlag::unconfirmed) continue;
    if (finding.flag == ReadingFlag::stale && stale_in_a_row < stale_told) continue;
    told += (told.empty() ? "" : ", ") + std::string(to_text(finding.flag));
  }
  return told;
}

ValidationState remembered(const std::vector<MeterMemory>& memory, const MeterId& meter) {
  const auto found =
      std::find_if(memory.begin(), memory.end(), [&meter](const MeterMemory& one) { return one.meter == meter; });
  return found == memory.end() ? ValidationState{} : found->state;
}

/// Whether silence is what is to be expected: without sun, or with little, an inverter switches itself off.
bool may_sleep(const std::optional<SolarPlant>& plant, MeterFault fault, UtcTime now) {
  constexpr double waking_cosine = 0.087;  // of a sun 5 degrees high
  const bool is_silence =
      fault == MeterFault::cannot_connect || fault == MeterFault::timed_out || fault == MeterFault::connection_lost;
  return plant && is_silence && solar_zenith_cosine(now, plant->site) < waking_cosine;
}

}  // namespace

struct GatewayMeters::Watched {
  Watched(const GatewayMeter& meter, const ValidationState& state)
      : record(meter.record), plant(meter.plant), validation(limits_of(meter), state) {}
  MeterRecord record;
  std::optional<SolarPlant> plant;
  MeterValidation validation;
  std::optional<RegisterSample> last;       // the last one that counts
  std::optional<RegisterSample> candidate;  // read since, and not confirmed yet
  std::optional<UtcTime> counted;           // the last boundary that has its reading
  unsigned stale_in_a_row = 0;
  std::optional<double> power_w;  // when last heard of; nothing after a failure
  std::string told;               // what was last told, so that it is told once
};

GatewayMeters::GatewayMeters(const std::vector<GatewayMeter>& meters, const std::vector<MeterMemory>& memory,
                             std::int64_t interval_seconds, std::int64_t reading_period_seconds, const Clock& clock)
    : interval_seconds_(interval_seconds), reading_period_seconds_(reading_period_seconds), clock_(clock) {
  std::vector<DevicePlan> plans;
  for (const GatewayMeter& meter : meters) {
    plans.push_back(meter.device);
    auto watched = std::make_unique<Watched>(meter, remembered(memory, meter.record.id));
    for (const MeterExchange& exchange : meter.exchanges) {
      const Result<Done, std::string> declared = watched->validation.declare(exchange);
      if (declared) continue;
      first_notes_.push_back(
          {Severity::alarm, meter.record.id.text() + ": its exchange at " + to_text(exchange.time) +
                                " is not believed and does not count; correct its figures: " + declared.error()});
    }
    meters_.push_back(std::move(watched));
  }
  fleet_ = std::make_unique<MeterFleet>(std::move(plans), clock);
}

GatewayMeters::~GatewayMeters() = default;

std::vector<MeterMemory> GatewayMeters::memory() const {
  std::vector<MeterMemory> memory;
  for (const std::unique_ptr<Watched>& meter : meters_) memory.push_back({meter->record.id, meter->validation.state()});
  return memory;
}

/// Tells what a meter's `state` is when it has changed; an empty one is as it should be.
void GatewayMeters::note(Watched& meter, const std::string& state, const MeterNote& told, Poll& poll) const {
  if (meter.told == state) return;
  meter.told = state;
  const MeterNote note = state.empty() ? MeterNote{Severity::info, "answers again"} : told;
  poll.notes.push_back({note.severity, meter.record.id.text() + ": " + note.text});
}

void GatewayMeters::take(Watched& meter, const Result<DeviceReading, MeterError>& reading, Poll& poll) {
  meter.power_w.reset();
  if (!reading) {
    const MeterError& error = reading.error();
    meter.validation.missed(clock_.now(), error);
    if (may_sleep(meter.plant, error.fault, clock_.now())) {
      return note(meter, "asleep", {Severity::info, "does not answer, and its plant has no sun"}, poll);
    }
    return note(meter, to_text(error.fault), {Severity::warning, to_text(error)}, poll);
  }
  meter.power_w = meter.record.role == MeterRole::production ? reading->production_w() : reading->power_w();
  if (wants_energy_) take_registers(meter, *reading, poll);
}

void GatewayMeters::take_registers(Watched& meter, const DeviceReading& reading, Poll& poll) {
  const ValidatedReading validated = meter.validation.check(reading, reading.meter_clock);
  meter.stale_in_a_row = validated.has(ReadingFlag::stale) ? meter.stale_in_a_row + 1 : 0;
  note(meter, told_findings(validated, meter.stale_in_a_row), {Severity::warning, validated.reason()}, poll);
  const bool produces = meter.record.role == MeterRole::production;
  const std::optional<Energy> import = produces ? Energy{0} : reading.energy_import();
  const std::optional<Energy> exported = produces ? reading.energy_produced() : reading.energy_export();
  std::optional<RegisterSample> read;
  if (import && exported) {
    read = RegisterSample{.time = reading.time, .registers = {*import, *exported}, .raw = raw_hash(reading)};
  }
  // What the monitors found good is of this reading, or of the one before it, which this one has confirmed.
  const std::optional<RegisterSample> before =
      std::exchange(meter.candidate, validated.has(ReadingFlag::unconfirmed) ? read : std::nullopt);
  if (!validated.export_ || !read) return;
  const bool confirms = validated.time != reading.time && before;
  const RegisterSample sample{.time = validated.time,
                              .registers = {validated.import.value_or(Energy{0}), *validated.export_},
                              .raw = confirms ? before->raw : read->raw};
  if (!meter.last) meter.last = before;  // the first reading of all, which this one has confirmed
  add_boundary(meter, sample, poll);
  meter.last = sample;
}

/// The first sample at or behind a boundary gives its reading.
void GatewayMeters::add_boundary(Watched& meter, const RegisterSample& sample, Poll& poll) const {
  const UtcTime boundary = Interval::containing(sample.time, interval_seconds_).begin();
  if (meter.counted == boundary) return;
  const std::optional<MeterBoundary> found =
      boundary_reading(meter.record.id, boundary, meter.last, sample, std::chrono::seconds(reading_period_seconds_));
  if (!found) return;
  meter.counted = boundary;
  poll.boundaries.push_back(*found);
}

/// W over the meters of a role; nothing when there is none, or one of them has not answered.
std::optional<std::int64_t> GatewayMeters::sum_of(MeterRole role) const {
  std::optional<std::int64_t> sum;
  for (const std::unique_ptr<Watched>& meter : meters_) {
    if (meter->record.role != role) continue;
    if (!meter->power_w || !std::isfinite(*meter->power_w)) return std::nullopt;
    sum = sum.value_or(0) + std::llround(*meter->power_w);
  }
  return sum;
}

/// A boundary is interpolated between two readings no further from it than the reading period; on a slow line the
/// registers need not be asked for more often than that takes.
bool GatewayMeters::energy_is_due(UtcTime now) const {
  if (!energy_asked_ || now - *energy_asked_ >= std::chrono::seconds(reading_period_seconds_) / 2) return true;
  return Interval::containing(now, interval_seconds_) != Interval::containing(*energy_asked_, interval_seconds_);
}

Poll GatewayMeters::poll() {
  const UtcTime now = clock_.now();
  wants_energy_ = energy_is_due(now);
  if (wants_energy_) energy_asked_ = now;
  Poll poll;
  poll.notes = std::exchange(first_notes_, {});
  for (MeterFleet::Outcome& outcome : fleet_->poll(wants_energy_ ? Wanted::energy : Wanted::power)) {
    Watched& meter = *meters_[outcome.device];
    take(meter, outcome.reading, poll);
    if (outcome.reading)
      poll.looks.push_back({meter.record.id, std::move(outcome.identity), std::move(*outcome.reading)});
  }
  poll.net = sum_of(MeterRole::billing);
  poll.production = sum_of(MeterRole::production);
  return poll;
}

void Forecast::add(UtcTime time, std::int64_t net_power) {
  samples_.push_back({time, net_power});
  while (samples_.front().time < time - std::chrono::seconds(window_seconds_)) samples_.pop_front();
}

std::optional<Energy> Forecast::net_energy(UtcTime now, std::int64_t interval_seconds,
                                           std::int64_t quantile_permille) const {
  std::vector<std::int64_t> powers;
  for (const Sample& sample : samples_) {
    if (sample.time >= now - std::chrono::seconds(window_seconds_)) powers.push_back(sample.power);
  }
  if (powers.empty()) return std::nullopt;
  const auto place = static_cast<std::ptrdiff_t>(powers.size() - 1) * quantile_permille / 1000;
  std::nth_element(powers.begin(), powers.begin() + place, powers.end());
  return Energy{powers[static_cast<std::size_t>(place)] * interval_seconds / 3600};
}

std::int64_t contract_quantile(const Tariff& tariff, std::optional<Price> expected_price) {
  const Price span = tariff.retail - tariff.feed_in;
  if (!expected_price || span == Price{0}) return 500;
  return std::clamp<std::int64_t>((tariff.retail - *expected_price).count * 1000 / span.count, 0, 1000);
}

}  // namespace commonwatt
