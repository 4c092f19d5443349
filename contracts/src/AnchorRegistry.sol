// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Attesters, AttesterSet} from "./Attesters.sol";

/// What the attesters of a community sign for one epoch (EIP-712).
struct Anchor {
    bytes32 community;
    uint64 epoch; // 1, 2, 3, ... without gaps
    bytes32 previous; // struct hash of the anchor before; zero for the first
    bytes32 logRoot; // of the evidence log (RFC 9162)
    uint64 logSize; // leaves of the evidence log
    bytes32 settlementRoot; // cumulative nets of all accounts, one leaf each
    uint256 volume; // Wh traded within the community in this epoch
}

/// The chain of anchors of one community. An anchor is final once nobody vetoed it within its window; until then a
/// guardian may undo it and everything newer.
contract AnchorRegistry is EIP712, Ownable {
    using Attesters for AttesterSet;

    error AnchoringStopped();
    error NotRewound();
    error NothingToRewind();
    error WrongCommunity();
    error WrongEpoch(uint64 given, uint64 wanted);
    error WrongPrevious();
    error ZeroRoot();
    error LogShrinks();
    error LogRewritten();
    error TooManyPending();
    error UnknownEpoch(uint64 epoch);
    error NotFinal(uint64 epoch);
    error VetoWindowOver(uint64 epoch);
    error VetoWindowTooLong();
    error TooManyAttesterSets();
    error BrokenChain();
    error NotGuardian(address caller);

    event Anchored(
        uint64 indexed epoch, bytes32 head, bytes32 logRoot, uint64 logSize, bytes32 settlementRoot, uint256 volume
    );
    event Vetoed(uint64 indexed from, uint64 indexed to, address guardian);
    event Rewound(uint64 indexed epoch, bytes32 head);
    event Paused(address guardian);
    event Unpaused(address by);
    event GuardianSet(address indexed guardian, bool enabled);
    event AttestersSet(uint256 quorum, address[] members);

    bytes32 public constant ANCHOR_TYPE = keccak256(
        "Anchor(bytes32 community,uint64 epoch,bytes32 previous,bytes32 logRoot,uint64 logSize,bytes32 settlementRoot,uint256 volume)"
    );
    /// Settlement roots of this many newest epochs are kept. One of them is always final, see TooManyPending.
    uint64 public constant RING = 8;

    bytes32 public immutable community;
    /// Seconds after its block in which an anchor may be vetoed.
    uint32 public immutable vetoWindow;

    uint8 private constant PAUSED = 1;
    /// Head, logRoot and logSize are of an undone epoch until rewind().
    uint8 private constant VETOED = 2;
    /// Six gaps of 21 bits date the seven newest epochs, and no older one can be pending. A longer gap counts as this.
    uint128 private constant GAP_MAX = 2 ** 21 - 1;
    uint128 private constant GAPS_MASK = 2 ** 126 - 1;

    /// One slot, because every anchor writes it.
    struct State {
        uint32 epoch;
        uint48 logSize;
        uint8 set; // the nonce at which this contract created its attesters
        uint8 flags;
        uint32 time; // block time of the newest anchor, seconds until 2106
        uint128 gaps; // seconds between an anchor and the one before, the newest in the lowest bits
    }

    State private state_;
    bytes32 private head_;
    bytes32 private logRoot_;
    bytes32[RING] private roots_;
    mapping(address => bool) public isGuardian;
    /// Struct hashes of undone anchors: having signed one does not forbid signing its successor.
    mapping(bytes32 => bool) public wasVetoed;

    constructor(
        address owner,
        bytes32 community_,
        uint32 vetoWindow_,
        uint256 quorum_,
        address[] memory attesters,
        address guardian
    ) EIP712("Commonwatt", "1") Ownable(owner) {
        if (community_ == 0) revert WrongCommunity();
        if (vetoWindow_ >= GAP_MAX) revert VetoWindowTooLong();
        community = community_;
        vetoWindow = vetoWindow_;
        _setAttesters(quorum_, attesters);
        _setGuardian(guardian, true);
    }

    modifier onlyGuardian() {
        if (!isGuardian[msg.sender]) revert NotGuardian(msg.sender);
        _;
    }

    /// Appends an anchor. Anyone may send it; only the signatures count.
    function anchor(Anchor calldata a, bytes[] calldata signatures) external {
        State memory state = state_;
        (uint64 epoch_, uint64 size, bytes32 log) = (a.epoch, a.logSize, a.logRoot);
        bytes32 settlement = a.settlementRoot;
        if (state.flags != 0) revert AnchoringStopped();
        if (a.community != community) revert WrongCommunity();
        if (epoch_ != uint64(state.epoch) + 1) revert WrongEpoch(epoch_, uint64(state.epoch) + 1);
        if (a.previous != head_) revert WrongPrevious();
        if (log == 0 || settlement == 0) revert ZeroRoot();
        if (size < state.logSize) revert LogShrinks();
        if (size == state.logSize && log != logRoot_) revert LogRewritten();
        // The root that falls out of the ring must not be the newest final one.
        if (epoch_ >= RING && _pending(state) == RING - 1) revert TooManyPending();
        bytes32 hash = hashAnchor(a);
        _attesters(state.set).check(_hashTypedDataV4(hash), signatures);

        // From here the anchor is accepted.
        _advance(state, epoch_, size);
        head_ = hash;
        logRoot_ = log;
        roots_[epoch_ % RING] = settlement;
        emit Anchored(epoch_, hash, log, size, settlement, a.volume);
    }

    /// Undoes an epoch and all newer ones, while its window is open. Anchoring goes on after rewind().
    function veto(uint64 epoch_) external onlyGuardian {
        State memory state = state_;
        if (epoch_ == 0 || epoch_ > state.epoch) revert UnknownEpoch(epoch_);
        if (epoch_ + _pending(state) <= state.epoch) revert VetoWindowOver(epoch_);
        emit Vetoed(epoch_, state.epoch, msg.sender);
        for (; state.epoch >= epoch_; --state.epoch) {
            delete roots_[state.epoch % RING];
            // What lies before the oldest known gap was final before.
            state.time -= uint32(state.gaps & GAP_MAX);
            state.gaps = (state.gaps >> 21) | (GAP_MAX << 105);
        }
        state.flags |= VETOED;
        state_ = state;
    }

    /// Goes back to the newest epoch that was not vetoed. Anyone may call it: the anchors are proved by their hashes.
    /// `chain` is that epoch's anchor (none when the first epoch was vetoed) and every undone one, oldest first.
    function rewind(Anchor[] calldata chain) external {
        State memory state = state_;
        if (state.flags & VETOED == 0) revert NothingToRewind();
        if (chain.length == 0 || chain[0].epoch != (state.epoch == 0 ? 1 : state.epoch)) revert BrokenChain();
        bytes32 kept = 0;
        bytes32 hash = chain[0].previous;
        for (uint256 i = 0; i < chain.length; ++i) {
            if (chain[i].previous != hash) revert BrokenChain();
            hash = hashAnchor(chain[i]);
            if (chain[i].epoch == state.epoch) kept = hash;
            else wasVetoed[hash] = true;
        }
        if (hash != head_) revert BrokenChain();
        bool first = state.epoch == 0;
        head_ = kept;
        logRoot_ = first ? bytes32(0) : chain[0].logRoot;
        state.logSize = first ? 0 : uint48(chain[0].logSize);
        state.flags ^= VETOED;
        state_ = state;
        emit Rewound(state.epoch, kept);
    }

    /// Stops anchoring and everything that asks for a final root.
    function pause() external onlyGuardian {
        state_.flags |= PAUSED;
        emit Paused(msg.sender);
    }

    function unpause() external onlyOwner {
        state_.flags &= VETOED;
        emit Unpaused(msg.sender);
    }

    function setGuardian(address guardian, bool enabled) external onlyOwner {
        _setGuardian(guardian, enabled);
    }

    /// `members` rising; the quorum more than half of them.
    function setAttesters(uint256 quorum_, address[] calldata members) external onlyOwner {
        _setAttesters(quorum_, members);
    }

    /// Settlement root of one of the newest epochs, final or not.
    function rootOf(uint64 epoch_) public view returns (bytes32 root) {
        uint64 newest = state_.epoch;
        if (epoch_ == 0 || epoch_ > newest || epoch_ + RING <= newest) revert UnknownEpoch(epoch_);
        root = roots_[epoch_ % RING];
        // Its place in the ring was taken by an epoch that was vetoed later.
        if (root == 0) revert UnknownEpoch(epoch_);
    }

    /// Settlement root of a final epoch, and the newest final epoch. Reverts while paused.
    function finalRoot(uint64 epoch_) external view returns (bytes32 root, uint64 newestFinal) {
        if (state_.flags & PAUSED != 0) revert AnchoringStopped();
        root = rootOf(epoch_);
        newestFinal = finalEpoch();
        if (epoch_ > newestFinal) revert NotFinal(epoch_);
    }

    /// The newest epoch whose veto window has passed; 0 when there is none.
    function finalEpoch() public view returns (uint64) {
        State memory state = state_;
        return state.epoch - _pending(state);
    }

    function epoch() external view returns (uint64) {
        return state_.epoch;
    }

    function head() external view returns (bytes32) {
        if (state_.flags & VETOED != 0) revert NotRewound();
        return head_;
    }

    function logRoot() external view returns (bytes32) {
        if (state_.flags & VETOED != 0) revert NotRewound();
        return logRoot_;
    }

    function logSize() external view returns (uint64) {
        if (state_.flags & VETOED != 0) revert NotRewound();
        return state_.logSize;
    }

    function paused() external view returns (bool) {
        return state_.flags & PAUSED != 0;
    }

    function quorum() external view returns (uint256) {
        return _attesters(state_.set).quorumOf();
    }

    function isAttester(address who) external view returns (bool) {
        return _attesters(state_.set).contains(who);
    }

    /// The digest that attesters sign.
    function digest(Anchor calldata a) external view returns (bytes32) {
        return _hashTypedDataV4(hashAnchor(a));
    }

    /// The struct hash: what the next anchor names as its previous one. All fields are words already, so they are
    /// hashed as they came.
    function hashAnchor(Anchor calldata a) public pure returns (bytes32 hash) {
        bytes32 type_ = ANCHOR_TYPE;
        assembly ("memory-safe") {
            let words := mload(0x40)
            mstore(words, type_)
            calldatacopy(add(words, 0x20), a, 0xe0)
            hash := keccak256(words, 0x100)
        }
    }

    function _setGuardian(address guardian, bool enabled) private {
        isGuardian[guardian] = enabled;
        emit GuardianSet(guardian, enabled);
    }

    function _setAttesters(uint256 quorum_, address[] memory members) private {
        // Beyond 127 a nonce has another encoding.
        if (state_.set == 127) revert TooManyAttesterSets();
        ++state_.set;
        assert(address(Attesters.create(quorum_, members)) == address(_attesters(state_.set)));
        emit AttestersSet(quorum_, members);
    }

    function _advance(State memory state, uint64 epoch_, uint64 size) private {
        uint32 time = SafeCast.toUint32(block.timestamp);
        uint128 gap = time - state.time;
        state.gaps = ((state.gaps << 21) & GAPS_MASK) | (gap < GAP_MAX ? gap : GAP_MAX);
        state.epoch = SafeCast.toUint32(epoch_);
        state.logSize = SafeCast.toUint48(size);
        state.time = time;
        state_ = state;
    }

    /// The address of the contract that this one created at its nonce: the Keccak-256 of both, RLP-encoded.
    function _attesters(uint8 nonce) private view returns (AttesterSet) {
        return AttesterSet(address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", this, nonce))))));
    }

    /// How many of the newest epochs may still be vetoed, at most RING - 1.
    function _pending(State memory state) private view returns (uint64 count) {
        unchecked {
            uint256 age = block.timestamp - state.time;
            uint256 gaps = state.gaps;
            uint256 most = state.epoch < RING ? state.epoch : RING - 1;
            while (age < vetoWindow && count < most) {
                age += gaps & GAP_MAX;
                gaps >>= 21;
                ++count;
            }
        }
    }
}
