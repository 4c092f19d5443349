// A simulated Modbus device served from a thread of its own for as long as the object lives.
#pragma once

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>

#include <sys/eventfd.h>
#include <unistd.h>

#include "meter/modbus_server.hpp"

namespace commonwatt {

class Serving {
 public:
  Serving(const std::string& where, DeviceRegisters device)
      : unit_(device.unit), server_(listen(where, std::move(device))), wake_(::eventfd(0, EFD_CLOEXEC)) {
    thread_ = std::thread([this] {
      while (!stop_) server_.serve(std::chrono::seconds{60}, wake_);
    });
  }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;
  ~Serving() {
    stop_ = true;
    ::eventfd_write(wake_, 1);
    thread_.join();
    ::close(wake_);
  }

  [[nodiscard]] const std::string& address() const { return server_.address(); }
  [[nodiscard]] std::string url() const {
    const std::string unit = "unit=" + std::to_string(unit_);
    if (address().starts_with('/')) return "modbus+rtu://" + address() + "?baud=115200&" + unit;
    return "modbus+tcp://127.0.0.1:" + address() + "?" + unit;
  }

 private:
  static ModbusServer listen(const std::string& where, DeviceRegisters device) {
    Result<ModbusServer, std::string> server = ModbusServer::listen(where, std::move(device));
    if (!server) throw std::runtime_error(server.error());
    return std::move(server).value();
  }

  std::uint8_t unit_;
  ModbusServer server_;
  int wake_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace commonwatt
