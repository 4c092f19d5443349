// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// Keeps bytes as its code: reading the code of one account costs less than one storage slot for each signer.
contract AttesterSet {
    constructor(bytes memory data) {
        assembly ("memory-safe") {
            return(add(data, 0x20), mload(data))
        }
    }
}

/// A set of attesters and how many of them must sign. Layout of the code: STOP, so that it cannot be called;
/// the quorum; the addresses, rising, 20 bytes each; the highest address there is, at which every search ends
/// and for which nobody has a key.
library Attesters {
    error BadAttesters();
    error TooFewSignatures(uint256 given, uint256 quorum);
    error SignersNotRising(); // or not a signature
    error NotAnAttester(address signer);

    uint256 internal constant MEMBERS_MAX = 64;
    uint256 private constant HEADER = 2;
    address private constant END = address(type(uint160).max);
    /// Half the order of secp256k1 (SEC 2, section 2.4.1).
    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    /// Members must be rising and not zero; the quorum more than half of them, so that any two quorums share a member.
    function create(uint256 quorum, address[] memory members) internal returns (AttesterSet) {
        uint256 count = members.length;
        if (count > MEMBERS_MAX || quorum > count || quorum * 2 <= count) revert BadAttesters();
        bytes memory data = abi.encodePacked(bytes1(0), uint8(quorum));
        address last = address(0);
        for (uint256 i = 0; i < count; ++i) {
            if (members[i] <= last || members[i] == END) revert BadAttesters();
            last = members[i];
            data = abi.encodePacked(data, last);
        }
        return new AttesterSet(abi.encodePacked(data, END));
    }

    /// Reverts unless a quorum signed the digest: 65-byte signatures r || s || v in the order of rising signers.
    /// No sum here can overflow: all are within the code or the calldata.
    function check(AttesterSet set, bytes32 digest, bytes[] calldata signatures) internal view {
        unchecked {
            bytes memory code = address(set).code;
            uint256 quorum = uint8(code[1]);
            uint256 count = signatures.length;
            if (count < quorum) revert TooFewSignatures(count, quorum);
            address last = address(0);
            uint256 offset = HEADER;
            for (uint256 i = 0; i < count; ++i) {
                address signer = _recover(digest, signatures[i]);
                if (signer <= last) revert SignersNotRising();
                last = signer;
                // Both lists rise, so the search goes on where it stopped.
                while (_member(code, offset) < signer) offset += 20;
                if (_member(code, offset) != signer) revert NotAnAttester(signer);
            }
        }
    }

    function contains(AttesterSet set, address who) internal view returns (bool) {
        bytes memory code = address(set).code;
        for (uint256 offset = HEADER; offset + 20 < code.length; offset += 20) {
            if (_member(code, offset) == who) return true;
        }
        return false;
    }

    function quorumOf(AttesterSet set) internal view returns (uint256) {
        return uint8(address(set).code[1]);
    }

    /// The signer; zero if the signature is none or its s is not the low one of the two (EIP-2).
    function _recover(bytes32 digest, bytes calldata signature) private pure returns (address) {
        if (signature.length != 65) return address(0);
        bytes32 r;
        uint256 s;
        uint256 v;
        assembly ("memory-safe") {
            r := calldataload(signature.offset)
            s := calldataload(add(signature.offset, 0x20))
            v := byte(0, calldataload(add(signature.offset, 0x40)))
        }
        return s > HALF_ORDER ? address(0) : ecrecover(digest, uint8(v), r, bytes32(s));
    }

    /// The address at a byte of the code; at the last one it is the end mark.
    function _member(bytes memory code, uint256 offset) private pure returns (address member) {
        assembly ("memory-safe") {
            member := shr(96, mload(add(add(code, 0x20), offset)))
        }
    }
}
