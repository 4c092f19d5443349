// The 32-byte words of a struct on an EVM chain: its ABI and its EIP-712 encoding ("Definition of encodeData").
#pragma once

#include <algorithm>

#include "controller/keccak.hpp"
#include "core/bytes.hpp"

namespace commonwatt {

class EvmWords {
 public:
  explicit EvmWords(const Hash32& type_hash) { hash(type_hash); }
  EvmWords& hash(const Hash32& word) {
    bytes_.insert(bytes_.end(), word.begin(), word.end());
    return *this;
  }
  EvmWords& integer(std::int64_t value) {
    // int256 and uint256 in two's complement: a negative number is extended with ones.
    bytes_.insert(bytes_.end(), 24, value < 0 ? std::uint8_t{0xFF} : std::uint8_t{0});
    for (unsigned shift = 64; shift > 0; shift -= 8) {
      bytes_.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (shift - 8U)));
    }
    return *this;
  }
  /// bytesN and names: on the left, zeros behind. At most 32 bytes.
  EvmWords& left(ByteView bytes) {
    Hash32 word{};
    std::copy(bytes.begin(), bytes.end(), word.begin());
    return hash(word);
  }
  [[nodiscard]] Hash32 digest() const { return keccak256(bytes_); }

 private:
  Bytes bytes_;
};

}  // namespace commonwatt
