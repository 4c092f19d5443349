// Whatever arrives as a Sparkplug payload is refused or read; what was read is written in octets that are read the
// same.
#include <cstdint>
#include <cstdlib>

#include "controller/sparkplug_payload.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  const Result<SparkplugPayload, SparkplugError> payload = decode_sparkplug({data, size});
  if (!payload) {
    if (payload.error().offset > size || *payload.error().what == '\0') std::abort();
    return 0;
  }
  const Bytes written = encode(*payload);
  const Result<SparkplugPayload, SparkplugError> again = decode_sparkplug(written);
  // The octets are compared, because a value that is not a number is not equal to itself.
  if (!again || encode(*again) != written) std::abort();
  return 0;
}
