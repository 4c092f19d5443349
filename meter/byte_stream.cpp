#include "meter/byte_stream.hpp"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <modbus/modbus.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "meter/descriptor_wait.hpp"
#include "meter/machine_time.hpp"
#include "meter/tcp_dial.hpp"
#include "meter/tls_stream.hpp"

namespace commonwatt {
namespace {

using std::chrono::nanoseconds;

std::string system_text(int error) {
  return std::generic_category().message(error);
}
Fail<MeterError> lost(std::string detail) {
  return Fail{MeterError{MeterFault::connection_lost, std::move(detail)}};
}
Fail<MeterError> cannot_connect(std::string detail) {
  return Fail{MeterError{MeterFault::cannot_connect, std::move(detail)}};
}

/// A socket, a terminal or a file, non-blocking.
class DescriptorStream : public ByteStream {
 public:
  DescriptorStream(int descriptor, int stop_descriptor) : descriptor_(descriptor), stop_(stop_descriptor) {
    struct stat kind {};
    is_socket_ = ::fstat(descriptor, &kind) == 0 && S_ISSOCK(kind.st_mode);
  }
  ~DescriptorStream() override { ::close(descriptor_); }
  DescriptorStream(const DescriptorStream&) = delete;
  DescriptorStream& operator=(const DescriptorStream&) = delete;

  Result<Done, MeterError> send(std::span<const std::uint8_t> octets) override {
    // A device that leaves not even one short request room in its buffer is gone.
    const ssize_t sent = write_some(octets);
    if (sent == static_cast<ssize_t>(octets.size())) return Done{};
    return lost(sent < 0 ? system_text(errno) : "the peer takes no more");
  }

  Result<std::size_t, MeterError> receive(std::span<std::uint8_t> buffer, nanoseconds deadline) override {
    // A socket tells by itself that nothing is there; a terminal would say the same as at its end.
    bool is_looked_at = is_socket_;
    while (true) {
      if (!is_looked_at) {
        const Waited waited = wait_readable(descriptor_, stop_, deadline);
        if (waited == Waited::stopping) return Fail{MeterError{MeterFault::stopping, {}}};
        if (waited == Waited::deadline) return std::size_t{0};
      }
      const ssize_t got = ::read(descriptor_, buffer.data(), buffer.size());
      if (got > 0) return static_cast<std::size_t>(got);
      if (got == 0) return lost("the peer closed it");
      if (errno != EAGAIN && errno != EINTR) return lost(system_text(errno));
      if (errno == EAGAIN && is_socket_ && deadline <= machine_time()) return std::size_t{0};
      is_looked_at = false;
    }
  }

 private:
  [[nodiscard]] ssize_t write_some(std::span<const std::uint8_t> octets) const {
    return is_socket_ ? ::send(descriptor_, octets.data(), octets.size(), MSG_NOSIGNAL)
                      : ::write(descriptor_, octets.data(), octets.size());
  }
  int descriptor_;
  int stop_;
  bool is_socket_ = false;
};

Result<std::unique_ptr<ByteStream>, MeterError> adopt(int descriptor, int stop) {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return std::unique_ptr<ByteStream>(std::make_unique<DescriptorStream>(descriptor, stop));
}

/// libmodbus knows how each system wants its serial ports set up.
Result<std::unique_ptr<ByteStream>, MeterError> open_serial(const SerialLine& line, int stop) {
  const std::unique_ptr<modbus_t, decltype(&modbus_free)> port(
      modbus_new_rtu(line.path.c_str(), line.baud, line.parity, line.data_bits, line.stop_bits), &modbus_free);
  if (!port) return cannot_connect(line.path + ": no memory");
  if (modbus_connect(port.get()) != 0) return cannot_connect(line.path + ": " + system_text(errno));
  return adopt(modbus_get_socket(port.get()), stop);  // modbus_free leaves the open descriptor alone
}

Result<std::unique_ptr<ByteStream>, MeterError> open_file(const FilePath& file, int stop) {
  const int descriptor = ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return cannot_connect(file.path + ": " + system_text(errno));
  return adopt(descriptor, stop);
}

}  // namespace

Result<std::unique_ptr<ByteStream>, MeterError> open_stream(const DeviceUrl& url, const StreamTiming& timing) {
  if (const auto* const line = std::get_if<SerialLine>(&url.line)) return open_serial(*line, timing.stop_descriptor);
  if (const auto* const file = std::get_if<FilePath>(&url.line)) return open_file(*file, timing.stop_descriptor);
  const auto& address = std::get<TcpAddress>(url.line);
  const Result<int, std::string> socket = dial_tcp(address, timing.connect_timeout);
  if (!socket) return cannot_connect(address.host + " port " + std::to_string(address.port) + ": " + socket.error());
  if (address.tls) return open_tls(*socket, address, timing);
  return adopt(*socket, timing.stop_descriptor);
}

void rest(nanoseconds span, int stop_descriptor) {
  if (span > nanoseconds::zero()) wait_readable(-1, stop_descriptor, machine_time() + span);
}

}  // namespace commonwatt
