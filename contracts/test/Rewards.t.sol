// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Attesters} from "../src/Attesters.sol";
import {CommonwattToken} from "../src/CommonwattToken.sol";
import {FeeRouter} from "../src/FeeRouter.sol";
import {RewardMinter} from "../src/RewardMinter.sol";
import {Community} from "./Support.sol";

abstract contract Rewards is Community {
    address internal constant ANNA = address(0xA22A);
    uint64 internal constant BOOTSTRAP = 4;
    uint64 internal constant SPAN = 3;

    RewardMinter internal minter;
    CommonwattToken internal token;
    FeeRouter internal router;
    uint256 internal earned;
    uint64 internal latest;

    function schedule() internal pure returns (RewardMinter.Schedule memory) {
        return RewardMinter.Schedule({
            cap: 1e24,
            base: 1000,
            halving: 8,
            bootstrap: BOOTSTRAP,
            window: SPAN,
            epochLength: 1 weeks
        });
    }

    function start() internal {
        found();
        minter = new RewardMinter(OWNER, COMMUNITY, schedule(), 3, addressesOf(keys));
        token = minter.token();
        router = minter.router();
    }

    /// All rewards are Anna's: a tree of one leaf.
    function publish(uint64 epoch, uint256 total) internal {
        bytes32 leaf = minter.leafOf(ANNA, total);
        minter.publish(epoch, leaf, total, signatures(keys, 0, 3, minter.digest(epoch, leaf, total)));
    }

    function publishRefused(uint64 epoch, uint256 total, bytes4 why) internal {
        bytes32 leaf = minter.leafOf(ANNA, total);
        bytes[] memory list = signatures(keys, 0, 3, minter.digest(epoch, leaf, total));
        refused(why);
        minter.publish(epoch, leaf, total, list);
    }

    function burn(uint256 amount) internal {
        vm.prank(ANNA);
        token.approve(address(router), amount);
        vm.prank(ANNA);
        router.burnForCredits(ANNA, amount);
    }
}

contract RewardsTest is Rewards {
    function setUp() public {
        start();
    }

    function claim(uint256 total) private returns (uint256) {
        return minter.claim(ANNA, total, new bytes32[](0));
    }

    function test_rewards_are_minted_when_claimed_and_once() public {
        pass(1 weeks);
        publish(0, 600);
        same(token.totalSupply(), 0);
        same(claim(600), 600);
        same(token.balanceOf(ANNA), 600);
        refused(RewardMinter.NothingToClaim.selector);
        claim(600);
        refused(RewardMinter.InvalidProof.selector);
        claim(601);
        pass(1 weeks);
        publish(1, 700);
        same(claim(700), 100);
    }

    function test_leaves_beyond_the_total_are_not_minted() public {
        pass(1 weeks);
        bytes32 leaf = minter.leafOf(ANNA, 900);
        minter.publish(0, leaf, 600, signatures(keys, 0, 3, minter.digest(0, leaf, 600)));
        refused(RewardMinter.OverTotal.selector);
        claim(900);
    }

    function test_an_epoch_is_published_once_after_its_end_and_in_order() public {
        publishRefused(0, 10, RewardMinter.EpochNotOver.selector);
        pass(3 weeks);
        publish(1, 10);
        publishRefused(1, 20, RewardMinter.EpochNotRising.selector);
        publishRefused(0, 20, RewardMinter.EpochNotRising.selector);
        publishRefused(2, 9, RewardMinter.TotalShrinks.selector);
        bytes32 none = 0;
        bytes[] memory list = signatures(keys, 0, 3, minter.digest(2, none, 20));
        refused(RewardMinter.ZeroRoot.selector);
        minter.publish(2, none, 20, list);
    }

    function test_the_budget_halves() public {
        same(minter.budgetOf(0), 1000);
        same(minter.budgetOf(7), 1000);
        same(minter.budgetOf(8), 500);
        same(minter.budgetOf(8 * 9), 1);
        same(minter.budgetOf(8 * 10), 0);
        same(minter.budgetOf(8 * 300), 0);
        pass(1 weeks);
        publishRefused(0, 1001, RewardMinter.OverLimit.selector);
        publish(0, 1000);
    }

    function test_after_the_bootstrap_no_more_is_minted_than_was_burned() public {
        pass(4 weeks);
        publish(3, 1000);
        claim(1000);
        burn(300); // in epoch 4
        same(router.burned(4), 300);
        same(router.credits(ANNA), 300);
        pass(1 weeks);
        publishRefused(4, 1001, RewardMinter.OverLimit.selector);
        publish(4, 1000);
        pass(1 weeks);
        publish(5, 1200);
        pass(1 weeks);
        publishRefused(6, 1301, RewardMinter.OverLimit.selector);
        publish(6, 1300);
        pass(1 weeks);
        publishRefused(7, 1301, RewardMinter.OverLimit.selector);
    }

    function test_burned_tokens_serve_for_credits_only_if_there_are_any() public {
        refused(FeeRouter.NothingBurned.selector);
        router.burnForCredits(ANNA, 0);
        vm.expectRevert();
        router.burnForCredits(ANNA, 1);
    }

    function test_a_publication_counts_on_one_chain_contract_and_root_only() public {
        pass(1 weeks);
        bytes32 leaf = minter.leafOf(ANNA, 5);
        bytes[] memory list = signatures(keys, 0, 3, minter.digest(0, leaf, 5));
        RewardMinter twin = new RewardMinter(OWNER, COMMUNITY, schedule(), 3, addressesOf(keys));
        pass(1 weeks);
        vm.expectRevert();
        twin.publish(0, leaf, 5, list);
        vm.chainId(CHAIN + 1);
        vm.expectRevert();
        minter.publish(0, leaf, 5, list);
        vm.chainId(CHAIN);
        bytes[] memory few = signatures(keys, 0, 2, minter.digest(0, leaf, 5));
        refused(Attesters.TooFewSignatures.selector);
        minter.publish(0, leaf, 5, few);
        minter.publish(0, leaf, 5, list);
    }

    function test_the_owner_changes_the_attesters_and_nobody_mints() public {
        address[] memory members = new address[](1);
        members[0] = vm.addr(0xc0de);
        refused(Ownable.OwnableUnauthorizedAccount.selector);
        minter.setAttesters(1, members);
        vm.prank(OWNER);
        minter.setAttesters(1, members);
        pass(1 weeks);
        publishRefused(0, 1, Attesters.NotAnAttester.selector);
        refused(CommonwattToken.NotMinter.selector);
        token.mint(ANNA, 1);
        same(bytes32(bytes(token.CLOCK_MODE())), bytes32("mode=timestamp"));
        same(token.clock(), block.timestamp);
        same(token.nonces(ANNA), 0);
        check(token.minter() == address(minter), "the minter is fixed");
    }

    function badSchedule(RewardMinter.Schedule memory s, bytes32 community) private {
        address[] memory members = addressesOf(keys);
        refused(RewardMinter.BadSchedule.selector);
        new RewardMinter(OWNER, community, s, 3, members);
    }

    function test_a_schedule_without_sense_is_refused() public {
        RewardMinter.Schedule memory s = schedule();
        badSchedule(s, 0);
        (s = schedule()).halving = 0;
        badSchedule(s, COMMUNITY);
        (s = schedule()).window = 0;
        badSchedule(s, COMMUNITY);
        (s = schedule()).window = 65;
        badSchedule(s, COMMUNITY);
        (s = schedule()).epochLength = 0;
        badSchedule(s, COMMUNITY);
        (s = schedule()).cap = 0;
        badSchedule(s, COMMUNITY);
    }

    function test_the_supply_is_capped() public {
        RewardMinter.Schedule memory s = schedule();
        s.cap = 99;
        minter = new RewardMinter(OWNER, COMMUNITY, s, 3, addressesOf(keys));
        router = minter.router();
        pass(1 weeks);
        publish(0, 100);
        vm.expectRevert();
        claim(100);
    }
}

