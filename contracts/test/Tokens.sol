// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {SettlementVault} from "../src/SettlementVault.sol";

/// An honest token of any number of decimals.
contract Coin is ERC20 {
    uint8 private immutable decimals_;

    constructor(uint8 decimals__) ERC20("Coin", "COIN") {
        decimals_ = decimals__;
    }

    function decimals() public view override returns (uint8) {
        return decimals_;
    }

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }
}

/// Keeps one in a hundred of every transfer.
contract FeeCoin is Coin(6) {
    function _update(address from, address to, uint256 amount) internal override {
        uint256 fee = from == address(0) ? 0 : amount / 100;
        super._update(from, to, amount - fee);
        if (fee > 0) super._update(from, address(0xfee), fee);
    }
}

/// Refuses transfers to and from listed accounts.
contract ListCoin is Coin(6) {
    mapping(address => bool) public listed;

    error Listed();

    function list(address account) external {
        listed[account] = true;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (listed[from] || listed[to]) revert Listed();
        super._update(from, to, amount);
    }
}

/// Answers false instead of reverting, when told to.
contract FalseCoin is Coin(6) {
    bool public lies;

    function lie() external {
        lies = true;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return !lies && super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        return !lies && super.transferFrom(from, to, amount);
    }
}

/// Calls into the vault from within a transfer.
contract ReenteringCoin is Coin(6) {
    address private vault_;
    bytes private call_;

    error Reentered();

    function arm(address vault, bytes calldata call) external {
        vault_ = vault;
        call_ = call;
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (vault_ == address(0) || call_.length == 0) return;
        (bool done,) = vault_.call(call_);
        if (done) revert Reentered();
    }
}

/// The obvious vault, as a control: collateral leaves at once, against any root that is still known.
contract NaiveVault is SettlementVault {
    mapping(address => uint96) public taken;

    constructor(address owner, SettlementVault like) SettlementVault(owner, like.registry(), like.token(), 2 ** 95) {}

    function withdraw(address account, uint64 epoch, int256 cumulativeNet, bytes32[] calldata proof) external {
        (bytes32 root,) = registry.finalRoot(epoch);
        bytes32 node = leafOf(account, cumulativeNet);
        for (uint256 i = 0; i < proof.length; ++i) {
            node = node < proof[i]
                ? keccak256(abi.encode(node, proof[i]))
                : keccak256(abi.encode(proof[i], node));
        }
        require(node == root);
        Account memory a = this.accountOf(account);
        int256 credit = toTokens(int96(cumulativeNet)) - int256(uint256(a.paid));
        int256 left = int256(uint256(a.collateral)) + (credit < 0 ? credit : int256(0)) - int256(uint256(taken[account]));
        if (left <= 0) return;
        taken[account] += uint96(uint256(left));
        token.transfer(account, uint256(left));
    }
}
