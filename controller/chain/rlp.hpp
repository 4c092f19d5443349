// Recursive Length Prefix, the encoding of Ethereum's transactions (Yellow Paper, appendix B).
#pragma once

#include <initializer_list>

#include "controller/chain/evm_types.hpp"

namespace commonwatt {

/// A byte string as an item.
Bytes rlp_string(ByteView bytes);
/// A number as an item: big-endian without leading zeros.
Bytes rlp_integer(const Uint256& number);
/// A list of items, each as one of these functions wrote it.
Bytes rlp_list(std::initializer_list<ByteView> items);

}  // namespace commonwatt
