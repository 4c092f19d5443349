// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {AnchorRegistry} from "../src/AnchorRegistry.sol";
import {SettlementVault} from "../src/SettlementVault.sol";
import {Community, Trees} from "./Support.sol";
import {Coin, FalseCoin, FeeCoin, ListCoin, ReenteringCoin} from "./Tokens.sol";

contract SettlementVaultTest is Community {
    int256 private constant NANO = 1e9;
    uint96 private constant CAP = 1e30 / 1e3;
    address private constant ANNA = address(0xA22A);
    address private constant BEN = address(0xBE2);
    address private constant CARLA = address(0xCA21A);

    Coin private coin;
    SettlementVault private vault;
    address[] private accounts = [ANNA, BEN, CARLA];

    function setUp() public {
        found();
        use(new Coin(6));
    }

    function use(Coin coin_) private {
        coin = coin_;
        vault = newVault(registry);
    }

    function newVault(AnchorRegistry registry_) private returns (SettlementVault) {
        return new SettlementVault(OWNER, registry_, IERC20Metadata(address(coin)), CAP);
    }

    function pay(address account, uint256 amount) private {
        coin.mint(address(this), amount);
        coin.approve(address(vault), amount);
        vault.deposit(account, amount);
    }

    function treeOf(int256 anna, int256 ben, int256 carla) private view returns (bytes32[] memory) {
        bytes32[] memory leaves = new bytes32[](3);
        leaves[0] = vault.leafOf(ANNA, anna);
        leaves[1] = vault.leafOf(BEN, ben);
        leaves[2] = vault.leafOf(CARLA, carla);
        return Trees.build(leaves);
    }

    function proofIn(bytes32[] memory tree, address account, int256 net) private view returns (bytes32[] memory) {
        return Trees.proofOf(tree, vault.leafOf(account, net));
    }

    /// Claims at the newest epoch with a tree of these nets.
    function claim(address account, int256 net, bytes32[] memory tree) private returns (uint256) {
        return vault.claim(account, registry.epoch(), net, proofIn(tree, account, net));
    }

    function test_a_credit_is_paid_once_and_a_debt_eats_collateral() public {
        pay(ANNA, 100e6);
        pay(BEN, 50e6);
        bytes32[] memory tree = treeOf(30 * NANO, -30 * NANO, 0);
        finalise(tree[0]);
        same(claim(ANNA, 30 * NANO, tree), 30e6);
        same(coin.balanceOf(ANNA), 30e6);
        same(claim(ANNA, 30 * NANO, tree), 0);
        same(claim(BEN, -30 * NANO, tree), 0);
        same(vault.entitlement(ANNA), 100e6);
        same(vault.entitlement(BEN), 20e6);
        same(coin.balanceOf(address(vault)), 120e6);
    }

    function test_settling_without_paying_and_skipping_epochs() public {
        pay(BEN, 50e6);
        bytes32[] memory tree = treeOf(1 * NANO, -1 * NANO, 0);
        finalise(tree[0]);
        tree = treeOf(3 * NANO, -3 * NANO, 0);
        finalise(tree[0]);
        vault.settle(ANNA, 2, 3 * NANO, proofIn(tree, ANNA, 3 * NANO));
        same(coin.balanceOf(ANNA), 0);
        same(vault.entitlement(ANNA), 3e6);
        same(vault.accountOf(ANNA).epoch, 2);
        same(claim(ANNA, 3 * NANO, tree), 3e6);
    }

    function test_a_tree_of_one_leaf_is_its_own_root() public {
        pay(CARLA, 1);
        bytes32 leaf = vault.leafOf(ANNA, 0);
        finalise(leaf);
        vault.claim(ANNA, 1, 0, new bytes32[](0));
        same(vault.accountOf(ANNA).epoch, 1);
        refused(SettlementVault.InvalidProof.selector);
        vault.claim(BEN, 1, 0, new bytes32[](0));
    }

    function test_an_epoch_that_is_not_final_not_anchored_or_forgotten_pays_nothing() public {
        pay(BEN, 50e6);
        bytes32[] memory tree = treeOf(5 * NANO, -5 * NANO, 0);
        bytes32[] memory proof = proofIn(tree, ANNA, 5 * NANO);
        refused(AnchorRegistry.UnknownEpoch.selector);
        vault.claim(ANNA, 1, 5 * NANO, proof);
        refused(AnchorRegistry.UnknownEpoch.selector);
        vault.claim(ANNA, 0, 0, new bytes32[](0));
        anchorNext(tree[0]);
        refused(AnchorRegistry.NotFinal.selector);
        vault.claim(ANNA, 1, 5 * NANO, proof);
        pass(WINDOW);
        for (uint256 e = 2; e <= 8; ++e) finalise(tree[0]);
        vault.claim(BEN, 1, -5 * NANO, proofIn(tree, BEN, -5 * NANO));
        finalise(tree[0]);
        refused(AnchorRegistry.UnknownEpoch.selector);
        vault.claim(ANNA, 1, 5 * NANO, proof);
    }

    function test_a_vetoed_root_pays_nothing() public {
        pay(BEN, 50e6);
        bytes32[] memory tree = treeOf(5 * NANO, -5 * NANO, 0);
        anchorNext(tree[0]);
        vm.prank(GUARDIAN);
        registry.veto(1);
        pass(WINDOW);
        bytes32[] memory proof = proofIn(tree, ANNA, 5 * NANO);
        refused(AnchorRegistry.UnknownEpoch.selector);
        vault.claim(ANNA, 1, 5 * NANO, proof);
    }

    function test_a_pause_stops_all_payments() public {
        bytes32[] memory tree = treeOf(0, 0, 0);
        finalise(tree[0]);
        vm.prank(GUARDIAN);
        registry.pause();
        bytes32[] memory proof = proofIn(tree, ANNA, 0);
        refused(AnchorRegistry.AnchoringStopped.selector);
        vault.claim(ANNA, 1, 0, proof);
    }

    function test_an_older_leaf_is_refused_after_a_newer_one() public {
        pay(BEN, 50e6);
        bytes32[] memory old = treeOf(9 * NANO, -9 * NANO, 0);
        finalise(old[0]);
        bytes32[] memory tree = treeOf(4 * NANO, -4 * NANO, 0);
        finalise(tree[0]);
        claim(ANNA, 4 * NANO, tree);
        bytes32[] memory proof = proofIn(old, ANNA, 9 * NANO);
        refused(SettlementVault.StaleEpoch.selector);
        vault.claim(ANNA, 1, 9 * NANO, proof);
        same(coin.balanceOf(ANNA), 4e6);
    }

    function test_two_leaves_of_one_account_do_not_both_count() public {
        pay(BEN, 50e6);
        bytes32[] memory leaves = new bytes32[](2);
        leaves[0] = vault.leafOf(ANNA, 1 * NANO);
        leaves[1] = vault.leafOf(ANNA, 2 * NANO);
        bytes32[] memory tree = Trees.build(leaves);
        finalise(tree[0]);
        claim(ANNA, 1 * NANO, tree);
        bytes32[] memory proof = proofIn(tree, ANNA, 2 * NANO);
        refused(SettlementVault.Contradiction.selector);
        vault.claim(ANNA, 1, 2 * NANO, proof);
    }

    function test_a_leaf_of_another_community_is_refused() public {
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(bytes32("Mondfeld"), ANNA, 5 * NANO))));
        finalise(leaf);
        refused(SettlementVault.InvalidProof.selector);
        vault.claim(ANNA, 1, 5 * NANO, new bytes32[](0));
    }

    function testFuzz_a_changed_claim_is_refused(uint256 change, uint8 field) public {
        vm.assume(change != 0);
        pay(BEN, 50e6);
        bytes32[] memory tree = treeOf(5 * NANO, -5 * NANO, 0);
        finalise(tree[0]);
        bytes32[] memory proof = proofIn(tree, ANNA, 5 * NANO);
        address account = ANNA;
        int256 net = 5 * NANO;
        if (field % 3 == 0) account = address(uint160(ANNA) ^ (uint160(change) | 1));
        if (field % 3 == 1) net = net ^ int256(change);
        if (field % 3 == 2) proof[change % proof.length] ^= bytes32(change);
        refused(SettlementVault.InvalidProof.selector);
        vault.claim(account, 1, net, proof);
    }

    function test_a_net_that_no_currency_has_is_refused() public {
        int256 net = int256(type(int96).max) + 1;
        finalise(vault.leafOf(ANNA, net));
        refused(SafeCast.SafeCastOverflowedIntDowncast.selector);
        vault.settle(ANNA, 1, net, new bytes32[](0));
    }

    function test_a_debt_beyond_the_collateral_waits_for_a_deposit() public {
        pay(BEN, 5e6);
        bytes32[] memory tree = treeOf(6 * NANO, -6 * NANO, 0);
        finalise(tree[0]);
        bytes32[] memory proof = proofIn(tree, BEN, -6 * NANO);
        refused(SettlementVault.Undercollateralised.selector);
        vault.settle(BEN, 1, -6 * NANO, proof);
        pay(BEN, 1e6);
        vault.settle(BEN, 1, -6 * NANO, proof);
        same(vault.entitlement(BEN), 0);
    }

    function test_rounding_is_against_the_claimer_and_never_loses_a_residue() public {
        pay(BEN, 10);
        bytes32[] memory tree = treeOf(999, -999, 0);
        finalise(tree[0]);
        same(claim(ANNA, 999, tree), 0);
        claim(BEN, -999, tree);
        same(vault.entitlement(BEN), 9);
        tree = treeOf(1999, -1999, 0);
        finalise(tree[0]);
        same(claim(ANNA, 1999, tree), 1);
        claim(BEN, -1999, tree);
        same(vault.entitlement(BEN), 8);
        tree = treeOf(2000, -2000, 0);
        finalise(tree[0]);
        same(claim(ANNA, 2000, tree), 1);
        claim(BEN, -2000, tree);
        same(vault.entitlement(BEN), 8);
    }

    function testFuzz_tokens_are_the_floor_of_nanos(int96 net, uint8 digits) public {
        digits = uint8(bounded(digits, 0, 18));
        use(new Coin(digits));
        int256 tokens = vault.toTokens(net);
        if (digits >= 9) {
            same(tokens, int256(net) * int256(10 ** (digits - 9)));
        } else {
            int256 unit = int256(10 ** (9 - digits));
            check(tokens * unit <= net && (tokens + 1) * unit > net, "the greatest whole below");
        }
    }

    function test_a_token_of_more_than_18_decimals_is_refused() public {
        coin = new Coin(19);
        refused(SettlementVault.UnsupportedDecimals.selector);
        newVault(registry);
    }

    function requestExit(address account, uint96 amount) private {
        vm.prank(account);
        vault.requestExit(amount);
    }

    function exitRefused(address account, uint64 epoch, int256 net, bytes32[] memory tree, bytes4 why) private {
        bytes32[] memory proof = proofIn(tree, account, net);
        refused(why);
        vault.executeExit(account, epoch, net, proof);
    }

    function test_collateral_leaves_two_final_epochs_after_its_request_against_the_newest() public {
        pay(ANNA, 10e6);
        bytes32[] memory tree = treeOf(0, 0, 0);
        finalise(tree[0]);
        anchorNext(tree[0]);
        exitRefused(ANNA, 1, 0, tree, SettlementVault.NothingRequested.selector);
        vm.prank(ANNA);
        refused(SettlementVault.MoreThanCollateral.selector);
        vault.requestExit(10e6 + 1);
        requestExit(ANNA, 8e6);
        finalise(tree[0]);
        exitRefused(ANNA, 3, 0, tree, SettlementVault.ExitTooEarly.selector);
        exitRefused(ANNA, 2, 0, tree, SettlementVault.NotNewestFinal.selector);
        bytes32[] memory later = treeOf(-5 * NANO, 5 * NANO, 0);
        finalise(later[0]);
        exitRefused(ANNA, 3, 0, tree, SettlementVault.NotNewestFinal.selector);
        bytes32[] memory proof = proofIn(later, ANNA, -5 * NANO);
        same(vault.executeExit(ANNA, 4, -5 * NANO, proof), 5e6);
        same(coin.balanceOf(ANNA), 5e6);
        same(vault.entitlement(ANNA), 0);
        same(vault.accountOf(ANNA).exitAmount, 0);
        exitRefused(ANNA, 4, -5 * NANO, later, SettlementVault.NothingRequested.selector);
    }

    function test_a_new_request_waits_anew_and_zero_withdraws_it() public {
        pay(ANNA, 10e6);
        bytes32[] memory tree = treeOf(0, 0, 0);
        requestExit(ANNA, 1e6);
        finalise(tree[0]);
        requestExit(ANNA, 2e6);
        finalise(tree[0]);
        exitRefused(ANNA, 2, 0, tree, SettlementVault.ExitTooEarly.selector);
        requestExit(ANNA, 0);
        finalise(tree[0]);
        exitRefused(ANNA, 3, 0, tree, SettlementVault.NothingRequested.selector);
    }

    function test_an_unclaimed_credit_does_not_leave_by_the_exit() public {
        pay(ANNA, 10e6);
        pay(BEN, 10e6);
        requestExit(ANNA, 10e6);
        bytes32[] memory tree = treeOf(4 * NANO, -4 * NANO, 0);
        finalise(tree[0]);
        finalise(tree[0]);
        bytes32[] memory proof = proofIn(tree, ANNA, 4 * NANO);
        same(vault.executeExit(ANNA, 2, 4 * NANO, proof), 10e6);
        same(vault.claim(ANNA, 2, 4 * NANO, proof), 4e6);
        same(vault.entitlement(ANNA), 0);
    }

    function test_no_more_than_the_cap_leaves_in_an_epoch() public {
        refused(Ownable.OwnableUnauthorizedAccount.selector);
        vault.setOutflowCap(7e6);
        vm.prank(OWNER);
        vault.setOutflowCap(7e6);
        pay(ANNA, 10e6);
        pay(BEN, 10e6);
        requestExit(ANNA, 10e6);
        bytes32[] memory tree = treeOf(9 * NANO, -10 * NANO, 1 * NANO);
        finalise(tree[0]);
        same(claim(ANNA, 9 * NANO, tree), 7e6);
        bytes32[] memory proof = proofIn(tree, CARLA, 1 * NANO);
        refused(SettlementVault.OutflowCapReached.selector);
        vault.claim(CARLA, 1, 1 * NANO, proof);
        vault.settle(CARLA, 1, 1 * NANO, proof);
        finalise(tree[0]);
        same(claim(ANNA, 9 * NANO, tree), 2e6);
        same(claim(CARLA, 1 * NANO, tree), 1e6);
        proof = proofIn(tree, ANNA, 9 * NANO);
        same(vault.executeExit(ANNA, 2, 9 * NANO, proof), 4e6);
        same(vault.accountOf(ANNA).exitAmount, 6e6);
        vm.prank(OWNER);
        vault.setOutflowCap(1e6);
        refused(SettlementVault.OutflowCapReached.selector);
        vault.executeExit(ANNA, 2, 9 * NANO, proof);
        finalise(tree[0]);
        same(vault.executeExit(ANNA, 3, 9 * NANO, proof), 1e6);
    }

    function test_a_token_that_keeps_a_fee_credits_what_arrived() public {
        use(new FeeCoin());
        pay(ANNA, 100e6);
        same(vault.entitlement(ANNA), 99e6);
        same(coin.balanceOf(address(vault)), 99e6);
    }

    function test_a_blacklisted_account_holds_up_nobody_else() public {
        ListCoin list = new ListCoin();
        use(list);
        pay(CARLA, 20e6);
        bytes32[] memory tree = treeOf(5 * NANO, 5 * NANO, -10 * NANO);
        finalise(tree[0]);
        list.list(ANNA);
        bytes32[] memory proof = proofIn(tree, ANNA, 5 * NANO);
        refused(ListCoin.Listed.selector);
        vault.claim(ANNA, 1, 5 * NANO, proof);
        vault.settle(ANNA, 1, 5 * NANO, proof);
        same(vault.entitlement(ANNA), 5e6);
        same(claim(BEN, 5 * NANO, tree), 5e6);
    }

    function test_a_token_that_answers_false_moves_nothing() public {
        FalseCoin liar = new FalseCoin();
        use(liar);
        pay(BEN, 20e6);
        bytes32[] memory tree = treeOf(5 * NANO, -5 * NANO, 0);
        finalise(tree[0]);
        liar.lie();
        refused(SafeERC20.SafeERC20FailedOperation.selector);
        vault.deposit(ANNA, 1e6);
        bytes32[] memory proof = proofIn(tree, ANNA, 5 * NANO);
        refused(SafeERC20.SafeERC20FailedOperation.selector);
        vault.claim(ANNA, 1, 5 * NANO, proof);
        same(vault.accountOf(ANNA).paid, 0);
    }

    function test_a_token_that_calls_back_gets_nothing() public {
        ReenteringCoin caller = new ReenteringCoin();
        use(caller);
        pay(BEN, 20e6);
        bytes32[] memory tree = treeOf(5 * NANO, -5 * NANO, 0);
        finalise(tree[0]);
        bytes32[] memory proof = proofIn(tree, ANNA, 5 * NANO);
        caller.arm(address(vault), abi.encodeCall(vault.claim, (ANNA, 1, 5 * NANO, proof)));
        same(vault.claim(ANNA, 1, 5 * NANO, proof), 5e6);
        same(coin.balanceOf(ANNA), 5e6);
        caller.arm(address(vault), "");
        coin.mint(address(this), 1e6);
        coin.approve(address(vault), 1e6);
        caller.arm(address(vault), abi.encodeCall(vault.deposit, (ANNA, 0)));
        vault.deposit(BEN, 1e6);
        same(vault.entitlement(BEN), 21e6);
    }
}
