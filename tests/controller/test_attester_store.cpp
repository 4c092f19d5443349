#include <doctest/doctest.h>

#include "controller/attester_store.hpp"
#include "tests/controller/anchored_street.hpp"
#include "tests/controller/full_disk.hpp"

namespace commonwatt {
namespace {

using test::TemporaryDirectory;

Anchor anchor_of(std::int64_t epoch, std::int64_t size) {
  return {.community = {1}, .epoch = epoch, .previous = {}, .log_root = {2}, .log_size = size, .settlement_root = {3}};
}

TEST_CASE("an attester signs one anchor of an epoch, the same again after a restart, and never another") {
  const TemporaryDirectory directory;
  int times = 0;
  const auto sign = [&times](const Anchor&) { return Bytes(65, static_cast<std::uint8_t>(++times)); };
  {
    const auto store = std::move(AttesterStore::open(directory.path())).value();
    const auto first = store->sign_once(anchor_of(1, 4), sign);
    REQUIRE(first.ok());
    REQUIRE(first->has_value());
    CHECK((*first)->head == anchor_hash(anchor_of(1, 4)));
    CHECK(store->sign_once(anchor_of(1, 4), sign).value()->signature == (*first)->signature);
    REQUIRE(store->sign_once(anchor_of(2, 5), sign).ok());
  }
  const auto store = std::move(AttesterStore::open(directory.path())).value();
  CHECK(store->sign_once(anchor_of(1, 4), sign).ok());
  const auto other = store->sign_once(anchor_of(1, 5), sign);
  REQUIRE_FALSE(other.ok());
  CHECK(other.error().fault == SigningFault::signed_another);
  CHECK(other.error().text.find("epoch 1: the anchor " + to_hex(anchor_hash(anchor_of(1, 4))) + " was signed before") ==
        0);
  CHECK(times == 2);
  CHECK(store->attestations_after(0, 10)->size() == 2);
  CHECK(store->attestations_after(0, 1)->size() == 1);
  CHECK(store->attestations_after(1, 10)->at(0).epoch == 2);
}

TEST_CASE("an anchor that a silent key did not sign is as if it had never been asked for") {
  const TemporaryDirectory directory;
  const auto store = std::move(AttesterStore::open(directory.path())).value();
  const auto silent = [](const Anchor&) { return std::optional<Bytes>(); };
  const auto nothing = store->sign_once(anchor_of(1, 4), silent);
  REQUIRE(nothing.ok());
  CHECK_FALSE(nothing->has_value());
  CHECK(store->attestations_after(0, 10)->empty());
  CHECK(store->sign_once(anchor_of(1, 4), [](const Anchor&) { return Bytes(65, 1); }).value().has_value());
  CHECK(store->attestations_after(0, 10)->size() == 1);
}

TEST_CASE("an anchor that finds no room on the disk is as if it had never been asked for") {
  const TemporaryDirectory directory;
  const auto store = std::move(AttesterStore::open(directory.path())).value();
  int times = 0;
  const auto sign = [&times](const Anchor&) { return Bytes(65, static_cast<std::uint8_t>(++times)); };
  REQUIRE(store->sign_once(anchor_of(1, 4), sign).ok());
  {
    const test::FullDisk full;
    const auto refused = store->sign_once(anchor_of(2, 5), sign);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().fault == SigningFault::store);
    CHECK(refused.error().text.find((directory / "attester.sqlite: ").string()) == 0);
    CHECK_FALSE(store->save({.number = 17, .tip = {9}, .state = {}}).ok());
  }
  CHECK(store->attestations_after(0, 10)->size() == 1);
  CHECK(store->restore()->number == 0);
  // What nobody was given may be signed otherwise.
  CHECK(store->sign_once(anchor_of(2, 6), sign).ok());
  CHECK(store->save({.number = 17, .tip = {9}, .state = {}}).ok());
  const auto restarted = std::move(AttesterStore::open(directory.path())).value();
  CHECK(restarted->attestations_after(0, 10)->size() == 2);
  CHECK(restarted->restore()->number == 17);
}

TEST_CASE("an attester goes on where it was") {
  const TemporaryDirectory directory;
  const auto street = test::anchored_street(1);
  street->live(3);
  {
    const auto store = std::move(AttesterStore::open(directory.path())).value();
    CHECK(store->restore()->number == 0);
    REQUIRE(store->save({.number = 17, .tip = {9}, .state = street->state}).ok());
  }
  const auto store = std::move(AttesterStore::open(directory.path())).value();
  const auto place = store->restore();
  REQUIRE(place.ok());
  CHECK(place->number == 17);
  CHECK(place->tip == Hash32{9});
  CHECK(place->state == street->state);
}

}  // namespace
}  // namespace commonwatt
