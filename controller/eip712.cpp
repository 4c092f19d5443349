#include "controller/eip712.hpp"

#include <algorithm>

#include "controller/evm_words.hpp"
#include "controller/keccak.hpp"
#include "core/sha256.hpp"

namespace commonwatt {
namespace {

/// The chain whose contracts may judge a signature; 0 is the embedded log alone.
constexpr std::int64_t chain_id = 0;

const Hash32& domain_separator() {
  static const Hash32 separator =
      EvmWords(keccak256(as_bytes("EIP712Domain(string name,string version,uint256 chainId)")))
          .hash(keccak256(as_bytes("Commonwatt")))
          .hash(keccak256(as_bytes("1")))
          .integer(chain_id)
          .digest();
  return separator;
}

Hash32 typed_digest(const Hash32& struct_hash) {
  Bytes bytes{0x19, 0x01};
  bytes.insert(bytes.end(), domain_separator().begin(), domain_separator().end());
  bytes.insert(bytes.end(), struct_hash.begin(), struct_hash.end());
  return keccak256(bytes);
}

}  // namespace

Hash32 order_digest(const Order& order) {
  static const Hash32 type = keccak256(
      as_bytes("Order(bytes32 household,uint256 intervalBegin,uint256 intervalLength,uint8 side,uint256 quantityWh,"
               "int256 limitMicroPerKwh,uint256 sequence,bytes16 salt)"));
  return typed_digest(EvmWords(type)
                          .left(as_bytes(order.household.text()))
                          .integer(order.interval.begin_seconds())
                          .integer(order.interval.length_seconds())
                          .integer(static_cast<std::int64_t>(order.side))
                          .integer(order.quantity.count)
                          .integer(order.limit.count)
                          .integer(order.sequence)
                          .left(order.salt)
                          .digest());
}

Hash32 reading_digest(const Reading& reading) {
  static const Hash32 type =
      keccak256(as_bytes("Reading(bytes32 meter,uint256 time,uint256 importWh,uint256 exportWh,uint256 sequence,"
                         "bytes16 salt,bytes32 raw)"));
  return typed_digest(EvmWords(type)
                          .left(as_bytes(reading.meter.text()))
                          .integer(reading.time.seconds())
                          .integer(reading.registers.import.count)
                          .integer(reading.registers.export_.count)
                          .integer(reading.sequence)
                          .left(reading.salt)
                          .hash(reading.raw)
                          .digest());
}

Hash32 reading_id(const Reading& reading) {
  return sha256(encode(reading));
}

}  // namespace commonwatt
