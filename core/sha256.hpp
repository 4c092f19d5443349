// SHA-256 (FIPS 180-4), the one hash of the evidence log.
#pragma once

#include <initializer_list>

#include "core/bytes.hpp"

namespace commonwatt {

/// The digest of the parts, one after the other.
Hash32 sha256(std::initializer_list<ByteView> parts);
inline Hash32 sha256(ByteView bytes) {
  return sha256({bytes});
}

}  // namespace commonwatt
