// Opening a TCP connection within a time limit.
#pragma once

#include <chrono>
#include <string>

#include "core/result.hpp"
#include "meter/device_url.hpp"

namespace commonwatt {

/// A connected, non-blocking socket with TCP_NODELAY; the caller closes it. Tries each address the name resolves to for
/// at most `timeout`; resolving a name takes as long as the system's resolver does. Fails with what did not work.
Result<int, std::string> dial_tcp(const TcpAddress& address, std::chrono::milliseconds timeout);

}  // namespace commonwatt
