#include "meter/meter_fault.hpp"

#include <cstdlib>

namespace commonwatt {

const char* to_text(MeterFault fault) {
  switch (fault) {
    case MeterFault::cannot_connect:
      return "cannot connect";
    case MeterFault::timed_out:
      return "no answer in time";
    case MeterFault::connection_lost:
      return "the connection was lost";
    case MeterFault::garbled:
      return "the answer does not fit the request";
    case MeterFault::wrong_unit:
      return "another unit answered";
    case MeterFault::busy:
      return "the device is busy";
    case MeterFault::absent:
      return "the gateway does not reach the device";
    case MeterFault::refused:
      return "the device does not have these registers";
    case MeterFault::device_failure:
      return "the device reports a failure";
    case MeterFault::no_sunspec_marker:
      return "not a SunSpec device, or its base address is unusual";
    case MeterFault::no_supported_model:
      return "a SunSpec device without a model that is supported";
    case MeterFault::map_changed:
      return "the device's register map has changed";
    case MeterFault::identity_changed:
      return "another device answers at this address";
    case MeterFault::backing_off:
      return "waiting before the next attempt";
    case MeterFault::bad_telegram:
      return "a broken telegram";
    case MeterFault::stopping:
      return "stopped before it was done";
  }
  std::abort();
}

std::string to_text(const MeterError& error) {
  std::string text = to_text(error.fault);
  if (!error.detail.empty()) text += ": " + error.detail;
  return text;
}

}  // namespace commonwatt
