// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Anchor, AnchorRegistry} from "./AnchorRegistry.sol";
import {DeviceRegistry} from "./DeviceRegistry.sol";

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

/// Takes proofs of fraud from anyone. An attester who signed two anchors for one epoch stops the registry, of which
/// this contract must be a guardian. A device with two readings of one sequence number is only named: else every
/// household could stop the community with its own key.
contract Disputes {
    error SameContent();
    error NotTheSameSlot();
    error WrongCommunity();
    error Vetoed();
    error NotAnAttester(address signer);
    error DifferentSigners();
    error InvalidSignature();
    error AlreadyProven();

    event AttesterEquivocated(address indexed attester, uint64 indexed epoch, bytes32 first, bytes32 second);
    event DeviceEquivocated(bytes32 indexed device, uint256 indexed sequence, bytes32 first, bytes32 second);

    bytes32 public constant READING_TYPE = keccak256(
        "Reading(bytes32 meter,uint256 time,uint256 importWh,uint256 exportWh,uint256 sequence,bytes16 salt,bytes32 raw)"
    );

    AnchorRegistry public immutable registry;
    DeviceRegistry public immutable devices;
    bytes32 private immutable readingDomain_;
    mapping(address attester => mapping(uint64 epoch => bool)) public attesterProven;
    mapping(bytes32 device => mapping(uint256 sequence => bool)) public deviceProven;

    /// Readings are signed long before there is a contract: their domain has no verifying contract and the chain id
    /// that the community's controller uses, which may be 0.
    constructor(AnchorRegistry registry_, DeviceRegistry devices_, uint256 readingChainId) {
        registry = registry_;
        devices = devices_;
        readingDomain_ = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId)"),
                keccak256("Commonwatt"),
                keccak256("1"),
                readingChainId
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

    /// The digest that a meter signs.
    function digestOf(Reading calldata r) public view returns (bytes32) {
        bytes32 hash = keccak256(
            abi.encode(READING_TYPE, r.meter, r.time, r.importWh, r.exportWh, r.sequence, r.salt, r.raw)
        );
        return keccak256(abi.encodePacked(bytes2(0x1901), readingDomain_, hash));
    }
}
