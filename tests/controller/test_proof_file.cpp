#include <functional>

#include <doctest/doctest.h>

#include "controller/bill.hpp"
#include "controller/proof_file.hpp"
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
Hash32 log_key() {
  return *hash_from_hex(to_hex(test::street_log_key().public_key()));
}

ProofFile proof_of(std::size_t house, std::int64_t number) {
  ProofFile proof{.bill = street().bill(house, number),
                  .log_key = test::street_log_key().public_key(),
                  .cosignatures = {},
                  .witnesses = {},
                  .anchor = std::nullopt};
  for (std::size_t witness = 0; witness < 2; ++witness) {
    const test::StreetHouse& member = street_houses()[witness];
    proof.cosignatures.push_back(
        cosign(member.witness_key, member.id.text(), proof.bill.checkpoint, test::street_begin + 7'200));
    proof.witnesses.push_back({.name = member.id.text(), .public_key = member.witness_key.public_key()});
  }
  return proof;
}
/// An anchor of the whole log, for a checkpoint of its first `size` entries.
ProofAnchor anchor_of(std::int64_t size) {
  const MerkleTree log(street().log_leaves);
  ProofAnchor anchor{.chain_id = 31'337,
                     .registry = {},
                     .epoch = 12,
                     .transaction = {},
                     .block = 345,
                     .log_size = static_cast<std::int64_t>(log.size()),
                     .log_root = log.root(),
                     .consistency = {}};
  if (size < anchor.log_size) anchor.consistency = log.consistency_path(static_cast<std::size_t>(size));
  anchor.registry.fill(0xC0);
  anchor.transaction.fill(0x7A);
  return anchor;
}
ProofAnchor sample_anchor() {
  return anchor_of(street().state.checkpoint().size);
}
/// The log's state when it had that many entries.
Checkpoint checkpoint_of(std::size_t size) {
  return {.origin = street().state.origin,
          .size = static_cast<std::int64_t>(size),
          .root = merkle_root(std::span(street().log_leaves).first(size))};
}

TEST_CASE("a proof file gives back the bill, the key and the cosignatures, and every step holds") {
  for (const bool anchored : {false, true}) {
    ProofFile proof = proof_of(1, 3);
    if (anchored) proof.anchor = sample_anchor();
    const std::string text = proof_text(proof);
    CHECK(looks_like_proof(text));
    const Result<ProofFile, std::string> back = proof_from_text(text);
    REQUIRE(back.ok());
    CHECK(back->bill == proof.bill);
    CHECK(back->log_key == proof.log_key);
    CHECK(back->cosignatures == proof.cosignatures);
    CHECK(back->anchor == proof.anchor);
    CHECK(proof_fault(*back, log_key()).value_or("right") == "right");
    CHECK(proof_fault(*back, std::nullopt).value_or("right") == "right");
  }
}

TEST_CASE("in words a proof says whose bill it is, of when and how much, and what is not proved") {
  ProofFile proof = proof_of(1, 3);
  const std::string words = proof_words(proof, log_key());
  CHECK(words.starts_with("The bill of hh02 for 2026-06-21T00:45:00Z to 2026-06-21T01:00:00Z, initial run:"));
  CHECK(words.find("cosigned by hh01 at 2026-06-21T02:00:00Z") != std::string::npos);
  CHECK(words.find("that this key is the controller's") == std::string::npos);
  CHECK(proof_words(proof, std::nullopt).find("that this key is the controller's") != std::string::npos);
  proof.anchor = sample_anchor();
  CHECK(proof_words(proof, log_key()).find("stands on chain 31337, block 345") != std::string::npos);
}

TEST_CASE("an anchor holds for the checkpoint's own state and for one that extends it, and for no other") {
  REQUIRE(street().log_leaves.size() == 5);
  for (std::size_t size = 1; size <= 5; ++size) {
    const Checkpoint checkpoint = checkpoint_of(size);
    const ProofAnchor anchor = anchor_of(static_cast<std::int64_t>(size));
    CAPTURE(size);
    CHECK(anchor_fault(anchor, checkpoint).value_or("right") == "right");
    ProofAnchor changed = anchor;
    changed.log_root[3] ^= 1U;
    CHECK(anchor_fault(changed, checkpoint).has_value());
    changed = anchor;
    changed.consistency.emplace_back();
    CHECK(anchor_fault(changed, checkpoint).has_value());
    changed = anchor;
    changed.log_size = static_cast<std::int64_t>(size) - 1;
    CHECK(anchor_fault(changed, checkpoint).value_or("").find("older than the checkpoint") != std::string::npos);
    if (anchor.consistency.empty()) continue;
    changed = anchor;
    changed.consistency.pop_back();
    CHECK(anchor_fault(changed, checkpoint).value_or("").find("does not lead") != std::string::npos);
  }
}

TEST_CASE("a proof whose anchor is of another log is refused, and one format does not pass for the other") {
  ProofFile proof = proof_of(1, 3);
  proof.anchor = sample_anchor();
  proof.anchor->log_root[0] ^= 1U;
  const Result<ProofFile, std::string> read = proof_from_text(proof_text(proof));
  REQUIRE(read.ok());
  CHECK(proof_fault(*read, log_key()) == "the anchored log has the checkpoint's size and another root");
  for (const auto& [from, to] : {std::pair("proof 1", "proof 2"), std::pair("proof 2", "proof 1")}) {
    ProofFile whole = proof_of(1, 3);
    if (std::string(from) == "proof 2") whole.anchor = sample_anchor();
    std::string text = proof_text(whole);
    text.replace(text.find(from), std::string(from).size(), to);
    CHECK_FALSE(proof_from_text(text).ok());
  }
}

TEST_CASE("every bit of a proof file flipped: it is refused, or says exactly the same") {
  const ProofFile proof = proof_of(0, 1);
  const std::string text = proof_text(proof);
  const std::string words = proof_words(proof, log_key());
  std::size_t harmless = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string changed = text;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ (1U << bit));
      const Result<ProofFile, std::string> read = proof_from_text(changed);
      if (!read.ok() || proof_fault(*read, log_key())) continue;
      ++harmless;
      CAPTURE(at);
      CAPTURE(bit);
      REQUIRE(proof_words(*read, log_key()) == words);
      // The batch's root does not speak of its size: another count of leaves with the same path is the same proof.
      Bill same = read->bill;
      same.leaf_count = proof.bill.leaf_count;
      REQUIRE(same == proof.bill);
    }
  }
  CHECK(harmless < 8);
  // The control: without its checks, the same flips pass in their thousands.
  std::size_t parsed = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    if (proof_from_text(changed).ok()) ++parsed;
  }
  CHECK(parsed > 500);
}

