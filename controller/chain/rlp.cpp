#include "controller/chain/rlp.hpp"

namespace commonwatt {
namespace {

constexpr std::uint8_t string_mark = 0x80;
constexpr std::uint8_t list_mark = 0xC0;
constexpr std::size_t short_max = 55;

/// The head of an item of a size: in one byte, or a byte that says how many bytes the size takes.
Bytes head(std::uint8_t mark, std::size_t size) {
  if (size <= short_max) return {static_cast<std::uint8_t>(mark + size)};
  Bytes bytes = big_endian(size);
  bytes.insert(bytes.begin(), static_cast<std::uint8_t>(mark + short_max + bytes.size()));
  return bytes;
}

}  // namespace

Bytes rlp_string(ByteView bytes) {
  // A byte below the marks stands for itself.
  if (bytes.size() == 1 && bytes[0] < string_mark) return {bytes[0]};
  Bytes item = head(string_mark, bytes.size());
  item.insert(item.end(), bytes.begin(), bytes.end());
  return item;
}

Bytes rlp_integer(const Uint256& number) {
  return rlp_string(big_endian(number));
}

Bytes rlp_list(std::initializer_list<ByteView> items) {
  std::size_t size = 0;
  for (const ByteView item : items) size += item.size();
  Bytes list = head(list_mark, size);
  list.reserve(list.size() + size);
  for (const ByteView item : items) list.insert(list.end(), item.begin(), item.end());
  return list;
}

}  // namespace commonwatt
