// Modbus/TCP Security: TLS 1.2 or later with certificates on both sides.
// Source: MODBUS/TCP Security Protocol Specification V2.1, sections 8.1 and 8.4.
#pragma once

#include "meter/byte_stream.hpp"

namespace commonwatt {

/// Takes over the connected `socket` and shakes hands over it. The server must show a certificate of `address.tls->ca`
/// that names `address.host`. Fails with cannot_connect and the reason; the socket is closed then.
Result<std::unique_ptr<ByteStream>, MeterError> open_tls(int socket, const TcpAddress& address,
                                                         const StreamTiming& timing);

}  // namespace commonwatt
