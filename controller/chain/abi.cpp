#include "controller/chain/abi.hpp"

#include <algorithm>
#include <limits>

#include "controller/chain/printable.hpp"
#include "controller/keccak.hpp"

namespace commonwatt {
namespace {

constexpr std::size_t word_size = 32;
constexpr std::size_t selector_size = 4;

void append(Bytes& bytes, ByteView more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

AbiValue static_word(const Hash32& word) {
  return {.bytes = {word.begin(), word.end()}};
}

}  // namespace

AbiValue abi_uint(const Uint256& number) {
  return static_word(word_of(number));
}

AbiValue abi_int(const Int256& number) {
  return static_word(word_of_signed(number));
}

AbiValue abi_address(const Address& address) {
  return static_word(word_of(number_of(address.bytes)));
}

AbiValue abi_bytes32(const Hash32& bytes) {
  return static_word(bytes);
}

AbiValue abi_bytes(ByteView bytes) {
  AbiValue value{.bytes = abi_uint(bytes.size()).bytes, .is_dynamic = true};
  append(value.bytes, bytes);
  value.bytes.resize((value.bytes.size() + word_size - 1) / word_size * word_size);
  return value;
}

AbiValue abi_array(const std::vector<AbiValue>& items) {
  AbiValue value{.bytes = abi_uint(items.size()).bytes, .is_dynamic = true};
  append(value.bytes, abi_tuple(items).bytes);
  return value;
}

AbiValue abi_tuple(const std::vector<AbiValue>& items) {
  std::size_t offset = 0;
  for (const AbiValue& item : items) offset += item.is_dynamic ? word_size : item.bytes.size();
  AbiValue value;
  for (const AbiValue& item : items) {
    append(value.bytes, item.is_dynamic ? abi_uint(offset).bytes : item.bytes);
    if (item.is_dynamic) offset += item.bytes.size();
    value.is_dynamic = value.is_dynamic || item.is_dynamic;
  }
  for (const AbiValue& item : items) {
    if (item.is_dynamic) append(value.bytes, item.bytes);
  }
  return value;
}

Bytes abi_selector(std::string_view signature) {
  const Hash32 hash = keccak256(as_bytes(signature));
  return {hash.begin(), hash.begin() + selector_size};
}

Bytes abi_call(std::string_view signature, const std::vector<AbiValue>& arguments) {
  Bytes data = abi_selector(signature);
  append(data, abi_tuple(arguments).bytes);
  return data;
}

Hash32 AbiReader::word() {
  Hash32 word{};
  if (failed_ || bytes_.size() - at_ < word_size) {
    failed_ = true;
    return word;
  }
  const ByteView from = bytes_.subspan(at_, word_size);
  std::copy(from.begin(), from.end(), word.begin());
  at_ += word_size;
  return word;
}

Uint256 AbiReader::number() {
  return number_of(word());
}

std::int64_t AbiReader::small_number() {
  const Uint256 wide = number();
  if (wide > std::numeric_limits<std::int64_t>::max()) {
    failed_ = true;
    return 0;
  }
  return static_cast<std::int64_t>(wide);
}

ByteView AbiReader::byte_string() {
  const Uint256 offset = number();
  if (failed_ || offset > bytes_.size()) {
    failed_ = true;
    return {};
  }
  AbiReader tail(bytes_.subspan(static_cast<std::size_t>(offset)));
  const Uint256 size = tail.number();
  if (tail.failed_ || size > tail.bytes_.size() - word_size) {
    failed_ = true;
    return {};
  }
  return tail.bytes_.subspan(word_size, static_cast<std::size_t>(size));
}

std::string revert_reason(ByteView data) {
  if (data.size() < selector_size) return "without a reason";
  const Bytes selector{data.begin(), data.begin() + selector_size};
  AbiReader reader(data.subspan(selector_size));
  if (selector == abi_selector("Error(string)")) {
    const ByteView text = reader.byte_string();
    if (!reader.failed()) return '"' + printable(as_text(text)) + '"';
  }
  if (selector == abi_selector("Panic(uint256)")) {
    const Uint256 number = reader.number();
    if (!reader.failed()) return "panic " + to_quantity(number);
  }
  return "custom error " + to_data(selector);
}

}  // namespace commonwatt
