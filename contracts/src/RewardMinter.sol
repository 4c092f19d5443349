// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Attesters, AttesterSet} from "./Attesters.sol";
import {CommonwattToken} from "./CommonwattToken.sol";
import {FeeRouter} from "./FeeRouter.sol";

/// Mints rewards by a schedule nobody can change. A quorum of its own, not the registry's, publishes one root of
/// cumulative rewards per reward epoch; tokens come into being when they are claimed. After the bootstrap epochs the
/// rewards of any `window` epochs in a row are at most what was burned in the `window` epochs one earlier.
/// Creates its token and its fee router, so that none of the three can ever be given another partner.
contract RewardMinter is EIP712, Ownable {
    using Attesters for AttesterSet;

    error BadSchedule();
    error EpochNotOver(uint64 epoch);
    error EpochNotRising(uint64 epoch, uint64 next);
    error ZeroRoot();
    error TotalShrinks();
    error OverLimit(uint256 amount, uint256 limit);
    error InvalidProof();
    error NothingToClaim();
    error OverTotal();

    event Published(uint64 indexed epoch, bytes32 root, uint256 total);
    event Rewarded(address indexed account, uint256 amount);
    event AttestersSet(uint256 quorum, address[] members);

    bytes32 public constant REWARDS_TYPE =
        keccak256("Rewards(bytes32 community,uint64 epoch,bytes32 previous,bytes32 root,uint256 total)");
    uint64 private constant WINDOW_MAX = 64;

    struct Schedule {
        uint256 cap; // of the token's supply
        uint256 base; // budget of an epoch before the first halving
        uint64 halving; // epochs
        uint64 bootstrap; // epochs that are not limited by burning
        uint64 window; // epochs
        uint64 epochLength; // seconds
    }

    bytes32 public immutable community;
    CommonwattToken public immutable token;
    FeeRouter public immutable router;
    uint256 public immutable base;
    uint64 public immutable halving;
    uint64 public immutable bootstrap;
    uint64 public immutable window;

    AttesterSet private attesters_;
    /// The first epoch that may still be published.
    uint64 public nextEpoch;
    bytes32 public root;
    /// Rewards of all epochs published so far, and what of it was claimed.
    uint256 public total;
    uint256 public claimedTotal;
    mapping(uint64 epoch => uint256) public granted;
    mapping(address account => uint256) public claimed;

    constructor(
        address owner,
        bytes32 community_,
        Schedule memory schedule,
        uint256 quorum,
        address[] memory attesters
    ) EIP712("Commonwatt", "1") Ownable(owner) {
        if (
            schedule.halving == 0 || schedule.window == 0 || schedule.window > WINDOW_MAX || schedule.epochLength == 0
                || schedule.cap == 0 || community_ == 0
        ) revert BadSchedule();
        community = community_;
        base = schedule.base;
        halving = schedule.halving;
        bootstrap = schedule.bootstrap;
        window = schedule.window;
        token = new CommonwattToken(schedule.cap);
        router = new FeeRouter(token, schedule.epochLength);
        _setAttesters(quorum, attesters);
    }

    /// Publishes the root of all rewards through `epoch`, which must be over. `total_` is the sum of its leaves; what it
    /// exceeds the last total by is the reward of this epoch. What a skipped epoch did not grant is gone.
    function publish(uint64 epoch, bytes32 root_, uint256 total_, bytes[] calldata signatures) external {
        if (epoch >= router.currentEpoch()) revert EpochNotOver(epoch);
        if (epoch < nextEpoch) revert EpochNotRising(epoch, nextEpoch);
        if (root_ == 0) revert ZeroRoot();
        if (total_ < total) revert TotalShrinks();
        uint256 limit = limitOf(epoch);
        if (total_ - total > limit) revert OverLimit(total_ - total, limit);
        attesters_.check(digest(epoch, root_, total_), signatures);

        nextEpoch = epoch + 1;
        granted[epoch] = total_ - total;
        total = total_;
        root = root_;
        emit Published(epoch, root_, total_);
    }

    /// Mints to the account what it earned and has not claimed yet. Anyone may call it.
    function claim(address account, uint256 cumulative, bytes32[] calldata proof) external returns (uint256 amount) {
        if (!MerkleProof.verifyCalldata(proof, root, leafOf(account, cumulative))) revert InvalidProof();
        if (cumulative <= claimed[account]) revert NothingToClaim();
        amount = cumulative - claimed[account];
        if (amount > total - claimedTotal) revert OverTotal();
        claimed[account] = cumulative;
        claimedTotal += amount;
        emit Rewarded(account, amount);
        token.mint(account, amount);
    }

    function setAttesters(uint256 quorum, address[] calldata members) external onlyOwner {
        _setAttesters(quorum, members);
    }

    function budgetOf(uint64 epoch) public view returns (uint256) {
        return base >> (epoch / halving);
    }

    /// What may be granted for an epoch.
    function limitOf(uint64 epoch) public view returns (uint256) {
        uint256 budget = budgetOf(epoch);
        if (epoch < bootstrap) return budget;
        uint256 burned = 0;
        uint256 spent = 0;
        for (uint64 back = 1; back <= window && back <= epoch; ++back) {
            burned += router.burned(epoch - back);
            // The grant of the oldest epoch was paid for by burning before the window.
            if (back < window && epoch - back >= bootstrap) spent += granted[epoch - back];
        }
        return Math.min(budget, Math.saturatingSub(burned, spent));
    }

    /// The digest that the attesters sign.
    function digest(uint64 epoch, bytes32 root_, uint256 total_) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(REWARDS_TYPE, community, epoch, root, root_, total_)));
    }

    function leafOf(address account, uint256 cumulative) public view returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(community, account, cumulative))));
    }

    function _setAttesters(uint256 quorum, address[] memory members) private {
        attesters_ = Attesters.create(quorum, members);
        emit AttestersSet(quorum, members);
    }
}
