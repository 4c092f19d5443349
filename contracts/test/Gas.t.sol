// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Anchor} from "../src/AnchorRegistry.sol";
import {Fill} from "../src/ClearingRecord.sol";
import {CommonwattToken} from "../src/CommonwattToken.sol";
import {DeviceRegistry} from "../src/DeviceRegistry.sol";
import {Disputes, SealedProof} from "../src/Disputes.sol";
import {FeeRouter} from "../src/FeeRouter.sol";
import {RewardMinter} from "../src/RewardMinter.sol";
import {LogEntry, Order, Place} from "../src/SealedBatch.sol";
import {SettlementVault} from "../src/SettlementVault.sol";
import {Formats, Records, RfcTrees} from "./SealedSupport.sol";
import {Community, Trees} from "./Support.sol";

contract Euro is ERC20 {
    constructor() ERC20("Euro", "EUR") {
        _mint(msg.sender, 1e30);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }
}

/// What a transaction costs, data and base fee included. Run with --isolate; contracts/check compares.
contract GasTest is Community {
    uint256 private constant DEPTH = 13;
    address private constant HOUSEHOLD = 0xabCDEF1234567890ABcDEF1234567890aBCDeF12;

    SettlementVault private vault;
    Euro private euro;
    DeviceRegistry private devices;
    RewardMinter private minter;
    CommonwattToken private token;
    FeeRouter private router;

    function setUp() public {
        found();
        euro = new Euro();
        vault = new SettlementVault(OWNER, registry, IERC20Metadata(address(euro)), 1e24);
        devices = new DeviceRegistry(OWNER, registry, address(this));
        minter = newMinter();
        token = minter.token();
        router = minter.router();
    }

    function newMinter() private returns (RewardMinter) {
        RewardMinter.Schedule memory schedule = RewardMinter.Schedule({
            cap: 1e27,
            base: 1e24,
            halving: 104,
            bootstrap: 26,
            window: 13,
            epochLength: 1 weeks
        });
        return new RewardMinter(OWNER, COMMUNITY, schedule, 3, addressesOf(keys));
    }

    /// A root over one leaf and a path of strangers, as a tree of 2^13 accounts has it.
    function rootOver(bytes32 leaf, uint256 seed) private pure returns (bytes32 root, bytes32[] memory proof) {
        proof = new bytes32[](DEPTH);
        root = leaf;
        for (uint256 i = 0; i < DEPTH; ++i) {
            proof[i] = keccak256(abi.encode(seed, i));
            root = Trees.pair(root, proof[i]);
        }
    }

    function test_gas_of_anchors() public {
        for (uint256 e = 1; e <= 27; ++e) {
            Anchor memory a = nextAnchor(keccak256(abi.encode(e)));
            a.volume = 0x123456;
            bytes[] memory list = signatures(keys, 0, 3, registry.digest(a));
            registry.anchor(a, list);
            if (e == 1) vm.snapshotGasLastCall("anchor first");
            if (e == 20) vm.snapshotGasLastCall("anchor steady");
            if (e == 27) vm.snapshotGasLastCall("anchor steady, six pending");
            if (e <= 20) pass(WINDOW);
        }
        vm.prank(GUARDIAN);
        registry.veto(27);
        vm.snapshotGasLastCall("veto one epoch");
    }

    function test_gas_of_the_vault() public {
        euro.approve(address(vault), type(uint256).max);
        vault.deposit(HOUSEHOLD, 1e9);
        vm.snapshotGasLastCall("deposit first");
        vault.deposit(HOUSEHOLD, 1e9);
        vm.snapshotGasLastCall("deposit again");
        vault.deposit(address(1), 1e12);
        for (uint64 e = 1; e <= 12; ++e) {
            int256 net = int256(uint256(e)) * 12_345_678_901;
            (bytes32 root, bytes32[] memory proof) = rootOver(vault.leafOf(HOUSEHOLD, net), e);
            finalise(root);
            if (e == 11) {
                vault.settle(HOUSEHOLD, e, net, proof);
                vm.snapshotGasLastCall("settle again, depth 13");
                continue;
            }
            vault.claim(HOUSEHOLD, e, net, proof);
            if (e == 1) vm.snapshotGasLastCall("claim first, depth 13");
            if (e == 12) vm.snapshotGasLastCall("claim again, depth 13");
        }
        vm.prank(HOUSEHOLD);
        vault.requestExit(1e8);
        vm.snapshotGasLastCall("request exit");
        (bytes32 last, bytes32[] memory path) = rootOver(vault.leafOf(HOUSEHOLD, 1e9 * 200), 99);
        finalise(last);
        finalise(last);
        vault.executeExit(HOUSEHOLD, 14, 1e9 * 200, path);
        vm.snapshotGasLastCall("execute exit, depth 13");
    }

    function test_gas_of_devices() public {
        (uint256 x, uint256 y) = vm.publicKeyP256(7);
        devices.enrol("H1", "C1");
        vm.snapshotGasLastCall("enrol household");
        devices.addDevice("D1", "H1", DeviceRegistry.Kind.p256, bytes32(x), bytes32(y), 1);
        vm.snapshotGasLastCall("add device");
        (x, y) = vm.publicKeyP256(8);
        devices.rotate("D1", DeviceRegistry.Kind.p256, bytes32(x), bytes32(y), 2);
        vm.snapshotGasLastCall("rotate key");
    }

    /// The first of 2^depth leaves, with strangers beside its way.
    function firstOf(bytes32 leaf, uint256 depth) private pure returns (bytes32 root, Place memory place) {
        place = Place({index: 0, count: uint64(1) << uint64(depth), path: new bytes32[](depth)});
        root = leaf;
        for (uint256 i = 0; i < depth; ++i) {
            place.path[i] = keccak256(abi.encode(depth, i));
            root = RfcTrees.node(root, place.path[i]);
        }
    }

    /// Anchors a log of 2^15 entries, the quarter-hours of a year, whose first is that batch.
    function sealedIn(bytes32 batchRoot) private returns (SealedProof memory proof) {
        proof.entry = LogEntry(1_800_000_000, 900, 0, batchRoot);
        Anchor memory a = nextAnchor("settlement");
        (a.logRoot, proof.place) = firstOf(new Formats().logLeaf(proof.entry), 15 + registry.epoch());
        a.logSize = proof.place.count;
        send(a);
        proof.anchors = new Anchor[](1);
        proof.anchors[0] = a;
    }

    /// In batches of 2^8 leaves, the book of 100 orders.
    function test_gas_of_disputes() public {
        Disputes disputes = new Disputes(registry, devices, 0);
        vm.prank(OWNER);
        registry.setGuardian(address(disputes), true);
        devices.enrol("hh01", "C1");
        devices.addDevice("hh01", "hh01", DeviceRegistry.Kind.secp256k1, bytes32(uint256(7)), 0, 1);
        Order memory order = Order("hh01", 1_800_000_000, 900, 0, 1000, 250_000, 7, "salt");
        bytes memory forged = bytes.concat(bytes32("r"), bytes32("s"));
        Formats formats = new Formats();
        (bytes32 root, Place memory place) = firstOf(formats.orderLeaf(order, forged), 8);
        SealedProof memory proof = sealedIn(root);
        disputes.proveOrder(proof, order, forged, place);
        vm.snapshotGasLastCall("prove an unsigned order");
        vm.prank(OWNER);
        registry.unpause();
        Fill[] memory lines = new Fill[](100);
        for (uint256 i = 0; i < 100; ++i) {
            lines[i] = Fill(keccak256(abi.encode(i)), 0, 1000, 250_000, true, 240_000, 1001);
        }
        lines[99].id = formats.orderId(order);
        bytes memory record = Records.record(lines);
        (root, place) = firstOf(formats.clearingLeaf(record), 8);
        proof = sealedIn(root);
        disputes.proveFill(proof, order, record, place, 99);
        vm.snapshotGasLastCall("prove a fill, book of 100");
    }

    function test_gas_of_rewards() public {
        for (uint64 e = 0; e < 40; ++e) {
            pass(1 weeks);
            uint256 cumulative = uint256(e + 1) * 1e20;
            (bytes32 root, bytes32[] memory proof) = rootOver(minter.leafOf(HOUSEHOLD, cumulative), e);
            if (e >= 14) {
                vm.prank(HOUSEHOLD);
                token.approve(address(router), 2e20);
                vm.prank(HOUSEHOLD);
                router.burnForCredits(HOUSEHOLD, 1e20);
                vm.prank(HOUSEHOLD);
                router.burnForCredits(HOUSEHOLD, 1);
                if (e == 39) vm.snapshotGasLastCall("burn for credits again");
            }
            bytes[] memory list = signatures(keys, 0, 3, minter.digest(e, root, cumulative));
            minter.publish(e, root, cumulative, list);
            if (e == 39) vm.snapshotGasLastCall("publish rewards, window 13");
            minter.claim(HOUSEHOLD, cumulative, proof);
            if (e == 39) vm.snapshotGasLastCall("claim rewards, depth 13");
        }
    }
}
