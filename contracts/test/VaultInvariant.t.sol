// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SettlementVault} from "../src/SettlementVault.sol";
import {Community, Test, Trees} from "./Support.sol";
import {Coin, NaiveVault} from "./Tokens.sol";

/// A community of four whose attesters keep their duties: nets sum to zero, and no net falls below what could have been
/// claimed before by more than the collateral less the requested exit. Households do what they like, with any root.
contract Household is Community {
    uint256 private constant COUNT = 4;

    Coin public coin;
    SettlementVault public vault;
    NaiveVault private naive_; // null unless this is the control
    int256[COUNT] private nets_;
    /// The most each account could have claimed so far, nano-units.
    int256[COUNT] private peaks_;
    mapping(uint64 epoch => int256[COUNT]) private netsAt_;
    uint256 public claims;
    uint256 public exits;
    uint256 public debts;

    constructor(bool naive) {
        found();
        coin = new Coin(6);
        vault = new SettlementVault(OWNER, registry, coin, 1e12);
        if (naive) vault = naive_ = new NaiveVault(OWNER, vault);
        coin.mint(address(this), 1e18);
        coin.approve(address(vault), type(uint256).max);
        for (uint256 i = 0; i < COUNT; ++i) vault.deposit(account(i), 1e9);
    }

    function account(uint256 who) public pure returns (address) {
        return address(uint160(0x1000 + who % COUNT));
    }

    function deposit(uint256 who, uint256 amount) external {
        vault.deposit(account(who), bounded(amount, 0, 1e9));
    }

    /// Energy changes hands, and the attesters anchor it.
    function trade(uint256 seed) external {
        if (registry.epoch() > registry.finalEpoch() + 5) pass(WINDOW);
        for (uint256 k = 0; k < 3; ++k) {
            uint256 from = (seed >> (8 * k)) % COUNT;
            uint256 to = (seed >> (8 * k + 4)) % COUNT;
            SettlementVault.Account memory a = vault.accountOf(account(from));
            // One more token is kept back for the rounding.
            int256 bond = int256(uint256(a.collateral - a.exitAmount)) - taken(from) - 1;
            int256 room = nets_[from] - peaks_[from] + bond * 1000;
            if (from == to || room <= 0) continue;
            int256 amount = int256(bounded(uint256(keccak256(abi.encode(seed, k))), 0, uint256(room)));
            nets_[from] -= amount;
            nets_[to] += amount;
        }
        for (uint256 i = 0; i < COUNT; ++i) {
            if (nets_[i] > peaks_[i]) peaks_[i] = nets_[i];
        }
        uint64 epoch = registry.epoch() + 1;
        netsAt_[epoch] = nets_;
        anchorNext(treeAt(epoch)[0]);
    }

    function wait(uint256 time) external {
        pass(bounded(time, 1, WINDOW));
    }

    function claim(uint256 who, uint256 back) external {
        (uint64 epoch, bool known) = someFinal(back, who);
        if (!known) return;
        (address a, int256 net, bytes32[] memory proof) = leafAt(who, epoch);
        uint256 before = coin.balanceOf(a);
        try vault.claim(a, epoch, net, proof) returns (uint256 paid) {
            require(coin.balanceOf(a) == before + paid, "paid is what arrived");
            if (paid > 0) ++claims;
            require(vault.claim(a, epoch, net, proof) == 0, "nothing is paid twice");
        } catch (bytes memory why) {
            require(bytes4(why) == SettlementVault.OutflowCapReached.selector, "an honest claim is refused for its cap only");
        }
    }

    function settle(uint256 who, uint256 back) external {
        (uint64 epoch, bool known) = someFinal(back, who);
        if (!known) return;
        (address a, int256 net, bytes32[] memory proof) = leafAt(who, epoch);
        vault.settle(a, epoch, net, proof);
        if (net < 0) ++debts;
    }

    function requestExit(uint256 who, uint256 amount) external {
        address a = account(who);
        // Attesters see a request before the epochs they compute; what is already owed they cannot undo.
        uint256 wanted = bounded(amount, 0, vault.accountOf(a).collateral);
        vm.prank(a);
        vault.requestExit(uint96(wanted));
    }

    function executeExit(uint256 who) external {
        uint64 newest = registry.finalEpoch();
        SettlementVault.Account memory before = vault.accountOf(account(who));
        if (newest == 0 || before.exitAmount == 0 || newest < before.exitEpoch + 2) return;
        (address a, int256 net, bytes32[] memory proof) = leafAt(who, newest);
        try vault.executeExit(a, newest, net, proof) returns (uint256 amount) {
            require(amount <= before.exitAmount, "no more than was requested leaves");
            if (amount > 0) ++exits;
        } catch (bytes memory why) {
            require(bytes4(why) == SettlementVault.OutflowCapReached.selector, "an exit is refused for its cap only");
        }
    }

    /// Only the control lets collateral go at once.
    function withdraw(uint256 who, uint256 back) external {
        (uint64 epoch, bool known) = someFinal(back, who);
        if (!known || address(naive_) == address(0)) return;
        (address a, int256 net, bytes32[] memory proof) = leafAt(who, epoch);
        naive_.withdraw(a, epoch, net, proof);
    }

    /// What all are entitled to by the newest anchored epoch is what the vault holds, but for each one's rounding.
    function whole() external view returns (bool) {
        int256 sum = 0;
        for (uint256 i = 0; i < COUNT; ++i) sum += entitled(i);
        int256 held = int256(coin.balanceOf(address(vault)));
        return held >= sum && held - sum < int256(COUNT);
    }

    function noneNegative() external view returns (bool) {
        for (uint256 i = 0; i < COUNT; ++i) {
            if (entitled(i) < 0 || vault.entitlement(account(i)) < 0) return false;
        }
        return true;
    }

    function entitled(uint256 who) private view returns (int256) {
        SettlementVault.Account memory a = vault.accountOf(account(who));
        return int256(uint256(a.collateral)) + vault.toTokens(int96(nets_[who])) - int256(uint256(a.paid)) - taken(who);
    }

    /// What the control let go beside the accounts' books.
    function taken(uint256 who) private view returns (int256) {
        return address(naive_) == address(0) ? int256(0) : int256(uint256(naive_.taken(account(who))));
    }

    /// A final epoch that is still known and not older than the last one applied to the account.
    function someFinal(uint256 back, uint256 who) private view returns (uint64 epoch, bool known) {
        uint64 newest = registry.finalEpoch();
        back = bounded(back, 0, 7);
        if (newest <= back) return (0, false);
        epoch = newest - uint64(back);
        known = epoch + 8 > registry.epoch() && epoch >= vault.accountOf(account(who)).epoch;
    }

    function treeAt(uint64 epoch) private view returns (bytes32[] memory) {
        bytes32[] memory leaves = new bytes32[](COUNT);
        for (uint256 i = 0; i < COUNT; ++i) leaves[i] = vault.leafOf(account(i), netsAt_[epoch][i]);
        return Trees.build(leaves);
    }

    function leafAt(uint256 who, uint64 epoch)
        private
        view
        returns (address a, int256 net, bytes32[] memory proof)
    {
        (a, net) = (account(who), netsAt_[epoch][who % COUNT]);
        proof = Trees.proofOf(treeAt(epoch), vault.leafOf(a, net));
    }
}

