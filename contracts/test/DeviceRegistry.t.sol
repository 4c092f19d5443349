// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {DeviceRegistry} from "../src/DeviceRegistry.sol";
import {Community} from "./Support.sol";

contract DeviceRegistryTest is Community {
    bytes32 private constant DIGEST = keccak256("reading");
    DeviceRegistry private devices;

    function setUp() public {
        found();
        devices = new DeviceRegistry(OWNER, registry, address(this));
        devices.enrol("H1", "C1");
    }

    function addMeter(uint256 key, uint64 from) private {
        (uint256 x, uint256 y) = vm.publicKeyP256(key);
        devices.addDevice("M1", "H1", DeviceRegistry.Kind.p256, bytes32(x), bytes32(y), from);
    }

    function rotateMeter(uint256 key, uint64 from) private {
        (uint256 x, uint256 y) = vm.publicKeyP256(key);
        devices.rotate("M1", DeviceRegistry.Kind.p256, bytes32(x), bytes32(y), from);
    }

    function rotateRefused(uint256 key, uint64 from, bytes4 why) private {
        (uint256 x, uint256 y) = vm.publicKeyP256(key);
        refused(why);
        devices.rotate("M1", DeviceRegistry.Kind.p256, bytes32(x), bytes32(y), from);
    }

    function test_one_household_one_connection() public {
        same(devices.connectionOf("H1"), "C1");
        same(devices.householdAt("C1"), "H1");
        refused(DeviceRegistry.HouseholdKnown.selector);
        devices.enrol("H1", "C2");
        refused(DeviceRegistry.ConnectionTaken.selector);
        devices.enrol("H2", "C1");
        refused(DeviceRegistry.ZeroId.selector);
        devices.enrol(0, "C2");
        refused(DeviceRegistry.ZeroId.selector);
        devices.enrol("H2", 0);
        devices.enrol("H2", "C2");
    }

    function test_a_meter_signs_with_the_key_of_the_epoch() public {
        addMeter(7, 1);
        rotateMeter(8, 5);
        devices.revoke("M1", 9);
        rotateMeter(9, 12);
        uint256[14] memory valid = [uint256(0), 7, 7, 7, 7, 8, 8, 8, 8, 0, 0, 0, 9, 9];
        for (uint64 epoch = 0; epoch < 14; ++epoch) {
            for (uint256 key = 7; key <= 9; ++key) {
                check(
                    devices.verify("M1", epoch, DIGEST, signatureP256(key, DIGEST)) == (valid[epoch] == key),
                    "exactly the epoch's key"
                );
            }
        }
        same(devices.keyCount("M1"), 3);
        same(devices.keyOf("M1", 0).validTo, 5);
        same(devices.householdOf("M1"), "H1");
    }

    function test_the_precompile_and_the_contract_judge_alike() public {
        addMeter(7, 1);
        bytes memory good = signatureP256(7, DIGEST);
        bytes memory bad = signatureP256(8, DIGEST);
        check(devices.verify("M1", 1, DIGEST, good), "without the precompile");
        check(!devices.verify("M1", 1, DIGEST, bad), "without the precompile");
        vm.setEvmVersion("osaka");
        check(devices.verify("M1", 1, DIGEST, good), "with the precompile");
        check(!devices.verify("M1", 1, DIGEST, bad), "with the precompile");
    }

    function test_a_forged_or_odd_signature_is_none() public {
        addMeter(7, 1);
        bytes memory good = signatureP256(7, DIGEST);
        check(!devices.verify("M1", 1, keccak256("other"), good), "another digest");
        check(!devices.verify("M2", 1, DIGEST, good), "an unknown device");
        check(!devices.verify("M1", 1, DIGEST, bytes.concat(good, hex"1b")), "65 bytes");
        uint256 n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551;
        bytes32 r;
        uint256 s;
        assembly {
            r := mload(add(good, 0x20))
            s := mload(add(good, 0x40))
        }
        check(!devices.verify("M1", 1, DIGEST, abi.encodePacked(r, n - s)), "the high s");
    }

    function test_a_household_key_signs_as_an_address() public {
        bytes32 who = bytes32(uint256(uint160(vm.addr(0x5e))));
        devices.addDevice("A1", "H1", DeviceRegistry.Kind.secp256k1, who, 0, 1);
        check(devices.verify("A1", 1, DIGEST, signature(0x5e, DIGEST)), "its own key");
        check(!devices.verify("A1", 1, DIGEST, signature(0x5f, DIGEST)), "another key");
        check(!devices.verify("A1", 1, DIGEST, hex"00"), "no signature");
    }

    function addRefused(bytes32 id, bytes32 home, DeviceRegistry.Kind kind, bytes32 x, bytes32 y, bytes4 why) private {
        refused(why);
        devices.addDevice(id, home, kind, x, y, 1);
    }

    function test_only_true_keys_of_known_households_are_added() public {
        DeviceRegistry.Kind account = DeviceRegistry.Kind.secp256k1;
        addRefused("M1", "H1", DeviceRegistry.Kind.p256, bytes32(uint256(1)), bytes32(uint256(1)), DeviceRegistry.InvalidKey.selector);
        addRefused("M1", "H1", account, 0, 0, DeviceRegistry.InvalidKey.selector);
        addRefused("M1", "H1", account, bytes32(uint256(1)), bytes32(uint256(1)), DeviceRegistry.InvalidKey.selector);
        addRefused("M1", "H1", account, bytes32(type(uint256).max), 0, DeviceRegistry.InvalidKey.selector);
        addRefused(0, "H1", account, bytes32(uint256(1)), 0, DeviceRegistry.ZeroId.selector);
        addRefused("M1", "H9", account, bytes32(uint256(1)), 0, DeviceRegistry.UnknownHousehold.selector);
        addMeter(7, 1);
        addRefused("M1", "H1", account, bytes32(uint256(1)), 0, DeviceRegistry.DeviceKnown.selector);
    }

    function test_nothing_changes_for_an_anchored_epoch_or_backwards() public {
        finalise("root");
        rotateRefused(8, 2, DeviceRegistry.UnknownDevice.selector);
        (uint256 x, uint256 y) = vm.publicKeyP256(7);
        refused(DeviceRegistry.AnchoredEpoch.selector);
        devices.addDevice("M1", "H1", DeviceRegistry.Kind.p256, bytes32(x), bytes32(y), 1);
        addMeter(7, 3);
        rotateRefused(8, 1, DeviceRegistry.AnchoredEpoch.selector);
        rotateRefused(8, 3, DeviceRegistry.NotAfterLastKey.selector);
        devices.revoke("M1", 6);
        rotateRefused(8, 5, DeviceRegistry.NotAfterLastKey.selector);
        rotateMeter(8, 6);
    }

    function test_only_the_registrar_writes_and_only_the_owner_names_it() public {
        vm.prank(OWNER);
        devices.setRegistrar(GUARDIAN);
        refused(DeviceRegistry.NotRegistrar.selector);
        devices.enrol("H2", "C2");
        refused(DeviceRegistry.NotRegistrar.selector);
        devices.addDevice("M1", "H1", DeviceRegistry.Kind.p256, 0, 0, 1);
        refused(DeviceRegistry.NotRegistrar.selector);
        devices.rotate("M1", DeviceRegistry.Kind.p256, 0, 0, 1);
        refused(DeviceRegistry.NotRegistrar.selector);
        devices.revoke("M1", 1);
        refused(Ownable.OwnableUnauthorizedAccount.selector);
        devices.setRegistrar(address(this));
    }
}
