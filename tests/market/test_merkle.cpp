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

TEST_CASE("the proofs of the certificate-transparency vectors come out") {
  const Leaves leaves = reference_leaves();
  CHECK(hex_of(inclusion_path(leaves, 0)) ==
        std::vector<std::string>{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                                 "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                 "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"});
  CHECK(hex_of(consistency_path(leaves, 1)) ==
        std::vector<std::string>{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                                 "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                 "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"});
  CHECK(hex_of(consistency_path(leaves, 6)) ==
        std::vector<std::string>{"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                                 "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                                 "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"});
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

TEST_CASE("a log that rewrote one old entry cannot prove that it extends the old one") {
  Leaves leaves = numbered_leaves(13);
  const Hash32 old_root = merkle_root(std::span(leaves).first(9));
  leaves[4][0] ^= 1U;
  CHECK_FALSE(consistency_holds(9, old_root, 13, merkle_root(leaves), consistency_path(leaves, 9)));
}

}  // namespace
}  // namespace commonwatt
