// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {AnchorRegistry} from "./AnchorRegistry.sol";

/// Holds the households' collateral in one ERC-20 token and pays what settlements owe them. Every leaf of a settlement
/// tree says what an account is owed since the beginning, so epochs may be skipped and claims repeated.
///
/// The attesters answer for two things this contract cannot see: all nets of a tree sum to zero, and no account's net
/// ever falls below what it could have claimed before by more than its collateral less its requested exits.
/// Tokens that change balances by themselves (rebasing) are not supported.
contract SettlementVault is ReentrancyGuardTransient, Ownable {
    using SafeERC20 for IERC20Metadata;

    error UnsupportedDecimals(uint8 decimals);
    error InvalidProof();
    error StaleEpoch(uint64 epoch, uint64 applied);
    error Contradiction(uint64 epoch);
    error Undercollateralised(address account);
    error OutflowCapReached(uint64 epoch);
    error NothingRequested();
    error NotNewestFinal(uint64 epoch, uint64 newest);
    error ExitTooEarly(uint64 newest, uint64 wanted);
    error MoreThanCollateral();

    event Deposited(address indexed account, address indexed from, uint256 amount);
    event Settled(address indexed account, uint64 indexed epoch, int256 cumulativeNet);
    event Claimed(address indexed account, uint64 indexed epoch, uint256 amount);
    event ExitRequested(address indexed account, uint64 indexed epoch, uint256 amount);
    event Exited(address indexed account, uint64 indexed epoch, uint256 amount);
    event OutflowCapSet(uint96 cap);

    /// Nets are counted in nano-units of the currency.
    uint8 private constant NET_DECIMALS = 9;
    /// An exit waits until this many epochs after the newest one anchored at its request are final.
    uint64 public constant EXIT_EPOCHS = 2;

    /// Two slots, of which a claim touches the first alone.
    struct Account {
        int96 net; // of the newest applied leaf, nano-units, positive: the account is owed
        uint96 paid; // token units, credit paid out so far
        uint64 epoch; // of that leaf
        uint96 collateral; // token units
        uint96 exitAmount; // token units, 0: none requested
        uint64 exitEpoch; // newest epoch anchored when the exit was requested
    }

    struct Outflow {
        uint64 epoch; // newest final epoch seen
        uint96 spent; // token units that left in it
        uint96 cap; // token units that may leave while one epoch is the newest final one
    }

    AnchorRegistry public immutable registry;
    IERC20Metadata public immutable token;
    bytes32 public immutable community;
    uint256 private immutable multiplier_;
    uint256 private immutable divisor_;
    Outflow public outflow;
    mapping(address => Account) private accounts_;

    constructor(address owner, AnchorRegistry registry_, IERC20Metadata token_, uint96 cap) Ownable(owner) {
        registry = registry_;
        token = token_;
        community = registry_.community();
        uint8 decimals = token_.decimals();
        if (decimals > 18) revert UnsupportedDecimals(decimals);
        multiplier_ = decimals > NET_DECIMALS ? 10 ** (decimals - NET_DECIMALS) : 1;
        divisor_ = decimals < NET_DECIMALS ? 10 ** (NET_DECIMALS - decimals) : 1;
        outflow.cap = cap;
        emit OutflowCapSet(cap);
    }

    /// Adds collateral for an account, paid by the caller; what arrives counts, not what was sent.
    function deposit(address account, uint256 amount) external nonReentrant {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 arrived = token.balanceOf(address(this)) - before;
        accounts_[account].collateral += SafeCast.toUint96(arrived);
        emit Deposited(account, msg.sender, arrived);
    }

    /// Applies a leaf of a final epoch. Anyone may do it for any account.
    function settle(address account, uint64 epoch, int256 cumulativeNet, bytes32[] calldata proof)
        external
        nonReentrant
    {
        _settle(account, epoch, cumulativeNet, proof);
    }

    /// Applies a leaf and pays its credit to the account, as far as the outflow cap allows; the rest stays owed.
    function claim(address account, uint64 epoch, int256 cumulativeNet, bytes32[] calldata proof)
        external
        nonReentrant
        returns (uint256 amount)
    {
        uint64 newest = _settle(account, epoch, cumulativeNet, proof);
        Account storage a = accounts_[account];
        int256 credit = toTokens(a.net) - int256(uint256(a.paid));
        if (credit <= 0) return 0;
        amount = _spend(newest, uint256(credit));
        a.paid += SafeCast.toUint96(amount);
        emit Claimed(account, epoch, amount);
        token.safeTransfer(account, amount);
    }

    /// Announces that the caller wants collateral back. Replaces an earlier request, whose waiting starts again.
    function requestExit(uint96 amount) external {
        Account storage a = accounts_[msg.sender];
        if (amount > a.collateral) revert MoreThanCollateral();
        a.exitAmount = amount;
        a.exitEpoch = registry.epoch();
        emit ExitRequested(msg.sender, a.exitEpoch, amount);
    }

    /// Pays a requested exit to its account, judged by the newest final epoch: what the account owes stays. Anyone may
    /// call it. What the outflow cap holds back stays requested.
    function executeExit(address account, uint64 epoch, int256 cumulativeNet, bytes32[] calldata proof)
        external
        nonReentrant
        returns (uint256 amount)
    {
        Account storage a = accounts_[account];
        uint96 requested = a.exitAmount;
        if (requested == 0) revert NothingRequested();
        uint64 newest = _settle(account, epoch, cumulativeNet, proof);
        if (epoch != newest) revert NotNewestFinal(epoch, newest);
        if (newest < a.exitEpoch + EXIT_EPOCHS) revert ExitTooEarly(newest, a.exitEpoch + EXIT_EPOCHS);
        // _settle leaves no entitlement below zero.
        uint256 free = Math.min(a.collateral, uint256(entitlement(account)));
        uint256 wanted = Math.min(requested, free);
        amount = _spend(newest, wanted);
        a.collateral -= uint96(amount);
        a.exitAmount = uint96(wanted - amount);
        emit Exited(account, epoch, amount);
        token.safeTransfer(account, amount);
    }

    function setOutflowCap(uint96 cap) external onlyOwner {
        outflow.cap = cap;
        emit OutflowCapSet(cap);
    }

    function accountOf(address account) external view returns (Account memory) {
        return accounts_[account];
    }

    /// Collateral and net less what was paid, in token units, as of the newest applied leaf.
    function entitlement(address account) public view returns (int256) {
        Account storage a = accounts_[account];
        return int256(uint256(a.collateral)) + toTokens(a.net) - int256(uint256(a.paid));
    }

    /// Nano-units in token units, rounded down: against whoever is owed and against whoever owes. Because nets are
    /// cumulative, what is cut off now counts in the next epoch.
    function toTokens(int96 net) public view returns (int256 amount) {
        amount = int256(net) * int256(multiplier_);
        int256 divisor = int256(divisor_);
        if (divisor > 1) amount = (amount - (amount < 0 ? divisor - 1 : int256(0))) / divisor;
    }

    function leafOf(address account, int256 cumulativeNet) public view returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(community, account, cumulativeNet))));
    }

    function _settle(address account, uint64 epoch, int256 cumulativeNet, bytes32[] calldata proof)
        private
        returns (uint64 newest)
    {
        bytes32 root;
        (root, newest) = registry.finalRoot(epoch);
        Account storage a = accounts_[account];
        uint64 applied = a.epoch;
        if (epoch < applied) revert StaleEpoch(epoch, applied);
        if (!MerkleProof.verifyCalldata(proof, root, leafOf(account, cumulativeNet))) revert InvalidProof();
        int96 net = SafeCast.toInt96(cumulativeNet);
        if (epoch == applied) {
            if (net != a.net) revert Contradiction(epoch);
            return newest;
        }
        a.net = net;
        a.epoch = epoch;
        // A credit needs no collateral, and not to look for it spares a slot.
        if (toTokens(net) < int256(uint256(a.paid)) && entitlement(account) < 0) revert Undercollateralised(account);
        emit Settled(account, epoch, cumulativeNet);
    }

    /// Takes up to `wanted` from what may still leave in this epoch.
    function _spend(uint64 newest, uint256 wanted) private returns (uint256 granted) {
        Outflow memory o = outflow;
        if (o.epoch != newest) (o.epoch, o.spent) = (newest, 0);
        granted = Math.min(wanted, o.cap > o.spent ? o.cap - o.spent : 0);
        if (granted == 0 && wanted > 0) revert OutflowCapReached(newest);
        o.spent += uint96(granted);
        outflow = o;
    }
}
