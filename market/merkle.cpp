#include "market/merkle.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

#include "core/sha256.hpp"

namespace commonwatt {
namespace {

constexpr std::array<std::uint8_t, 1> leaf_prefix{0x00};
constexpr std::array<std::uint8_t, 1> node_prefix{0x01};

Hash32 node(const Hash32& left, const Hash32& right) {
  return sha256({node_prefix, left, right});
}

/// The largest power of two below n, for n > 1.
std::size_t split(std::size_t n) {
  return std::bit_floor(n - 1);
}

struct TwoRoots {
  Hash32 before;
  Hash32 after;
};

/// The roots a consistency proof leads to from the old tree's last full subtree; nothing when the proof's length is
/// not that of these sizes.
std::optional<TwoRoots> climb(std::uint64_t old_size, std::uint64_t new_size, const Hash32& subtree,
                              std::span<const Hash32> path) {
  std::uint64_t position = old_size - 1;
  std::uint64_t last = new_size - 1;
  while (position % 2 == 1) {
    position >>= 1U;
    last >>= 1U;
  }
  TwoRoots roots{subtree, subtree};
  for (const Hash32& sibling : path) {
    if (last == 0) return std::nullopt;
    if (position % 2 == 1 || position == last) {
      roots = {node(sibling, roots.before), node(sibling, roots.after)};
      while (position % 2 == 0 && position != 0) {
        position >>= 1U;
        last >>= 1U;
      }
    } else {
      roots.after = node(roots.after, sibling);
    }
    position >>= 1U;
    last >>= 1U;
  }
  return last == 0 ? std::optional(roots) : std::nullopt;
}

}  // namespace

Hash32 merkle_leaf(ByteView data) {
  return sha256({leaf_prefix, data});
}

Hash32 merkle_root(std::span<const Hash32> leaves) {
  if (leaves.empty()) return sha256(ByteView{});
  GrowingTree tree;
  for (const Hash32& leaf : leaves) tree.append(leaf);
  return tree.root();
}

MerkleTree::MerkleTree(std::vector<Hash32> leaves) {
  levels_.push_back(std::move(leaves));
  while (levels_.back().size() > 1) {
    const std::vector<Hash32>& below = levels_.back();
    std::vector<Hash32> level;
    level.reserve((below.size() + 1) / 2);
    for (std::size_t i = 0; i + 1 < below.size(); i += 2) level.push_back(node(below[i], below[i + 1]));
    if (below.size() % 2 == 1) level.push_back(below.back());
    levels_.push_back(std::move(level));
  }
}

Hash32 MerkleTree::root() const {
  return size() == 0 ? sha256(ByteView{}) : levels_.back().front();
}

/// The root of `count` leaves from `begin` on, where the recursion of the RFC cuts the tree: begin is a multiple of the
/// power of two that holds count, and the leaves fill it or end with the tree.
const Hash32& MerkleTree::subtree(std::size_t begin, std::size_t count) const {
  const auto level = static_cast<std::size_t>(std::bit_width(count - 1));
  return levels_[level][begin >> level];
}

std::vector<Hash32> MerkleTree::inclusion_path(std::size_t index) const {
  assert(index < size());
  std::vector<Hash32> path;
  for (std::size_t level = 0; level + 1 < levels_.size(); ++level) {
    const std::size_t sibling = (index >> level) ^ 1U;
    // A node without a sibling is its own parent.
    if (sibling < levels_[level].size()) path.push_back(levels_[level][sibling]);
  }
  return path;
}

std::vector<Hash32> MerkleTree::consistency_path(std::size_t old_size) const {
  assert(old_size > 0 && old_size <= size());
  std::vector<Hash32> path;  // from the root down, turned round at the end
  std::size_t begin = 0;
  std::size_t count = size();
  while (begin + count != old_size) {
    const std::size_t left = split(count);
    if (old_size <= begin + left) {
      path.push_back(subtree(begin + left, count - left));
      count = left;
    } else {
      path.push_back(subtree(begin, left));
      begin += left;
      count -= left;
    }
  }
  // Where the old tree is one full subtree, its root is left out: the verifier has it.
  if (begin > 0) path.push_back(subtree(begin, count));
  std::reverse(path.begin(), path.end());
  return path;
}

std::vector<Hash32> inclusion_path(std::span<const Hash32> leaves, std::size_t index) {
  return MerkleTree({leaves.begin(), leaves.end()}).inclusion_path(index);
}

bool inclusion_holds(const Hash32& leaf, std::uint64_t index, std::uint64_t size, std::span<const Hash32> path,
                     const Hash32& root) {
  if (index >= size) return false;
  std::uint64_t position = index;
  std::uint64_t last = size - 1;
  Hash32 hash = leaf;
  for (const Hash32& sibling : path) {
    if (last == 0) return false;
    if (position % 2 == 1 || position == last) {
      hash = node(sibling, hash);
      while (position % 2 == 0 && position != 0) {
        position >>= 1U;
        last >>= 1U;
      }
    } else {
      hash = node(hash, sibling);
    }
    position >>= 1U;
    last >>= 1U;
  }
  return last == 0 && hash == root;
}

std::vector<Hash32> consistency_path(std::span<const Hash32> leaves, std::size_t old_size) {
  return MerkleTree({leaves.begin(), leaves.end()}).consistency_path(old_size);
}

bool consistency_holds(std::uint64_t old_size, const Hash32& old_root, std::uint64_t new_size, const Hash32& new_root,
                       std::span<const Hash32> path) {
  if (old_size == 0 || old_size > new_size) return false;
  if (old_size == new_size) return path.empty() && old_root == new_root;
  // Where the old tree is one full subtree, the proof leaves its root out: the verifier has it.
  const bool whole = std::has_single_bit(old_size);
  if (!whole && path.empty()) return false;
  const std::optional<TwoRoots> roots =
      whole ? climb(old_size, new_size, old_root, path) : climb(old_size, new_size, path[0], path.subspan(1));
  return roots && roots->before == old_root && roots->after == new_root;
}

std::optional<Hash32> proved_prefix_root(std::uint64_t old_size, std::uint64_t new_size, const Hash32& new_root,
                                         std::span<const Hash32> path) {
  if (old_size == 0 || old_size >= new_size || path.empty()) return std::nullopt;
  const std::optional<TwoRoots> roots = climb(old_size, new_size, path[0], path.subspan(1));
  return roots && roots->after == new_root ? std::optional(roots->before) : std::nullopt;
}

void GrowingTree::append(const Hash32& leaf) {
  Hash32 hash = leaf;
  for (std::int64_t full = size_; full % 2 == 1; full /= 2) {
    hash = node(subtrees_.back(), hash);
    subtrees_.pop_back();
  }
  subtrees_.push_back(hash);
  ++size_;
}

Hash32 GrowingTree::root() const {
  if (subtrees_.empty()) return sha256(ByteView{});
  Hash32 hash = subtrees_.back();
  for (std::size_t i = subtrees_.size() - 1; i > 0; --i) hash = node(subtrees_[i - 1], hash);
  return hash;
}

}  // namespace commonwatt
