// The anchors that step() makes, and what the journal keeps of them.
#include <doctest/doctest.h>

#include "controller/journal_anchors.hpp"
#include "controller/settlement_proof.hpp"
#include "controller/verify.hpp"
#include "tests/controller/anchored_street.hpp"

namespace commonwatt {
namespace {

using test::anchored_street;
using test::Neighbourhood;
using test::street_houses;
using test::street_interval;
using test::TemporaryDirectory;

EvmAddress address_of(std::size_t house) {
  return *address_of_order_key(street_houses()[house].order_key.public_key());
}

std::optional<SettlementLeaf> leaf_of(const StoreAnchor& store, const EvmAddress& account) {
  for (const SettlementLeaf& leaf : store.leaves) {
    if (leaf.account == account) return leaf;
  }
  return std::nullopt;
}

std::string first_fault(const std::filesystem::path& directory) {
  const VerifyReport report = verify_directory(directory);
  return report.verified() ? "verified" : report.faults.front().what;
}

void change(const std::filesystem::path& directory, const char* sql) {
  SqliteDatabase(directory / journal_file, OpenMode::read_write, "").execute(sql);
}

TEST_CASE("every settled interval is anchored, each anchor naming the one before") {
  const auto street = anchored_street(1);
  street->live(6);
  REQUIRE(street->anchors.size() == 6);
  Hash32 previous{};
  Energy volume;
  for (std::size_t i = 0; i < 6; ++i) {
    const auto& [anchor, leaves] = street->anchors[i];
    CHECK(anchor.community == community_of("commonwatt.example/street"));
    CHECK(anchor.epoch == static_cast<std::int64_t>(i) + 1);
    CHECK(anchor.previous == previous);
    CHECK(anchor.log_size == static_cast<std::int64_t>(i) + 1);
    CHECK(anchor.log_root == merkle_root(std::span(street->log_leaves).first(i + 1)));
    CHECK(anchor.settlement_root == SettlementTree(leaves).root());
    Money sum;
    for (const SettlementLeaf& leaf : leaves) sum += leaf.cumulative_net;
    CHECK(sum == Money{0});
    previous = anchor_hash(anchor);
    volume += anchor.volume;
  }
  CHECK(street->state.anchor_tip.head == previous);
  CHECK(volume > Energy{0});
  CHECK(volume == street->state.totals.traded);
  for (std::size_t house = 0; house < street_houses().size(); ++house) {
    const Account account{.kind = AccountKind::household, .household = street_houses()[house].id};
    const std::optional<SettlementLeaf> leaf = leaf_of(street->anchors.back(), address_of(house));
    REQUIRE(leaf.has_value());
    CHECK(leaf->cumulative_net == street->state.ledger.balance(account));
  }
}

TEST_CASE("an anchor covers as many intervals as configured, and none are made when it says none") {
  const auto street = anchored_street(4);
  street->live(10);
  REQUIRE(street->anchors.size() == 2);
  CHECK(street->anchors[0].anchor.log_size == 4);
  CHECK(street->anchors[1].anchor.log_size == 8);
  Neighbourhood without;
  without.live(6);
  CHECK(without.anchors.empty());
  CHECK(without.state.anchor_tip == AnchorTip{});
}

TEST_CASE("anchors begin while a market runs, and the first covers all before it") {
  Neighbourhood street;
  MarketConfigured configured = test::street_configuration();
  configured.anchor_intervals = 1;
  for (std::int64_t number = 0; number < 9; ++number) {
    if (number == 6) street.happen(configured, street_interval(6).begin() - std::chrono::seconds(120));
    street.pass(number, 9);
  }
  REQUIRE(street.anchors.size() == 3);
  CHECK(street.anchors[0].anchor.epoch == 1);
  CHECK(street.anchors[0].anchor.previous == Hash32{});
  CHECK(street.anchors[0].anchor.log_size == 4);
  Energy volume;
  for (const StoreAnchor& store : street.anchors) volume += store.anchor.volume;
  CHECK(volume == street.state.totals.traded);
}

TEST_CASE("a replay makes the same anchors, byte for byte") {
  const auto street = anchored_street(2);
  street->live(8);
  State state;
  std::vector<StoreAnchor> again;
  for (const Neighbourhood::Happened& happened : street->events) {
    for (const Effect& effect : step(state, happened.event, happened.time)) {
      if (const auto* store = std::get_if<StoreAnchor>(&effect)) again.push_back(*store);
    }
  }
  REQUIRE(again.size() == street->anchors.size());
  for (std::size_t i = 0; i < again.size(); ++i) {
    CHECK(encode(again[i].anchor) == encode(street->anchors[i].anchor));
    CHECK(encode(again[i].leaves) == encode(street->anchors[i].leaves));
  }
}

TEST_CASE("the account of a household that left stays in every later anchor, erased or not") {
  const auto street = anchored_street(1);
  const HouseholdId gone = street_houses()[3].id;
  MarketConfigured fewer = test::street_configuration();
  fewer.anchor_intervals = 1;
  fewer.rules.final_seconds = 7'200;
  street->happen(fewer, UtcTime::from_seconds(test::street_begin - 100));
  fewer.households.pop_back();
  for (std::int64_t number = 0; number < 30; ++number) {
    if (number == 5) street->happen(fewer, street_interval(4).begin() + std::chrono::seconds(60));
    street->pass(number, 40);
    street->run_until(street_interval(number).end() - std::chrono::seconds(301));
  }
  REQUIRE_FALSE(street->state.members.contains(gone));
  REQUIRE_FALSE(erasure_refusal(street->state, gone).has_value());
  street->happen(DataErased{.household = gone, .before_month = 0, .bookings = {}, .state = {}, .signature = {}},
                 street_interval(30).begin());
  const std::size_t before = street->anchors.size();
  for (std::int64_t number = 30; number < 34; ++number) street->pass(number, 40);
  CHECK(street->anchors.size() == before + 4);
  const std::optional<SettlementLeaf> leaf = leaf_of(street->anchors.back(), address_of(3));
  REQUIRE(leaf.has_value());
  CHECK(leaf->cumulative_net == street->state.ledger.balance({.kind = AccountKind::household, .household = gone}));
}

TEST_CASE("a household that rotates its order key keeps its account: what was paid out is counted there") {
  const auto street = anchored_street(1);
  MarketConfigured rotated = test::street_configuration();
  rotated.anchor_intervals = 1;
  street->happen(rotated, UtcTime::from_seconds(test::street_begin - 100));
  for (std::int64_t number = 0; number < 3; ++number) street->pass(number, 40);
  const Bytes old_key = std::exchange(rotated.households[2].order_key, SigningKey::make(KeyKind::order).public_key());
  street->happen(rotated, street_interval(2).begin() + std::chrono::seconds(60));
  CHECK(street->state.households.at(street_houses()[2].id).order_key != old_key);
  for (std::int64_t number = 3; number < 5; ++number) street->pass(number, 40);
  const std::optional<SettlementLeaf> leaf = leaf_of(street->anchors.back(), *address_of_order_key(old_key));
  REQUIRE(leaf.has_value());
  CHECK(leaf->cumulative_net ==
        street->state.ledger.balance({.kind = AccountKind::household, .household = street_houses()[2].id}));
  CHECK_FALSE(leaf_of(street->anchors.back(), *address_of_order_key(rotated.households[2].order_key)).has_value());
}

TEST_CASE("two households with one order key get an alarm and no anchor") {
  MarketConfigured twins = test::street_configuration();
  twins.anchor_intervals = 1;
  twins.households[1].order_key = twins.households[0].order_key;
  Neighbourhood street(twins);
  street.close_gate(0);
  const UtcTime at = street.state.rules.settlement_time(street_interval(0));
  for (std::int64_t number = 0; number < 2; ++number) street.send_readings(number);
  street.happen(SettlementDue{street_interval(0), Run::initial, {}}, at);
  const Checkpoint checkpoint = street.state.checkpoint();
  const Effects effects =
      street.happen(CheckpointSigned{checkpoint.size, sign_checkpoint(test::street_log_key(), checkpoint)}, at);
  CHECK(test::only<RaiseAlarm>(effects).text.find("have the same address") != std::string::npos);
  CHECK(street.anchors.empty());
}

TEST_CASE("the journal keeps every anchor, and the leaves of the newest epochs") {
  const TemporaryDirectory directory;
  const auto street = anchored_street(1);
  street->live(20);
  REQUIRE(street->anchors.size() == 20);
  const auto journal = test::write_journal(street->events, directory.path());
  for (std::int64_t epoch = 1; epoch <= 20; ++epoch) {
    const auto stored = journal->anchor(epoch);
    REQUIRE((stored && stored->has_value()));
    const StoreAnchor& made = street->anchors[static_cast<std::size_t>(epoch - 1)];
    CHECK((*stored)->anchor == made.anchor);
    CHECK((*stored)->leaves == (epoch > 20 - kept_leaves_epochs ? made.leaves : std::vector<SettlementLeaf>{}));
  }
  CHECK_FALSE(journal->anchor(21)->has_value());
  CHECK(*read_newest_epoch(directory / journal_file) == 20);
  CHECK((*read_anchor(directory / journal_file, 20))->anchor == street->anchors.back().anchor);
  CHECK(first_fault(directory.path()) == "verified");
}

TEST_CASE("verify finds every anchor and every kept leaf that was changed, lost or added") {
  const auto street = anchored_street(1);
  street->live(18);
  const auto fault_after = [&](const char* sql) {
    const TemporaryDirectory directory;
    test::write_journal(street->events, directory.path());
    change(directory.path(), sql);
    return first_fault(directory.path());
  };
  const std::string other = "the stored anchor of epoch 7 is not the one that follows from the journal";
  CHECK(fault_after("UPDATE anchor SET anchor=(SELECT anchor FROM anchor WHERE epoch=8) WHERE epoch=7") == other);
  CHECK(fault_after("DELETE FROM anchor WHERE epoch=7").find("epoch 7") != std::string::npos);
  CHECK(fault_after("UPDATE anchor_leaves SET leaves=(SELECT leaves FROM anchor_leaves WHERE epoch=17) WHERE epoch=18")
            .find("settlement leaves of epoch 18") != std::string::npos);
  CHECK(fault_after("DELETE FROM anchor_leaves WHERE epoch=18").find("settlement leaves of epoch 18") !=
        std::string::npos);
  CHECK(fault_after("INSERT INTO anchor_leaves SELECT 1, leaves FROM anchor_leaves WHERE epoch=18")
            .find("settlement leaves of epoch 1 ") != std::string::npos);
  CHECK(fault_after("INSERT INTO anchor SELECT 19, anchor FROM anchor WHERE epoch=18") ==
        "the stored settlement leaves of epoch 3 are not those of its accounts");
  CHECK(fault_after("SELECT 1") == "verified");
}

TEST_CASE("a household's proof leads from its leaf to the anchor") {
  const auto street = anchored_street(1);
  street->live(3);
  const auto& [anchor, leaves] = street->anchors.back();
  const SettlementTree tree(leaves);
  const auto proof = settlement_proof_of(anchor, leaves, tree, address_of(2));
  REQUIRE(proof.has_value());
  CHECK_FALSE(settlement_proof_fault(*proof).has_value());
  SettlementProof richer = *proof;
  richer.cumulative_net += Money{1};
  CHECK(settlement_proof_fault(richer).has_value());
  CHECK_FALSE(settlement_proof_of(anchor, leaves, tree, EvmAddress{}).has_value());
}

}  // namespace
}  // namespace commonwatt
