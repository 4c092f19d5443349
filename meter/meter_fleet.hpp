// All the devices of a gateway, read at the same time, with one request at a time on each line, so that a device that
// is slow, or gone, keeps nobody waiting but those who share its wire.
#pragma once

#include <memory>
#include <vector>

#include "meter/device.hpp"

namespace commonwatt {

class MeterFleet {
 public:
  /// Connects to nothing yet. Devices whose lines have the same name share one connection, with the longest gap,
  /// timeout and connect delay that any of them needs. `clock` must outlive the fleet.
  MeterFleet(std::vector<DevicePlan> plans, const Clock& clock);
  /// Ends every wait and the threads.
  ~MeterFleet();
  MeterFleet(const MeterFleet&) = delete;
  MeterFleet& operator=(const MeterFleet&) = delete;

  /// What became of a device since the last poll.
  struct Outcome {
    std::size_t device = 0;  // its place in `plans`
    Result<DeviceReading, MeterError> reading;
    DeviceIdentity identity;  // empty until it was first reached
  };
  /// Starts a round on every line that is idle and gives all readings that have come since the last poll, in the order
  /// of the devices. Waits for the lines whose devices answered last time, and not for those in trouble: their news
  /// comes with a later poll. A device that is left alone after failures has no outcome. Those that speak by
  /// themselves are heard all the time; the newest telegram counts.
  std::vector<Outcome> poll(Wanted wanted);

  /// Makes a request of somebody else on the device's line, between two rounds, and waits for the answer: a protocol
  /// data unit, which may be an exception's. For any thread. Fails with what became of it, or at once with busy when
  /// too many wait already, and with refused when the device is not one that is asked.
  Result<std::vector<std::uint8_t>, MeterError> pass(std::size_t device, ModbusRequest request);
  static constexpr std::size_t passes_waiting_max = 8;  // on each line

  /// How many lines there are.
  [[nodiscard]] std::size_t lines() const;

 private:
  class Line;
  class Station;
  std::unique_ptr<Station> station_;
};

}  // namespace commonwatt
