// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// What a clearing says of one order of its book.
struct Fill {
    bytes32 id;
    int256 side;
    int256 quantityWh;
    int256 limitMicroPerKwh;
    bool hasPrice;
    int256 price;
    int256 filledWh;
}

/// Reads one order's line of a clearing record (deterministic CBOR of integers, byte strings and arrays):
///
///     [interval, run, previous batch, seed, seed batch, rule, terms,
///      [[id, side, quantity, limit], ...], [[price] or [], volume, [fill, ...]]]
library ClearingRecord {
    error BadRecord();

    uint256 private constant UNSIGNED = 0;
    uint256 private constant NEGATIVE = 1;
    uint256 private constant BYTES = 2;
    uint256 private constant ARRAY = 4;
    /// Items of a record, and how many of them stand before the book.
    uint256 private constant FIELDS = 9;
    uint256 private constant BEFORE_BOOK = 7;

    function fillOf(bytes calldata record, uint256 line) internal pure returns (Fill memory fill) {
        uint256 offset = _skip(record, _list(record, 0, FIELDS), BEFORE_BOOK);
        uint256 count;
        (count, offset) = _array(record, offset);
        if (line >= count) revert BadRecord();
        offset = _order(record, _skip(record, offset, line), fill);
        offset = _list(record, _skip(record, offset, count - line - 1), 3);
        offset = _price(record, offset, fill);
        uint256 fills;
        (fills, offset) = _array(record, _skip(record, offset, 1));
        if (fills != count) revert BadRecord();
        (fill.filledWh,) = _integer(record, _skip(record, offset, line));
    }

    function _order(bytes calldata record, uint256 offset, Fill memory fill) private pure returns (uint256) {
        (uint256 kind, uint256 size, uint256 from) = _head(record, _list(record, offset, 4));
        if (kind != BYTES || size != 32 || from + 32 > record.length) revert BadRecord();
        fill.id = bytes32(record[from:from + 32]);
        (fill.side, offset) = _integer(record, from + 32);
        (fill.quantityWh, offset) = _integer(record, offset);
        (fill.limitMicroPerKwh, offset) = _integer(record, offset);
        return offset;
    }

    function _price(bytes calldata record, uint256 offset, Fill memory fill) private pure returns (uint256) {
        uint256 count;
        (count, offset) = _array(record, offset);
        if (count > 1) revert BadRecord();
        fill.hasPrice = count == 1;
        if (fill.hasPrice) (fill.price, offset) = _integer(record, offset);
        return offset;
    }

    /// The place behind so many items, whatever they hold.
    function _skip(bytes calldata record, uint256 offset, uint256 items) private pure returns (uint256) {
        for (; items > 0; --items) {
            uint256 kind;
            uint256 number;
            (kind, number, offset) = _head(record, offset);
            if (kind == BYTES) offset += number;
            else if (kind == ARRAY) items += number;
        }
        return offset;
    }

    /// The place of the first item of an array that has so many.
    function _list(bytes calldata record, uint256 offset, uint256 wanted) private pure returns (uint256 first) {
        uint256 count;
        (count, first) = _array(record, offset);
        if (count != wanted) revert BadRecord();
    }

    function _array(bytes calldata record, uint256 offset) private pure returns (uint256 count, uint256 first) {
        uint256 kind;
        (kind, count, first) = _head(record, offset);
        if (kind != ARRAY) revert BadRecord();
    }

    function _integer(bytes calldata record, uint256 offset) private pure returns (int256 value, uint256 next) {
        uint256 kind;
        uint256 number;
        (kind, number, next) = _head(record, offset);
        if (kind > NEGATIVE) revert BadRecord();
        value = kind == UNSIGNED ? int256(number) : ~int256(number);
    }

    /// What begins at a place: the kind of the item, its number, and the place behind them.
    function _head(bytes calldata record, uint256 offset)
        private
        pure
        returns (uint256 kind, uint256 number, uint256 next)
    {
        if (offset >= record.length) revert BadRecord();
        uint256 first = uint8(record[offset]);
        (kind, number, next) = (first >> 5, first & 31, offset + 1);
        if (number < 24) return (kind, number, next);
        // 24, 25, 26 and 27 stand for numbers of 1, 2, 4 and 8 bytes.
        uint256 size = 1 << (number - 24);
        if (size > 8 || next + size > record.length) revert BadRecord();
        number = 0;
        for (uint256 end = next + size; next < end; ++next) number = (number << 8) | uint8(record[next]);
    }
}
