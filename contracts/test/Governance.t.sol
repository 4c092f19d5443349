// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {GovernorVotesQuorumFraction} from
    "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {AnchorRegistry} from "../src/AnchorRegistry.sol";
import {CommonwattGovernor} from "../src/CommonwattGovernor.sol";
import {CommonwattToken} from "../src/CommonwattToken.sol";
import {Community} from "./Support.sol";

contract GovernanceTest is Community {
    address private constant ANNA = address(0xA22A);
    address private constant BEN = address(0xBE2);

    CommonwattToken private token;
    CommonwattGovernor private governor;
    address[] private targets;
    uint256[] private values = [0];
    bytes[] private calls;

    function setUp() public {
        found();
        token = new CommonwattToken(1e24);
        governor = new CommonwattGovernor(token, rules());
        registry = new AnchorRegistry(governor.timelock(), COMMUNITY, WINDOW, 3, addressesOf(keys), GUARDIAN);
        token.mint(ANNA, 600);
        token.mint(BEN, 400);
        vm.prank(ANNA);
        token.delegate(ANNA);
        vm.prank(BEN);
        token.delegate(BEN);
        targets = [address(registry)];
        calls = [abi.encodeCall(AnchorRegistry.setGuardian, (BEN, true))];
        pass(1);
    }

    function rules() private pure returns (CommonwattGovernor.Rules memory) {
        return CommonwattGovernor.Rules({
            threshold: 10,
            quorumMin: 500,
            quorumPercent: 10,
            votingDelay: 1 days,
            votingPeriod: 5 days,
            timelockDelay: 2 days
        });
    }

    function rulesRefused(CommonwattGovernor.Rules memory wrong, bytes4 why) private {
        refused(why);
        new CommonwattGovernor(token, wrong);
    }

    function test_rules_that_decide_nothing_or_at_once_are_refused() public {
        CommonwattGovernor.Rules memory wrong = rules();
        wrong.quorumMin = 0;
        rulesRefused(wrong, CommonwattGovernor.BadRules.selector);
        wrong = rules();
        wrong.votingPeriod = 0;
        rulesRefused(wrong, CommonwattGovernor.BadRules.selector);
        wrong = rules();
        wrong.timelockDelay = 0;
        rulesRefused(wrong, CommonwattGovernor.BadRules.selector);
        wrong = rules();
        wrong.quorumPercent = 101;
        rulesRefused(wrong, GovernorVotesQuorumFraction.GovernorInvalidQuorumFraction.selector);
    }

    function test_fuzz_the_rules_are_those_it_was_made_with(CommonwattGovernor.Rules memory own) public {
        own.quorumPercent %= 101;
        vm.assume(own.quorumMin != 0 && own.votingPeriod != 0 && own.timelockDelay != 0);
        CommonwattGovernor made = new CommonwattGovernor(token, own);
        same(made.proposalThreshold(), own.threshold);
        same(made.quorumNumerator(), own.quorumPercent);
        same(made.votingDelay(), own.votingDelay);
        same(made.votingPeriod(), own.votingPeriod);
        same(TimelockController(payable(made.timelock())).getMinDelay(), own.timelockDelay);
    }

    function propose() private returns (uint256 id) {
        vm.prank(ANNA);
        id = governor.propose(targets, values, calls, "a guardian");
    }

    function is_(uint256 id, IGovernor.ProposalState state) private view {
        same(uint256(governor.state(id)), uint256(state));
    }

    function test_a_decision_takes_effect_two_days_after_it_is_queued() public {
        uint256 id = propose();
        is_(id, IGovernor.ProposalState.Pending);
        pass(1 days + 1);
        vm.prank(ANNA);
        governor.castVote(id, 1);
        pass(5 days);
        is_(id, IGovernor.ProposalState.Succeeded);
        check(governor.proposalNeedsQueuing(id), "it must be queued");
        governor.queue(targets, values, calls, keccak256("a guardian"));
        pass(2 days - 1);
        refused(TimelockController.TimelockUnexpectedOperationState.selector);
        governor.execute(targets, values, calls, keccak256("a guardian"));
        check(!registry.isGuardian(BEN), "not yet");
        pass(1);
        governor.execute(targets, values, calls, keccak256("a guardian"));
        is_(id, IGovernor.ProposalState.Executed);
        check(registry.isGuardian(BEN), "now");
    }

    function test_nothing_takes_effect_without_the_timelock() public {
        refused(Ownable.OwnableUnauthorizedAccount.selector);
        registry.setGuardian(BEN, true);
        vm.prank(address(governor));
        refused(Ownable.OwnableUnauthorizedAccount.selector);
        registry.setGuardian(BEN, true);
        TimelockController timelock = TimelockController(payable(governor.timelock()));
        same(timelock.getMinDelay(), 2 days);
        check(!timelock.hasRole(timelock.DEFAULT_ADMIN_ROLE(), address(this)), "its maker has no power over it");
        check(!timelock.hasRole(timelock.DEFAULT_ADMIN_ROLE(), address(governor)), "nor has the governor");
        vm.expectRevert();
        timelock.schedule(address(registry), 0, calls[0], 0, 0, 2 days);
    }

    function test_too_few_votes_decide_nothing_however_small_the_supply() public {
        uint256 id = propose();
        pass(1 days + 1);
        vm.prank(BEN);
        governor.castVote(id, 1);
        same(governor.quorum(clock - 1), 500);
        pass(5 days);
        is_(id, IGovernor.ProposalState.Defeated);
        refused(IGovernor.GovernorUnexpectedProposalState.selector);
        governor.queue(targets, values, calls, keccak256("a guardian"));
        token.mint(ANNA, 9000);
        pass(1);
        same(governor.quorum(clock - 1), 1000);
    }

    function test_proposing_needs_votes_and_a_proposal_can_be_taken_back() public {
        same(governor.proposalThreshold(), 10);
        refused(IGovernor.GovernorInsufficientProposerVotes.selector);
        governor.propose(targets, values, calls, "a guardian");
        uint256 id = propose();
        vm.prank(ANNA);
        governor.cancel(targets, values, calls, keccak256("a guardian"));
        is_(id, IGovernor.ProposalState.Canceled);
    }

    function test_borrowed_votes_come_too_late() public {
        uint256 id = propose();
        pass(1 days + 1);
        token.mint(address(this), 1e6);
        token.delegate(address(this));
        same(governor.castVote(id, 0), 0);
    }
}
