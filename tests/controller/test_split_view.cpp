#include <bit>

#include <doctest/doctest.h>

#include "controller/gateway_checks.hpp"
#include "controller/split_view.hpp"
#include "market/merkle.hpp"
#include "tests/controller/full_disk.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::key_of_name;
using Leaves = std::vector<Hash32>;

constexpr const char* origin = "log.example/street";

const SigningKey& log_key() {
  static const SigningKey key = key_of_name(KeyKind::log, "controller");
  return key;
}

/// The entries of a log; from `forked_at` on those of another one.
Leaves entries(std::size_t count, std::size_t forked_at = SIZE_MAX) {
  Leaves leaves;
  for (std::size_t i = 0; i < count; ++i) {
    leaves.push_back(merkle_leaf(as_bytes((i < forked_at ? "entry " : "other ") + std::to_string(i))));
  }
  return leaves;
}
Checkpoint state_of(const Leaves& leaves) {
  return {.origin = origin, .size = static_cast<std::int64_t>(leaves.size()), .root = merkle_root(leaves)};
}
SignedCheckpoint signed_state(const Leaves& leaves) {
  return {.checkpoint = state_of(leaves), .signature = sign_checkpoint(log_key(), state_of(leaves))};
}
CheckpointMessage message_of(const Leaves& leaves, std::size_t old_size) {
  return {.checkpoint = state_of(leaves),
          .signature = signed_state(leaves).signature,
          .old_size = static_cast<std::int64_t>(old_size),
          .consistency = consistency_path(leaves, old_size),
          .leaves = {}};
}
std::span<const Hash32> first(const Leaves& leaves, std::size_t count) {
  return std::span(leaves).first(count);
}
/// What proves which tree of `old_size` leaves stands at the begin of these.
Leaves prefix_path(const Leaves& leaves, std::size_t old_size) {
  Leaves path = consistency_path(leaves, old_size);
  if (std::has_single_bit(old_size)) path.insert(path.begin(), merkle_root(first(leaves, old_size)));
  return path;
}

TEST_CASE("of two states of one log the newer extends the older, and a fork is proved whatever its sizes") {
  for (std::size_t size = 2; size <= 20; ++size) {
    const Leaves whole = entries(size);
    for (std::size_t old_size = 1; old_size < size; ++old_size) {
      CAPTURE(size);
      CAPTURE(old_size);
      const Checkpoint older = state_of(entries(old_size));
      CHECK(relation_of(older, state_of(whole), consistency_path(whole, old_size)) == LogRelation::extended);
      CHECK(relation_of(older, state_of(whole), prefix_path(whole, old_size)) == LogRelation::extended);
      CHECK(relation_of(older, state_of(whole), {}) ==
            (consistency_path(whole, old_size).empty() ? LogRelation::extended : LogRelation::unproved));
      // Another history from each entry of the older state on.
      for (std::size_t forked_at = 0; forked_at < old_size; ++forked_at) {
        const Leaves forked = entries(size, forked_at);
        CHECK(relation_of(older, state_of(forked), prefix_path(forked, old_size)) == LogRelation::forked);
        CHECK(relation_of(older, state_of(forked), consistency_path(whole, old_size)) == LogRelation::unproved);
      }
      const Leaves grown = entries(size, old_size);
      CHECK(relation_of(older, state_of(grown), consistency_path(grown, old_size)) == LogRelation::extended);
    }
    CHECK(relation_of(state_of(whole), state_of(whole), {}) == LogRelation::same);
    CHECK(relation_of(state_of(whole), state_of(entries(size, 0)), {}) == LogRelation::forked);
  }
}

TEST_CASE("evidence is a file that gives back both signed states, and nothing in it can be changed") {
  const SplitView evidence{.log_key = log_key().public_key(),
                           .older = signed_state(entries(6)),
                           .newer = signed_state(entries(11, 3)),
                           .path = consistency_path(entries(11, 3), 6)};
  const std::string text = split_view_text(evidence);
  const Result<SplitView, std::string> back = split_view_from_text(text);
  REQUIRE(back.ok());
  CHECK(*back == evidence);
  CHECK(relation_of(back->older.checkpoint, back->newer.checkpoint, back->path) == LogRelation::forked);
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string changed = text;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ (1U << bit));
      const Result<SplitView, std::string> read = split_view_from_text(changed);
      CAPTURE(at);
      // A step of the path is not signed: another one proves nothing.
      REQUIRE((!read.ok() ||
               relation_of(read->older.checkpoint, read->newer.checkpoint, read->path) == LogRelation::unproved));
    }
  }
}

