// A household's meters as its gateway polls them: live power for the screen and the forecast, registers at interval
// boundaries for the money.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/config.hpp"
#include "controller/effect.hpp"
#include "controller/meter_look.hpp"
#include "controller/meter_memory.hpp"
#include "market/delivery.hpp"
#include "meter/meter_fleet.hpp"
#include "meter/validation.hpp"

namespace commonwatt {

/// One meter's registers at a boundary, not signed yet.
struct MeterBoundary {
  MeterId meter;
  UtcTime boundary;
  Registers registers;
  Hash32 raw{};  ///< SHA-256 of the register words the value came from
};

/// Good registers, and the hash of the octets they came from.
struct RegisterSample {
  UtcTime time;
  Registers registers;
  Hash32 raw{};
};

/// What is to be told of a meter.
struct MeterNote {
  Severity severity = Severity::info;
  std::string text;
};

/// One poll of all meters.
struct Poll {
  std::optional<std::int64_t> net;  ///< W over the billing meters, import positive; nothing when one did not answer
  std::optional<std::int64_t> production;  ///< W over the production meters
  std::vector<MeterBoundary> boundaries;
  std::vector<MeterNote> notes;  ///< what changed since the last poll
  std::vector<MeterLook> looks;  ///< everything the meters that answered said
};

class GatewayMeters {
 public:
  /// `meters` were checked by read_gateway_config; `memory` is what an earlier run stored of them.
  GatewayMeters(const std::vector<GatewayMeter>& meters, const std::vector<MeterMemory>& memory,
                std::int64_t interval_seconds, std::int64_t reading_period_seconds, const Clock& clock);
  ~GatewayMeters();
  GatewayMeters(const GatewayMeters&) = delete;
  GatewayMeters& operator=(const GatewayMeters&) = delete;

  /// Reads every meter once. A boundary that was passed since a meter's last good value gets a reading: the value read
  /// at it, or one interpolated when both neighbours lie within the reading period (RULEBOOK section 5). Otherwise
  /// there is none, and settlement estimates.
  Poll poll();

  /// What is to be stored, of every meter.
  [[nodiscard]] std::vector<MeterMemory> memory() const;

  /// The meters in their order, for requests of others.
  MeterFleet& fleet() { return *fleet_; }

 private:
  struct Watched;
  void take(Watched& meter, const Result<DeviceReading, MeterError>& reading, Poll& poll);
  void take_registers(Watched& meter, const DeviceReading& reading, Poll& poll);
  void add_boundary(Watched& meter, const RegisterSample& sample, Poll& poll) const;
  void note(Watched& meter, const std::string& state, const MeterNote& told, Poll& poll) const;

  [[nodiscard]] std::optional<std::int64_t> sum_of(MeterRole role) const;
  [[nodiscard]] bool energy_is_due(UtcTime now) const;

  std::vector<std::unique_ptr<Watched>> meters_;
  std::int64_t interval_seconds_;
  std::int64_t reading_period_seconds_;
  const Clock& clock_;
  std::vector<MeterNote> first_notes_;   // to be told with the first poll
  std::optional<UtcTime> energy_asked_;  // when the energy registers were last asked for
  bool wants_energy_ = true;             // whether the poll at hand asks for them
  std::unique_ptr<MeterFleet> fleet_;
};

/// How much of the uncertain net energy to contract: what is contracted too little is bought at retail instead of the
/// market price, what is contracted too much goes at feed-in, so the cheapest contract is the quantile
/// (retail - price) / (retail - feed-in) of the net energy (the newsvendor's; Arrow, Harris and Marschak 1951). Without
/// a price known yet, the median. In permille.
std::int64_t contract_quantile(const Tariff& tariff, std::optional<Price> expected_price);

/// The last powers, from which the next interval's net energy is expected.
class Forecast {
 public:
  explicit Forecast(std::int64_t window_seconds) : window_seconds_(window_seconds) {}
  void add(UtcTime time, std::int64_t net_power);
  /// Wh over an interval of that length, import positive, of which a share `quantile_permille` (0 to 1000) of the
  /// window's powers stays below; nothing when no power was seen within the window.
  [[nodiscard]] std::optional<Energy> net_energy(UtcTime now, std::int64_t interval_seconds,
                                                 std::int64_t quantile_permille) const;

 private:
  struct Sample {
    UtcTime time;
    std::int64_t power = 0;
  };
  std::int64_t window_seconds_;
  std::deque<Sample> samples_;
};

}  // namespace commonwatt
