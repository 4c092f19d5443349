// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Anchor, AnchorRegistry} from "../src/AnchorRegistry.sol";
import {Fill} from "../src/ClearingRecord.sol";
import {DeviceRegistry} from "../src/DeviceRegistry.sol";
import {Disputes, SealedProof} from "../src/Disputes.sol";
import {LogEntry, Order, Place, SealedBatch} from "../src/SealedBatch.sol";
import {Formats, Records, RfcTrees} from "./SealedSupport.sol";
import {Community} from "./Support.sol";

/// Batches of a clearing record, three orders, a reading and a statement, in a log of several entries.
contract TradeDisputesTest is Community {
    uint256 private constant KEY = 0x0de;
    uint256 private constant STRANGER = 0xbad;
    uint256 private constant ORDER_OF_GROUP = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    int64 private constant BEGIN = 1_800_000_000;
    uint256 private constant LINE = 1;

    struct Sealed {
        bytes32[] leaves;
        bytes32[] log;
        bytes record;
        SealedProof proof;
    }

    Formats private formats = new Formats();
    DeviceRegistry private devices;
    Disputes private disputes;

    function setUp() public {
        found();
        devices = new DeviceRegistry(OWNER, registry, address(this));
        disputes = new Disputes(registry, devices, 0);
        vm.prank(OWNER);
        registry.setGuardian(address(disputes), true);
        devices.enrol("hh01", "C1");
        addKey("hh01", "hh01", KEY, 1);
    }

    function addKey(bytes32 device, bytes32 household, uint256 key, uint64 from) private {
        devices.addDevice(device, household, DeviceRegistry.Kind.secp256k1, xOf(key), 0, from);
    }

    function xOf(uint256 key) private pure returns (bytes32) {
        return bytes32(uint256(uint160(vm.addr(key))));
    }

    function anOrder() private pure returns (Order memory) {
        return Order({
            household: "hh01",
            intervalBegin: BEGIN,
            intervalLength: 900,
            side: 0,
            quantityWh: 1000,
            limitMicroPerKwh: 250_000,
            sequence: 7,
            salt: "salt"
        });
    }

    function signed(Order memory order, uint256 key) private view returns (bytes memory) {
        (, bytes32 r, bytes32 s) = vm.sign(key, disputes.digestOf(order));
        return abi.encodePacked(r, s);
    }

    /// What an honest clearing says of an order that is filled whole.
    function fairFill(Order memory order) private view returns (Fill memory) {
        return Fill({
            id: formats.orderId(order),
            side: int256(uint256(order.side)),
            quantityWh: order.quantityWh,
            limitMicroPerKwh: order.limitMicroPerKwh,
            hasPrice: true,
            price: order.limitMicroPerKwh,
            filledWh: order.quantityWh
        });
    }

    /// A batch with that order at leaf 2 and that fill in its line.
    function batchOf(Order memory order, bytes memory signature, Fill memory fill) private view returns (Sealed memory b) {
        Fill[] memory lines = new Fill[](3);
        for (uint256 i = 0; i < 3; ++i) {
            lines[i] = fill;
            if (i != LINE) lines[i] = Fill(bytes32(i), 1, 500, 0, fill.hasPrice, fill.price, 500);
        }
        b.record = Records.record(lines);
        b.leaves = new bytes32[](6);
        for (uint256 i = 1; i < 6; ++i) b.leaves[i] = keccak256(abi.encode("leaf", i));
        b.leaves[0] = formats.clearingLeaf(b.record);
        b.leaves[2] = formats.orderLeaf(order, signature);
    }

    /// Anchored as entry 3 of a log of ten, or of ten more than was anchored before.
    function anchored(Sealed memory b) private returns (Sealed memory) {
        b.proof.entry = LogEntry(BEGIN, 900, 0, RfcTrees.root(b.leaves));
        Anchor memory a = nextAnchor("settlement");
        b.log = new bytes32[](a.logSize);
        for (uint256 i = 0; i < a.logSize; ++i) b.log[i] = keccak256(abi.encode("entry", i));
        b.log[3] = formats.logLeaf(b.proof.entry);
        b.proof.place = RfcTrees.place(b.log, 3);
        a.logRoot = RfcTrees.root(b.log);
        send(a);
        b.proof.anchors = new Anchor[](1);
        b.proof.anchors[0] = a;
        return b;
    }

    function sealedOrder(Order memory order, bytes memory signature) private returns (Sealed memory) {
        return anchored(batchOf(order, signature, fairFill(order)));
    }

    function sealedFill(Order memory order, Fill memory fill) private returns (Sealed memory) {
        return anchored(batchOf(order, signed(order, KEY), fill));
    }

    function proveOrder(Sealed memory b, Order memory order, bytes memory signature) private {
        disputes.proveOrder(b.proof, order, signature, RfcTrees.place(b.leaves, 2));
    }

    function orderRefused(Sealed memory b, Order memory order, bytes memory signature, bytes4 why) private {
        placeRefused(b, order, signature, RfcTrees.place(b.leaves, 2), why);
    }

    function placeRefused(
        Sealed memory b,
        Order memory order,
        bytes memory signature,
        Place memory place,
        bytes4 why
    ) private {
        bool wasPaused = registry.paused();
        refused(why);
        disputes.proveOrder(b.proof, order, signature, place);
        check(registry.paused() == wasPaused, "nothing stopped");
    }

    function recordRefused(Sealed memory b, Order memory order, Place memory place, uint256 line, bytes4 why) private {
        refused(why);
        disputes.proveFill(b.proof, order, b.record, place, line);
        check(!registry.paused(), "nothing stopped");
    }

    function proveFill(Sealed memory b, Order memory order) private {
        disputes.proveFill(b.proof, order, b.record, RfcTrees.place(b.leaves, 0), LINE);
    }

    function fillRefused(Sealed memory b, Order memory order, bytes4 why) private {
        recordRefused(b, order, RfcTrees.place(b.leaves, 0), LINE, why);
    }

    function stopped(Sealed memory b) private view {
        check(disputes.tradeProven(b.proof.entry.batchRoot), "named");
        check(registry.paused(), "stopped");
    }

    // An order that its household did not sign.

    function test_an_order_that_a_stranger_signed_stops_the_registry_once() public {
        Order memory order = anOrder();
        bytes memory signature = signed(order, STRANGER);
        Sealed memory b = sealedOrder(order, signature);
        Place memory place = RfcTrees.place(b.leaves, 2);
        bytes32 id = formats.orderId(order);
        vm.expectEmit(address(disputes));
        emit Disputes.TradeWithoutOrder(b.proof.entry.batchRoot, id, 1);
        disputes.proveOrder(b.proof, order, signature, place);
        stopped(b);
        orderRefused(b, order, signature, Disputes.AlreadyProven.selector);
        vm.prank(OWNER);
        registry.unpause();
        orderRefused(b, order, signature, Disputes.AlreadyProven.selector);
    }

    function test_a_final_epoch_can_be_disputed_too() public {
        Order memory order = anOrder();
        Sealed memory b = sealedOrder(order, signed(order, STRANGER));
        pass(WINDOW);
        same(registry.finalEpoch(), 1);
        proveOrder(b, order, signed(order, STRANGER));
        stopped(b);
    }

    function test_an_order_without_a_signature_or_with_another_length_is_not_signed() public {
        Order memory order = anOrder();
        bytes memory longer = bytes.concat(signed(order, KEY), hex"1b");
        bytes[2] memory signatures_ = [bytes(""), longer];
        for (uint256 i = 0; i < 2; ++i) {
            Sealed memory b = sealedOrder(order, signatures_[i]);
            proveOrder(b, order, signatures_[i]);
            stopped(b);
            vm.prank(OWNER);
            registry.unpause();
            order.sequence = 8;
            signatures_[1] = bytes.concat(signed(order, KEY), hex"1b");
        }
    }

    function test_fuzz_what_the_household_signed_is_never_a_proof(Order memory order, uint256 key) public {
        (order.household, order.intervalBegin, order.intervalLength) = ("hh02", BEGIN, 900);
        key = bounded(key, 1, ORDER_OF_GROUP - 1);
        devices.enrol("hh02", "C2");
        addKey("hh02", "hh02", key, 1);
        Sealed memory b = sealedOrder(order, signed(order, key));
        orderRefused(b, order, signed(order, key), Disputes.ValidOrder.selector);
    }

    function test_fuzz_what_anybody_else_signed_is(Order memory order, uint256 key) public {
        (order.household, order.intervalBegin, order.intervalLength) = ("hh01", BEGIN, 900);
        key = bounded(key, 1, ORDER_OF_GROUP - 1);
        vm.assume(key != KEY);
        Sealed memory b = sealedOrder(order, signed(order, key));
        proveOrder(b, order, signed(order, key));
        stopped(b);
    }

    /// Neither in place of the signature that was sealed, nor if it was sealed itself: the household made it.
    function test_a_signature_with_the_high_s_is_no_proof() public {
        Order memory order = anOrder();
        (, bytes32 r, bytes32 s) = vm.sign(KEY, disputes.digestOf(order));
        bytes memory high = abi.encodePacked(r, ORDER_OF_GROUP - uint256(s));
        Sealed memory b = sealedOrder(order, signed(order, KEY));
        orderRefused(b, order, high, SealedBatch.NotIncluded.selector);
        orderRefused(sealedOrder(order, high), order, high, Disputes.ValidOrder.selector);
    }

    function test_an_order_for_another_interval_needs_no_look_at_its_signature() public {
        Order memory order = anOrder();
        order.intervalBegin += 900;
        Sealed memory b = sealedOrder(order, signed(order, KEY));
        proveOrder(b, order, signed(order, KEY));
        stopped(b);
        vm.prank(OWNER);
        registry.unpause();
        order = anOrder();
        order.intervalLength = 300;
        order.household = "nobody";
        b = sealedOrder(order, "");
        proveOrder(b, order, "");
        stopped(b);
    }

    function test_without_a_key_of_the_household_nothing_can_be_said() public {
        Order memory order = anOrder();
        order.household = "hh02";
        Sealed memory b = sealedOrder(order, "");
        orderRefused(b, order, "", Disputes.NoOrderKey.selector);
        // Nor by a device of that name at another house, a meter of that name, or a key that comes later.
        devices.enrol("hh02", "C2");
        addKey("hh02", "hh01", STRANGER, 2);
        orderRefused(b, order, "", Disputes.NoOrderKey.selector);
        order.household = "hh03";
        devices.enrol("hh03", "C3");
        (uint256 x, uint256 y) = vm.publicKeyP256(7);
        devices.addDevice("hh03", "hh03", DeviceRegistry.Kind.p256, bytes32(x), bytes32(y), 2);
        b = sealedOrder(order, "");
        orderRefused(b, order, "", Disputes.NoOrderKey.selector);
        order.household = "hh04";
        devices.enrol("hh04", "C4");
        addKey("hh04", "hh04", STRANGER, 4);
        b = sealedOrder(order, "");
        same(registry.epoch(), 3);
        orderRefused(b, order, "", Disputes.NoOrderKey.selector);
        b = sealedOrder(order, "");
        proveOrder(b, order, "");
        stopped(b);
    }

    /// An order is signed before its batch is sealed, and a batch may be anchored late.
    function test_a_key_that_has_ended_counts_and_one_that_begins_later_does_not() public {
        devices.rotate("hh01", DeviceRegistry.Kind.secp256k1, xOf(STRANGER), 0, 3);
        Order memory order = anOrder();
        bytes memory byNew = signed(order, STRANGER);
        Sealed memory early = sealedOrder(order, byNew);
        Anchor[] memory chain = new Anchor[](4);
        (chain[0], chain[1]) = (early.proof.anchors[0], anchorNext("two"));
        Sealed memory late = sealedOrder(order, signed(order, KEY));
        chain[2] = late.proof.anchors[0];
        orderRefused(late, order, signed(order, KEY), Disputes.ValidOrder.selector);
        late = sealedOrder(order, byNew);
        chain[3] = late.proof.anchors[0];
        orderRefused(late, order, byNew, Disputes.ValidOrder.selector);
        early.proof.anchors = chain;
        proveOrder(early, order, byNew);
        stopped(early);
    }

    // A clearing that contradicts an order of its book.

    function test_a_fill_beyond_the_quantity_stops_the_registry() public {
        Order memory order = anOrder();
        Fill memory fill = fairFill(order);
        fill.filledWh = 1001;
        Sealed memory b = sealedFill(order, fill);
        proveFill(b, order);
        stopped(b);
    }

    function test_every_contradiction_is_one() public {
        for (uint256 i = 0; i < 8; ++i) {
            Order memory order = anOrder();
            if (i > 5) order.side = 1;
            pass(WINDOW);
            order.sequence = int64(uint64(i));
            Fill memory fill = fairFill(order);
            if (i == 0) fill.filledWh = -1;
            if (i == 1) fill.price += 1;
            if (i == 2) fill.quantityWh += 1;
            if (i == 3) fill.limitMicroPerKwh += 1;
            if (i == 4) fill.side = 1;
            if (i == 5) (fill.hasPrice, fill.price) = (false, 0);
            if (i == 6) fill.price -= 1;
            if (i == 7) fill.side = 0;
            Sealed memory b = sealedFill(order, fill);
            proveFill(b, order);
            stopped(b);
            vm.prank(OWNER);
            registry.unpause();
        }
    }

    function test_fuzz_a_fill_within_the_order_is_no_proof(Order memory order, uint256 filled, uint256 better) public {
        order.side %= 2;
        order.quantityWh = int64(int256(bounded(uint64(order.quantityWh), 1, 1e15)));
        Fill memory fill = fairFill(order);
        fill.filledWh = int256(filled % uint256(uint64(order.quantityWh) + 1));
        int256 by = int256(better % 1e6);
        fill.price += order.side == 0 ? -by : by;
        vm.assume(fill.price >= type(int64).min && fill.price <= type(int64).max);
        fillRefused(sealedFill(order, fill), order, Disputes.ValidOrder.selector);
    }

    function test_an_order_that_was_not_filled_needs_no_price() public {
        Order memory order = anOrder();
        Fill memory fill = fairFill(order);
        (fill.filledWh, fill.price) = (0, 260_000);
        fillRefused(sealedFill(order, fill), order, Disputes.ValidOrder.selector);
        (fill.hasPrice, fill.price) = (false, 0);
        fillRefused(sealedFill(order, fill), order, Disputes.ValidOrder.selector);
    }

    function test_another_order_or_another_line_is_not_the_one_that_was_filled() public {
        Order memory order = anOrder();
        Fill memory fill = fairFill(order);
        fill.filledWh = 1001;
        Sealed memory b = sealedFill(order, fill);
        recordRefused(b, order, RfcTrees.place(b.leaves, 0), LINE + 1, Disputes.NotInBook.selector);
        order.quantityWh = 500;
        fillRefused(b, order, Disputes.NotInBook.selector);
    }

    // What is in no sealed batch.

    function test_a_record_or_order_that_is_not_in_the_batch_is_refused() public {
        Order memory order = anOrder();
        bytes memory forged = signed(order, STRANGER);
        Sealed memory b = sealedOrder(order, signed(order, KEY));
        orderRefused(b, order, forged, SealedBatch.NotIncluded.selector);
        Fill memory fill = fairFill(order);
        fill.filledWh = 1001;
        b.record = batchOf(order, forged, fill).record;
        fillRefused(b, order, SealedBatch.NotIncluded.selector);
    }

    function test_a_wrong_index_and_a_path_cut_short_are_refused() public {
        Order memory order = anOrder();
        bytes memory forged = signed(order, STRANGER);
        Sealed memory b = sealedOrder(order, forged);
        Place memory place = RfcTrees.place(b.leaves, 2);
        place.index = 3;
        placeRefused(b, order, forged, place, SealedBatch.NotIncluded.selector);
        place.index = 2;
        place.count = 3;
        placeRefused(b, order, forged, place, SealedBatch.NotIncluded.selector);
        place = RfcTrees.place(b.leaves, 2);
        bytes32[] memory path = place.path;
        assembly ("memory-safe") {
            mstore(path, sub(mload(path), 1))
        }
        placeRefused(b, order, forged, place, SealedBatch.NotIncluded.selector);
        b.proof.place.index = 2;
        orderRefused(b, order, forged, SealedBatch.NotIncluded.selector);
        (b.proof.place.index, b.proof.place.count) = (3, 9);
        orderRefused(b, order, forged, SealedBatch.NotIncluded.selector);
        b.proof.place.count = 10;
        b.proof.entry.run = 1;
        orderRefused(b, order, forged, SealedBatch.NotIncluded.selector);
        b.proof.entry.run = 0;
        b.proof.entry.intervalBegin += 900;
        orderRefused(b, order, forged, SealedBatch.NotIncluded.selector);
        b.proof.entry.intervalBegin -= 900;
        proveOrder(b, order, forged);
        stopped(b);
    }

    /// The same bytes under another kind, as a leaf without a kind, and as an inner node: none is an order's leaf.
    function test_what_is_no_leaf_of_an_order_is_never_taken_for_one() public {
        Order memory order = anOrder();
        bytes memory forged = signed(order, STRANGER);
        bytes memory body = encoded(order);
        same(sha256(body), formats.orderId(order));
        bytes[5] memory others = [
            bytes.concat(hex"00", order.salt, hex"02", body, forged),
            bytes.concat(hex"00", order.salt, hex"03", body, forged),
            bytes.concat(hex"00", bytes16(0), hex"00", body, forged),
            bytes.concat(hex"00", body, forged),
            bytes.concat(hex"01", order.salt, hex"01", body, forged)
        ];
        for (uint256 i = 0; i < others.length; ++i) {
            Sealed memory b = batchOf(order, forged, fairFill(order));
            b.leaves[2] = sha256(others[i]);
            orderRefused(anchored(b), order, forged, SealedBatch.NotIncluded.selector);
        }
    }

    /// A household chooses its salt and signs what it likes, but no leaf is a node: the first byte tells them apart. So
    /// 64 bytes of a node cannot be handed in as a record, nor a whole tree as a batch.
    function test_an_inner_node_is_no_leaf_and_no_batch() public {
        Order memory order = anOrder();
        bytes memory forged = signed(order, STRANGER);
        Sealed memory b = anchored(batchOf(order, forged, fairFill(order)));
        Place memory place = RfcTrees.place(b.leaves, 0);
        Place memory above = Place(0, 3, new bytes32[](2));
        (above.path[0], above.path[1]) = (place.path[1], place.path[2]);
        b.record = bytes.concat(b.leaves[0], b.leaves[1]);
        recordRefused(b, order, above, LINE, SealedBatch.NotIncluded.selector);
        b.record = bytes.concat(hex"01", b.record);
        recordRefused(b, order, above, LINE, SealedBatch.NotIncluded.selector);
        // The log's own inner node as a batch root: the entry that would say so is not there.
        b.proof.entry.batchRoot = RfcTrees.node(b.log[2], b.log[3]);
        orderRefused(b, order, forged, SealedBatch.NotIncluded.selector);
    }

    function encoded(Order memory o) private pure returns (bytes memory) {
        return bytes.concat(
            hex"874468683031821a6b49d200190384",
            Records.integer(int256(uint256(o.side))),
            Records.integer(o.quantityWh),
            Records.integer(o.limitMicroPerKwh),
            Records.integer(o.sequence),
            hex"50",
            o.salt
        );
    }

    // What is in no anchored log.

    function test_a_log_that_is_not_anchored_or_of_another_community_is_refused() public {
        Order memory order = anOrder();
        bytes memory forged = signed(order, STRANGER);
        Sealed memory b = sealedOrder(order, forged);
        Anchor memory own = b.proof.anchors[0];
        b.proof.anchors = new Anchor[](0);
        orderRefused(b, order, forged, Disputes.NotAnchored.selector);
        b.proof.anchors = new Anchor[](1);
        b.proof.anchors[0] = own;
        b.proof.anchors[0].volume += 1;
        orderRefused(b, order, forged, Disputes.NotAnchored.selector);
        own.volume -= 1;
        own.community = "Mondfeld";
        orderRefused(b, order, forged, Disputes.NotAnchored.selector);

        // Anchored there, by the same attesters, and disputed here.
        AnchorRegistry here = registry;
        registry = newRegistry("Mondfeld");
        own = nextAnchor("settlement");
        (own.community, own.logRoot, own.logSize) = ("Mondfeld", RfcTrees.root(b.log), 10);
        send(own);
        b.proof.anchors[0] = own;
        registry = here;
        orderRefused(b, order, forged, Disputes.NotAnchored.selector);
    }

    function test_an_older_epoch_is_proved_by_the_anchors_after_it() public {
        Order memory order = anOrder();
        bytes memory forged = signed(order, STRANGER);
        Sealed memory b = sealedOrder(order, forged);
        Anchor[] memory chain = new Anchor[](3);
        chain[0] = b.proof.anchors[0];
        chain[1] = anchorNext("two");
        chain[2] = anchorNext("three");
        orderRefused(b, order, forged, Disputes.NotAnchored.selector);
        b.proof.anchors = new Anchor[](2);
        (b.proof.anchors[0], b.proof.anchors[1]) = (chain[0], chain[2]);
        orderRefused(b, order, forged, Disputes.NotAnchored.selector);
        b.proof.anchors = chain;
        proveOrder(b, order, forged);
        stopped(b);
    }

    function test_a_vetoed_epoch_is_undone_and_proves_nothing() public {
        Order memory order = anOrder();
        bytes memory forged = signed(order, STRANGER);
        Sealed memory b = sealedOrder(order, forged);
        vm.prank(GUARDIAN);
        registry.veto(1);
        orderRefused(b, order, forged, AnchorRegistry.NotRewound.selector);
        registry.rewind(b.proof.anchors);
        orderRefused(b, order, forged, Disputes.NotAnchored.selector);
    }

    function test_who_is_no_guardian_proves_nothing() public {
        vm.prank(OWNER);
        registry.setGuardian(address(disputes), false);
        Order memory order = anOrder();
        Sealed memory b = sealedOrder(order, "");
        orderRefused(b, order, "", AnchorRegistry.NotGuardian.selector);
        check(!disputes.tradeProven(b.proof.entry.batchRoot), "may be proved later");
    }
}
