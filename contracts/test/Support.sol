// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Anchor, AnchorRegistry} from "../src/AnchorRegistry.sol";

/// The cheat codes of forge that the tests use.
interface Vm {
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function signP256(uint256 key, bytes32 digest) external pure returns (bytes32 r, bytes32 s);
    function publicKeyP256(uint256 key) external pure returns (uint256 x, uint256 y);
    function warp(uint256 time) external;
    function chainId(uint256 id) external;
    function prank(address sender) external;
    function assume(bool condition) external pure;
    function expectRevert() external;
    function expectPartialRevert(bytes4 selector) external;
    function expectEmit(address emitter) external;
    function snapshotGasLastCall(string calldata name) external returns (uint256 gas);
    function setEvmVersion(string calldata version) external;
}

abstract contract Test {
    Vm internal constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    error NotEqual(int256 seen, int256 wanted);
    error NotTrue(string claim);

    function check(bool claim, string memory words) internal pure {
        if (!claim) revert NotTrue(words);
    }

    function same(uint256 seen, uint256 wanted) internal pure {
        if (seen != wanted) revert NotEqual(int256(seen), int256(wanted));
    }

    function same(int256 seen, int256 wanted) internal pure {
        if (seen != wanted) revert NotEqual(seen, wanted);
    }

    function same(bytes32 seen, bytes32 wanted) internal pure {
        if (seen != wanted) revert NotEqual(int256(uint256(seen)), int256(uint256(wanted)));
    }

    /// The next call must fail with this error.
    function refused(bytes4 selector) internal {
        vm.expectPartialRevert(selector);
    }

    function bounded(uint256 value, uint256 low, uint256 high) internal pure returns (uint256) {
        return low + value % (high - low + 1);
    }

    function signature(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function signatureP256(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        uint256 n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551;
        (bytes32 r, bytes32 s) = vm.signP256(key, digest);
        if (uint256(s) > n / 2) s = bytes32(n - uint256(s));
        return abi.encodePacked(r, s);
    }

    function sortByAddress(uint256[] memory keys) internal pure {
        for (uint256 i = 1; i < keys.length; ++i) {
            for (uint256 j = i; j > 0 && vm.addr(keys[j]) < vm.addr(keys[j - 1]); --j) {
                (keys[j], keys[j - 1]) = (keys[j - 1], keys[j]);
            }
        }
    }

    function addressesOf(uint256[] memory keys) internal pure returns (address[] memory list) {
        list = new address[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) list[i] = vm.addr(keys[i]);
    }

    /// Signatures of `count` keys from the `from`-th on.
    function signatures(uint256[] memory keys, uint256 from, uint256 count, bytes32 digest)
        internal
        pure
        returns (bytes[] memory list)
    {
        list = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) list[i] = signature(keys[from + i], digest);
    }
}

/// Merkle trees laid out like OpenZeppelin's StandardMerkleTree: leaves sorted, the first at the end of the array.
library Trees {
    function build(bytes32[] memory leaves) internal pure returns (bytes32[] memory tree) {
        uint256 count = leaves.length;
        bytes32[] memory sorted = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 j = i;
            for (; j > 0 && leaves[i] < sorted[j - 1]; --j) sorted[j] = sorted[j - 1];
            sorted[j] = leaves[i];
        }
        tree = new bytes32[](2 * count - 1);
        for (uint256 i = 0; i < count; ++i) tree[tree.length - 1 - i] = sorted[i];
        for (uint256 i = count - 1; i > 0; --i) tree[i - 1] = pair(tree[2 * i - 1], tree[2 * i]);
    }

    function proofOf(bytes32[] memory tree, bytes32 leaf) internal pure returns (bytes32[] memory proof) {
        uint256 node = tree.length;
        while (tree[node - 1] != leaf) --node;
        --node;
        uint256 depth = 0;
        for (uint256 i = node; i > 0; i = (i - 1) / 2) ++depth;
        proof = new bytes32[](depth);
        for (uint256 k = 0; node > 0; node = (node - 1) / 2) proof[k++] = tree[node % 2 == 0 ? node - 1 : node + 1];
    }

    function pair(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }
}

/// A community of five attesters, of whom three must sign, with a veto window of a day.
abstract contract Community is Test {
    /// Of forge's own chain. block.chainid would be read again where an optimiser finds that shorter, also after
    /// vm.chainId.
    uint256 internal constant CHAIN = 31337;
    bytes32 internal constant COMMUNITY = "Sonnenfeld";
    uint32 internal constant WINDOW = 1 days;
    address internal constant OWNER = address(0x0113);
    address internal constant GUARDIAN = address(0x6a4d);

    AnchorRegistry internal registry;
    uint256[] internal keys;
    uint256 internal clock = 1_800_000_000;

    function found() internal {
        vm.warp(clock);
        keys = [uint256(0xa1), 0xa2, 0xa3, 0xa4, 0xa5];
        uint256[] memory sorted = keys;
        sortByAddress(sorted);
        keys = sorted;
        registry = newRegistry(COMMUNITY);
    }

    function newRegistry(bytes32 community) internal returns (AnchorRegistry) {
        return new AnchorRegistry(OWNER, community, WINDOW, 3, addressesOf(keys), GUARDIAN);
    }

    function pass(uint256 seconds_) internal {
        clock += seconds_;
        vm.warp(clock);
    }

    /// The anchor that may come next, with a log that grew by ten leaves.
    function nextAnchor(bytes32 settlementRoot) internal view returns (Anchor memory) {
        uint64 epoch = registry.epoch() + 1;
        return Anchor({
            community: COMMUNITY,
            epoch: epoch,
            previous: registry.head(),
            logRoot: keccak256(abi.encode("log", epoch)),
            logSize: registry.logSize() + 10,
            settlementRoot: settlementRoot,
            volume: 1234
        });
    }

    function send(Anchor memory a) internal {
        registry.anchor(a, signatures(keys, 0, 3, registry.digest(a)));
    }

    function sendRefused(Anchor memory a, bytes4 selector) internal {
        bytes[] memory list = signatures(keys, 0, 3, registry.digest(a));
        refused(selector);
        registry.anchor(a, list);
    }

    function anchorNext(bytes32 settlementRoot) internal returns (Anchor memory a) {
        a = nextAnchor(settlementRoot);
        send(a);
    }

    /// Anchors and waits until nobody can veto it.
    function finalise(bytes32 settlementRoot) internal returns (uint64) {
        anchorNext(settlementRoot);
        pass(WINDOW);
        return registry.epoch();
    }
}
