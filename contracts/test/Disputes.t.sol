// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Anchor} from "../src/AnchorRegistry.sol";
import {DeviceRegistry} from "../src/DeviceRegistry.sol";
import {Disputes, Reading} from "../src/Disputes.sol";
import {Community} from "./Support.sol";

contract DisputesTest is Community {
    DeviceRegistry private devices;
    Disputes private disputes;

    function setUp() public {
        found();
        devices = new DeviceRegistry(OWNER, registry, address(this));
        disputes = new Disputes(registry, devices, 0);
        vm.prank(OWNER);
        registry.setGuardian(address(disputes), true);
        devices.enrol("H1", "C1");
        (uint256 x, uint256 y) = vm.publicKeyP256(7);
        devices.addDevice("M1", "H1", DeviceRegistry.Kind.p256, bytes32(x), bytes32(y), 1);
    }

    function pairOf() private view returns (Anchor memory a, Anchor memory b) {
        (a, b) = (nextAnchor("one"), nextAnchor("two"));
    }

    function prove(Anchor memory a, Anchor memory b, uint256 keyA, uint256 keyB) private {
        disputes.proveAttester(a, b, signature(keyA, registry.digest(a)), signature(keyB, registry.digest(b)));
    }

    function proveRefused(Anchor memory a, Anchor memory b, uint256 keyA, uint256 keyB, bytes4 why) private {
        (bytes memory byA, bytes memory byB) =
            (signature(keyA, registry.digest(a)), signature(keyB, registry.digest(b)));
        refused(why);
        disputes.proveAttester(a, b, byA, byB);
    }

    function test_an_attester_of_two_anchors_stops_the_registry() public {
        (Anchor memory a, Anchor memory b) = pairOf();
        send(a);
        prove(a, b, keys[1], keys[1]);
        check(disputes.attesterProven(vm.addr(keys[1]), 1), "named");
        check(registry.paused(), "stopped");
        proveRefused(a, b, keys[1], keys[1], Disputes.AlreadyProven.selector);
    }

    function test_what_is_no_contradiction_is_refused() public {
        (Anchor memory a, Anchor memory b) = pairOf();
        proveRefused(a, a, keys[1], keys[1], Disputes.SameContent.selector);
        proveRefused(a, b, keys[1], keys[2], Disputes.DifferentSigners.selector);
        proveRefused(a, b, 0xbad, 0xbad, Disputes.NotAnAttester.selector);
        b.epoch = 2;
        proveRefused(a, b, keys[1], keys[1], Disputes.NotTheSameSlot.selector);
        (a, b) = pairOf();
        b.community = "Mondfeld";
        proveRefused(a, b, keys[1], keys[1], Disputes.WrongCommunity.selector);
        proveRefused(b, b, keys[1], keys[1], Disputes.WrongCommunity.selector);
        check(!registry.paused(), "nothing stopped");
    }

    function test_signing_anew_after_a_veto_is_no_fraud() public {
        (Anchor memory a, Anchor memory b) = pairOf();
        send(a);
        vm.prank(GUARDIAN);
        registry.veto(1);
        Anchor[] memory chain = new Anchor[](1);
        chain[0] = a;
        registry.rewind(chain);
        send(b);
        proveRefused(a, b, keys[1], keys[1], Disputes.Vetoed.selector);
        proveRefused(b, a, keys[1], keys[1], Disputes.Vetoed.selector);
    }

    function reading(uint256 importWh) private pure returns (Reading memory) {
        return Reading({
            meter: "M1",
            time: 1_800_000_000,
            importWh: importWh,
            exportWh: 5,
            sequence: 17,
            salt: bytes16("salt"),
            raw: keccak256("raw")
        });
    }

    function proveDevice(Reading memory a, Reading memory b, uint256 key, bytes4 why) private {
        bytes memory byA = signatureP256(key, disputes.digestOf(a));
        bytes memory byB = signatureP256(7, disputes.digestOf(b));
        if (why != 0) refused(why);
        disputes.proveDevice(a, b, 1, byA, byB);
    }

    function test_a_device_of_two_readings_is_named_and_stops_nobody() public {
        (Reading memory a, Reading memory b) = (reading(100), reading(90));
        proveDevice(a, b, 8, Disputes.InvalidSignature.selector);
        proveDevice(a, a, 7, Disputes.SameContent.selector);
        proveDevice(a, b, 7, 0);
        check(disputes.deviceProven("M1", 17), "named");
        check(!registry.paused(), "not stopped");
        proveDevice(a, b, 7, Disputes.AlreadyProven.selector);
        b.sequence = 18;
        proveDevice(a, b, 7, Disputes.NotTheSameSlot.selector);
        b = reading(90);
        b.meter = "M2";
        proveDevice(a, b, 7, Disputes.NotTheSameSlot.selector);
    }

    function test_the_second_signature_counts_too() public {
        (Reading memory a, Reading memory b) = (reading(100), reading(90));
        bytes memory byA = signatureP256(7, disputes.digestOf(a));
        refused(Disputes.InvalidSignature.selector);
        disputes.proveDevice(a, b, 1, byA, byA);
    }

    /// The digest is the one the meters' gateways sign: a domain of name, version and chain id 0, no contract.
    function test_a_reading_is_hashed_as_the_gateways_do() public view {
        Reading memory r = reading(100);
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId)"),
                keccak256("Commonwatt"),
                keccak256("1"),
                uint256(0)
            )
        );
        bytes32 body = keccak256(
            abi.encode(
                keccak256(
                    "Reading(bytes32 meter,uint256 time,uint256 importWh,uint256 exportWh,uint256 sequence,bytes16 salt,bytes32 raw)"
                ),
                r
            )
        );
        same(disputes.digestOf(r), keccak256(abi.encodePacked(hex"1901", domain, body)));
    }
}
