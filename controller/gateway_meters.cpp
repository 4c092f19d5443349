#include "controller/gateway_meters.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "core/sha256.hpp"

namespace commonwatt {
namespace {

struct Sample {
  UtcTime time;
  Registers registers;
  Hash32 raw{};
};

/// A register on the straight line between two samples, rounded down.
Energy between(Energy from, Energy to, Duration part, Duration whole) {
  __extension__ using Wide = __int128;
  return from + Energy{static_cast<std::int64_t>(static_cast<Wide>((to - from).count) * part.count() / whole.count())};
}

BoundaryReading interpolate(const MeterId& meter, UtcTime boundary, const Sample& before, const Sample& after) {
  BoundaryReading reading{.meter = meter, .boundary = boundary, .registers = after.registers, .raw = after.raw};
  if (after.time == boundary) return reading;
  const Duration part = boundary - before.time;
  const Duration whole = after.time - before.time;
  reading.registers = {between(before.registers.import, after.registers.import, part, whole),
                       between(before.registers.export_, after.registers.export_, part, whole)};
  reading.raw = sha256({before.raw, after.raw});
  return reading;
}

}  // namespace

struct GatewayMeters::Watched {
  Watched(const GatewayMeter& meter, MeterDevice opened)
      : record(meter.record),
        device(std::move(opened)),
        import({.rated = meter.record.rating}),
        export_({.rated = meter.record.rating}) {}
  MeterRecord record;
  MeterDevice device;
  CounterMonitor import;
  CounterMonitor export_;
  std::optional<Sample> last;
  std::string fault;  // the last one told, so that it is told once
};

GatewayMeters::GatewayMeters(const std::vector<GatewayMeter>& meters, std::int64_t interval_seconds,
                             std::int64_t reading_period_seconds)
    : interval_seconds_(interval_seconds), reading_period_seconds_(reading_period_seconds) {
  for (const GatewayMeter& meter : meters) {
    Result<MeterDevice, DeviceUrlError> device = MeterDevice::create(meter.device);
    assert(device);
    meters_.push_back(std::make_unique<Watched>(meter, std::move(*device)));
  }
}

GatewayMeters::~GatewayMeters() = default;

void GatewayMeters::note(Watched& meter, const std::string& fault, Poll& poll) {
  if (meter.fault == fault) return;
  meter.fault = fault;
  poll.faults.push_back(meter.record.id.text() + ": " + (fault.empty() ? "answers again" : fault));
}

std::optional<Registers> GatewayMeters::checked(Watched& meter, const DeviceReading& reading, Poll& poll) {
  const bool produces = meter.record.role == MeterRole::production;
  const std::optional<Energy> import = produces ? Energy{0} : reading.energy_import();
  const std::optional<Energy> export_ = produces ? reading.energy_produced() : reading.energy_export();
  if (reading.quality != Quality::good || !import || !export_) {
    note(meter, reading.reason.empty() ? "gives no energy register" : reading.reason, poll);
    return std::nullopt;
  }
  const Registers registers{*import, *export_};
  const CounterCheck imported = meter.import.check(reading.time, registers.import, std::nullopt);
  const CounterCheck exported = meter.export_.check(reading.time, registers.export_, std::nullopt);
  for (const CounterCheck& check : {imported, exported}) {
    if (check.verdict == CounterVerdict::accepted) continue;
    note(meter, "register held: " + check.reason, poll);
    return std::nullopt;
  }
  note(meter, "", poll);
  return registers;
}

void GatewayMeters::read_one(Watched& meter, const Clock& clock, Poll& poll) {
  const Result<DeviceReading, MeterError> reading = meter.device.read(clock);
  const bool billing = meter.record.role == MeterRole::billing;
  std::optional<std::int64_t>* sum = billing                                      ? &poll.net
                                     : meter.record.role == MeterRole::production ? &poll.production
                                                                                  : nullptr;
  std::optional<double> power_w;
  if (reading) power_w = billing ? reading->power_w() : reading->production_w();
  const bool has_power = power_w && std::isfinite(*power_w);
  if (sum != nullptr && *sum) *sum = has_power ? std::optional(**sum + std::llround(*power_w)) : std::nullopt;
  if (!reading) {
    if (reading.error().fault != MeterFault::backing_off) note(meter, to_text(reading.error()), poll);
    return;
  }
  const std::optional<Registers> registers = checked(meter, *reading, poll);
  if (!registers) return;
  const Sample sample{.time = reading->time, .registers = *registers, .raw = raw_hash(*reading)};
  const Duration period = std::chrono::seconds(reading_period_seconds_);
  const UtcTime boundary = Interval::containing(sample.time, interval_seconds_).begin();
  if (sample.time == boundary || (meter.last && meter.last->time < boundary && sample.time - boundary <= period &&
                                  boundary - meter.last->time <= period)) {
    poll.boundaries.push_back(interpolate(meter.record.id, boundary, meter.last.value_or(sample), sample));
  }
  meter.last = sample;
}

Poll GatewayMeters::poll(const Clock& clock) {
  Poll poll;
  for (const std::unique_ptr<Watched>& meter : meters_) {
    if (meter->record.role == MeterRole::billing) poll.net = 0;
    if (meter->record.role == MeterRole::production) poll.production = 0;
  }
  for (const std::unique_ptr<Watched>& meter : meters_) read_one(*meter, clock, poll);
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
