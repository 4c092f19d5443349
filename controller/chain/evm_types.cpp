#include "controller/chain/evm_types.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <limits>

#include "controller/keccak.hpp"

namespace commonwatt {
namespace {

constexpr std::string_view prefix = "0x";

std::optional<std::string_view> behind_prefix(std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return text.substr(prefix.size());
}

bool is_upper(char c) {
  return c >= 'A' && c <= 'F';
}

}  // namespace

std::string to_text(const Address& address) {
  std::string digits = to_hex(address.bytes);
  const std::string checksum = to_hex(keccak256(as_bytes(digits)));
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (digits[i] >= 'a' && checksum[i] >= '8') digits[i] = static_cast<char>(digits[i] - 'a' + 'A');
  }
  return std::string(prefix) + digits;
}

std::optional<Address> address_from(std::string_view text) {
  const std::optional<std::string_view> digits = behind_prefix(text);
  const std::optional<Bytes> bytes = digits ? from_hex(*digits) : std::nullopt;
  Address address;
  if (!bytes || bytes->size() != address.bytes.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), address.bytes.begin());
  const bool is_mixed = std::any_of(digits->begin(), digits->end(), is_upper) &&
                        std::any_of(digits->begin(), digits->end(), [](char c) { return c >= 'a'; });
  if (is_mixed && to_text(address) != text) return std::nullopt;
  return address;
}

Bytes big_endian(const Uint256& number) {
  Bytes bytes;
  if (number != 0) boost::multiprecision::export_bits(number, std::back_inserter(bytes), 8);
  return bytes;
}

Hash32 word_of(const Uint256& number) {
  const Bytes bytes = big_endian(number);
  Hash32 word{};
  std::copy_backward(bytes.begin(), bytes.end(), word.end());
  return word;
}

Hash32 word_of_signed(const Int256& number) {
  assert(number >= -(Int256(1) << 255) && number <= (Int256(1) << 255) - 1);
  if (number >= 0) return word_of(Uint256(number));
  return word_of(~Uint256(-number) + 1);
}

Uint256 number_of(ByteView bytes) {
  assert(bytes.size() <= 32);
  Uint256 number = 0;
  if (!bytes.empty()) boost::multiprecision::import_bits(number, bytes.begin(), bytes.end(), 8);
  return number;
}

std::string to_quantity(const Uint256& number) {
  const std::string digits = to_hex(big_endian(number));
  const std::size_t first = std::min(digits.find_first_not_of('0'), digits.size());
  return std::string(prefix) + (number == 0 ? "0" : digits.substr(first));
}

std::optional<Uint256> quantity_from(std::string_view text) {
  const std::optional<std::string_view> digits = behind_prefix(text);
  if (!digits || digits->empty() || digits->size() > 64) return std::nullopt;
  const std::string even = (digits->size() % 2 == 0 ? "" : "0") + std::string(*digits);
  const std::optional<Bytes> bytes = from_hex(even);
  if (!bytes) return std::nullopt;
  return number_of(*bytes);
}

std::optional<std::int64_t> small_quantity_from(std::string_view text) {
  const std::optional<Uint256> number = quantity_from(text);
  if (!number || *number > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::string to_data(ByteView bytes) {
  return std::string(prefix) + to_hex(bytes);
}

std::optional<Bytes> data_from(std::string_view text) {
  const std::optional<std::string_view> digits = behind_prefix(text);
  return digits ? from_hex(*digits) : std::nullopt;
}

std::optional<Hash32> hash_from_data(std::string_view text) {
  const std::optional<std::string_view> digits = behind_prefix(text);
  return digits ? hash_from_hex(*digits) : std::nullopt;
}

}  // namespace commonwatt
