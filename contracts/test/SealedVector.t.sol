// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Anchor} from "../src/AnchorRegistry.sol";
import {Fill} from "../src/ClearingRecord.sol";
import {DeviceRegistry} from "../src/DeviceRegistry.sol";
import {Disputes, SealedProof} from "../src/Disputes.sol";
import {LogEntry, Order, Place} from "../src/SealedBatch.sol";
import {Formats} from "./SealedSupport.sol";
import {Community} from "./Support.sol";

interface JsonVm {
    function readFile(string calldata path) external view returns (string memory);
    function parseJsonAddress(string calldata json, string calldata key) external pure returns (address);
    function parseJsonBytes(string calldata json, string calldata key) external pure returns (bytes memory);
    function parseJsonBytes32(string calldata json, string calldata key) external pure returns (bytes32);
    function parseJsonBytes32Array(string calldata json, string calldata key) external pure returns (bytes32[] memory);
    function parseJsonInt(string calldata json, string calldata key) external pure returns (int256);
    function parseJsonString(string calldata json, string calldata key) external pure returns (string memory);
}

/// A batch that the controller's own code sealed: tests/chain/sealed_sample.cpp writes sealed_batch.json, and
/// tests/chain/test_oracles.py keeps the two the same. Its fourth order a stranger signed.
contract SealedVectorTest is Community {
    JsonVm private constant JSON = JsonVm(address(vm));
    uint256 private constant ORDERS = 4;
    uint256 private constant FORGED = 3;

    string private text;
    Formats private formats = new Formats();
    DeviceRegistry private devices;
    Disputes private disputes;

    function setUp() public {
        found();
        text = JSON.readFile("test/sealed_batch.json");
        devices = new DeviceRegistry(OWNER, registry, address(this));
        disputes = new Disputes(registry, devices, 0);
        vm.prank(OWNER);
        registry.setGuardian(address(disputes), true);
        for (uint256 i = 0; i < ORDERS; ++i) {
            bytes32 household = orderOf(i).household;
            devices.enrol(household, household);
            bytes32 key = bytes32(uint256(uint160(JSON.parseJsonAddress(text, field(i, "key")))));
            devices.addDevice(household, household, DeviceRegistry.Kind.secp256k1, key, 0, 1);
        }
        Anchor memory a = nextAnchor("settlement");
        (a.logRoot, a.logSize) = (JSON.parseJsonBytes32(text, ".log_root"), placeOf(".log_place").count);
        send(a);
    }

    function field(uint256 order, string memory name) private pure returns (string memory) {
        return string.concat(".orders[", string(abi.encodePacked(uint8(48 + order))), "].", name);
    }

    function number(string memory key) private view returns (int64) {
        return int64(JSON.parseJsonInt(text, key));
    }

    function orderOf(uint256 i) private view returns (Order memory) {
        return Order({
            household: bytes32(bytes(JSON.parseJsonString(text, field(i, "household")))),
            intervalBegin: number(".interval_begin"),
            intervalLength: number(".interval_length"),
            side: uint8(uint64(number(field(i, "side")))),
            quantityWh: number(field(i, "quantity")),
            limitMicroPerKwh: number(field(i, "limit")),
            sequence: number(field(i, "sequence")),
            salt: bytes16(JSON.parseJsonBytes(text, field(i, "salt")))
        });
    }

    function signatureOf(uint256 i) private view returns (bytes memory) {
        return JSON.parseJsonBytes(text, field(i, "signature"));
    }

    function placeOf(string memory key) private view returns (Place memory) {
        return Place({
            index: uint64(number(string.concat(key, ".index"))),
            count: uint64(number(string.concat(key, ".count"))),
            path: JSON.parseJsonBytes32Array(text, string.concat(key, ".path"))
        });
    }

    function proof() private view returns (SealedProof memory p) {
        p.anchors = new Anchor[](1);
        p.anchors[0] = Anchor({
            community: COMMUNITY,
            epoch: 1,
            previous: 0,
            logRoot: JSON.parseJsonBytes32(text, ".log_root"),
            logSize: placeOf(".log_place").count,
            settlementRoot: "settlement",
            volume: 1234
        });
        p.entry = LogEntry({
            intervalBegin: number(".interval_begin"),
            intervalLength: number(".interval_length"),
            run: 0,
            batchRoot: JSON.parseJsonBytes32(text, ".batch_root")
        });
        p.place = placeOf(".log_place");
    }

    function test_what_the_households_sign_is_hashed_as_they_do() public view {
        for (uint256 i = 0; i < ORDERS; ++i) {
            same(disputes.digestOf(orderOf(i)), JSON.parseJsonBytes32(text, field(i, "digest")));
            same(formats.orderId(orderOf(i)), JSON.parseJsonBytes32(text, field(i, "id")));
        }
    }

    function test_the_clearing_is_read_as_it_was_written() public view {
        bytes memory record = JSON.parseJsonBytes(text, ".record");
        for (uint256 i = 0; i < ORDERS; ++i) {
            Order memory order = orderOf(i);
            Fill memory fill = formats.fillOf(record, i);
            same(fill.id, formats.orderId(order));
            same(fill.side, int256(uint256(order.side)));
            same(fill.quantityWh, order.quantityWh);
            same(fill.limitMicroPerKwh, order.limitMicroPerKwh);
            check(fill.hasPrice, "a price");
            same(fill.price, number(".price"));
            same(fill.filledWh, number(field(i, "fill")));
        }
    }

    function test_the_order_that_a_stranger_signed_is_proved() public {
        (SealedProof memory p, Place memory place) = (proof(), placeOf(field(FORGED, "place")));
        disputes.proveOrder(p, orderOf(FORGED), signatureOf(FORGED), place);
        check(disputes.tradeProven(p.entry.batchRoot), "named");
        check(registry.paused(), "stopped");
    }

    function test_the_orders_that_their_households_signed_are_valid() public {
        for (uint256 i = 0; i < FORGED; ++i) {
            (SealedProof memory p, Order memory order, bytes memory signature_) = (proof(), orderOf(i), signatureOf(i));
            Place memory place = placeOf(field(i, "place"));
            refused(Disputes.ValidOrder.selector);
            disputes.proveOrder(p, order, signature_, place);
        }
    }

    function test_the_fills_are_what_the_orders_allow() public {
        bytes memory record = JSON.parseJsonBytes(text, ".record");
        for (uint256 i = 0; i < ORDERS; ++i) {
            (SealedProof memory p, Order memory order, Place memory place) =
                (proof(), orderOf(i), placeOf(".record_place"));
            refused(Disputes.ValidOrder.selector);
            disputes.proveFill(p, order, record, place, i);
        }
    }
}
