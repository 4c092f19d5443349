// Whatever arrives on a line: registers come out only of a reply that has exactly those that were asked for, from the
// unit asked, with the transaction or the CRC that is right; and a reply that is cut off is never a reply.
#include <algorithm>
#include <cstdlib>

#include "meter/modbus_frame.hpp"

namespace {

using namespace commonwatt;
using Octets = std::vector<std::uint8_t>;

void check_whole(ModbusFraming framing, const ModbusRequest& request, std::span<const std::uint8_t> received,
                 const ReplyScan& scan) {
  const std::size_t trailer = framing == ModbusFraming::tcp ? 0 : 2;
  if (scan.pdu.size() + 1 + trailer > received.size()) std::abort();
  const std::ptrdiff_t pdu_octets = static_cast<std::ptrdiff_t>(scan.pdu.size());
  const auto pdu_begin = framing == ModbusFraming::tcp ? received.begin() + 7 : received.end() - 2 - pdu_octets;
  if (!std::equal(scan.pdu.begin(), scan.pdu.end(), pdu_begin)) std::abort();
  if (*(pdu_begin - 1) != request.unit) std::abort();
  const auto registers = registers_from_reply(request, scan.pdu);
  if (registers && 2 * registers->size() + 2 != request.reply_octets) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const RegisterTable table = (data[0] & 1U) != 0 ? RegisterTable::input : RegisterTable::holding;
  const ModbusFraming framing = (data[0] & 2U) != 0 ? ModbusFraming::tcp : ModbusFraming::rtu;
  const auto count = static_cast<std::uint16_t>(1 + data[1] % registers_per_request_max);
  const ModbusRequest request = read_request(data[2], table, 100, count);
  Octets received(data + 4, data + size);
  // Half of the inputs get what lets them through the first gate, so that what lies behind it is tried as well.
  if ((data[0] & 4U) != 0 && framing == ModbusFraming::rtu) {
    const std::uint16_t crc = modbus_crc(received);
    received.push_back(static_cast<std::uint8_t>(crc & 0xFFU));
    received.push_back(static_cast<std::uint8_t>(crc >> 8U));
  }
  constexpr std::uint16_t transaction = 0x0102;
  for (std::size_t length = 0; length <= std::min(received.size(), reply_octets_max); ++length) {
    const std::span<const std::uint8_t> part(received.data(), length);
    const ReplyScan scan = scan_reply(framing, request, transaction, part);
    if (scan.state == ReplyScan::State::whole) check_whole(framing, request, part, scan);
  }
  return 0;
}
