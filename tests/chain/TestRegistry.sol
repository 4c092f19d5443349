// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// The least that keeps the promises the client relies on: epochs in order, each once, each naming the one before, each
/// signed by a quorum. For tests only.
contract TestRegistry {
    struct Anchor {
        bytes32 community;
        uint64 epoch;
        bytes32 previous;
        bytes32 logRoot;
        uint64 logSize;
        bytes32 settlementRoot;
        uint256 volume;
    }

    event Anchored(
        uint64 indexed epoch, bytes32 head, bytes32 logRoot, uint64 logSize, bytes32 settlementRoot, uint256 volume
    );
    error WrongEpoch(uint64 expected);
    error WrongPrevious();
    error BadSignature();
    error NoQuorum();

    bytes32 private constant ANCHOR_TYPE = keccak256(
        "Anchor(bytes32 community,uint64 epoch,bytes32 previous,bytes32 logRoot,uint64 logSize,bytes32 settlementRoot,uint256 volume)"
    );
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    bytes32 public head;
    uint64 public epoch;
    mapping(uint64 => bytes32) public rootOf;
    mapping(address => bool) private isAttester;
    uint256 private quorum;

    constructor(address[] memory attesters, uint256 quorum_) {
        for (uint256 i = 0; i < attesters.length; ++i) isAttester[attesters[i]] = true;
        quorum = quorum_;
    }

    /// It has no guardians.
    function wasVetoed(bytes32) external pure returns (bool) {
        return false;
    }

    function finalEpoch() external view returns (uint64) {
        return epoch;
    }

    function anchor(Anchor calldata a, bytes[] calldata signatures) external {
        if (a.epoch != epoch + 1) revert WrongEpoch(epoch + 1);
        if (a.previous != head) revert WrongPrevious();
        bytes32 hash = keccak256(abi.encode(ANCHOR_TYPE, a));
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPE, keccak256("Commonwatt"), keccak256("1"), block.chainid, address(this))
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, hash));
        if (signatures.length < quorum) revert NoQuorum();
        address last;
        for (uint256 i = 0; i < signatures.length; ++i) {
            if (signatures[i].length != 65) revert BadSignature();
            address signer =
                ecrecover(digest, uint8(signatures[i][64]), bytes32(signatures[i][:32]), bytes32(signatures[i][32:64]));
            if (!isAttester[signer] || signer <= last) revert BadSignature();
            last = signer;
        }
        head = hash;
        epoch = a.epoch;
        rootOf[a.epoch] = a.settlementRoot;
        emit Anchored(a.epoch, hash, a.logRoot, a.logSize, a.settlementRoot, a.volume);
    }
}
