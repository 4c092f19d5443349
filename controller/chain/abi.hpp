// What contracts are called with and answer (Solidity's Contract ABI Specification, "Formal Specification of the
// Encoding"): as much of it as our calls need.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "controller/chain/evm_types.hpp"
#include "core/result.hpp"

namespace commonwatt {

/// One argument, encoded. What is dynamic stands behind the tuple it belongs to, which points at it.
struct AbiValue {
  Bytes bytes;
  bool is_dynamic = false;
};

/// uint8 to uint256, and bool as 0 or 1.
AbiValue abi_uint(const Uint256& number);
/// int8 to int256.
AbiValue abi_int(const Int256& number);
AbiValue abi_address(const Address& address);
AbiValue abi_bytes32(const Hash32& bytes);
/// bytes, and string as UTF-8.
AbiValue abi_bytes(ByteView bytes);
/// T[]: all items are of one type. An empty one is an array too.
AbiValue abi_array(const std::vector<AbiValue>& items);
/// A struct, or the arguments of a call.
AbiValue abi_tuple(const std::vector<AbiValue>& items);

/// The first four bytes of the hash of "name(type,...)".
Bytes abi_selector(std::string_view signature);
/// The data of a call: selector and arguments.
Bytes abi_call(std::string_view signature, const std::vector<AbiValue>& arguments);

/// Reads what a contract answers, word by word. After the first word that is not there or too large every read is
/// zero; ask `failed()` at the end.
class AbiReader {
 public:
  explicit AbiReader(ByteView bytes) : bytes_(bytes) {}
  Hash32 word();
  Uint256 number();
  /// A number that fits a stored integer, as uint64 of an epoch or log size.
  std::int64_t small_number();
  /// bytes or string, by their offset: a view into the input.
  ByteView byte_string();
  void fail() { failed_ = true; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  ByteView bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

/// Why a call was reverted, from the data that came with it: the text of Error(string), the number of Panic(uint256),
/// or the selector of a custom error. Printable and short whatever a contract puts there.
std::string revert_reason(ByteView data);

}  // namespace commonwatt
