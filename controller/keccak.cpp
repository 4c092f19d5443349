#include "controller/keccak.hpp"

#include <cryptopp/keccak.h>

namespace commonwatt {
namespace {

/// Ready for a new input after every digest: TruncatedFinal restarts it.
CryptoPP::Keccak_256& kept_context() {
  thread_local CryptoPP::Keccak_256 context;
  return context;
}

}  // namespace

Hash32 keccak256(ByteView bytes) {
  CryptoPP::Keccak_256& context = kept_context();
  Hash32 digest{};
  context.Update(bytes.data(), bytes.size());
  context.TruncatedFinal(digest.data(), digest.size());
  return digest;
}

Hash32 keccak256(const Hash32& left, const Hash32& right) {
  CryptoPP::Keccak_256& context = kept_context();
  Hash32 digest{};
  context.Update(left.data(), left.size());
  context.Update(right.data(), right.size());
  context.TruncatedFinal(digest.data(), digest.size());
  return digest;
}

}  // namespace commonwatt
