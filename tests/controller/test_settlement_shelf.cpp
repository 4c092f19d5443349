#include <doctest/doctest.h>

#include "controller/settlement_shelf.hpp"
#include "tests/controller/anchored_street.hpp"
#include "tests/controller/full_disk.hpp"

namespace commonwatt {
namespace {

using test::street_houses;
using test::TemporaryDirectory;

EvmAddress address_of(std::size_t house) {
  return *address_of_order_key(street_houses()[house].order_key.public_key());
}

/// The proofs of the second house in twenty epochs, lived once.
const std::vector<SettlementProof>& proofs() {
  static const std::vector<SettlementProof> made = [] {
    const auto street = test::anchored_street(1);
    street->live(20);
    std::vector<SettlementProof> all;
    for (const auto& [anchor, leaves] : street->anchors)
      all.push_back(*settlement_proof_of(anchor, leaves, SettlementTree(leaves), address_of(1)));
    return all;
  }();
  return made;
}

SettlementShelf shelf_in(const TemporaryDirectory& directory) {
  return {directory.path(), proofs()[0].anchor.community, {address_of(0), address_of(1)}};
}

std::size_t files_in(const TemporaryDirectory& directory) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory.path())) ++count;
  return count;
}

TEST_CASE("the newest proofs are kept as files, and found again after a restart") {
  const TemporaryDirectory directory;
  SettlementShelf shelf = shelf_in(directory);
  CHECK(shelf.complete_until() == 0);
  CHECK_FALSE(shelf.has_gap());
  for (const SettlementProof& proof : proofs()) {
    REQUIRE_FALSE(shelf.fault(proof).has_value());
    REQUIRE(shelf.keep(proof).ok());
  }
  CHECK(files_in(directory) == 16);
  CHECK_FALSE(std::filesystem::exists(directory / "settlement-4.json"));
  const auto read = settlement_proof_from_text(test::file_text(directory / "settlement-20.json"));
  REQUIRE(read.ok());
  CHECK(*read == proofs()[19]);
  CHECK(shelf_in(directory).complete_until() == 20);
}

TEST_CASE("a proof that finds no room on the disk is named and leaves nothing, and is kept when there is some") {
  const TemporaryDirectory directory;
  SettlementShelf shelf = shelf_in(directory);
  REQUIRE(shelf.keep(proofs()[0]).ok());
  {
    const test::FullDisk full(100);  // in the middle of the file
    const auto refused = shelf.keep(proofs()[1]);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error() == (directory / "settlement-2.json").string() + ": File too large");
  }
  CHECK(files_in(directory) == 1);
  CHECK(shelf.complete_until() == 1);
  REQUIRE(shelf.keep(proofs()[1]).ok());
  CHECK(shelf.complete_until() == 2);
  CHECK(shelf_in(directory).complete_until() == 2);
}

TEST_CASE("a gap is known, also after a restart, and can be filled") {
  const TemporaryDirectory directory;
  SettlementShelf shelf = shelf_in(directory);
  for (const std::size_t index : {4U, 5U, 8U}) REQUIRE(shelf.keep(proofs()[index]).ok());
  CHECK(shelf_in(directory).has_gap());
  CHECK(shelf.complete_until() == 6);
  for (const std::size_t index : {6U, 7U}) REQUIRE(shelf.keep(proofs()[index]).ok());
  CHECK_FALSE(shelf.has_gap());
  CHECK(shelf.complete_until() == 9);
}

TEST_CASE("a proof that is wrong in itself, another's, or of another chain of anchors is disputed") {
  const TemporaryDirectory directory;
  SettlementShelf shelf = shelf_in(directory);
  for (const std::size_t index : {4U, 5U}) REQUIRE(shelf.keep(proofs()[index]).ok());
  SettlementProof poorer = proofs()[6];
  poorer.cumulative_net -= Money{1};
  CHECK(shelf.fault(poorer)->find("does not lead to the settlement root") != std::string::npos);
  SettlementProof unlinked = proofs()[6];
  unlinked.anchor.previous = Hash32{1};
  CHECK(*shelf.fault(unlinked) == "its anchor does not follow the one of the epoch before");
  SettlementProof changed = proofs()[5];
  changed.anchor.volume += Energy{1};
  CHECK(shelf.fault(changed)->find("another proof of an epoch") != std::string::npos);
  CHECK_FALSE(shelf.fault(proofs()[5]).has_value());
  CHECK(*shelf.fault([] {
    SettlementProof early = proofs()[3];
    early.anchor.volume += Energy{1};
    return early;
  }()) == "the anchor of the epoch after does not follow it");
  const SettlementShelf neighbour(directory.path(), proofs()[0].anchor.community, {address_of(0)});
  CHECK(*neighbour.fault(proofs()[6]) == "its account is not this household's");
  const SettlementShelf lane(directory.path(), community_of("lane"), {address_of(1)});
  CHECK(*lane.fault(proofs()[6]) == "it is of another community");
}

TEST_CASE("a file that somebody changed is passed over") {
  const TemporaryDirectory directory;
  SettlementShelf shelf = shelf_in(directory);
  REQUIRE(shelf.keep(proofs()[4]).ok());
  std::string text = test::file_text(directory / "settlement-5.json");
  text[text.find("cumulative_net_nano\": ") + 22] ^= 1;
  test::write_text(directory / "settlement-5.json", text);
  CHECK(shelf_in(directory).complete_until() == 0);
}

}  // namespace
}  // namespace commonwatt
