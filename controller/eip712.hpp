// What households and meters sign: EIP-712 typed data, so that a contract can judge it. The domain is
// {name "Commonwatt", version "1", chainId}; names become bytes32, padded with zeros on the right.
//
//   Order(bytes32 household,uint256 intervalBegin,uint256 intervalLength,uint8 side,uint256 quantityWh,
//         int256 limitMicroPerKwh,uint256 sequence,bytes16 salt)
//   Reading(bytes32 meter,uint256 time,uint256 importWh,uint256 exportWh,uint256 sequence,bytes16 salt,bytes32 raw)
#pragma once

#include "market/delivery.hpp"
#include "market/order.hpp"

namespace commonwatt {

/// The digest a household's order key signs.
Hash32 order_digest(const Order& order);
/// The digest a meter's reading key signs.
Hash32 reading_digest(const Reading& reading);

/// An order with its household's signature over order_digest.
struct SignedOrder {
  Order order;
  Bytes signature;

  friend bool operator==(const SignedOrder&, const SignedOrder&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.order, self.signature);
  }
};

/// A reading with the signature of its meter's key over reading_digest.
struct SignedReading {
  Reading reading;
  Bytes signature;

  friend bool operator==(const SignedReading&, const SignedReading&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.reading, self.signature);
  }
};

/// SHA-256 of a reading's canonical encoding: how receipts name it.
Hash32 reading_id(const Reading& reading);

}  // namespace commonwatt
