// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ClearingRecord, Fill} from "../src/ClearingRecord.sol";
import {LogEntry, Order, Place, SealedBatch} from "../src/SealedBatch.sol";

/// The libraries as a contract, because they take calldata.
contract Formats {
    function orderId(Order calldata order) external pure returns (bytes32) {
        return SealedBatch.orderId(order);
    }

    function orderLeaf(Order calldata order, bytes calldata signature) external pure returns (bytes32) {
        return SealedBatch.orderLeaf(order, signature);
    }

    function clearingLeaf(bytes calldata record) external pure returns (bytes32) {
        return SealedBatch.clearingLeaf(record);
    }

    function logLeaf(LogEntry calldata entry) external pure returns (bytes32) {
        return SealedBatch.logLeaf(entry);
    }

    function rootOver(bytes32 leaf, Place calldata place) external pure returns (bytes32) {
        return SealedBatch.rootOver(leaf, place);
    }

    function fillOf(bytes calldata record, uint256 line) external pure returns (Fill memory) {
        return ClearingRecord.fillOf(record, line);
    }
}

/// Trees as RFC 9162 section 2.1 defines them, by its recursion.
library RfcTrees {
    function root(bytes32[] memory leaves) internal pure returns (bytes32) {
        return root(leaves, 0, leaves.length);
    }

    function place(bytes32[] memory leaves, uint256 index) internal pure returns (Place memory) {
        bytes32[] memory path = new bytes32[](64);
        uint256 size = climb(leaves, index, 0, leaves.length, path);
        bytes32[] memory cut = new bytes32[](size);
        for (uint256 i = 0; i < size; ++i) cut[i] = path[i];
        return Place({index: uint64(index), count: uint64(leaves.length), path: cut});
    }

    function root(bytes32[] memory leaves, uint256 begin, uint256 count) private pure returns (bytes32) {
        if (count == 1) return leaves[begin];
        uint256 left = half(count);
        return node(root(leaves, begin, left), root(leaves, begin + left, count - left));
    }

    function climb(bytes32[] memory leaves, uint256 index, uint256 begin, uint256 count, bytes32[] memory path)
        private
        pure
        returns (uint256 size)
    {
        if (count == 1) return 0;
        uint256 left = half(count);
        bool inLeft = index < begin + left;
        size = inLeft ? climb(leaves, index, begin, left, path) : climb(leaves, index, begin + left, count - left, path);
        path[size++] = inLeft ? root(leaves, begin + left, count - left) : root(leaves, begin, left);
    }

    /// The largest power of two below.
    function half(uint256 count) private pure returns (uint256 left) {
        left = 1;
        while (left * 2 < count) left *= 2;
    }

    function node(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return sha256(bytes.concat(hex"01", left, right));
    }
}

/// Clearing records, encoded item by item.
library Records {
    function integer(int256 value) internal pure returns (bytes memory) {
        return value < 0 ? head(1, uint256(~value)) : head(0, uint256(value));
    }

    function head(uint256 kind, uint256 number) internal pure returns (bytes memory) {
        bytes1 high = bytes1(uint8(kind << 5));
        if (number < 24) return bytes.concat(high | bytes1(uint8(number)));
        uint256 step = 0;
        while (number >> (8 << step) != 0) ++step;
        bytes memory tail = new bytes(1 << step);
        for (uint256 i = 0; i < tail.length; ++i) tail[tail.length - 1 - i] = bytes1(uint8(number >> (8 * i)));
        return bytes.concat(high | bytes1(uint8(24 + step)), tail);
    }

    /// Interval, run, three hashes, the rule, and terms of several kinds.
    function beforeBook() internal pure returns (bytes memory) {
        bytes memory hashes = bytes.concat(hex"5820", bytes32("previous"), hex"5820", bytes32("seed"), hex"5820");
        return bytes.concat(hex"89821a6b49d200190384", hex"00", hashes, bytes32("batch"), hex"811901f4", hex"84814301020380203863");
    }

    /// A record of these lines: all fills in their sequence.
    function record(Fill[] memory lines) internal pure returns (bytes memory) {
        bytes memory book = head(4, lines.length);
        bytes memory fills = book;
        for (uint256 i = 0; i < lines.length; ++i) {
            book = bytes.concat(book, hex"845820", lines[i].id, integer(lines[i].side));
            book = bytes.concat(book, integer(lines[i].quantityWh), integer(lines[i].limitMicroPerKwh));
            fills = bytes.concat(fills, integer(lines[i].filledWh));
        }
        bytes memory price = lines[0].hasPrice ? bytes.concat(hex"81", integer(lines[0].price)) : bytes(hex"80");
        return bytes.concat(beforeBook(), book, hex"83", price, integer(4321), fills);
    }
}
