// The values of the Ethereum Virtual Machine (Ethereum Yellow Paper) that leave and enter this program: 256-bit
// numbers, 20-byte addresses and their texts.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/multiprecision/cpp_int.hpp>

#include "core/bytes.hpp"

namespace commonwatt {

/// Unsigned, modulo 2^256 as the machine's own words: check at the door what must not wrap.
using Uint256 = boost::multiprecision::uint256_t;
/// Signed magnitude; a word of the machine holds -2^255 to 2^255 - 1 of it.
using Int256 = boost::multiprecision::int256_t;

/// An account or contract.
struct Address {
  std::array<std::uint8_t, 20> bytes{};

  friend auto operator<=>(const Address&, const Address&) = default;
};

/// "0x" and 40 digits whose case is a checksum (EIP-55).
std::string to_text(const Address& address);
/// The address in a text of 40 digits behind "0x"; mixed case must be the right checksum.
std::optional<Address> address_from(std::string_view text);

/// Big-endian without leading zeros; zero is empty.
Bytes big_endian(const Uint256& number);
/// Big-endian, 32 bytes.
Hash32 word_of(const Uint256& number);
/// Two's complement. The number is within a word's range.
Hash32 word_of_signed(const Int256& number);
/// The number of at most 32 big-endian bytes.
Uint256 number_of(ByteView bytes);

/// A JSON-RPC quantity: "0x" and digits without leading zeros, zero is "0x0".
std::string to_quantity(const Uint256& number);
/// The number of a quantity, up to 2^256 - 1. Leading zeros, which some nodes write, are read.
std::optional<Uint256> quantity_from(std::string_view text);
/// A quantity that fits a stored integer.
std::optional<std::int64_t> small_quantity_from(std::string_view text);

/// JSON-RPC data: "0x" and two digits a byte.
std::string to_data(ByteView bytes);
std::optional<Bytes> data_from(std::string_view text);
/// Data of exactly 32 bytes.
std::optional<Hash32> hash_from_data(std::string_view text);

}  // namespace commonwatt
