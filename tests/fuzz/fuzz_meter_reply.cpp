// Whatever a device answers: registers come out only of a reply that has exactly those that were asked for.
#include <cstdlib>

#include "meter/modbus_bus.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  if (size < 2) return 0;
  const RegisterTable table = (data[0] & 1U) != 0 ? RegisterTable::input : RegisterTable::holding;
  const auto count = static_cast<std::uint16_t>(1 + data[1] % registers_per_request_max);
  const auto registers = registers_from_reply(table, count, {data + 2, size - 2});
  if (registers && (registers->size() != count || size - 2 != 2U + 2U * count)) std::abort();
  return 0;
}
