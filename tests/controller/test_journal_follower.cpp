// A replica that follows a real journal on disk, page by page.
#include <algorithm>

#include <doctest/doctest.h>

#include "controller/journal_extract.hpp"
#include "controller/journal_follower.hpp"
#include "core/month.hpp"
#include "core/sha256.hpp"
#include "tests/controller/anchored_street.hpp"

namespace commonwatt {
namespace {

using test::anchored_street;
using test::Neighbourhood;
using test::TemporaryDirectory;

JournalFollower::Market street_market() {
  return {.origin = "commonwatt.example/street", .log_key = test::street_log_key().public_key()};
}

JournalPage page_of(Journal& journal, std::int64_t after, std::int64_t offset, std::size_t part_max) {
  const auto extract = journal.extract(after);
  REQUIRE(extract.ok());
  const Bytes encoding = encode(*extract);
  const auto size = static_cast<std::int64_t>(encoding.size());
  const std::int64_t end = std::min(size, offset + static_cast<std::int64_t>(part_max));
  return {.after = after,
          .extract_hash = sha256(encoding),
          .size = size,
          .offset = offset,
          .part = Bytes(encoding.begin() + offset, encoding.begin() + end),
          .entries = journal.sequence(),
          .attested = 0};
}

struct Followed {
  std::vector<Anchor> anchors;
  std::vector<std::string> notes;
  std::string refusal;
};
/// Follows to the journal's end, or until it is refused.
Followed follow(JournalFollower& follower, Journal& journal, std::size_t part_max = journal_part_max) {
  Followed followed;
  while (follower.after() < journal.sequence()) {
    const auto step = follower.take(page_of(journal, follower.after(), follower.offset(), part_max));
    if (!step) {
      followed.refusal = step.error();
      break;
    }
    followed.anchors.insert(followed.anchors.end(), step->anchors.begin(), step->anchors.end());
    followed.notes.insert(followed.notes.end(), step->notes.begin(), step->notes.end());
  }
  return followed;
}

/// Seven settled intervals, lived once.
const Neighbourhood& street() {
  static const std::unique_ptr<Neighbourhood> lived = [] {
    auto made = anchored_street(1);
    made->live(7);
    return made;
  }();
  return *lived;
}

bool has_anchors_of_street(const std::vector<Anchor>& anchors) {
  return std::equal(anchors.begin(), anchors.end(), street().anchors.begin(), street().anchors.end(),
                    [](const Anchor& anchor, const StoreAnchor& store) { return anchor == store.anchor; });
}

TEST_CASE("a replica of the journal comes to the controller's anchors, in whatever parts it is told of it") {
  const TemporaryDirectory directory;
  const auto journal = test::write_journal(street().events, directory.path());
  for (const std::size_t part_max : {journal_part_max, std::size_t{1000}}) {
    JournalFollower follower(street_market(), {});
    const Followed followed = follow(follower, *journal, part_max);
    CHECK(followed.refusal.empty());
    CHECK(has_anchors_of_street(followed.anchors));
    CHECK(follower.place().state.anchor_tip == street().state.anchor_tip);
    CHECK(follower.place().tip == journal->tip());
  }
}

TEST_CASE("people's names stay with the controller") {
  const TemporaryDirectory directory;
  const auto journal = test::write_journal(street().events, directory.path());
  JournalFollower follower(street_market(), {});
  follow(follower, *journal);
  REQUIRE(street().state.households.begin()->second.name == "House 1");
  for (const auto& [id, household] : follower.place().state.households) CHECK(household.name.empty());
}

TEST_CASE("parts of different extracts do not mix, and an answer to an earlier question changes nothing") {
  const TemporaryDirectory directory;
  const auto journal = test::write_journal(street().events, directory.path());
  JournalFollower follower(street_market(), {});
  REQUIRE(follower.take(page_of(*journal, 0, 0, 500)).ok());
  CHECK(follower.offset() == 500);
  JournalPage other = page_of(*journal, 0, 0, 500);
  other.extract_hash = Hash32{7};
  REQUIRE(follower.take(other).ok());
  CHECK(follower.offset() == 500);
  REQUIRE(follower.take(page_of(*journal, 0, 500, 500)).ok());
  CHECK(follower.offset() == 0);
  CHECK(has_anchors_of_street(follow(follower, *journal).anchors));
  const auto late = follower.take(page_of(*journal, 3, 0, 500));
  REQUIRE(late.ok());
  CHECK_FALSE(late->moved);
}

TEST_CASE("another history is not followed: a shorter journal, other entries before, another market") {
  const TemporaryDirectory directory;
  const TemporaryDirectory shorter_directory;
  const TemporaryDirectory other_directory;
  const auto journal = test::write_journal(street().events, directory.path());
  std::vector<Neighbourhood::Happened> events = street().events;
  events.resize(events.size() - 5);
  const auto shorter = test::write_journal(events, shorter_directory.path());
  auto longer = anchored_street(1);
  longer->live(9);
  const auto other = test::write_journal(longer->events, other_directory.path());

  JournalFollower follower(street_market(), {});
  REQUIRE(follow(follower, *journal).refusal.empty());
  const auto from_shorter = follower.take(page_of(*shorter, follower.after(), 0, journal_part_max));
  REQUIRE_FALSE(from_shorter.ok());
  CHECK(from_shorter.error().find("another one, or an old backup") != std::string::npos);
  CHECK(follow(follower, *other).refusal.find("is not the one that was followed") != std::string::npos);

  JournalFollower stranger({.origin = "commonwatt.example/lane", .log_key = street_market().log_key}, {});
  CHECK(follow(stranger, *journal).refusal.find("the journal is of commonwatt.example/street") != std::string::npos);
  JournalFollower careful({.origin = street_market().origin, .log_key = Bytes(32, 1)}, {});
  CHECK(follow(careful, *journal).refusal.find("log key") != std::string::npos);
}

TEST_CASE("an attester that comes after an erasure begins with the state that the controller signed, and says so") {
  const TemporaryDirectory directory;
  auto journal = test::write_journal(street().events, directory.path());
  const UtcTime after = street().events.back().time + std::chrono::hours(24 * 70);
  const auto state = journal->erase(
      {.household = {}, .before_month = month_of(after) - 1, .bookings = {}, .state = {}, .signature = {}}, after,
      street().state, test::street_log_key());
  REQUIRE(state.ok());
  JournalFollower follower(street_market(), {});
  const Followed followed = follow(follower, *journal, 1000);
  CHECK(followed.refusal.empty());
  REQUIRE(followed.notes.size() == 1);
  CHECK(followed.notes[0].find("their data is erased") != std::string::npos);
  CHECK(follower.place().state == *state);
  CHECK(follower.after() == journal->sequence());

  JournalFollower careful({.origin = street_market().origin, .log_key = Bytes(32, 1)}, {});
  CHECK(follow(careful, *journal).refusal.find("not the one that the controller's log key signed") !=
        std::string::npos);
  JournalExtract forged = std::move(journal->extract(0)).value();
  forged.base->state[forged.base->state.size() - 1] ^= 1;
  const Bytes encoding = encode(forged);
  JournalFollower fresh(street_market(), {});
  const auto refused = fresh.take({.after = 0,
                                   .extract_hash = sha256(encoding),
                                   .size = static_cast<std::int64_t>(encoding.size()),
                                   .offset = 0,
                                   .part = encoding,
                                   .entries = journal->sequence(),
                                   .attested = 0});
  CHECK_FALSE(refused.ok());
}

}  // namespace
}  // namespace commonwatt
