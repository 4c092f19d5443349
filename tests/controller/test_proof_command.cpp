#include <sstream>

#include <doctest/doctest.h>

#include "controller/bill_command.hpp"
#include "controller/proof_command.hpp"
#include "market/merkle.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::Neighbourhood;
using test::street_houses;

Neighbourhood& street() {
  static Neighbourhood street;
  if (street.batches.empty()) street.live(5);
  return street;
}
std::string log_key() {
  return to_hex(test::street_log_key().public_key());
}
std::string note_of_log(std::size_t size) {
  const Checkpoint state{.origin = street().state.origin,
                         .size = static_cast<std::int64_t>(size),
                         .root = merkle_root(std::span(street().log_leaves).first(size))};
  std::vector<Cosignature> given;
  std::vector<NoteKey> keys;
  for (std::size_t house = 0; house < 2; ++house) {
    const test::StreetHouse& member = street_houses()[house];
    given.push_back(cosign(member.witness_key, member.id.text(), state, test::street_begin));
    keys.push_back({.name = member.id.text(), .public_key = member.witness_key.public_key()});
  }
  return signed_note(state, {.name = state.origin, .public_key = test::street_log_key().public_key()},
                     sign_checkpoint(test::street_log_key(), state), given, keys);
}
std::string lines_of(std::size_t house) {
  std::string lines;
  for (std::int64_t number = 0; number < 5; ++number) lines += bill_line(street().bill(house, number)) + "\n";
  return lines;
}

struct Answer {
  int status = 0;
  std::string out;
  std::string errors;
};
template <class Run, class Options>
Answer answer(Run run, const Options& options) {
  std::ostringstream out;
  std::ostringstream errors;
  const int status = run(options, out, errors);
  return {.status = status, .out = out.str(), .errors = errors.str()};
}

TEST_CASE("a household makes the proof of one interval, and anyone checks it with the controller's key alone") {
  const test::TemporaryDirectory directory;
  const auto file = [&](const char* name) { return (directory / name).string(); };
  test::write_text(file("hh01.jsonl"), lines_of(0));
  test::write_text(file("hh02.jsonl"), lines_of(1));
  test::write_text(file("note"), note_of_log(5));
  BillOptions options;
  options.file = file("hh01.jsonl");
  options.log_key = log_key();
  options.proof = file("proof.json");
  CHECK(answer(run_bill, options).errors.find("choose it with --from and --to") != std::string::npos);
  options.from = "2026-06-21T00:15:00Z";
  options.to = "2026-06-21T00:30:00Z";
  options.proof_parts.note = file("note");
  options.proof_parts.witnesses = {"hh02=" + to_hex(street_houses()[1].witness_key.public_key())};
  const Answer made = answer(run_bill, options);
  CAPTURE(made.errors);
  REQUIRE(made.status == 0);

  const VerifyFileOptions plain{.file = file("proof.json"), .log_key = log_key(), .bill = ""};
  const Answer proved = answer(run_verify_file, plain);
  CHECK(proved.status == 0);
  CHECK(proved.out.starts_with("The bill of hh01 for 2026-06-21T00:15:00Z"));
  CHECK(proved.out.find("cosigned by hh02") != std::string::npos);
  CHECK(proved.out.find("cosigned by hh01") == std::string::npos);  // Its key was not given.

  VerifyFileOptions beside = plain;
  beside.bill = file("hh01.jsonl");
  CHECK(answer(run_verify_file, beside).status == 0);
  beside.bill = file("hh02.jsonl");
  const Answer other = answer(run_verify_file, beside);
  CHECK(other.status == 1);
  CHECK(other.out.find("the proof is of another bill") != std::string::npos);

  VerifyFileOptions stranger = plain;
  stranger.log_key = to_hex(street_houses()[1].witness_key.public_key());
  CHECK(answer(run_verify_file, stranger).out.find("signed by another key") != std::string::npos);
  stranger.log_key = "12";
  CHECK(answer(run_verify_file, stranger).status == 64);
}

TEST_CASE("a note of another state and a witness that is no NAME=HEX64 make no proof") {
  const test::TemporaryDirectory directory;
  test::write_text(directory / "note", note_of_log(4));
  const Bill bill = street().bill(0, 1);
  const std::string note = (directory / "note").string();
  CHECK(make_proof(bill, {.log_key = log_key(), .note = note, .witnesses = {}}).error().find("another state of 5") !=
        std::string::npos);
  test::write_text(directory / "note5", note_of_log(5));
  CHECK(
      make_proof(bill, {.log_key = log_key(), .note = (directory / "note5").string(), .witnesses = {"hh01"}}).error() ==
      "--witness 'hh01' is not NAME=HEX64");
  CHECK_FALSE(make_proof(bill, {.log_key = "", .note = "", .witnesses = {}}).ok());
}

TEST_CASE("two signed notes of one log are told from two of a log that forked, and the evidence is kept") {
  const test::TemporaryDirectory directory;
  const auto file = [&](const char* name) { return (directory / name).string(); };
  const std::vector<Hash32>& leaves = street().log_leaves;
  test::write_text(file("three"), note_of_log(3));
  test::write_text(file("five"), note_of_log(5));
  std::string path;
  for (const Hash32& hash : consistency_path(leaves, 3)) path += to_hex(hash) + "\n";
  test::write_text(file("path"), path);
  CompareOptions options{
      .notes = {file("five"), file("three")}, .proof = file("path"), .log_key = log_key(), .evidence = file("kept")};
  CHECK(answer(run_compare, options).status == 0);
  CHECK_FALSE(std::filesystem::exists(file("kept")));

  std::vector<Hash32> forked(leaves.begin(), leaves.end());
  forked[1][0] ^= 1U;
  const Checkpoint state{.origin = street().state.origin, .size = 5, .root = merkle_root(forked)};
  test::write_text(file("forked"),
                   signed_note(state, {.name = state.origin, .public_key = test::street_log_key().public_key()},
                               sign_checkpoint(test::street_log_key(), state), {}, {}));
  path.clear();
  for (const Hash32& hash : consistency_path(forked, 3)) path += to_hex(hash) + "\n";
  test::write_text(file("path"), path);
  options.notes = {file("three"), file("forked")};
  const Answer split = answer(run_compare, options);
  CHECK(split.status == 1);
  CHECK(split.out.find("SPLIT VIEW") != std::string::npos);
  const Answer checked =
      answer(run_verify_file, VerifyFileOptions{.file = file("kept"), .log_key = log_key(), .bill = ""});
  CHECK(checked.status == 1);
  CHECK(checked.out.find("SPLIT VIEW") != std::string::npos);

  options.proof = "";
  CHECK(answer(run_compare, options).out.find("not proved") != std::string::npos);
  options.notes = {file("five"), file("forked")};
  CHECK(answer(run_compare, options).out.find("SPLIT VIEW") != std::string::npos);
  options.log_key = to_hex(street_houses()[0].witness_key.public_key());
  CHECK(answer(run_compare, options).status == 65);
}

}  // namespace
}  // namespace commonwatt