/// Attesters who always ask for more than they may, and a household that claims and burns as it likes.
contract Greedy is Rewards {
    uint256 public bootstrapMinted;
    uint256 public scheduled;

    constructor() {
        start();
    }

    function wait(uint8 days_) external {
        pass(uint256(days_ % 10) * 1 days);
    }

    function burn(uint8 share) external {
        uint256 amount = token.balanceOf(ANNA) * share / 255;
        if (amount > 0) burn(amount);
    }

    function claim() external {
        if (earned > minter.claimed(ANNA)) minter.claim(ANNA, earned, new bytes32[](0));
    }

    function publish(uint16 more) external {
        uint64 over = router.currentEpoch();
        if (over == 0 || over - 1 < minter.nextEpoch()) return;
        uint64 epoch = over - 1;
        uint256 limit = minter.limitOf(epoch);
        publishRefused(epoch, earned + limit + 1 + more, RewardMinter.OverLimit.selector);
        publish(epoch, earned + limit);
        earned += limit;
        scheduled += uint256(1000) >> (epoch / 8);
        if (epoch < BOOTSTRAP) bootstrapMinted += limit;
    }

    function within() external view returns (bool schedule_, bool burned_, bool minted_) {
        uint256 burned = router.credits(ANNA);
        schedule_ = earned <= scheduled;
        burned_ = earned - bootstrapMinted <= burned;
        minted_ = token.totalSupply() + burned == minter.claimedTotal() && minter.claimedTotal() <= earned;
    }
}

contract RewardsInvariantTest is Rewards {
    Greedy private greedy;

    function setUp() public {
        greedy = new Greedy();
    }

    function targetContracts() public view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(greedy);
    }

    function invariant_minted_within_schedule_and_burning() public view {
        (bool inSchedule, bool inBurned, bool minted) = greedy.within();
        check(inSchedule, "no more than the schedule");
        check(inBurned, "after the bootstrap no more than was burned");
        check(minted, "what was claimed was minted, and nothing else");
    }
}
