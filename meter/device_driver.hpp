// How a kind of Modbus device is read. MeterDevice decides when, and whether to believe it.
#pragma once

#include <memory>
#include <optional>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "meter/device.hpp"

namespace commonwatt {

class DeviceDriver {
 public:
  virtual ~DeviceDriver() = default;
  DeviceDriver(const DeviceDriver&) = delete;
  DeviceDriver& operator=(const DeviceDriver&) = delete;

  /// Asks the device who it is, with a request that no reply to `look` can be mistaken for the answer to.
  virtual Result<DeviceIdentity, MeterError> identify() = 0;
  /// Puts the first request of the next `look` on the line, if it can be (ModbusBus::ask_ahead), after `identify`.
  virtual void ask_ahead(const Clock& clock, Wanted wanted) = 0;
  /// Reads what is wanted, after `identify`. Every value carries when it was asked for and answered.
  virtual Result<DeviceReading, MeterError> look(const Clock& clock, Wanted wanted) = 0;
  /// What was found out about the device's map no longer holds.
  virtual void forget_map() {}

 protected:
  DeviceDriver() = default;
};

/// `bus` must outlive the driver.
std::unique_ptr<DeviceDriver> make_sunspec_driver(ModbusBus& bus, const DeviceUrl& url);
std::unique_ptr<DeviceDriver> make_profile_driver(ModbusBus& bus, const DeviceUrl& url,
                                                  std::shared_ptr<const Profile> profile);

/// A request's place in time, market time.
struct Asked {
  UtcTime time;  // midway between request and answer
  Duration round_trip{};
};
/// Runs `ask`, which makes one request, and notes when. `ahead` is when the request was made already, if it was.
template <class Ask>
auto timed(const Clock& clock, Asked& asked, std::optional<UtcTime> ahead, Ask ask) {
  const UtcTime begin = ahead ? *ahead : clock.now();
  auto outcome = ask();
  asked.round_trip = clock.now() - begin;
  asked.time = begin + asked.round_trip / 2;
  return outcome;
}

}  // namespace commonwatt
