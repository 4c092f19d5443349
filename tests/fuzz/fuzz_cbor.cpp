// Whatever bytes arrive: either they are refused, or they are the one encoding of the value they give.
#include <cstdlib>

#include "core/cbor.hpp"
#include "tests/core/cbor_sample.hpp"

namespace {

template <class T>
void check(commonwatt::ByteView bytes) {
  const auto value = commonwatt::decode<T>(bytes);
  if (!value.ok()) return;
  const commonwatt::Bytes again = commonwatt::encode(value.value());
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  const ByteView bytes(data, size);
  check<cbor_sample::Everything>(bytes);
  check<std::vector<std::variant<cbor_sample::Leg, Bytes, Interval>>>(bytes);
  check<std::map<MeterId, std::set<std::int64_t>>>(bytes);
  return 0;
}