TEST_CASE("a proof with a step that does not hold is refused with the step") {
  const auto fault = [](const std::function<void(ProofFile&)>& change) {
    ProofFile proof = proof_of(1, 3);
    change(proof);
    const Result<ProofFile, std::string> read = proof_from_text(proof_text(proof));
    return read.ok() ? proof_fault(*read, log_key()).value_or("right") : read.error();
  };
  CHECK(fault([](ProofFile&) {}) == "right");
  CHECK(fault([](ProofFile& proof) { proof.bill.statement.total += Money{1}; }) ==
        "the amounts do not follow from energy, price and tariff");
  CHECK(fault([](ProofFile& proof) { proof.bill.salt[0] ^= 1U; }) == "the statement is not in the batch");
  CHECK(fault([](ProofFile& proof) { proof.bill.log_path[0][0] ^= 1U; }) == "the batch is not in the evidence log");
  CHECK(fault([](ProofFile& proof) { proof.bill.checkpoint_signature[5] ^= 1U; }) ==
        "the checkpoint is not signed by the controller");
  CHECK(fault([](ProofFile& proof) { proof.cosignatures[1].signature[5] ^= 1U; }) ==
        "the cosignature of hh02 does not hold");
  CHECK(fault([](ProofFile& proof) { ++proof.cosignatures[0].time; }) == "the cosignature of hh01 does not hold");
  CHECK(fault([](ProofFile& proof) { proof.bill.statement.import = order_energy_max + Energy{1}; }) ==
        "\"statement\" has a figure out of range");
  CHECK(fault([](ProofFile& proof) { proof.cosignatures[0].time = INT64_MAX; }) ==
        "\"checkpoint\" has a cosignature of an impossible time");
  CHECK(fault([](ProofFile& proof) {
          const SigningKey stranger = test::key_of_name(KeyKind::log, "stranger");
          proof.log_key = stranger.public_key();
          proof.bill.checkpoint_signature = sign_checkpoint(stranger, proof.bill.checkpoint);
        }).starts_with("it is signed by another key than the one given"));
}

TEST_CASE("the parts of two proofs do not make a third") {
  const std::string own = proof_text(proof_of(1, 3));
  const std::string other = proof_text(proof_of(2, 3));
  const auto field = [](const std::string& text, const std::string& key) {
    const std::size_t begin = text.find("\n \"" + key + "\"");
    return std::pair(begin, text.find("\n \"", begin + 1));
  };
  for (const char* key : {"household", "interval", "run", "total", "statement", "salt", "leaf_index", "leaf_count",
                          "batch_path", "batch_root", "log_entry", "log_index", "log_path", "checkpoint", "log_key"}) {
    const auto [begin, end] = field(own, key);
    const auto [other_begin, other_end] = field(other, key);
    REQUIRE(end != std::string::npos);
    std::string mixed = own;
    mixed.replace(begin, end - begin, other.substr(other_begin, other_end - other_begin));
    const Result<ProofFile, std::string> read = proof_from_text(mixed);
    CAPTURE(key);
    CHECK((mixed == own || !read.ok() || proof_fault(*read, log_key()).has_value()));
    std::string missing = own;
    CHECK_FALSE(proof_from_text(missing.erase(begin, end - begin)).ok());
    std::string twice = own;
    CHECK_FALSE(proof_from_text(twice.insert(begin, own.substr(begin, end - begin))).ok());
  }
  CHECK_FALSE(proof_from_text(own + " ").ok());
  CHECK_FALSE(proof_from_text(own.substr(0, own.size() - 1)).ok());
  CHECK(proof_from_text("{").error() == "is not a JSON object");
}

}  // namespace
}  // namespace commonwatt