TEST_CASE("evidence signed by another key, of two logs, or the wrong way round is refused") {
  const SplitView right{.log_key = log_key().public_key(),
                        .older = signed_state(entries(4)),
                        .newer = signed_state(entries(4, 1)),
                        .path = {}};
  SplitView wrong = right;
  wrong.newer.signature = sign_checkpoint(key_of_name(KeyKind::log, "stranger"), wrong.newer.checkpoint);
  CHECK(split_view_from_text(split_view_text(wrong)).error() ==
        "\"newer\" the signature of the log's key does not hold");
  wrong = right;
  wrong.newer.checkpoint.origin = "other.example";
  wrong.newer.signature = sign_checkpoint(log_key(), wrong.newer.checkpoint);
  CHECK(split_view_from_text(split_view_text(wrong)).error() == "\"newer\" is of another log than the older one");
  wrong = right;
  wrong.older = signed_state(entries(5));
  CHECK(split_view_from_text(split_view_text(wrong)).error() == "\"newer\" has fewer entries than the older one");
  CHECK(split_view_from_text("{}").error() == "\"format\" is missing");
  CHECK(split_view_from_text("[").error() == "is not a JSON object");
}

TEST_CASE("a full disk keeps no half of the evidence, and the whole of it once there is room") {
  const test::TemporaryDirectory directory;
  const SplitView evidence{.log_key = log_key().public_key(),
                           .older = signed_state(entries(6)),
                           .newer = signed_state(entries(11, 3)),
                           .path = prefix_path(entries(11, 3), 6)};
  const std::filesystem::path file = directory / "split-view-6.json";
  {
    const test::FullDisk full(100);
    CHECK(keep_split_view(directory.path(), evidence).error() == file.string() + ": File too large");
  }
  CHECK(std::filesystem::is_empty(directory.path()));
  CHECK(*keep_split_view(directory.path(), evidence) == file.string());
  CHECK(*split_view_from_text(test::file_text(file)) == evidence);
  // Another state against the same older one: the first evidence stays.
  SplitView other = evidence;
  other.newer = signed_state(entries(12, 3));
  other.path = prefix_path(entries(12, 3), 6);
  CHECK(keep_split_view(directory.path(), other)->empty());
  CHECK(*split_view_from_text(test::file_text(file)) == evidence);
  // What proves nothing by itself has a name of its own.
  other.path.clear();
  CHECK(*keep_split_view(directory.path(), other) == (directory / "unproved-6.json").string());
}

/// What take_checkpoint of a gateway does: judge, remember on disk, sign.
std::optional<Cosignature> witness(GatewayStore& store, const CheckpointMessage& message, const Witnessed& last) {
  if (checkpoint_fault(message, origin, log_key().public_key(), last)) return std::nullopt;
  REQUIRE(store
              .save_witnessed(
                  {.size = message.checkpoint.size, .root = message.checkpoint.root, .signature = message.signature})
              .ok());
  return cosign(key_of_name(KeyKind::log, "witness"), "hh01", message.checkpoint, 1);
}

TEST_CASE("a log that forks gets no cosignature from a witness that was started again in between") {
  const test::TemporaryDirectory directory;
  const auto opened = [&] { return std::move(GatewayStore::open(directory.path())).value(); };
  REQUIRE(witness(*opened(), message_of(entries(6), 1), Witnessed{}).has_value());
  const CheckpointMessage forked = message_of(entries(11, 3), 6);
  const Witnessed last = opened()->witnessed();
  CHECK(last.size == 6);
  CHECK_FALSE(witness(*opened(), forked, last).has_value());
  CHECK_FALSE(witness(*opened(), message_of(entries(6, 3), 6), last).has_value());
  // Both signatures are at hand, and they are evidence.
  const Bytes key = log_key().public_key();
  const std::optional<SplitView> evidence = split_view_of(forked, origin, key, last);
  REQUIRE(evidence.has_value());
  const Result<SplitView, std::string> read = split_view_from_text(split_view_text(*evidence));
  REQUIRE(read.ok());
  CHECK(relation_of(read->older.checkpoint, read->newer.checkpoint, read->path) == LogRelation::forked);
  CHECK(split_view_of(message_of(entries(6, 3), 6), origin, key, last)->path.empty());
  // There is none where nothing is wrong, where a signature is nobody's, and where the older one was not kept.
  CHECK_FALSE(split_view_of(message_of(entries(11), 6), origin, key, last).has_value());
  CheckpointMessage unsigned_one = forked;
  unsigned_one.signature[0] ^= 1U;
  CHECK_FALSE(split_view_of(unsigned_one, origin, key, last).has_value());
  CHECK_FALSE(split_view_of(forked, origin, key, Witnessed{.size = 6, .root = last.root, .signature = {}}).has_value());
  // The true continuation is still cosigned.
  CHECK(witness(*opened(), message_of(entries(11), 6), last).has_value());
  // The control: a witness that remembers nothing cosigns both histories.
  CHECK(witness(*opened(), forked, Witnessed{}).has_value());
}

}  // namespace
}  // namespace commonwatt
