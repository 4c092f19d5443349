// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Capped} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

/// The reward and voting token. Only the contract that created it mints, for good. Votes are counted by time, not by
/// block, so that they mean the same on every chain.
contract CommonwattToken is ERC20, ERC20Burnable, ERC20Capped, ERC20Permit, ERC20Votes {
    error NotMinter(address caller);

    address public immutable minter;

    constructor(uint256 cap) ERC20("Commonwatt", "CWT") ERC20Capped(cap) ERC20Permit("Commonwatt") {
        minter = msg.sender;
    }

    function mint(address account, uint256 amount) external {
        if (msg.sender != minter) revert NotMinter(msg.sender);
        _mint(account, amount);
    }

    /// A base unit pays one nano-unit of the currency's fees, so a token pays one unit.
    function decimals() public pure override returns (uint8) {
        return 9;
    }

    function clock() public view override returns (uint48) {
        return uint48(block.timestamp);
    }

    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    function _update(address from, address to, uint256 amount) internal override(ERC20, ERC20Capped, ERC20Votes) {
        super._update(from, to, amount);
    }
}
