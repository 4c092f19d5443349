// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Anchor, AnchorRegistry} from "../src/AnchorRegistry.sol";
import {Attesters} from "../src/Attesters.sol";
import {Community} from "./Support.sol";

contract AnchorRegistryTest is Community {
    event Anchored(
        uint64 indexed epoch, bytes32 head, bytes32 logRoot, uint64 logSize, bytes32 settlementRoot, uint256 volume
    );

    bytes32 private constant ROOT = keccak256("root");

    function setUp() public {
        found();
    }

    function some(uint256 epoch) private pure returns (bytes32) {
        return keccak256(abi.encode("settlement", epoch));
    }

    function test_an_anchor_by_a_quorum_is_the_new_head() public {
        Anchor memory a = nextAnchor(ROOT);
        bytes32 hash = registry.hashAnchor(a);
        bytes[] memory list = signatures(keys, 2, 3, registry.digest(a));
        vm.expectEmit(address(registry));
        emit Anchored(1, hash, a.logRoot, a.logSize, ROOT, 1234);
        registry.anchor(a, list);
        same(registry.head(), hash);
        same(registry.epoch(), 1);
        same(registry.logRoot(), a.logRoot);
        same(registry.logSize(), 10);
        same(registry.rootOf(1), ROOT);
        same(registry.finalEpoch(), 0);
        same(registry.quorum(), 3);
        check(registry.isAttester(vm.addr(keys[4])), "an attester is one");
        check(!registry.isAttester(address(this)), "nobody else is");
    }

    function test_the_digest_is_that_of_EIP_712() public view {
        Anchor memory a = nextAnchor(ROOT);
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Commonwatt"),
                keccak256("1"),
                block.chainid,
                address(registry)
            )
        );
        bytes32 body = keccak256(
            abi.encode(
                keccak256(
                    "Anchor(bytes32 community,uint64 epoch,bytes32 previous,bytes32 logRoot,uint64 logSize,bytes32 settlementRoot,uint256 volume)"
                ),
                a
            )
        );
        same(registry.digest(a), keccak256(abi.encodePacked(hex"1901", domain, body)));
        same(registry.hashAnchor(a), body);
    }

    function test_the_chain_has_no_gaps_forks_or_shrinking_logs() public {
        anchorNext(ROOT);
        Anchor memory a = nextAnchor(ROOT);
        a.epoch = 3;
        sendRefused(a, AnchorRegistry.WrongEpoch.selector);
        a.epoch = 1;
        sendRefused(a, AnchorRegistry.WrongEpoch.selector);
        a = nextAnchor(ROOT);
        a.previous = 0;
        sendRefused(a, AnchorRegistry.WrongPrevious.selector);
        a = nextAnchor(0);
        sendRefused(a, AnchorRegistry.ZeroRoot.selector);
        a = nextAnchor(ROOT);
        a.logRoot = 0;
        sendRefused(a, AnchorRegistry.ZeroRoot.selector);
        a = nextAnchor(ROOT);
        a.logSize = 9;
        sendRefused(a, AnchorRegistry.LogShrinks.selector);
        a.logSize = 10;
        sendRefused(a, AnchorRegistry.LogRewritten.selector);
        a.logRoot = registry.logRoot();
        send(a);
        same(registry.epoch(), 2);
    }

    function test_another_community_is_refused() public {
        Anchor memory a = nextAnchor(ROOT);
        a.community = "Mondfeld";
        sendRefused(a, AnchorRegistry.WrongCommunity.selector);
        address[] memory members = addressesOf(keys);
        refused(AnchorRegistry.WrongCommunity.selector);
        new AnchorRegistry(OWNER, 0, WINDOW, 3, members, GUARDIAN);
    }

    function test_a_signature_counts_on_one_chain_and_one_contract_only() public {
        Anchor memory a = nextAnchor(ROOT);
        bytes[] memory list = signatures(keys, 0, 3, registry.digest(a));
        AnchorRegistry twin = newRegistry(COMMUNITY);
        vm.expectRevert();
        twin.anchor(a, list);
        vm.chainId(CHAIN + 1);
        vm.expectRevert();
        registry.anchor(a, list);
        vm.chainId(CHAIN);
        registry.anchor(a, list);
        refused(AnchorRegistry.WrongEpoch.selector);
        registry.anchor(a, list);
    }

    function test_too_few_doubled_unsorted_or_foreign_signatures_are_refused() public {
        Anchor memory a = nextAnchor(ROOT);
        bytes32 digest = registry.digest(a);
        bytes[] memory list = signatures(keys, 0, 2, digest);
        refused(Attesters.TooFewSignatures.selector);
        registry.anchor(a, list);
        list = signatures(keys, 0, 3, digest);
        list[2] = list[1];
        refused(Attesters.SignersNotRising.selector);
        registry.anchor(a, list);
        list = signatures(keys, 0, 3, digest);
        (list[0], list[1]) = (list[1], list[0]);
        refused(Attesters.SignersNotRising.selector);
        registry.anchor(a, list);
        uint256[] memory mixed = new uint256[](3);
        (mixed[0], mixed[1], mixed[2]) = (keys[0], keys[1], 0xbad);
        sortByAddress(mixed);
        list = signatures(mixed, 0, 3, digest);
        refused(Attesters.NotAnAttester.selector);
        registry.anchor(a, list);
        registry.anchor(a, signatures(keys, 0, 5, digest));
    }

    function test_a_signer_above_or_below_all_attesters_is_foreign() public {
        Anchor memory a = nextAnchor(ROOT);
        bytes32 digest = registry.digest(a);
        for (uint256 key = 0xb00; key < 0xb20; ++key) {
            uint256[] memory mixed = new uint256[](4);
            (mixed[0], mixed[1], mixed[2], mixed[3]) = (keys[0], keys[2], keys[4], key);
            sortByAddress(mixed);
            bytes[] memory list = signatures(mixed, 0, 4, digest);
            refused(Attesters.NotAnAttester.selector);
            registry.anchor(a, list);
        }
    }

    function test_a_signature_has_65_bytes_and_a_low_s() public {
        Anchor memory a = nextAnchor(ROOT);
        bytes32 digest = registry.digest(a);
        bytes[] memory list = signatures(keys, 0, 3, digest);
        uint256 n = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[0], digest);
        list[0] = abi.encodePacked(r, bytes32(n - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        refused(Attesters.SignersNotRising.selector);
        registry.anchor(a, list);
        list[0] = abi.encodePacked(r, s);
        refused(Attesters.SignersNotRising.selector);
        registry.anchor(a, list);
        list[0] = abi.encodePacked(r, s, uint8(v - 27));
        refused(Attesters.SignersNotRising.selector);
        registry.anchor(a, list);
    }

    function testFuzz_a_changed_anchor_or_signature_is_refused(uint256 seed, uint8 which, uint256 change) public {
        Anchor memory a = nextAnchor(keccak256(abi.encode(seed)));
        bytes[] memory list = signatures(keys, seed % 3, 3, registry.digest(a));
        vm.assume(change != 0);
        uint256 field = which % 4;
        if (field == 0) a.logRoot ^= bytes32(change);
        if (field == 1) a.settlementRoot ^= bytes32(change);
        if (field == 2) a.volume ^= change;
        if (field == 3) list[seed % 3][change % 65] ^= bytes1(uint8(1 + change % 255));
        vm.expectRevert();
        registry.anchor(a, list);
        same(registry.epoch(), 0);
    }

    function test_eight_newest_roots_are_known_and_no_others() public {
        for (uint256 e = 1; e <= 12; ++e) finalise(some(e));
        for (uint64 e = 5; e <= 12; ++e) same(registry.rootOf(e), some(e));
        refused(AnchorRegistry.UnknownEpoch.selector);
        registry.rootOf(4);
        refused(AnchorRegistry.UnknownEpoch.selector);
        registry.rootOf(13);
        refused(AnchorRegistry.UnknownEpoch.selector);
        registry.rootOf(0);
        refused(AnchorRegistry.UnknownEpoch.selector);
        registry.rootOf(type(uint64).max);
    }

    function test_an_epoch_is_final_when_its_window_has_passed() public {
        anchorNext(some(1));
        pass(WINDOW - 1);
        same(registry.finalEpoch(), 0);
        refused(AnchorRegistry.NotFinal.selector);
        registry.finalRoot(1);
        anchorNext(some(2));
        pass(1);
        same(registry.finalEpoch(), 1);
        (bytes32 root, uint64 newest) = registry.finalRoot(1);
        same(root, some(1));
        same(newest, 1);
        pass(WINDOW - 1);
        same(registry.finalEpoch(), 2);
    }

    function test_one_known_root_is_always_final() public {
        for (uint256 e = 1; e <= 7; ++e) anchorNext(some(e));
        same(registry.finalEpoch(), 0);
        sendRefused(nextAnchor(some(8)), AnchorRegistry.TooManyPending.selector);
        pass(WINDOW);
        for (uint256 e = 8; e <= 14; ++e) anchorNext(some(e));
        same(registry.finalEpoch(), 7);
        sendRefused(nextAnchor(some(15)), AnchorRegistry.TooManyPending.selector);
        (bytes32 root,) = registry.finalRoot(7);
        same(root, some(7));
    }

    function veto(uint64 epoch) private {
        vm.prank(GUARDIAN);
        registry.veto(epoch);
    }

    function vetoRefused(uint64 epoch, bytes4 selector) private {
        vm.prank(GUARDIAN);
        refused(selector);
        registry.veto(epoch);
    }

    function test_a_veto_undoes_an_epoch_and_all_newer_ones() public {
        Anchor[] memory chain = new Anchor[](4);
        for (uint256 e = 1; e <= 9; ++e) finalise(some(e));
        chain[0] = anchorNext(some(10));
        for (uint256 e = 11; e <= 13; ++e) chain[e - 10] = anchorNext(some(e));
        vetoRefused(9, AnchorRegistry.VetoWindowOver.selector);
        vetoRefused(1, AnchorRegistry.VetoWindowOver.selector);
        vetoRefused(0, AnchorRegistry.UnknownEpoch.selector);
        vetoRefused(14, AnchorRegistry.UnknownEpoch.selector);
        veto(11);
        same(registry.epoch(), 10);
        same(registry.finalEpoch(), 9);
        same(registry.rootOf(10), some(10));
        for (uint64 e = 1; e <= 13; ++e) {
            if (e >= 6 && e <= 10) continue;
            refused(AnchorRegistry.UnknownEpoch.selector);
            registry.rootOf(e);
        }
        vetoRefused(5, AnchorRegistry.VetoWindowOver.selector);
        refused(AnchorRegistry.NotRewound.selector);
        registry.head();
        refused(AnchorRegistry.NotRewound.selector);
        registry.logRoot();
        refused(AnchorRegistry.NotRewound.selector);
        registry.logSize();
        bytes[] memory none = new bytes[](0);
        refused(AnchorRegistry.AnchoringStopped.selector);
        registry.anchor(chain[3], none);

        registry.rewind(chain);
        same(registry.head(), registry.hashAnchor(chain[0]));
        same(registry.logRoot(), chain[0].logRoot);
        same(registry.logSize(), chain[0].logSize);
        check(registry.wasVetoed(registry.hashAnchor(chain[2])), "an undone anchor is remembered");
        check(!registry.wasVetoed(registry.hashAnchor(chain[0])), "the kept one was not vetoed");
        for (uint256 e = 11; e <= 16; ++e) anchorNext(keccak256(abi.encode("again", e)));
        same(registry.rootOf(11), keccak256(abi.encode("again", uint256(11))));
    }

    function test_the_first_epoch_can_be_undone() public {
        Anchor[] memory chain = new Anchor[](2);
        chain[0] = anchorNext(some(1));
        chain[1] = anchorNext(some(2));
        veto(2);
        veto(1);
        same(registry.epoch(), 0);
        registry.rewind(chain);
        same(registry.head(), 0);
        same(registry.logSize(), 0);
        finalise(some(3));
        same(registry.finalEpoch(), 1);
    }

    function test_rewinding_wants_the_true_anchors() public {
        Anchor[] memory chain = new Anchor[](3);
        for (uint256 e = 0; e < 3; ++e) chain[e] = anchorNext(some(e));
        refused(AnchorRegistry.NothingToRewind.selector);
        registry.rewind(chain);
        veto(2);
        Anchor[] memory other = new Anchor[](0);
        refused(AnchorRegistry.BrokenChain.selector);
        registry.rewind(other);
        other = new Anchor[](2);
        (other[0], other[1]) = (chain[1], chain[2]);
        refused(AnchorRegistry.BrokenChain.selector);
        registry.rewind(other);
        (other[0], other[1]) = (chain[0], chain[2]);
        refused(AnchorRegistry.BrokenChain.selector);
        registry.rewind(other);
        other = new Anchor[](2);
        (other[0], other[1]) = (chain[0], chain[1]);
        refused(AnchorRegistry.BrokenChain.selector);
        registry.rewind(other);
        chain[0].volume += 1;
        refused(AnchorRegistry.BrokenChain.selector);
        registry.rewind(chain);
        chain[0].volume -= 1;
        registry.rewind(chain);
        same(registry.epoch(), 1);
    }

    /// Times of undone epochs must not hold up the anchors that replace them.
    function test_after_a_veto_as_many_anchors_may_wait_as_before() public {
        for (uint256 e = 1; e <= 9; ++e) finalise(some(e));
        Anchor[] memory chain = new Anchor[](8);
        chain[0] = anchorNext(some(10));
        for (uint256 e = 11; e <= 16; ++e) chain[e - 10] = anchorNext(some(e));
        Anchor[] memory used = new Anchor[](7);
        for (uint256 i = 0; i < 7; ++i) used[i] = chain[i];
        veto(11);
        registry.rewind(used);
        for (uint256 e = 11; e <= 16; ++e) anchorNext(some(e));
        sendRefused(nextAnchor(some(17)), AnchorRegistry.TooManyPending.selector);
    }

    function test_only_a_guardian_vetoes_and_pauses_and_only_the_owner_resumes() public {
        anchorNext(some(1));
        refused(AnchorRegistry.NotGuardian.selector);
        registry.veto(1);
        refused(AnchorRegistry.NotGuardian.selector);
        registry.pause();
        vm.prank(GUARDIAN);
        registry.pause();
        check(registry.paused(), "paused");
        pass(WINDOW);
        sendRefused(nextAnchor(some(2)), AnchorRegistry.AnchoringStopped.selector);
        refused(AnchorRegistry.AnchoringStopped.selector);
        registry.finalRoot(1);
        vm.prank(GUARDIAN);
        refused(Ownable.OwnableUnauthorizedAccount.selector);
        registry.unpause();
        vm.prank(OWNER);
        registry.unpause();
        anchorNext(some(2));
        vm.prank(OWNER);
        registry.setGuardian(GUARDIAN, false);
        vetoRefused(2, AnchorRegistry.NotGuardian.selector);
    }

    function test_only_the_owner_changes_attesters_and_guardians() public {
        address[] memory members = new address[](1);
        members[0] = vm.addr(0xc0de);
        refused(Ownable.OwnableUnauthorizedAccount.selector);
        registry.setAttesters(1, members);
        refused(Ownable.OwnableUnauthorizedAccount.selector);
        registry.setGuardian(address(this), true);
        vm.prank(OWNER);
        registry.setAttesters(1, members);
        sendRefused(nextAnchor(ROOT), Attesters.NotAnAttester.selector);
        Anchor memory a = nextAnchor(ROOT);
        bytes[] memory list = new bytes[](1);
        list[0] = signature(0xc0de, registry.digest(a));
        registry.anchor(a, list);
    }

    function badAttesters(uint256 quorum, address[] memory members) private {
        vm.prank(OWNER);
        refused(Attesters.BadAttesters.selector);
        registry.setAttesters(quorum, members);
    }

    function test_attesters_rise_and_a_quorum_is_more_than_half() public {
        address[] memory members = addressesOf(keys);
        badAttesters(0, members);
        badAttesters(2, members);
        badAttesters(6, members);
        badAttesters(0, new address[](0));
        badAttesters(33, new address[](65));
        members[1] = members[0];
        badAttesters(3, members);
        members = addressesOf(keys);
        members[0] = address(0);
        badAttesters(3, members);
    }

    function test_a_window_longer_than_the_dates_reach_is_refused() public {
        address[] memory members = addressesOf(keys);
        new AnchorRegistry(OWNER, COMMUNITY, 2 ** 21 - 2, 3, members, GUARDIAN);
        refused(AnchorRegistry.VetoWindowTooLong.selector);
        new AnchorRegistry(OWNER, COMMUNITY, 2 ** 21 - 1, 3, members, GUARDIAN);
    }

    function test_attesters_change_up_to_127_times() public {
        address[] memory members = addressesOf(keys);
        for (uint256 set = 2; set <= 127; ++set) {
            vm.prank(OWNER);
            registry.setAttesters(3, members);
        }
        anchorNext(ROOT);
        vm.prank(OWNER);
        refused(AnchorRegistry.TooManyAttesterSets.selector);
        registry.setAttesters(3, members);
    }

    function test_a_registry_refuses_a_time_or_size_it_cannot_keep() public {
        Anchor memory a = nextAnchor(ROOT);
        a.logSize = uint64(type(uint48).max) + 1;
        bytes[] memory list = signatures(keys, 0, 3, registry.digest(a));
        vm.expectRevert();
        registry.anchor(a, list);
        a = nextAnchor(ROOT);
        list = signatures(keys, 0, 3, registry.digest(a));
        vm.warp(uint256(type(uint32).max) + 1);
        vm.expectRevert();
        registry.anchor(a, list);
    }
}
