// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {GovernorTimelockControl} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {GovernorVotesQuorumFraction} from
    "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {CommonwattToken} from "./CommonwattToken.sol";

/// The time between a decision and its effect. Only the governor that creates it proposes and cancels; anyone executes;
/// nobody is its administrator but itself.
contract CommonwattTimelock is TimelockController {
    constructor(uint256 delay) TimelockController(delay, _only(msg.sender), _only(address(0)), address(0)) {}

    function _only(address who) private pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = who;
    }
}

/// Holders of the token decide; the timelock, which this contract creates, owns what they decide on.
contract CommonwattGovernor is
    Governor,
    GovernorCountingSimple,
    GovernorVotes,
    GovernorVotesQuorumFraction,
    GovernorTimelockControl
{
    error BadRules();

    /// A vote can change the percentage and the timelock's delay, nothing the others: a community that wants those
    /// otherwise deploys another governor and gives it the contracts.
    struct Rules {
        uint256 threshold; // votes needed to propose
        uint256 quorumMin; // votes needed for any decision, however small the supply is
        uint256 quorumPercent; // of the supply
        uint48 votingDelay; // seconds
        uint32 votingPeriod; // seconds
        uint32 timelockDelay; // seconds
    }

    uint256 private immutable threshold_;
    uint256 private immutable quorumMin_;
    uint48 private immutable votingDelay_;
    uint32 private immutable votingPeriod_;

    /// Without a least quorum the first rewarded households would own the community; without a delay nobody who
    /// disagrees has time to leave.
    constructor(CommonwattToken token_, Rules memory rules)
        Governor("Commonwatt")
        GovernorVotes(token_)
        GovernorVotesQuorumFraction(rules.quorumPercent)
        GovernorTimelockControl(new CommonwattTimelock(rules.timelockDelay))
    {
        if (rules.quorumMin == 0 || rules.votingPeriod == 0 || rules.timelockDelay == 0) revert BadRules();
        threshold_ = rules.threshold;
        quorumMin_ = rules.quorumMin;
        votingDelay_ = rules.votingDelay;
        votingPeriod_ = rules.votingPeriod;
    }

    function votingDelay() public view override returns (uint256) {
        return votingDelay_;
    }

    function votingPeriod() public view override returns (uint256) {
        return votingPeriod_;
    }

    function proposalThreshold() public view override returns (uint256) {
        return threshold_;
    }

    function quorum(uint256 timepoint)
        public
        view
        override(Governor, GovernorVotesQuorumFraction)
        returns (uint256)
    {
        return Math.max(super.quorum(timepoint), quorumMin_);
    }

    function state(uint256 id) public view override(Governor, GovernorTimelockControl) returns (ProposalState) {
        return super.state(id);
    }

    function proposalNeedsQueuing(uint256 id)
        public
        view
        override(Governor, GovernorTimelockControl)
        returns (bool)
    {
        return super.proposalNeedsQueuing(id);
    }

    function _queueOperations(
        uint256 id,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calls,
        bytes32 description
    ) internal override(Governor, GovernorTimelockControl) returns (uint48) {
        return super._queueOperations(id, targets, values, calls, description);
    }

    function _executeOperations(
        uint256 id,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calls,
        bytes32 description
    ) internal override(Governor, GovernorTimelockControl) {
        super._executeOperations(id, targets, values, calls, description);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calls,
        bytes32 description
    ) internal override(Governor, GovernorTimelockControl) returns (uint256) {
        return super._cancel(targets, values, calls, description);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }
}
