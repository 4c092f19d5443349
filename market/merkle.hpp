// Merkle trees of RFC 6962 section 2.1 (RFC 9162 sections 2.1.3 and 2.1.4 for the proofs): SHA-256, leaves prefixed
// with 0x00 and nodes with 0x01. A tree's leaves are given as leaf hashes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "core/bytes.hpp"

namespace commonwatt {

/// SHA-256(0x00 || data).
Hash32 merkle_leaf(ByteView data);

/// The root of a tree; of no leaves, the hash of the empty string.
Hash32 merkle_root(std::span<const Hash32> leaves);

/// A whole tree with all its nodes: built with one hash a node, and then every proof is only looked up.
class MerkleTree {
 public:
  explicit MerkleTree(std::vector<Hash32> leaves);

  [[nodiscard]] std::size_t size() const { return levels_.front().size(); }
  [[nodiscard]] Hash32 root() const;
  /// The siblings from leaf `index` up to the root; index < size().
  [[nodiscard]] std::vector<Hash32> inclusion_path(std::size_t index) const;
  /// The proof that the tree of the first `old_size` leaves is a prefix of this one; 0 < old_size <= size().
  [[nodiscard]] std::vector<Hash32> consistency_path(std::size_t old_size) const;

 private:
  [[nodiscard]] const Hash32& subtree(std::size_t begin, std::size_t count) const;
  // levels_[k][i] is the root of the leaves from i 2^k on, at most 2^k of them: an odd last node is its own parent.
  std::vector<std::vector<Hash32>> levels_;
};

/// As MerkleTree's, for who wants one proof; index < leaves.size().
std::vector<Hash32> inclusion_path(std::span<const Hash32> leaves, std::size_t index);
/// Whether `path` proves that `leaf` stands at `index` of the tree of `size` leaves with that root.
bool inclusion_holds(const Hash32& leaf, std::uint64_t index, std::uint64_t size, std::span<const Hash32> path,
                     const Hash32& root);

/// As MerkleTree's; 0 < old_size <= leaves.size().
std::vector<Hash32> consistency_path(std::span<const Hash32> leaves, std::size_t old_size);
/// Whether `path` proves that the tree of `new_size` leaves extends the one of `old_size`.
bool consistency_holds(std::uint64_t old_size, const Hash32& old_root, std::uint64_t new_size, const Hash32& new_root,
                       std::span<const Hash32> path);
/// The root of the first `old_size` leaves of the tree of `new_size` with that root, as `path` proves it; nothing when
/// it does not. Such a path is a consistency path that always begins with a node: where the old tree is one full
/// subtree and the consistency path leaves its root out, this one has it in front. 0 < old_size < new_size.
std::optional<Hash32> proved_prefix_root(std::uint64_t old_size, std::uint64_t new_size, const Hash32& new_root,
                                         std::span<const Hash32> path);

/// A tree that only grows, kept as the roots of its full subtrees: what is needed to append and to know the root.
class GrowingTree {
 public:
  void append(const Hash32& leaf);
  [[nodiscard]] Hash32 root() const;
  [[nodiscard]] std::int64_t size() const { return size_; }

  friend bool operator==(const GrowingTree&, const GrowingTree&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.size_, self.subtrees_);
  }

 private:
  std::int64_t size_ = 0;
  std::vector<Hash32> subtrees_;  // largest first; one per set bit of the size
};

}  // namespace commonwatt
