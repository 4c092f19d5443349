#include "core/bytes.hpp"

#include <algorithm>

namespace commonwatt {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string to_hex(ByteView bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text.push_back(hex_digits[byte >> 4U]);
    text.push_back(hex_digits[byte & 0xFU]);
  }
  return text;
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return bytes;
}

std::optional<Hash32> hash_from_hex(std::string_view text) {
  const std::optional<Bytes> bytes = from_hex(text);
  Hash32 hash{};
  if (!bytes || bytes->size() != hash.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return hash;
}

ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_base64(ByteView bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16U;
    if (left > 1) group |= static_cast<std::uint32_t>(bytes[i + 1]) << 8U;
    if (left > 2) group |= bytes[i + 2];
    text.push_back(base64_digits[(group >> 18U) & 63U]);
    text.push_back(base64_digits[(group >> 12U) & 63U]);
    text.push_back(left > 1 ? base64_digits[(group >> 6U) & 63U] : '=');
    text.push_back(left > 2 ? base64_digits[group & 63U] : '=');
  }
  return text;
}

std::optional<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t group = 0;
    int digits = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const std::size_t value = base64_digits.find(text[i + k]);
      group <<= 6U;
      if (value == std::string_view::npos) continue;
      group |= static_cast<std::uint32_t>(value);
      ++digits;
    }
    bytes.push_back(static_cast<std::uint8_t>(group >> 16U));
    if (digits > 2) bytes.push_back(static_cast<std::uint8_t>((group >> 8U) & 0xFFU));
    if (digits > 3) bytes.push_back(static_cast<std::uint8_t>(group & 0xFFU));
  }
  // Anything else (padding in the middle, foreign characters, stray bits) does not come back the same.
  if (to_base64(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace commonwatt