contract VaultInvariantTest is Community {
    Household private household;

    function setUp() public {
        household = new Household(false);
    }

    function targetContracts() public view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(household);
    }

    function invariant_entitlements_equal_the_balance_and_none_is_negative() public view {
        check(household.whole(), "entitlements equal the balance");
        check(household.noneNegative(), "no entitlement is negative");
    }
}

/// The same households and the same checks against a vault without the delay: they must find its fault.
contract NaiveVaultControl is Test {
    function test_the_invariants_break_the_naive_vault_and_not_the_real_one() public {
        check(breaks(true), "the control must break");
        check(!breaks(false), "the real vault must not break");
    }

    function breaks(bool naive) private returns (bool) {
        for (uint256 seed = 0; seed < 4; ++seed) {
            Household household = new Household(naive);
            for (uint256 step = 0; step < 256; ++step) {
                uint256 dice = uint256(keccak256(abi.encode(seed, step)));
                uint256 who = dice >> 128;
                uint256 size = uint256(keccak256(abi.encode(dice)));
                if (dice % 8 == 0) household.deposit(who, size);
                else if (dice % 8 <= 2) household.trade(size);
                else if (dice % 8 == 3) household.wait(size);
                else if (dice % 8 == 4) household.claim(who, size);
                else if (dice % 8 == 5) household.requestExit(who, size);
                else if (dice % 8 == 6) household.executeExit(who);
                else household.withdraw(who, size);
                if (!household.whole() || !household.noneNegative()) return true;
            }
            // A run in which nothing was paid would prove nothing.
            check(naive || (household.claims() > 0 && household.exits() > 0), "money moved");
        }
        return false;
    }
}
