// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Anchor, AnchorRegistry} from "./AnchorRegistry.sol";
import {ClearingRecord, Fill} from "./ClearingRecord.sol";
import {DeviceRegistry} from "./DeviceRegistry.sol";
import {LogEntry, Order, Place, SealedBatch} from "./SealedBatch.sol";

/// A meter's registers as its key signs them (EIP-712).
struct Reading {
    bytes32 meter;
    uint256 time;
    uint256 importWh;
    uint256 exportWh;
    uint256 sequence;
    bytes16 salt;
    bytes32 raw;
}

/// A batch of an anchored log: `anchors` lead from the one whose log has it to the registry's newest, oldest first.
struct SealedProof {
    Anchor[] anchors;
    LogEntry entry;
    Place place; // of the entry in the log; its count is the anchor's logSize
}

/// Takes proofs of fraud from anyone. An attester who signed two anchors for one epoch stops the registry, of which
/// this contract must be a guardian, and so does a trade without a valid order in an anchored log: a quorum signed it.
/// A device with two readings of one sequence number is only named: else every household could stop the community with
/// its own key.
///
/// Of trades it judges what is opened before it: an order of a sealed batch that its household did not sign or that is
/// for another interval, and a clearing that gives an order of its book other terms than the order has, more than it
/// asks for or a price it refuses. It cannot judge what is missing. The trees are not sorted, so nothing shows that an
/// order is not there; a leaf that nobody can open may hold anything; and whether a household's contract is the sum of
/// its fills only those see who have all of its orders. That is for the attesters, who refuse such a log.
contract Disputes {
    error SameContent();
    error NotTheSameSlot();
    error WrongCommunity();
    error Vetoed();
    error NotAnAttester(address signer);
    error DifferentSigners();
    error InvalidSignature();
    error AlreadyProven();
    error NotAnchored();
    error NoOrderKey(bytes32 household);
    error ValidOrder();
    error NotInBook();

    event AttesterEquivocated(address indexed attester, uint64 indexed epoch, bytes32 first, bytes32 second);
    event DeviceEquivocated(bytes32 indexed device, uint256 indexed sequence, bytes32 first, bytes32 second);
    event TradeWithoutOrder(bytes32 indexed batch, bytes32 indexed order, uint64 epoch);

    bytes32 public constant ORDER_TYPE = keccak256(
        "Order(bytes32 household,uint256 intervalBegin,uint256 intervalLength,uint8 side,uint256 quantityWh,int256 limitMicroPerKwh,uint256 sequence,bytes16 salt)"
    );
    bytes32 public constant READING_TYPE = keccak256(
        "Reading(bytes32 meter,uint256 time,uint256 importWh,uint256 exportWh,uint256 sequence,bytes16 salt,bytes32 raw)"
    );

    AnchorRegistry public immutable registry;
    DeviceRegistry public immutable devices;
    bytes32 private immutable domain_;
    mapping(address attester => mapping(uint64 epoch => bool)) public attesterProven;
    mapping(bytes32 device => mapping(uint256 sequence => bool)) public deviceProven;
    mapping(bytes32 batch => bool) public tradeProven;

    /// Orders and readings are signed long before there is a contract: their domain has no verifying contract and the
    /// chain id that the community's controller uses, which may be 0.
    constructor(AnchorRegistry registry_, DeviceRegistry devices_, uint256 signingChainId) {
        registry = registry_;
        devices = devices_;
        domain_ = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId)"),
                keccak256("Commonwatt"),
                keccak256("1"),
                signingChainId
            )
        );
    }

    /// Two different anchors of one epoch, signed by one attester. Any two quorums share an attester, so two quorums
    /// that contradict each other always contain such a pair. Vetoed anchors do not count.
    function proveAttester(Anchor calldata a, Anchor calldata b, bytes calldata byA, bytes calldata byB) external {
        if (a.community != registry.community() || b.community != a.community) revert WrongCommunity();
        if (a.epoch != b.epoch) revert NotTheSameSlot();
        bytes32 first = registry.hashAnchor(a);
        bytes32 second = registry.hashAnchor(b);
        if (first == second) revert SameContent();
        if (registry.wasVetoed(first) || registry.wasVetoed(second)) revert Vetoed();
        address attester = ECDSA.recoverCalldata(registry.digest(a), byA);
        if (attester != ECDSA.recoverCalldata(registry.digest(b), byB)) revert DifferentSigners();
        if (!registry.isAttester(attester)) revert NotAnAttester(attester);
        if (attesterProven[attester][a.epoch]) revert AlreadyProven();

        attesterProven[attester][a.epoch] = true;
        emit AttesterEquivocated(attester, a.epoch, first, second);
        registry.pause();
    }

    /// Two different readings of one device with one sequence number, both by the key that was valid in `epoch`.
    function proveDevice(
        Reading calldata a,
        Reading calldata b,
        uint64 epoch,
        bytes calldata byA,
        bytes calldata byB
    ) external {
        if (a.meter != b.meter || a.sequence != b.sequence) revert NotTheSameSlot();
        bytes32 first = digestOf(a);
        bytes32 second = digestOf(b);
        if (first == second) revert SameContent();
        if (!devices.verify(a.meter, epoch, first, byA)) revert InvalidSignature();
        if (!devices.verify(a.meter, epoch, second, byB)) revert InvalidSignature();
        if (deviceProven[a.meter][a.sequence]) revert AlreadyProven();

        deviceProven[a.meter][a.sequence] = true;
        emit DeviceEquivocated(a.meter, a.sequence, first, second);
    }

    /// An order in a sealed batch that is for another interval than the batch, or that its household signed with no key
    /// it had until that epoch. A key that has ended counts still: an order is sealed later than it is signed.
    function proveOrder(
        SealedProof calldata batch,
        Order calldata order,
        bytes calldata signature,
        Place calldata place
    ) external {
        _checkSealed(batch, SealedBatch.rootOver(SealedBatch.orderLeaf(order, signature), place));
        bool inInterval = order.intervalBegin == batch.entry.intervalBegin
            && order.intervalLength == batch.entry.intervalLength;
        if (inInterval && _isSigned(order, batch.anchors[0].epoch, signature)) revert ValidOrder();
        _stop(batch, SealedBatch.orderId(order));
    }

    /// A clearing that contradicts an order which stands in a line of its book. Signed or not: the book names the order
    /// by its hash. `record` is the batch's first leaf.
    function proveFill(
        SealedProof calldata batch,
        Order calldata order,
        bytes calldata record,
        Place calldata place,
        uint256 line
    ) external {
        _checkSealed(batch, SealedBatch.rootOver(SealedBatch.clearingLeaf(record), place));
        bytes32 id = SealedBatch.orderId(order);
        Fill memory fill = ClearingRecord.fillOf(record, line);
        if (fill.id != id) revert NotInBook();
        if (_isWithin(fill, order)) revert ValidOrder();
        _stop(batch, id);
    }

    /// The digest that a household signs.
    function digestOf(Order calldata o) public view returns (bytes32) {
        return _digest(
            keccak256(
                abi.encode(
                    ORDER_TYPE,
                    o.household,
                    o.intervalBegin,
                    o.intervalLength,
                    o.side,
                    o.quantityWh,
                    o.limitMicroPerKwh,
                    o.sequence,
                    o.salt
                )
            )
        );
    }

    /// The digest that a meter signs.
    function digestOf(Reading calldata r) public view returns (bytes32) {
        bytes32 hash = keccak256(
            abi.encode(READING_TYPE, r.meter, r.time, r.importWh, r.exportWh, r.sequence, r.salt, r.raw)
        );
        return _digest(hash);
    }

    function _digest(bytes32 hash) private view returns (bytes32) {
        return keccak256(abi.encodePacked(bytes2(0x1901), domain_, hash));
    }

    /// Reverts unless `batchRoot` is the entry's, and the entry is in the log of an anchor of the registry's chain.
    function _checkSealed(SealedProof calldata batch, bytes32 batchRoot) private view {
        if (batchRoot != batch.entry.batchRoot) revert SealedBatch.NotIncluded();
        if (batch.anchors.length == 0) revert NotAnchored();
        Anchor calldata oldest = batch.anchors[0];
        bytes32 hash = registry.hashAnchor(oldest);
        for (uint256 i = 1; i < batch.anchors.length; ++i) {
            if (batch.anchors[i].previous != hash) revert NotAnchored();
            hash = registry.hashAnchor(batch.anchors[i]);
        }
        if (hash != registry.head()) revert NotAnchored();
        if (batch.place.count != oldest.logSize) revert SealedBatch.NotIncluded();
        if (SealedBatch.rootOver(SealedBatch.logLeaf(batch.entry), batch.place) != oldest.logRoot) {
            revert SealedBatch.NotIncluded();
        }
    }

    /// Whether a key that the household had until that epoch made the signature, r || s. A household's order key is
    /// the device of the household's own name. Without one nothing can be said.
    function _isSigned(Order calldata order, uint64 epoch, bytes calldata signature) private view returns (bool) {
        bytes32 name = order.household;
        if (devices.householdOf(name) != name) revert NoOrderKey(name);
        bytes32 digest = digestOf(order);
        bool known = false;
        uint256 count = devices.keyCount(name);
        for (uint256 i = 0; i < count; ++i) {
            DeviceRegistry.Key memory key = devices.keyOf(name, i);
            if (key.validFrom > epoch || key.kind != DeviceRegistry.Kind.secp256k1) continue;
            known = true;
            if (_made(key, digest, signature)) return true;
        }
        if (!known) revert NoOrderKey(name);
        return false;
    }

    /// With either s, and so with either v: whoever turned s over had the household's signature.
    function _made(DeviceRegistry.Key memory key, bytes32 digest, bytes calldata signature) private pure returns (bool) {
        if (signature.length != 64) return false;
        (bytes32 r, bytes32 s) = (bytes32(signature[:32]), bytes32(signature[32:]));
        address signer = address(uint160(uint256(key.x)));
        return ecrecover(digest, 27, r, s) == signer || ecrecover(digest, 28, r, s) == signer;
    }

    function _isWithin(Fill memory fill, Order calldata order) private pure returns (bool) {
        bool sameTerms = fill.side == int256(uint256(order.side)) && fill.quantityWh == order.quantityWh
            && fill.limitMicroPerKwh == order.limitMicroPerKwh;
        if (!sameTerms || fill.filledWh < 0 || fill.filledWh > order.quantityWh) return false;
        if (fill.filledWh == 0) return true;
        return fill.hasPrice
            && (order.side == 0 ? fill.price <= order.limitMicroPerKwh : fill.price >= order.limitMicroPerKwh);
    }

    /// Once for each batch.
    function _stop(SealedProof calldata batch, bytes32 order) private {
        bytes32 root = batch.entry.batchRoot;
        if (tradeProven[root]) revert AlreadyProven();
        tradeProven[root] = true;
        emit TradeWithoutOrder(root, order, batch.anchors[0].epoch);
        registry.pause();
    }
}
