// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// An order as its household signs it (EIP-712). Names are padded with zeros on the right.
struct Order {
    bytes32 household;
    int64 intervalBegin;
    int64 intervalLength;
    uint8 side; // 0 buys, 1 sells
    int64 quantityWh;
    int64 limitMicroPerKwh;
    int64 sequence;
    bytes16 salt;
}

/// An entry of the evidence log: which batch was sealed, of which interval and run.
struct LogEntry {
    int64 intervalBegin;
    int64 intervalLength;
    uint8 run;
    bytes32 batchRoot;
}

/// Where a leaf stands in a tree, and the siblings up to the root.
struct Place {
    uint64 index;
    uint64 count; // leaves of the tree
    bytes32[] path;
}

/// Rebuilds the leaves of a batch and of the evidence log from their fields, byte by byte as the controller stores them
/// (deterministic CBOR, RFC 8949), and climbs their trees (RFC 9162 section 2.1.3.2). One value has one encoding and no
/// encoding begins another, so fields and signature follow from a leaf.
library SealedBatch {
    error NotIncluded();

    /// SHA-256 of the order's encoding: the name under which the published book knows it.
    function orderId(Order calldata order) internal pure returns (bytes32) {
        return sha256(_encoded(order));
    }

    /// Leaf of kind 1.
    function orderLeaf(Order calldata order, bytes calldata signature) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0), order.salt, bytes1(0x01), _encoded(order), signature));
    }

    /// Leaf of kind 0, which is public and has no salt: prefix, salt and kind are eighteen zeros.
    function clearingLeaf(bytes calldata record) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes18(0), record));
    }

    function logLeaf(LogEntry calldata entry) internal pure returns (bytes32) {
        bytes memory interval = _interval(entry.intervalBegin, entry.intervalLength);
        return sha256(abi.encodePacked(hex"0083", interval, _integer(int64(uint64(entry.run))), hex"5820", entry.batchRoot));
    }

    /// The root over a leaf. The order of left and right follows from the index and the number of leaves.
    function rootOver(bytes32 leaf, Place calldata place) internal pure returns (bytes32 hash) {
        (uint64 position, uint64 last) = (place.index, place.count);
        if (position >= last) revert NotIncluded();
        --last;
        hash = leaf;
        for (uint256 i = 0; i < place.path.length; ++i) {
            if (last == 0) revert NotIncluded();
            if (position % 2 == 1 || position == last) {
                hash = _node(place.path[i], hash);
                // A node without a sibling is its own parent.
                for (; position % 2 == 0 && position != 0; position /= 2) last /= 2;
            } else {
                hash = _node(hash, place.path[i]);
            }
            (position, last) = (position / 2, last / 2);
        }
        if (last != 0) revert NotIncluded();
    }

    function _node(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x01), left, right));
    }

    function _encoded(Order calldata order) private pure returns (bytes memory) {
        return bytes.concat(
            hex"87",
            _name(order.household),
            _interval(order.intervalBegin, order.intervalLength),
            _integer(int64(uint64(order.side))),
            _integer(order.quantityWh),
            _integer(order.limitMicroPerKwh),
            _integer(order.sequence),
            hex"50",
            order.salt
        );
    }

    function _interval(int64 begin, int64 length) private pure returns (bytes memory) {
        return bytes.concat(hex"82", _integer(begin), _integer(length));
    }

    /// A byte string of what stands before the zeros.
    function _name(bytes32 padded) private pure returns (bytes memory name) {
        uint256 size = 32;
        while (size > 0 && padded[size - 1] == 0) --size;
        name = new bytes(size);
        for (uint256 i = 0; i < size; ++i) name[i] = padded[i];
        return bytes.concat(_head(0x40, uint64(size)), name);
    }

    function _integer(int64 value) private pure returns (bytes memory) {
        return value < 0 ? _head(0x20, uint64(~value)) : _head(0x00, uint64(value));
    }

    /// A kind of item and its number, in the shortest form.
    function _head(uint8 kind, uint64 number) private pure returns (bytes memory) {
        if (number < 24) return abi.encodePacked(kind | uint8(number));
        if (number <= type(uint8).max) return abi.encodePacked(kind | 24, uint8(number));
        if (number <= type(uint16).max) return abi.encodePacked(kind | 25, uint16(number));
        if (number <= type(uint32).max) return abi.encodePacked(kind | 26, uint32(number));
        return abi.encodePacked(kind | 27, number);
    }
}
