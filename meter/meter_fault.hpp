// Why a meter gave no reading.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace commonwatt {

enum class MeterFault {
  cannot_connect,      // the address does not resolve, nobody listens, or the serial line does not open
  timed_out,           // no complete answer within the response timeout
  connection_lost,     // the peer closed the connection, or the serial line vanished
  garbled,             // an answer that is not the answer to the request: CRC, length, count, function or transaction
  wrong_unit,          // an answer from another unit than the one asked
  busy,                // the device said busy (exceptions 5 and 6) until the bounded retries were used up
  absent,              // a gateway says that the device behind it does not answer (exceptions 10 and 11)
  refused,             // the device does not have the registers asked for (exceptions 1, 2, 3): the profile is wrong
  device_failure,      // the device reports a failure of its own (exception 4 and any other)
  no_sunspec_marker,   // "SunS" is at none of the base addresses
  no_supported_model,  // a SunSpec device without any model this program reads
  map_changed,         // the model is no longer where it was found: the device is searched anew
  identity_changed,    // the device at this address is not the one it was
  backing_off,         // not tried: too soon after the last failure
  bad_telegram,        // a telegram that is not whole, or not what its standard says
  stopping,            // not finished: the program ends
};
constexpr MeterFault enum_last(MeterFault) {
  return MeterFault::stopping;
}

/// What happened, in words for the operator.
const char* to_text(MeterFault fault);

/// A fault and what is special about this one: the address, the exception, the two serial numbers.
struct MeterError {
  MeterFault fault = MeterFault::cannot_connect;
  std::string detail;
  std::optional<std::uint8_t> exception = std::nullopt;  // the Modbus exception it came from
};
/// "<fault>: <detail>", or the fault alone.
std::string to_text(const MeterError& error);

}  // namespace commonwatt
