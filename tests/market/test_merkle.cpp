#include <doctest/doctest.h>

#include "core/cbor.hpp"
#include "core/sha256.hpp"
#include "market/merkle.hpp"

namespace commonwatt {
namespace {

using Leaves = std::vector<Hash32>;

// The eight entries of the certificate-transparency reference tests.
const std::array<const char*, 8> entries{
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};

Leaves reference_leaves() {
  Leaves leaves;
  for (const char* entry : entries) leaves.push_back(merkle_leaf(*from_hex(entry)));
  return leaves;
}

Leaves numbered_leaves(std::size_t count) {
  Leaves leaves;
  for (std::size_t i = 0; i < count; ++i) {
    const std::array<std::uint8_t, 1> number{static_cast<std::uint8_t>(i)};
    leaves.push_back(merkle_leaf(number));
  }
  return leaves;
}

/// RFC 6962 section 2.1 as it is written, to compare with.
Hash32 recursive_root(std::span<const Hash32> leaves) {
  if (leaves.size() == 1) return leaves[0];
  std::size_t left = 1;
  while (left * 2 < leaves.size()) left *= 2;
  constexpr std::array<std::uint8_t, 1> prefix{0x01};
  return sha256({prefix, recursive_root(leaves.first(left)), recursive_root(leaves.subspan(left))});
}

std::vector<std::string> hex_of(const Leaves& hashes) {
  std::vector<std::string> texts;
  for (const Hash32& hash : hashes) texts.push_back(to_hex(hash));
  return texts;
}

TEST_CASE("the root of no leaves is the hash of the empty string") {
  CHECK(to_hex(merkle_root({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(GrowingTree().root() == merkle_root({}));
  CHECK(MerkleTree({}).root() == merkle_root({}));
}

TEST_CASE("the roots of the certificate-transparency vectors come out") {
  const std::array<const char*, 8> roots{"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                         "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                         "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                         "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                         "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  const Leaves leaves = reference_leaves();
  GrowingTree tree;
  for (std::size_t i = 0; i < roots.size(); ++i) {
    tree.append(leaves[i]);
    CHECK(to_hex(merkle_root(std::span(leaves).first(i + 1))) == roots[i]);
    CHECK(to_hex(tree.root()) == roots[i]);
  }
}

// The nodes of the published tree of eight, by level.
const std::array<std::vector<const char*>, 3> reference_nodes{
    {{"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
      "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
      "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
      "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1"},
     {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"},
     {"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}}};

/// A proof of the published vectors: from one leaf or size to the size of a tree, by the nodes it is made of.
struct Vector {
  std::size_t from;
  std::size_t size;
  std::vector<std::pair<std::size_t, std::size_t>> nodes;  // {level, index}
};

std::vector<std::string> hex_of(const Vector& vector) {
  std::vector<std::string> texts;
  for (const auto& [level, index] : vector.nodes) texts.emplace_back(reference_nodes[level][index]);
  return texts;
}

TEST_CASE("the leaves and inner nodes of the certificate-transparency vectors come out") {
  const Leaves leaves = reference_leaves();
  for (std::size_t level = 0; level < reference_nodes.size(); ++level) {
    const std::size_t count = std::size_t{1} << level;
    for (std::size_t i = 0; i < reference_nodes[level].size(); ++i) {
      CHECK(to_hex(merkle_root(std::span(leaves).subspan(i * count, count))) == reference_nodes[level][i]);
    }
  }
}

TEST_CASE("the inclusion proofs of the certificate-transparency vectors come out, and hold") {
  const Leaves leaves = reference_leaves();
  const std::vector<Vector> vectors{{0, 1, {}},
                                    {0, 8, {{0, 1}, {1, 1}, {2, 1}}},
                                    {5, 8, {{0, 4}, {1, 3}, {2, 0}}},
                                    {2, 3, {{1, 0}}},
                                    {1, 5, {{0, 0}, {1, 1}, {0, 4}}}};
  for (const Vector& vector : vectors) {
    const auto part = std::span(leaves).first(vector.size);
    const Leaves path = inclusion_path(part, vector.from);
    CHECK(hex_of(path) == hex_of(vector));
    CHECK(inclusion_holds(leaves[vector.from], vector.from, vector.size, path, merkle_root(part)));
  }
}

TEST_CASE("the consistency proofs of the certificate-transparency vectors come out, and hold") {
  const Leaves leaves = reference_leaves();
  const std::vector<Vector> vectors{{1, 1, {}},
                                    {1, 8, {{0, 1}, {1, 1}, {2, 1}}},
                                    {6, 8, {{1, 2}, {1, 3}, {2, 0}}},
                                    {2, 5, {{1, 1}, {0, 4}}},
                                    {6, 7, {{1, 2}, {0, 6}, {2, 0}}}};
  for (const Vector& vector : vectors) {
    const auto part = std::span(leaves).first(vector.size);
    const Leaves path = consistency_path(part, vector.from);
    CHECK(hex_of(path) == hex_of(vector));
    CHECK(consistency_holds(vector.from, merkle_root(part.first(vector.from)), vector.size, merkle_root(part), path));
  }
}

TEST_CASE("the proofs RFC 6962 section 2.1.3 draws for seven leaves are made of the nodes it names") {
  // There a to j are d0's to d6's hashes and the nodes above them: a..f and j the leaves, g, h, i the pairs, k and l
  // the halves. PATH(0), PATH(3), PATH(4), PATH(6), and PROOF(3), PROOF(4), PROOF(6).
  const Leaves d = numbered_leaves(7);
  const auto of = [&d](std::size_t begin, std::size_t count) {
    return merkle_root(std::span(d).subspan(begin, count));
  };
  const Hash32 g = of(0, 2);
  const Hash32 h = of(2, 2);
  const Hash32 i = of(4, 2);
  const Hash32 k = of(0, 4);
  const Hash32 l = of(4, 3);
  const MerkleTree tree(d);
  CHECK(tree.inclusion_path(0) == Leaves{d[1], h, l});
  CHECK(tree.inclusion_path(3) == Leaves{d[2], g, l});
  CHECK(tree.inclusion_path(4) == Leaves{d[5], d[6], k});
  CHECK(tree.inclusion_path(6) == Leaves{i, k});
  CHECK(tree.consistency_path(3) == Leaves{d[2], d[3], g, l});
  CHECK(tree.consistency_path(4) == Leaves{l});
  CHECK(tree.consistency_path(6) == Leaves{i, d[6], k});
}

TEST_CASE("a growing tree, a root at once and the recursion of the RFC agree on every size") {
  const Leaves leaves = numbered_leaves(200);
  GrowingTree tree;
  for (std::size_t size = 1; size <= leaves.size(); ++size) {
    tree.append(leaves[size - 1]);
    const auto part = std::span(leaves).first(size);
    CHECK(tree.size() == static_cast<std::int64_t>(size));
    CHECK(tree.root() == recursive_root(part));
    CHECK(merkle_root(part) == recursive_root(part));
    CHECK(MerkleTree({part.begin(), part.end()}).root() == recursive_root(part));
  }
  const auto kept = decode<GrowingTree>(encode(tree));
  REQUIRE(kept.ok());
  CHECK(*kept == tree);
}

TEST_CASE("every leaf of every tree up to 64 is proved, and at no other place") {
  for (std::size_t size = 1; size <= 64; ++size) {
    const Leaves leaves = numbered_leaves(size);
    const Hash32 root = merkle_root(leaves);
    for (std::size_t index = 0; index < size; ++index) {
      CAPTURE(size);
      CAPTURE(index);
      const Leaves path = inclusion_path(leaves, index);
      REQUIRE(inclusion_holds(leaves[index], index, size, path, root));
      for (std::size_t other = 0; other <= size; ++other) {
        if (other != index) REQUIRE_FALSE(inclusion_holds(leaves[index], other, size, path, root));
      }
      Hash32 wrong = leaves[index];
      wrong[31] ^= 1U;
      REQUIRE_FALSE(inclusion_holds(wrong, index, size, path, root));
      wrong = root;
      wrong[0] ^= 0x80U;
      REQUIRE_FALSE(inclusion_holds(leaves[index], index, size, path, wrong));
    }
  }
}

TEST_CASE("an inclusion proof with a bit flipped, a hash too few or too many does not hold") {
  for (std::size_t size = 1; size <= 64; ++size) {
    const Leaves leaves = numbered_leaves(size);
    const Hash32 root = merkle_root(leaves);
    for (std::size_t index = 0; index < size; ++index) {
      Leaves path = inclusion_path(leaves, index);
      for (std::size_t at = 0; at < path.size(); ++at) {
        path[at][at % 32] ^= 4U;
        REQUIRE_FALSE(inclusion_holds(leaves[index], index, size, path, root));
        path[at][at % 32] ^= 4U;
      }
      path.push_back(root);
      REQUIRE_FALSE(inclusion_holds(leaves[index], index, size, path, root));
      path.pop_back();
      if (path.empty()) continue;
      path.pop_back();
      REQUIRE_FALSE(inclusion_holds(leaves[index], index, size, path, root));
    }
  }
  CHECK_FALSE(inclusion_holds(Hash32{}, 0, 0, {}, Hash32{}));
}

TEST_CASE("every tree up to 64 is proved to extend each of its beginnings, and nothing else") {
  const Leaves leaves = numbered_leaves(64);
  for (std::size_t size = 1; size <= leaves.size(); ++size) {
    const auto whole = std::span(leaves).first(size);
    const Hash32 root = merkle_root(whole);
    for (std::size_t old_size = 1; old_size <= size; ++old_size) {
      CAPTURE(size);
      CAPTURE(old_size);
      const Hash32 old_root = merkle_root(whole.first(old_size));
      const Leaves path = consistency_path(whole, old_size);
      REQUIRE(consistency_holds(old_size, old_root, size, root, path));
      Hash32 wrong = old_root;
      wrong[7] ^= 1U;
      REQUIRE_FALSE(consistency_holds(old_size, wrong, size, root, path));
      wrong = root;
      wrong[7] ^= 1U;
      REQUIRE_FALSE(consistency_holds(old_size, old_root, size, wrong, path));
      REQUIRE_FALSE(consistency_holds(0, old_root, size, root, path));
      for (std::size_t other = 1; other <= size; ++other) {
        if (other != old_size) REQUIRE_FALSE(consistency_holds(other, old_root, size, root, path));
      }
    }
    REQUIRE_FALSE(consistency_holds(size + 1, root, size, root, {}));
  }
}

TEST_CASE("a consistency proof with a bit flipped, a hash too few or too many does not hold") {
  const Leaves leaves = numbered_leaves(64);
  for (std::size_t size = 2; size <= leaves.size(); ++size) {
    const auto whole = std::span(leaves).first(size);
    const Hash32 root = merkle_root(whole);
    for (std::size_t old_size = 1; old_size < size; ++old_size) {
      const Hash32 old_root = merkle_root(whole.first(old_size));
      Leaves path = consistency_path(whole, old_size);
      for (std::size_t at = 0; at < path.size(); ++at) {
        path[at][31 - at] ^= 16U;
        REQUIRE_FALSE(consistency_holds(old_size, old_root, size, root, path));
        path[at][31 - at] ^= 16U;
      }
      path.push_back(old_root);
      REQUIRE_FALSE(consistency_holds(old_size, old_root, size, root, path));
      path.pop_back();
      path.pop_back();
      REQUIRE_FALSE(consistency_holds(old_size, old_root, size, root, path));
    }
  }
}

TEST_CASE("the root of any beginning of a tree is proved by a path that begins with a node, and by no other") {
  const Leaves leaves = numbered_leaves(33);
  for (std::size_t size = 2; size <= leaves.size(); ++size) {
    const auto whole = std::span(leaves).first(size);
    const Hash32 root = merkle_root(whole);
    for (std::size_t old_size = 1; old_size < size; ++old_size) {
      CAPTURE(size);
      CAPTURE(old_size);
      const Hash32 old_root = merkle_root(whole.first(old_size));
      Leaves path = consistency_path(whole, old_size);
      if ((old_size & (old_size - 1)) == 0) path.insert(path.begin(), old_root);
      REQUIRE(proved_prefix_root(old_size, size, root, path) == old_root);
      for (Hash32& step : path) {
        step[5] ^= 2U;
        REQUIRE_FALSE(proved_prefix_root(old_size, size, root, path).has_value());
        step[5] ^= 2U;
      }
      path.pop_back();
      REQUIRE_FALSE(proved_prefix_root(old_size, size, root, path).has_value());
    }
    REQUIRE_FALSE(proved_prefix_root(size, size, root, Leaves{root}).has_value());
    REQUIRE_FALSE(proved_prefix_root(0, size, root, Leaves{root}).has_value());
  }
}

TEST_CASE("a log that rewrote one old entry cannot prove that it extends the old one") {
  Leaves leaves = numbered_leaves(13);
  const Hash32 old_root = merkle_root(std::span(leaves).first(9));
  leaves[4][0] ^= 1U;
  CHECK_FALSE(consistency_holds(9, old_root, 13, merkle_root(leaves), consistency_path(leaves, 9)));
}

}  // namespace
}  // namespace commonwatt
