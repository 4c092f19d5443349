// Whatever an SDM630's block holds: no value is invented, and a counter that is shown has a step that fits it.
#include <cmath>
#include <cstdlib>
#include <vector>

#include "meter/sdm630.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  std::vector<std::uint16_t> words;
  for (std::size_t at = 0; at + 1 < size; at += 2) {
    words.push_back(static_cast<std::uint16_t>((data[at] << 8U) | data[at + 1]));
  }
  const Sdm630Values values = decode_sdm630(words);
  if (values.power_w && !std::isfinite(*values.power_w)) std::abort();
  for (const std::optional<Energy>& energy : {values.energy_import, values.energy_export}) {
    if (energy && (energy->count < 0 || kwh_float_quantum(*energy).count < 1)) std::abort();
  }
  const std::optional<std::string> serial = decode_sdm630_serial(words);
  if (serial && serial->empty()) std::abort();
  return 0;
}
