// The line on which other tools find the mirror of a household's meters.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "controller/modbus_mirror.hpp"
#include "meter/modbus_server.hpp"

namespace commonwatt {

/// Modbus TCP, answered in a thread of its own for as long as the object lives.
class MirrorServer {
 public:
  /// The most tools that are connected at a time; further ones wait.
  static constexpr std::size_t clients_max = 8;

  /// `where` as ModbusServer takes it. Fails in words.
  static Result<std::unique_ptr<MirrorServer>, std::string> start(const std::string& where,
                                                                  std::unique_ptr<ModbusMirror> mirror);
  /// Waits for the answer that is being made.
  ~MirrorServer();
  MirrorServer(const MirrorServer&) = delete;
  MirrorServer& operator=(const MirrorServer&) = delete;

  [[nodiscard]] ModbusMirror& mirror() { return *mirror_; }
  /// The bound port in decimal.
  [[nodiscard]] const std::string& port() const { return server_.address(); }

 private:
  MirrorServer(std::unique_ptr<ModbusMirror> mirror, ModbusServer server, int wake);

  std::unique_ptr<ModbusMirror> mirror_;
  ModbusServer server_;
  int wake_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace commonwatt
