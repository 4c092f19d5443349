// Who has signed which anchor, by the controller's side of it.
#include <thread>

#include <doctest/doctest.h>

#include "controller/anchor_desk.hpp"
#include "controller/attestations.hpp"
#include "controller/attester.hpp"
#include "controller/broker_access.hpp"
#include "controller/chain/outbox_store.hpp"
#include "controller/journal_anchors.hpp"
#include "core/sha256.hpp"
#include "tests/controller/anchored_street.hpp"
#include "tests/controller/full_disk.hpp"

namespace commonwatt {
namespace {

using std::chrono::minutes;
using test::TemporaryDirectory;

HouseholdId name_of(std::size_t number) {
  return *HouseholdId::from("attester-" + std::to_string(number));
}

/// Five attesters, of which three are a quorum.
struct Five {
  Five() {
    config.domain = {.chain_id = 31337, .registry = Address{{1, 2, 3}}};
    config.quorum = 3;
    for (std::size_t i = 1; i <= 5; ++i) {
      keys.push_back(*EvmKey::from(sha256(as_bytes(name_of(i).text()))));
      config.attesters.push_back({.name = name_of(i), .address = keys.back().address()});
    }
  }
  [[nodiscard]] Attestation attestation(std::size_t number, const Anchor& anchor) const {
    return {.epoch = anchor.epoch,
            .head = anchor_hash(anchor),
            .signature = keys[number - 1].sign(anchor_digest(anchor, config.domain)).packed()};
  }
  ChainConfig config;
  std::vector<EvmKey> keys;
};

std::vector<Anchor> three_anchors() {
  std::vector<Anchor> anchors;
  Hash32 previous{};
  for (std::int64_t epoch = 1; epoch <= 3; ++epoch) {
    anchors.push_back({.community = {5},
                       .epoch = epoch,
                       .previous = previous,
                       .log_root = {1},
                       .log_size = epoch,
                       .settlement_root = {2},
                       .volume = Energy{epoch}});
    previous = anchor_hash(anchors.back());
  }
  return anchors;
}

std::string taken(Attestations& attestations, const HouseholdId& name, const Attestation& given) {
  const auto refusal = attestations.take(name, given);
  REQUIRE(refusal.ok());
  return refusal->value_or("");
}

TEST_CASE("an epoch is attested when a quorum has signed it and every epoch before it") {
  const TemporaryDirectory directory;
  const Five five;
  const auto attestations = std::move(Attestations::open(directory / "file", five.config)).value();
  const std::vector<Anchor> anchors = three_anchors();
  for (const Anchor& anchor : anchors) REQUIRE(attestations->expect(anchor, {}).ok());
  for (const std::size_t number : {1U, 2U, 4U})
    CHECK(taken(*attestations, name_of(number), five.attestation(number, anchors[1])).empty());
  CHECK(attestations->attested() == 0);
  for (const std::size_t number : {5U, 5U, 2U})
    CHECK(taken(*attestations, name_of(number), five.attestation(number, anchors[0])).empty());
  CHECK(attestations->attested() == 0);
  CHECK_FALSE(attestations->attested_anchor(1).has_value());
  CHECK(taken(*attestations, name_of(3), five.attestation(3, anchors[0])).empty());
  CHECK(attestations->attested() == 2);
  const auto attested = attestations->attested_anchor(1);
  REQUIRE(attested.has_value());
  CHECK(attested->anchor == anchors[0]);
  CHECK(order_signatures(anchors[0], five.config.domain, attested->signatures)->size() == 3);
}

TEST_CASE("what was signed is there after a restart, but not for another journal's anchor") {
  const TemporaryDirectory directory;
  const Five five;
  const std::vector<Anchor> anchors = three_anchors();
  {
    const auto attestations = std::move(Attestations::open(directory / "file", five.config)).value();
    for (const Anchor& anchor : anchors) REQUIRE(attestations->expect(anchor, {}).ok());
    for (const std::size_t number : {1U, 2U, 3U})
      taken(*attestations, name_of(number), five.attestation(number, anchors[0]));
    for (const std::size_t number : {1U, 2U})
      taken(*attestations, name_of(number), five.attestation(number, anchors[1]));
  }
  const auto attestations = std::move(Attestations::open(directory / "file", five.config)).value();
  CHECK(attestations->attested() == 1);
  REQUIRE(attestations->expect(anchors[1], {}).ok());
  taken(*attestations, name_of(4), five.attestation(4, anchors[1]));
  CHECK(attestations->attested() == 2);
  Anchor other = anchors[2];
  other.log_root = {9};
  REQUIRE(attestations->expect(other, {}).ok());
  for (const std::size_t number : {1U, 2U, 3U})
    taken(*attestations, name_of(number), five.attestation(number, anchors[2]));
  CHECK(attestations->attested() == 2);
}

TEST_CASE("a signature that finds no room on the disk does not count until it comes again") {
  const TemporaryDirectory directory;
  const Five five;
  const Anchor first = three_anchors()[0];
  const auto attestations = std::move(Attestations::open(directory / "file", five.config)).value();
  REQUIRE(attestations->expect(first, {}).ok());
  for (const std::size_t number : {1U, 2U}) taken(*attestations, name_of(number), five.attestation(number, first));
  {
    const test::FullDisk full;
    const auto refused = attestations->take(name_of(3), five.attestation(3, first));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().find((directory / "file: ").string()) == 0);
  }
  CHECK(attestations->attested() == 0);
  CHECK(taken(*attestations, name_of(3), five.attestation(3, first)).empty());
  CHECK(attestations->attested() == 1);
  CHECK(std::move(Attestations::open(directory / "file", five.config)).value()->attested() == 1);
}

TEST_CASE("an attestation that is not over our anchor with its attester's key is refused, and told once") {
  const TemporaryDirectory directory;
  const Five five;
  const auto attestations = std::move(Attestations::open(directory / "file", five.config)).value();
  const std::vector<Anchor> anchors = three_anchors();
  REQUIRE(attestations->expect(anchors[0], {}).ok());
  Anchor lie = anchors[0];
  lie.settlement_root = {7};
  const Attestation lied = five.attestation(2, lie);
  CHECK(taken(*attestations, name_of(2), lied)
            .find("attester-2: its attestation of epoch 1 is refused: it signed another anchor") == 0);
  CHECK(taken(*attestations, name_of(2), lied).empty());
  Attestation disguised = lied;
  disguised.head = anchor_hash(anchors[0]);
  CHECK(taken(*attestations, name_of(3), disguised).find("it is not signed with the key of") != std::string::npos);
  CHECK(taken(*attestations, name_of(4), five.attestation(5, anchors[0])).find("not signed with the key") !=
        std::string::npos);
  CHECK(taken(*attestations, *HouseholdId::from("hh01"), five.attestation(1, anchors[0])).find("is no attester") !=
        std::string::npos);
  CHECK(taken(*attestations, name_of(5), five.attestation(5, anchors[1])).find("has made no such anchor") !=
        std::string::npos);
  CHECK(attestations->attested() == 0);
  // A good one in between: the next lie is told again.
  CHECK(taken(*attestations, name_of(2), five.attestation(2, anchors[0])).empty());
  CHECK_FALSE(taken(*attestations, name_of(2), lied).empty());
  ChainConfig elsewhere = five.config;
  elsewhere.domain.chain_id = 1;
  const auto other = std::move(Attestations::open(directory / "other", elsewhere)).value();
  REQUIRE(other->expect(anchors[0], {}).ok());
  CHECK_FALSE(taken(*other, name_of(1), five.attestation(1, anchors[0])).empty());
}

TEST_CASE("an epoch without a quorum for minutes is told once, with the attesters that are missing") {
  const TemporaryDirectory directory;
  const Five five;
  const auto attestations = std::move(Attestations::open(directory / "file", five.config)).value();
  const std::vector<Anchor> anchors = three_anchors();
  const Attestations::Time begin{};
  REQUIRE(attestations->expect(anchors[0], begin).ok());
  taken(*attestations, name_of(1), five.attestation(1, anchors[0]));
  CHECK_FALSE(attestations->silence(begin + minutes(4)).has_value());
  const auto told = attestations->silence(begin + minutes(6));
  REQUIRE(told.has_value());
  CHECK(told->find("missing of attester-2 attester-3 attester-4 attester-5;") != std::string::npos);
  CHECK_FALSE(attestations->silence(begin + minutes(60)).has_value());
  taken(*attestations, name_of(3), five.attestation(3, anchors[0]));
  CHECK(attestations->silence(begin + minutes(61))->find("missing of attester-2 attester-4 attester-5;") !=
        std::string::npos);
  taken(*attestations, name_of(4), five.attestation(4, anchors[0]));
  CHECK_FALSE(attestations->silence(begin + minutes(120)).has_value());
}

/// What the desk would send to a broker.
struct NoBroker {
  Outgoing outgoing;
};

TEST_CASE("without a chain the desk has the journal's anchors attested, and goes on after a restart") {
  const TemporaryDirectory directory;
  const Five five;
  const auto street = test::anchored_street(1);
  street->live(4);
  const auto journal = test::write_journal(street->events, directory.path());
  NoBroker broker;
  for (int times = 0; times < 2; ++times) {
    const auto desk = AnchorDesk::open(five.config, directory.path(), *journal, broker.outgoing, State{});
    REQUIRE(desk.ok());
    CHECK((*desk)->is_attester(name_of(1)));
    CHECK_FALSE((*desk)->is_attester(*HouseholdId::from("hh01")));
    const std::size_t upto = times == 0 ? 2 : 4;
    for (std::size_t epoch = 0; epoch < upto; ++epoch) {
      const Anchor& anchor = street->anchors[epoch].anchor;
      for (const std::size_t number : {1U, 2U, 3U})
        (*desk)->take(name_of(number), UpTopic::attestation, encode(five.attestation(number, anchor)));
    }
    const auto until = std::chrono::steady_clock::now() + minutes(1);
    while ((*desk)->status().attested < static_cast<std::int64_t>(upto) && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    CHECK((*desk)->status() == AnchoringStatus{.attested = static_cast<std::int64_t>(upto)});
    CHECK((*desk)->alarms().empty());
  }
}

TEST_CASE("a journal that gives another anchor of an epoch that went to the outbox is told, and the same one is not") {
  const TemporaryDirectory directory;
  Five five;
  five.config.mode = ChainMode::anchor;
  five.config.rpc = {"http://127.0.0.1:9"};  // nobody answers: what was drafted waits
  five.config.relayer.file = directory / "relayer.key";
  REQUIRE(EvmKey::make().save(EvmKeyKind::relayer, five.config.relayer.file).ok());
  const std::vector<Anchor> anchors = three_anchors();
  const auto told_of_journal = [&](const Anchor& first) {
    const auto anchoring = std::move(Anchoring::start(five.config, directory.path(), {})).value();
    anchoring->expect(first);
    for (const std::size_t number : {1U, 2U, 3U}) anchoring->take(name_of(number), five.attestation(number, first));
    // When the refusal of a stranger, who comes last, is told, the anchor has been judged.
    anchoring->take(name_of(9), five.attestation(1, anchors[2]));
    std::size_t told = 0;
    bool judged = false;
    OutboxStore outbox(directory / "anchors.sqlite");
    const auto until = std::chrono::steady_clock::now() + minutes(1);
    while (!(judged && outbox.last_anchor()) && std::chrono::steady_clock::now() < until) {
      for (const RaiseAlarm& alarm : anchoring->alarms()) {
        if (alarm.text.find("was it restored from a backup?") != std::string::npos) ++told;
        judged = judged || alarm.text.find("it is no attester of the configuration") != std::string::npos;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    CHECK(judged);
    return told;
  };
  CHECK(told_of_journal(anchors[0]) == 0);
  CHECK(told_of_journal(anchors[0]) == 0);
  Anchor other = anchors[0];
  other.log_root = {9};
  CHECK(told_of_journal(other) == 1);
}

TEST_CASE("a relayer's key that cannot be read stops the start") {
  const TemporaryDirectory directory;
  Five five;
  five.config.mode = ChainMode::anchor;
  five.config.rpc = {"http://127.0.0.1:9"};
  five.config.relayer.file = directory / "relayer.key";
  const auto refused = Anchoring::start(five.config, directory.path(), {});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().find("relayer.key") != std::string::npos);
}

}  // namespace
}  // namespace commonwatt
