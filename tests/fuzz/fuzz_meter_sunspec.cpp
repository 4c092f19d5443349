// A SunSpec device that answers anything: the walk ends, stays within the address space and asks for no more than one
// request may, and every model decodes to something that can be true. The input is the registers from address 0.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "meter/sunspec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  using Words = std::vector<std::uint16_t>;
  Words registers{0x5375, 0x6E53};
  for (std::size_t at = 0; at + 1 < size; at += 2) {
    registers.push_back(static_cast<std::uint16_t>((data[at] << 8U) | data[at + 1]));
  }
  int requests = 0;
  const ReadRegisters read = [&](std::uint16_t address, std::uint16_t count) -> Result<Words, MeterError> {
    constexpr int requests_max = 200;
    if (++requests > requests_max || count == 0 || count > 125) std::abort();
    if (address + count > static_cast<int>(registers.size())) return Fail{MeterError{MeterFault::refused, {}}};
    return Words(registers.begin() + address, registers.begin() + address + count);
  };
  const auto chain = discover_sunspec(read, 0);
  if (!chain || chain->models.size() > sunspec_models_max) std::abort();
  for (const SunSpecModel& model : chain->models) {
    const std::size_t begin = model.address;
    const std::size_t end = std::min(begin + 2 + model.length, registers.size());
    const std::span<const std::uint16_t> words(registers.data() + begin, registers.data() + end);
    const SunSpecCommon common = decode_sunspec_common(words);
    if (common.maker.size() > 32 || common.serial.size() > 32) std::abort();
    const SunSpecPower power = decode_sunspec_power(words);
    if (power.power_w && !std::isfinite(*power.power_w)) std::abort();
    if (power.energy_import && power.energy_import->count < 0) std::abort();
    if (power.energy_export && power.energy_export->count < 0) std::abort();
  }
  return 0;
}
