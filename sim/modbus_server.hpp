// The answering side of Modbus for the simulated devices: Modbus TCP for several clients at once, and a Modbus RTU
// slave on a pseudo terminal.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/result.hpp"
#include "sim/modbus_frames.hpp"

namespace commonwatt {

/// One device behind one address: "127.0.0.1:0" (an IPv4 address and a TCP port; 0: any free one) or
/// "pty:/path/of/link" (a pseudo terminal; the link is made to name it, and removed at the end).
class ModbusServer {
 public:
  /// Fails in words: what did not work and where.
  static Result<ModbusServer, std::string> listen(const std::string& where, DeviceRegisters device);
  ModbusServer(ModbusServer&&) noexcept;
  ModbusServer& operator=(ModbusServer&&) noexcept;
  ~ModbusServer();

  /// The bound TCP port in decimal, or the path of the pseudo terminal itself.
  [[nodiscard]] const std::string& address() const;
  /// Waits at most `wait` for something to arrive, answers all that has, and returns. Returns at once when `wake_fd`
  /// (if >= 0) is readable.
  void serve(std::chrono::milliseconds wait, int wake_fd = -1);

 private:
  class Port;
  class TcpPort;
  class PtyPort;
  explicit ModbusServer(std::unique_ptr<Port> port);
  std::unique_ptr<Port> port_;
};

}  // namespace commonwatt
