// Waiting for a file descriptor, with an end and a way out.
#pragma once

#include <chrono>

namespace commonwatt {

enum class Waited { readable, deadline, stopping };

/// Waits until `descriptor` is readable or at its end (-1: nothing to wait for), `stop_descriptor` is (-1: none), or
/// machine time has come to `deadline`. poll() has no limit on how high a descriptor may be numbered, select() has.
Waited wait_readable(int descriptor, int stop_descriptor, std::chrono::nanoseconds deadline);
/// The same until `descriptor` takes octets.
Waited wait_writable(int descriptor, int stop_descriptor, std::chrono::nanoseconds deadline);

}  // namespace commonwatt
