// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {AnchorRegistry} from "./AnchorRegistry.sol";

/// Who signs for which device, and since when. A household has one grid connection and a connection one household:
/// nobody trades under two names behind one meter. Ids are pseudonyms; no address or name of a person belongs here.
/// Nothing is ever deleted, and nothing changes for an epoch that is anchored.
contract DeviceRegistry is Ownable {
    error NotRegistrar(address caller);
    error ZeroId();
    error HouseholdKnown(bytes32 household);
    error ConnectionTaken(bytes32 connection);
    error UnknownHousehold(bytes32 household);
    error DeviceKnown(bytes32 device);
    error UnknownDevice(bytes32 device);
    error InvalidKey();
    error AnchoredEpoch(uint64 from, uint64 anchored);
    error NotAfterLastKey(uint64 from, uint64 last);

    event RegistrarSet(address registrar);
    event Enrolled(bytes32 indexed household, bytes32 indexed connection);
    event KeyAdded(bytes32 indexed device, uint256 index, Kind kind, bytes32 x, bytes32 y, uint64 validFrom);
    event KeyClosed(bytes32 indexed device, uint256 index, uint64 validTo);

    enum Kind {
        p256,
        secp256k1
    }

    struct Key {
        bytes32 x; // P-256: the point's x; secp256k1: the signer's address
        bytes32 y; // P-256: the point's y; secp256k1: zero
        uint64 validFrom; // first epoch
        uint64 validTo; // epoch after the last
        Kind kind;
    }

    AnchorRegistry public immutable registry;
    address public registrar;
    mapping(bytes32 household => bytes32) public connectionOf;
    mapping(bytes32 connection => bytes32) public householdAt;
    mapping(bytes32 device => bytes32) public householdOf;
    mapping(bytes32 device => Key[]) private keys_;

    constructor(address owner, AnchorRegistry registry_, address registrar_) Ownable(owner) {
        registry = registry_;
        _setRegistrar(registrar_);
    }

    modifier onlyRegistrar() {
        if (msg.sender != registrar) revert NotRegistrar(msg.sender);
        _;
    }

    function setRegistrar(address registrar_) external onlyOwner {
        _setRegistrar(registrar_);
    }

    function enrol(bytes32 household, bytes32 connection) external onlyRegistrar {
        if (household == 0 || connection == 0) revert ZeroId();
        if (connectionOf[household] != 0) revert HouseholdKnown(household);
        if (householdAt[connection] != 0) revert ConnectionTaken(connection);
        connectionOf[household] = connection;
        householdAt[connection] = household;
        emit Enrolled(household, connection);
    }

    /// Adds a device with its first key, valid from an epoch that is not anchored yet.
    function addDevice(bytes32 device, bytes32 household, Kind kind, bytes32 x, bytes32 y, uint64 from)
        external
        onlyRegistrar
    {
        if (device == 0) revert ZeroId();
        if (connectionOf[household] == 0) revert UnknownHousehold(household);
        if (householdOf[device] != 0) revert DeviceKnown(device);
        householdOf[device] = household;
        _add(device, kind, x, y, from);
    }

    /// Replaces the device's key from an epoch on.
    function rotate(bytes32 device, Kind kind, bytes32 x, bytes32 y, uint64 from) external onlyRegistrar {
        _close(device, from);
        _add(device, kind, x, y, from);
    }

    /// Ends the device's key without a successor. rotate() may give it another one later.
    function revoke(bytes32 device, uint64 from) external onlyRegistrar {
        _close(device, from);
    }

    /// Whether the device's key of that epoch made the signature: r || s for P-256, r || s || v for secp256k1; s low.
    function verify(bytes32 device, uint64 epoch, bytes32 digest, bytes calldata signature)
        external
        view
        returns (bool)
    {
        Key[] storage keys = keys_[device];
        for (uint256 i = keys.length; i > 0; --i) {
            Key storage key = keys[i - 1];
            if (epoch < key.validFrom) continue;
            return epoch < key.validTo && _verify(key, digest, signature);
        }
        return false;
    }

    function keyCount(bytes32 device) external view returns (uint256) {
        return keys_[device].length;
    }

    function keyOf(bytes32 device, uint256 index) external view returns (Key memory) {
        return keys_[device][index];
    }

    function _setRegistrar(address registrar_) private {
        registrar = registrar_;
        emit RegistrarSet(registrar_);
    }

    function _add(bytes32 device, Kind kind, bytes32 x, bytes32 y, uint64 from) private {
        bool valid = kind == Kind.p256
            ? P256.isValidPublicKey(x, y)
            : x != 0 && uint256(x) <= type(uint160).max && y == 0;
        if (!valid) revert InvalidKey();
        _checkOpen(from);
        Key[] storage keys = keys_[device];
        emit KeyAdded(device, keys.length, kind, x, y, from);
        keys.push(Key({x: x, y: y, validFrom: from, validTo: type(uint64).max, kind: kind}));
    }

    /// A key that was closed earlier stays closed then; a successor may not reach back before that.
    function _close(bytes32 device, uint64 from) private {
        Key[] storage keys = keys_[device];
        if (keys.length == 0) revert UnknownDevice(device);
        _checkOpen(from);
        Key storage last = keys[keys.length - 1];
        if (from <= last.validFrom) revert NotAfterLastKey(from, last.validFrom);
        if (last.validTo == type(uint64).max) {
            last.validTo = from;
            emit KeyClosed(device, keys.length - 1, from);
        } else if (from < last.validTo) {
            revert NotAfterLastKey(from, last.validTo);
        }
    }

    function _checkOpen(uint64 from) private view {
        uint64 anchored = registry.epoch();
        if (from <= anchored) revert AnchoredEpoch(from, anchored);
    }

    function _verify(Key storage key, bytes32 digest, bytes calldata signature) private view returns (bool) {
        if (key.kind == Kind.p256) {
            if (signature.length != 64) return false;
            return P256.verify(digest, bytes32(signature[:32]), bytes32(signature[32:]), key.x, key.y);
        }
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        return failure == ECDSA.RecoverError.NoError && bytes32(uint256(uint160(signer))) == key.x;
    }
}
