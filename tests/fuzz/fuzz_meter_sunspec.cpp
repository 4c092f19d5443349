// A SunSpec device that answers anything: the walk ends, stays within the address space and asks for no more than one
// request may; a model is read whole or not at all; and every model decodes to something that can be true. The first
// octet of the input says at every how many requests a register changes (0: never), the others are the registers that
// follow "SunS" at address 0.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "meter/sunspec.hpp"
#include "meter/sunspec_points.hpp"
#include "meter/sunspec_values.hpp"

namespace {

using namespace commonwatt;
using Words = std::vector<std::uint16_t>;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Device {
  Words registers{0x5375, 0x6E53};
  unsigned restlessness = 0;
  unsigned requests = 0;
  unsigned requests_max = 200;

  Result<Words, MeterError> answer(std::uint16_t address, std::uint16_t count) {
    require(++requests <= requests_max && count > 0 && count <= sunspec_request_words_max);
    if (restlessness != 0 && requests % restlessness == 0) registers[requests * 31U % registers.size()] ^= requests;
    if (address + count > static_cast<int>(registers.size())) return Fail{MeterError{MeterFault::refused, {}}};
    return Words(registers.begin() + address, registers.begin() + address + count);
  }
};

void check_points(std::span<const std::uint16_t> words) {
  std::size_t registers = 0;
  for (const SunSpecPoint& point : decode_sunspec_points(words)) {
    registers += registers_of(*point.layout);
    require(!point.name.empty());
    require(!point.value || (std::isfinite(*point.value) && point.exponent));
  }
  require(registers <= words.size() && (registers == 0 || registers <= std::size_t{2} + words[1]));
}

void check_value(const MeasuredValue& value) {
  const bool is_good = value.quality == Quality::good;
  require(is_good || value.quality == Quality::missing);
  require(value.value.has_value() == is_good && value.reason.empty() == is_good);
  require(!value.value || std::isfinite(*value.value));
  require(value.energy.has_value() == (is_good && is_energy_register(value.quantity.measurand)));
  require(!value.energy || (value.energy->count >= 0 && value.quantum > 0));
}

/// What is polled is what the whole model says.
void check_values(const SunSpecModel& model, std::span<const std::uint16_t> words) {
  const std::vector<MeasuredValue> values = sunspec_values(words);
  std::for_each(values.begin(), values.end(), check_value);
  require(values.empty() || values.front().quantity.measurand == Measurand::active_power || values.size() == 1);
  const std::uint16_t needed = sunspec_value_words(model);
  require(needed <= sunspec_request_words_max);
  if (needed == 0 || needed > words.size()) return;
  const std::vector<MeasuredValue> polled = sunspec_values(words.first(needed));
  require(polled.size() == values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    require(polled[i].quantity == values[i].quantity && polled[i].value == values[i].value);
    require(polled[i].energy == values[i].energy && polled[i].quality == values[i].quality);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Device device;
  for (std::size_t at = 1; at + 1 < size; at += 2) {
    device.registers.push_back(static_cast<std::uint16_t>((data[at] << 8U) | data[at + 1]));
  }
  const ReadRegisters read = [&device](std::uint16_t address, std::uint16_t count) {
    return device.answer(address, count);
  };
  const auto chain = discover_sunspec(read, 0);
  require(chain && chain->models.size() <= sunspec_models_max);
  for (const SunSpecDevice& found : sunspec_devices(*chain)) require(found.common.id == 1);
  device.restlessness = size == 0 ? 0 : data[0];
  for (const SunSpecModel& model : chain->models) {
    device.requests = 0;
    const std::size_t begin = model.address;
    const std::size_t end = std::min(begin + 2 + model.length, device.registers.size());
    // Three rounds of pieces, which are shorter than a request by the longest point at most, and two more.
    device.requests_max = static_cast<unsigned>(3 * ((end - begin) / 94 + 3));
    const Words present(device.registers.data() + begin, device.registers.data() + end);
    const auto whole = read_sunspec_model(read, model);
    require(!whole || (whole->size() == std::size_t{2} + model.length && (*whole)[0] == model.id));
    const Words& words = whole ? *whole : present;
    const SunSpecCommon common = decode_sunspec_common(words);
    require(common.maker.size() <= 32 && common.serial.size() <= 32);
    check_points(words);
    check_values(model, words);
  }
  return 0;
}
