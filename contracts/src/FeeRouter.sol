// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {CommonwattToken} from "./CommonwattToken.sol";

/// Turns tokens into fee credits by burning them, and records how much was burned in each reward epoch.
contract FeeRouter {
    error NothingBurned();

    event CreditsBought(address indexed payer, address indexed account, uint64 indexed epoch, uint256 amount);

    CommonwattToken public immutable token;
    /// Reward epoch 0 begins at `start` (seconds since 1970) and every epoch lasts `epochLength` seconds. All begin at
    /// multiples of it, as in the community's journal: epochs of a day are days in UTC.
    uint64 public immutable start;
    uint64 public immutable epochLength;
    mapping(uint64 epoch => uint256) public burned;
    /// All credits an account ever bought; what is used up is in the community's ledger.
    mapping(address account => uint256) public credits;

    constructor(CommonwattToken token_, uint64 epochLength_) {
        token = token_;
        start = uint64(block.timestamp - block.timestamp % epochLength_);
        epochLength = epochLength_;
    }

    /// Burns the caller's tokens, which it approved before, for an account's credits.
    function burnForCredits(address account, uint256 amount) external {
        if (amount == 0) revert NothingBurned();
        uint64 epoch = currentEpoch();
        burned[epoch] += amount;
        credits[account] += amount;
        emit CreditsBought(msg.sender, account, epoch, amount);
        token.burnFrom(msg.sender, amount);
    }

    function currentEpoch() public view returns (uint64) {
        return (uint64(block.timestamp) - start) / epochLength;
    }
}
