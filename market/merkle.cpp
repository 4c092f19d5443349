#include "market/merkle.hpp"

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

void collect_consistency(std::span<const Hash32> leaves, std::size_t old_size, bool old_is_whole,
                         std::vector<Hash32>& path) {
  if (old_size == leaves.size()) {
    if (!old_is_whole) path.push_back(merkle_root(leaves));
    return;
  }
  const std::size_t left = split(leaves.size());
  if (old_size <= left) {
    collect_consistency(leaves.first(left), old_size, old_is_whole, path);
    path.push_back(merkle_root(leaves.subspan(left)));
  } else {
    collect_consistency(leaves.subspan(left), old_size - left, false, path);
    path.push_back(merkle_root(leaves.first(left)));
  }
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

std::vector<Hash32> inclusion_path(std::span<const Hash32> leaves, std::size_t index) {
  assert(index < leaves.size());
  std::vector<Hash32> path;
  while (leaves.size() > 1) {
    const std::size_t left = split(leaves.size());
    if (index < left) {
      path.insert(path.begin(), merkle_root(leaves.subspan(left)));
      leaves = leaves.first(left);
    } else {
      path.insert(path.begin(), merkle_root(leaves.first(left)));
      leaves = leaves.subspan(left);
      index -= left;
    }
  }
  return path;
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
  assert(old_size > 0 && old_size <= leaves.size());
  std::vector<Hash32> path;
  collect_consistency(leaves, old_size, true, path);
  return path;
}

bool consistency_holds(std::uint64_t old_size, const Hash32& old_root, std::uint64_t new_size, const Hash32& new_root,
                       std::span<const Hash32> path) {
  if (old_size == 0 || old_size > new_size) return false;
  if (old_size == new_size) return path.empty() && old_root == new_root;
  std::uint64_t position = old_size - 1;
  std::uint64_t last = new_size - 1;
  while (position % 2 == 1) {
    position >>= 1U;
    last >>= 1U;
  }
  std::size_t next = 0;
  // Where the old tree is one full subtree, the proof leaves its root out: the verifier has it.
  if (position != 0 && path.empty()) return false;
  Hash32 old_hash = position == 0 ? old_root : path[next++];
  Hash32 new_hash = old_hash;
  for (; next < path.size(); ++next) {
    if (last == 0) return false;
    if (position % 2 == 1 || position == last) {
      old_hash = node(path[next], old_hash);
      new_hash = node(path[next], new_hash);
      while (position % 2 == 0 && position != 0) {
        position >>= 1U;
        last >>= 1U;
      }
    } else {
      new_hash = node(new_hash, path[next]);
    }
    position >>= 1U;
    last >>= 1U;
  }
  return last == 0 && old_hash == old_root && new_hash == new_root;
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
