// Byte strings, hashes and their hexadecimal text.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace commonwatt {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// A 32-byte value: a SHA-256 or Keccak-256 digest, a Merkle root, an order id. Ordered as bytes.
using Hash32 = std::array<std::uint8_t, 32>;
/// 16 random bytes that keep a record's hash from being guessed back to its content.
using Salt16 = std::array<std::uint8_t, 16>;

/// Lower-case hexadecimal, two digits a byte.
std::string to_hex(ByteView bytes);
/// The bytes of a hexadecimal text; nothing when a digit is wrong or the length is odd.
std::optional<Bytes> from_hex(std::string_view text);
/// As from_hex, and exactly 32 bytes.
std::optional<Hash32> hash_from_hex(std::string_view text);

/// The bytes of a text, for hashing and encoding.
ByteView as_bytes(std::string_view text);
/// Bytes as text, without any check of their encoding.
std::string as_text(ByteView bytes);

/// Standard base64 with padding (RFC 4648 section 4), as signed notes use it.
std::string to_base64(ByteView bytes);
/// The bytes of a base64 text; nothing when it is not exactly what to_base64 would write.
std::optional<Bytes> from_base64(std::string_view text);

}  // namespace commonwatt
