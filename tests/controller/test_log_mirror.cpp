// A household's copy of the evidence log: complete or asked for, and never believed against a signed state.
#include <filesystem>
#include <optional>

#include <doctest/doctest.h>

#include "controller/log_mirror.hpp"
#include "tests/controller/full_disk.hpp"
#include "tests/controller/temporary_directory.hpp"

namespace commonwatt {
namespace {

using test::TemporaryDirectory;
using Leaves = std::vector<Hash32>;

Leaves leaves_of(std::int64_t count, const std::string& name = "entry ") {
  Leaves leaves;
  for (std::int64_t i = 0; i < count; ++i) leaves.push_back(merkle_leaf(as_bytes(name + std::to_string(i))));
  return leaves;
}
Checkpoint state_of(const Leaves& leaves) {
  return {.origin = "street", .size = static_cast<std::int64_t>(leaves.size()), .root = merkle_root(leaves)};
}
Leaves part(const Leaves& leaves, std::size_t first, std::size_t count) {
  return {leaves.begin() + static_cast<std::ptrdiff_t>(first),
          leaves.begin() + static_cast<std::ptrdiff_t>(first + count)};
}

TEST_CASE("a copy that keeps up with the log asks for nothing, and leads any state to any later one") {
  const TemporaryDirectory directory;
  const Leaves log = leaves_of(21);
  {
    LogMirror mirror(directory / "log");
    CHECK_FALSE(mirror.wanted().has_value());
    for (std::size_t size = 1; size <= log.size(); ++size) {
      mirror.aim(state_of(part(log, 0, size)));
      CHECK(mirror.wanted() == static_cast<std::int64_t>(size - 1));
      REQUIRE(mirror.take(static_cast<std::int64_t>(size - 1), part(log, size - 1, 1)).ok());
      CHECK_FALSE(mirror.wanted().has_value());
    }
  }
  CHECK(read_log_leaves(directory / "log") == log);
  LogMirror again(directory / "log");
  const Leaves longer = leaves_of(30);
  again.aim(state_of(longer));
  CHECK(again.wanted() == 21);
  REQUIRE(again.take(21, part(longer, 21, 9)).ok());
  CHECK(read_log_leaves(directory / "log") == longer);
}

TEST_CASE("what was missed comes in pages, in any company, and is written when it leads to the signed state") {
  const TemporaryDirectory directory;
  const Leaves log = leaves_of(100);
  LogMirror mirror(directory / "log");
  mirror.aim(state_of(log));
  REQUIRE(mirror.take(99, part(log, 99, 1)).ok());  // The newest alone does not help.
  CHECK(mirror.wanted() == 0);
  REQUIRE(mirror.take(0, part(log, 0, 40)).ok());
  CHECK(mirror.wanted() == 40);
  REQUIRE(mirror.take(0, part(log, 0, 40)).ok());  // Twice, as a resent question is answered.
  CHECK(mirror.wanted() == 40);
  CHECK(read_log_leaves(directory / "log").empty());
  REQUIRE(mirror.take(40, part(leaves_of(120), 40, 80)).ok());
  CHECK_FALSE(mirror.wanted().has_value());
  // What lies behind the signed state is not proved yet.
  CHECK(read_log_leaves(directory / "log") == log);
}

TEST_CASE("a file that was changed, cut or is of another log is fetched again") {
  const TemporaryDirectory directory;
  const Leaves log = leaves_of(10);
  const auto file = directory / "log";
  const auto refetched = [&] {
    LogMirror mirror(file);
    mirror.aim(state_of(log));
    for (int question = 0; question < 5; ++question) {
      const std::optional<std::int64_t> first = mirror.wanted();
      if (!first) break;
      const auto begin = static_cast<std::size_t>(*first);
      REQUIRE(mirror.take(*first, part(log, begin, log.size() - begin)).ok());
    }
    return read_log_leaves(file) == log;
  };
  CHECK(refetched());
  std::filesystem::resize_file(file, 32 * 7 + 5);
  CHECK(refetched());
  for (const std::int64_t size : {5, 30}) {
    CAPTURE(size);
    std::filesystem::remove(file);
    LogMirror other(file);
    const Leaves foreign = leaves_of(size, "other ");
    other.aim(state_of(foreign));
    REQUIRE(other.take(0, foreign).ok());
    CHECK(refetched());
  }
}

TEST_CASE("leaves that do not lead to what was signed are not kept, and not asked for for ever") {
  const TemporaryDirectory directory;
  LogMirror mirror(directory / "log");
  mirror.aim(state_of(leaves_of(10)));
  const Result<Done, std::string> taken = mirror.take(0, leaves_of(10, "other "));
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().find("do not lead to the state of 10 entries") != std::string::npos);
  CHECK_FALSE(mirror.wanted().has_value());
  CHECK(read_log_leaves(directory / "log").empty());
}

TEST_CASE("a disk that is full is told once for each signed state, and nothing that was there is lost") {
  const TemporaryDirectory directory;
  const auto file = directory / "log";
  const Leaves log = leaves_of(40);
  LogMirror mirror(file);
  mirror.aim(state_of(part(log, 0, 10)));
  REQUIRE(mirror.take(0, part(log, 0, 10)).ok());
  auto full = std::make_optional<test::FullDisk>(32 * 12 + 7);  // in the middle of a leaf
  mirror.aim(state_of(part(log, 0, 20)));
  const Result<Done, std::string> taken = mirror.take(10, part(log, 10, 10));
  mirror.aim(state_of(part(log, 0, 20)));
  const bool asks_at_once = mirror.wanted().has_value();
  full.reset();
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().find("log: File too large") != std::string::npos);
  CHECK_FALSE(asks_at_once);
  // With the next signed state it goes on where it was, and so does one that was started anew.
  LogMirror restarted(file);
  for (LogMirror* each : {&mirror, &restarted}) {
    each->aim(state_of(log));
    const auto first = static_cast<std::size_t>(each->wanted().value());
    CHECK(first >= 10);
    REQUIRE(each->take(static_cast<std::int64_t>(first), part(log, first, 40 - first)).ok());
    CHECK(read_log_leaves(file) == log);
  }
}

TEST_CASE("a directory that is not there is named") {
  const TemporaryDirectory directory;
  LogMirror mirror(directory / "missing" / "log");
  const Leaves log = leaves_of(3);
  mirror.aim(state_of(log));
  const Result<Done, std::string> taken = mirror.take(0, log);
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().find("missing/log: No such file") != std::string::npos);
}

}  // namespace
}  // namespace commonwatt
