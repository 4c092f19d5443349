// Whatever a device sends, libmodbus receives it without harm; and where this project takes a reply for whole,
// libmodbus takes it too and finds the same registers in it. libmodbus is the second opinion, built with the
// sanitizers.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

#include <modbus/modbus.h>
#include <sys/socket.h>
#include <unistd.h>

#include "meter/modbus_frame.hpp"

namespace {

using namespace commonwatt;
using Octets = std::vector<std::uint8_t>;

constexpr std::uint16_t transaction = 1;  // libmodbus numbers its first request so

struct Opinion {
  int outcome = -1;  // as modbus_read_registers returns it
  std::array<std::uint16_t, registers_per_request_max> registers{};
};

Opinion libmodbus_reads(ModbusFraming framing, const ModbusRequest& request, const Octets& received) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) std::abort();
  if (::write(ends[1], received.data(), received.size()) != static_cast<ssize_t>(received.size())) std::abort();
  ::shutdown(ends[1], SHUT_WR);  // so that nothing is ever waited for
  const std::unique_ptr<modbus_t, decltype(&modbus_free)> bus(
      framing == ModbusFraming::tcp ? modbus_new_tcp("127.0.0.1", 502) : modbus_new_rtu("/dev/null", 9600, 'N', 8, 1),
      &modbus_free);
  if (!bus || modbus_set_slave(bus.get(), request.unit) != 0) std::abort();
  modbus_set_socket(bus.get(), ends[0]);
  modbus_set_byte_timeout(bus.get(), 0, 0);
  modbus_set_response_timeout(bus.get(), 0, 1000);
  const int address = (request.pdu[1] << 8) | request.pdu[2];
  const int count = request.pdu[4];
  const bool holding = request.pdu[0] == static_cast<std::uint8_t>(RegisterTable::holding);
  Opinion opinion;
  opinion.outcome = holding ? modbus_read_registers(bus.get(), address, count, opinion.registers.data())
                            : modbus_read_input_registers(bus.get(), address, count, opinion.registers.data());
  ::close(ends[0]);
  ::close(ends[1]);
  return opinion;
}

/// Half of the inputs get what lets them through the first gate, so that what lies behind it is tried as well.
Octets let_through(ModbusFraming framing, const ModbusRequest& request, const Octets& octets) {
  Octets frame;
  if (framing == ModbusFraming::tcp) {
    const auto length = static_cast<std::uint8_t>(std::min<std::size_t>(octets.size() + 1, 254));
    frame = {0, transaction, 0, 0, 0, length, request.unit};
    frame.insert(frame.end(), octets.begin(), octets.end());
    return frame;
  }
  frame = {request.unit};
  frame.insert(frame.end(), octets.begin(), octets.end());
  const unsigned crc = modbus_crc(frame);
  frame.push_back(static_cast<std::uint8_t>(crc & 0xFFU));
  frame.push_back(static_cast<std::uint8_t>(crc >> 8U));
  return frame;
}

void compare(const ModbusRequest& request, const Octets& pdu, const Opinion& other) {
  const auto registers = registers_from_reply(request, pdu);
  if (!registers) return;  // an exception; or a reply that miscounts itself, which libmodbus may take
  if (other.outcome != static_cast<int>(registers->size())) std::abort();
  if (!std::equal(registers->begin(), registers->end(), other.registers.begin())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const RegisterTable table = (data[0] & 1U) != 0 ? RegisterTable::input : RegisterTable::holding;
  const ModbusFraming framing = (data[0] & 2U) != 0 ? ModbusFraming::tcp : ModbusFraming::rtu;
  const auto count = static_cast<std::uint16_t>(1 + data[1] % registers_per_request_max);
  const auto unit = static_cast<std::uint8_t>(1 + data[2] % 247);
  const ModbusRequest request = read_request(unit, table, 100, count);
  Octets received(data + 3, data + std::min(size, 3 + reply_octets_max));
  if ((data[0] & 4U) != 0) received = let_through(framing, request, received);

  const Opinion other = libmodbus_reads(framing, request, received);
  const ReplyScan scan = scan_reply(framing, request, transaction, received);
  if (scan.state != ReplyScan::State::whole) return 0;
  // libmodbus does not pass over noise in front of a frame.
  const bool begins_with_frame = framing == ModbusFraming::tcp || scan.pdu.size() + 3 == received.size();
  if (begins_with_frame) compare(request, scan.pdu, other);
  return 0;
}
