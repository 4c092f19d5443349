// A line that answers Modbus: TCP for many clients at once, RTU frames over TCP, or RTU on a pseudo terminal.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/result.hpp"
#include "meter/modbus_answer.hpp"

namespace commonwatt {

/// Devices behind one address: "127.0.0.1:0" (an IPv4 address and a TCP port; 0: any free one), "rtutcp:127.0.0.1:0"
/// (the same with RTU frames) or "pty:/path/of/link" (a pseudo terminal; the link is made to name it, and removed at
/// the end).
class ModbusServer {
 public:
  /// Fails in words: what did not work and where.
  static Result<ModbusServer, std::string> listen(const std::string& where, ModbusUnits units);
  static Result<ModbusServer, std::string> listen(const std::string& where, DeviceRegisters device) {
    return listen(where, only(std::move(device)));
  }
  ModbusServer(ModbusServer&&) noexcept;
  ModbusServer& operator=(ModbusServer&&) noexcept;
  ~ModbusServer();

  /// The most clients a TCP address takes at a time; further ones wait. 16 unless set.
  void set_clients_max(std::size_t clients);
  /// The bound TCP port in decimal, or the path of the pseudo terminal itself.
  [[nodiscard]] const std::string& address() const;
  /// Waits at most `wait` for something to arrive, answers one request of every client that has made any, and returns;
  /// what is left is answered by the next calls, which do not wait. Returns at once when `wake_fd` (if >= 0) is
  /// readable.
  void serve(std::chrono::milliseconds wait, int wake_fd = -1);

 private:
  class Port;
  class TcpPort;
  class PtyPort;
  explicit ModbusServer(std::unique_ptr<Port> port);
  std::unique_ptr<Port> port_;
};

}  // namespace commonwatt
