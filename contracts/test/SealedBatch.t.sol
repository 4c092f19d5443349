// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ClearingRecord, Fill} from "../src/ClearingRecord.sol";
import {Order, Place, SealedBatch} from "../src/SealedBatch.sol";
import {Formats, Records, RfcTrees} from "./SealedSupport.sol";
import {Test} from "./Support.sol";

/// The formats alone; that they are the controller's is for SealedVector.t.sol.
contract SealedBatchTest is Test {
    Formats private formats = new Formats();

    function leavesOf(uint256 count, uint256 seed) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) leaves[i] = keccak256(abi.encode(seed, i));
    }

    function test_every_leaf_of_every_small_tree_leads_to_its_root() public view {
        for (uint256 count = 1; count <= 17; ++count) {
            bytes32[] memory leaves = leavesOf(count, count);
            for (uint256 i = 0; i < count; ++i) {
                same(formats.rootOver(leaves[i], RfcTrees.place(leaves, i)), RfcTrees.root(leaves));
            }
        }
    }

    function climbRefused(bytes32 leaf, Place memory place) private {
        refused(SealedBatch.NotIncluded.selector);
        formats.rootOver(leaf, place);
    }

    function test_a_path_of_another_length_leads_nowhere() public {
        bytes32[] memory leaves = leavesOf(7, 1);
        Place memory place = RfcTrees.place(leaves, 2);
        Place memory other = Place({index: 2, count: 7, path: new bytes32[](2)});
        (other.path[0], other.path[1]) = (place.path[0], place.path[1]);
        climbRefused(leaves[2], other);
        other.path = new bytes32[](4);
        climbRefused(leaves[2], other);
        other.path = new bytes32[](0);
        climbRefused(leaves[2], other);
        place.index = 7;
        climbRefused(leaves[2], place);
        place = Place({index: 0, count: 0, path: new bytes32[](0)});
        climbRefused(leaves[2], place);
    }

    function test_fuzz_another_index_has_another_root(uint256 count, uint256 index, uint256 wrong) public view {
        count = bounded(count, 2, 70);
        bytes32[] memory leaves = leavesOf(count, count);
        Place memory place = RfcTrees.place(leaves, bounded(index, 0, count - 1));
        bytes32 leaf = leaves[place.index];
        place.index = uint64((place.index + bounded(wrong, 1, count - 1)) % count);
        try formats.rootOver(leaf, place) returns (bytes32 root) {
            check(root != RfcTrees.root(leaves), "another root");
        } catch {}
    }

    function test_fuzz_an_order_changed_in_one_field_is_another(Order memory a, uint256 field) public view {
        Order memory b = abi.decode(abi.encode(a), (Order));
        field %= 8;
        if (field == 0) b.household = ~a.household;
        if (field == 1) b.intervalBegin = ~a.intervalBegin;
        if (field == 2) b.intervalLength = ~a.intervalLength;
        if (field == 3) b.side = ~a.side;
        if (field == 4) b.quantityWh = ~a.quantityWh;
        if (field == 5) b.limitMicroPerKwh = ~a.limitMicroPerKwh;
        if (field == 6) b.sequence = ~a.sequence;
        if (field == 7) b.salt = ~a.salt;
        check(formats.orderId(a) != formats.orderId(b), "another id");
        check(formats.orderLeaf(a, "x") != formats.orderLeaf(b, "x"), "another leaf");
    }

    /// RFC 8949 appendix A has the edges; the encoding of an order is written out by hand.
    function test_an_order_is_encoded_in_the_shortest_form() public view {
        Order memory order = Order({
            household: "hh01",
            intervalBegin: 1_000_000_000_000,
            intervalLength: 900,
            side: 1,
            quantityWh: 24,
            limitMicroPerKwh: -1000,
            sequence: 65536,
            salt: 0x000102030405060708090a0b0c0d0e0f
        });
        bytes memory wanted = bytes.concat(
            hex"87",
            hex"4468683031",
            hex"821b000000e8d4a51000190384",
            hex"01",
            hex"1818",
            hex"3903e7",
            hex"1a00010000",
            hex"50000102030405060708090a0b0c0d0e0f"
        );
        same(formats.orderId(order), sha256(wanted));
        same(
            formats.orderLeaf(order, hex"beef"),
            sha256(bytes.concat(hex"00", order.salt, hex"01", wanted, hex"beef"))
        );
    }

    function test_a_name_of_32_letters_has_a_long_head() public view {
        Order memory order;
        order.household = "abcdefghijklmnopqrstuvwxyz012345";
        bytes memory wanted = bytes.concat(hex"875820", order.household, hex"8200000000000050", bytes16(0));
        same(formats.orderId(order), sha256(wanted));
        order.household = 0;
        same(formats.orderId(order), sha256(bytes.concat(hex"87408200000000000050", bytes16(0))));
    }

    function someLines(uint256 count, int64 number, bool hasPrice) private pure returns (Fill[] memory lines) {
        lines = new Fill[](count);
        for (uint256 i = 0; i < count; ++i) {
            int256 own = int256(number) ^ int256(i);
            lines[i] = Fill({
                id: keccak256(abi.encode(number, i)),
                side: int256(i % 2),
                quantityWh: own,
                limitMicroPerKwh: ~own,
                hasPrice: hasPrice,
                price: hasPrice ? int256(number) / 2 : int256(0),
                filledWh: own / 3
            });
        }
    }

    function test_fuzz_a_line_is_read_back(uint256 count, int64 number, uint256 line, bool hasPrice) public view {
        Fill[] memory lines = someLines(bounded(count, 1, 30), number, hasPrice);
        line %= lines.length;
        Fill memory read = formats.fillOf(Records.record(lines), line);
        same(keccak256(abi.encode(read)), keccak256(abi.encode(lines[line])));
    }

    function readRefused(bytes memory record, uint256 line) private {
        refused(ClearingRecord.BadRecord.selector);
        formats.fillOf(record, line);
    }

    function test_a_record_cut_anywhere_is_refused() public {
        bytes memory whole = Records.record(someLines(2, 1000, true));
        for (uint256 size = 0; size < whole.length; ++size) {
            bytes memory cut = new bytes(size);
            for (uint256 i = 0; i < size; ++i) cut[i] = whole[i];
            readRefused(cut, 1);
        }
    }

    /// Everything behind the terms, each time with one thing wrong.
    function test_what_is_no_clearing_record_is_refused() public {
        readRefused(Records.record(someLines(3, 1000, true)), 3);
        readRefused(hex"88", 0);
        readRefused(hex"40", 0);
        readRefused(hex"9f", 0);
        bytes memory id = bytes.concat(hex"5820", bytes32("id"));
        afterTerms(bytes.concat(hex"8183", id, hex"0001"));
        afterTerms(hex"8180");
        afterTerms(bytes.concat(hex"8184581f", bytes31("id"), hex"0001028380038100"));
        afterTerms(bytes.concat(hex"8184", hex"04", hex"000102"));
        afterTerms(bytes.concat(hex"8184", id, hex"4001028380038100"));
        afterTerms(bytes.concat(hex"8184", id, hex"0001028280038100"));
        afterTerms(bytes.concat(hex"8184", id, hex"00010283820000038100"));
        afterTerms(bytes.concat(hex"8184", id, hex"000102838003820000"));
        afterTerms(bytes.concat(hex"8184", id, hex"0001028380038140"));
    }

    function afterTerms(bytes memory rest) private {
        readRefused(bytes.concat(Records.beforeBook(), rest), 0);
    }
}
