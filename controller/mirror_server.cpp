#include "controller/mirror_server.hpp"

#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace commonwatt {

Result<std::unique_ptr<MirrorServer>, std::string> MirrorServer::start(const std::string& where,
                                                                       std::unique_ptr<ModbusMirror> mirror) {
  Result<ModbusServer, std::string> server =
      ModbusServer::listen(where, [&registers = *mirror](std::uint8_t unit, std::span<const std::uint8_t> request) {
        return registers.answer(unit, request);
      });
  if (!server) return Fail{server.error()};
  server->set_clients_max(clients_max);
  const int wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake < 0) return Fail{std::string("no descriptor is left")};
  return std::unique_ptr<MirrorServer>(new MirrorServer(std::move(mirror), std::move(*server), wake));
}

MirrorServer::MirrorServer(std::unique_ptr<ModbusMirror> mirror, ModbusServer server, int wake)
    : mirror_(std::move(mirror)), server_(std::move(server)), wake_(wake) {
  thread_ = std::thread([this] {
    while (!stopping_) server_.serve(std::chrono::minutes{1}, wake_);
  });
}

MirrorServer::~MirrorServer() {
  stopping_ = true;
  ::eventfd_write(wake_, 1);
  thread_.join();
  ::close(wake_);
}

}  // namespace commonwatt
