#include "core/cbor.hpp"

namespace commonwatt {
namespace {

constexpr unsigned major_unsigned = 0;
constexpr unsigned major_negative = 1;
constexpr unsigned major_bytes = 2;
constexpr unsigned major_array = 4;

/// The bytes that follow the initial byte of an argument in its shortest form.
unsigned argument_size(std::uint64_t argument) {
  if (argument < 24) return 0;
  if (argument <= 0xFF) return 1;
  if (argument <= 0xFFFF) return 2;
  if (argument <= 0xFFFFFFFF) return 4;
  return 8;
}

unsigned additional_information(unsigned size) {
  return size == 1 ? 24U : size == 2 ? 25U : size == 4 ? 26U : 27U;
}

}  // namespace

std::string to_text(const CborError& error) {
  return std::string(error.what) + " at byte " + std::to_string(error.offset);
}

void CborWriter::head(unsigned major, std::uint64_t argument) {
  const unsigned size = argument_size(argument);
  const unsigned information = size == 0 ? static_cast<unsigned>(argument) : additional_information(size);
  bytes_.push_back(static_cast<std::uint8_t>(major << 5U | information));
  for (unsigned i = size; i > 0; --i) bytes_.push_back(static_cast<std::uint8_t>(argument >> (8U * (i - 1)) & 0xFFU));
}

void CborWriter::integer(std::int64_t value) {
  if (value >= 0) return head(major_unsigned, static_cast<std::uint64_t>(value));
  head(major_negative, ~static_cast<std::uint64_t>(value));  // -1 - n, in two's complement
}

void CborWriter::byte_string(ByteView bytes) {
  head(major_bytes, bytes.size());
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void CborWriter::array(std::size_t items) {
  head(major_array, items);
}

void CborReader::fail(const char* what) {
  if (!error_) error_ = CborError{what, at_};
}

std::uint64_t CborReader::head(unsigned major, const char* expected) {
  if (failed()) return 0;
  if (at_end()) {
    fail("the record ends too early");
    return 0;
  }
  const unsigned first = bytes_[at_];
  if (first >> 5U != major) {
    fail(expected);
    return 0;
  }
  const unsigned information = first & 0x1FU;
  if (information < 24) {
    ++at_;
    return information;
  }
  if (information > 27) {
    fail("a length is indefinite or reserved");
    return 0;
  }
  const std::size_t size = std::size_t{1} << (information - 24U);
  if (bytes_.size() - at_ - 1 < size) {
    fail("the record ends too early");
    return 0;
  }
  std::uint64_t argument = 0;
  for (std::size_t i = 1; i <= size; ++i) argument = argument << 8U | bytes_[at_ + i];
  if (argument_size(argument) != size) {
    fail("a number is not in its shortest form");
    return 0;
  }
  at_ += 1 + size;
  return argument;
}

std::int64_t CborReader::integer() {
  const bool negative = !at_end() && bytes_[at_] >> 5U == major_negative;
  const std::uint64_t argument = head(negative ? major_negative : major_unsigned, "an integer was expected");
  if (argument > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    fail("an integer needs more than 64 bits");
    return 0;
  }
  const auto value = static_cast<std::int64_t>(argument);
  if (failed()) return 0;
  return negative ? -1 - value : value;
}

ByteView CborReader::byte_string() {
  const std::uint64_t size = head(major_bytes, "a byte string was expected");
  if (size > bytes_.size() - at_) fail("the record ends too early");
  if (failed()) return {};
  const ByteView bytes = bytes_.subspan(at_, static_cast<std::size_t>(size));
  at_ += static_cast<std::size_t>(size);
  return bytes;
}

std::size_t CborReader::array() {
  const std::uint64_t items = head(major_array, "an array was expected");
  // Every item takes a byte at least: a forged count cannot make the reader allocate.
  if (items > bytes_.size() - at_) fail("the record ends too early");
  return failed() ? 0 : static_cast<std::size_t>(items);
}

}  // namespace commonwatt
