#include <doctest/doctest.h>

#include "controller/chain/attester_evidence.hpp"
#include "controller/keccak.hpp"
#include "tests/controller/temporary_directory.hpp"

using namespace commonwatt;

namespace {

const AnchorDomain domain{.chain_id = 31'337, .registry = Address{{1, 2, 3}}};

const EvmKey& key_of(std::size_t number) {
  static const std::vector<EvmKey> keys = [] {
    std::vector<EvmKey> made;
    for (const char* name : {"first", "second", "third"})
      made.push_back(std::move(EvmKey::from(keccak256(as_bytes(name))).value()));
    return made;
  }();
  return keys[number];
}

Anchor anchor_with(const std::string& balances) {
  return {.community = keccak256(as_bytes("street")),
          .epoch = 7,
          .previous = keccak256(as_bytes("epoch 6")),
          .log_root = keccak256(as_bytes("log")),
          .log_size = 40,
          .settlement_root = keccak256(as_bytes(balances)),
          .volume = Energy{1'234}};
}

Bytes call_of(const Anchor& anchor, const std::vector<std::size_t>& signers, const AnchorDomain& of = domain) {
  std::vector<Bytes> signatures;
  for (const std::size_t each : signers) signatures.push_back(key_of(each).sign(anchor_digest(anchor, of)).packed());
  return anchor_call(anchor, order_signatures(anchor, of, signatures).value());
}

SignedAnchor read(const Bytes& call) {
  return anchor_from_call(call).value();
}

}  // namespace

TEST_CASE("an anchor and its signatures are read back from the call that was made of them") {
  const Anchor anchor = anchor_with("balances");
  const Bytes call = call_of(anchor, {0, 1});
  const SignedAnchor made = read(call);
  CHECK(made.anchor.epoch == 7);
  CHECK(made.anchor.head == anchor_hash(anchor));
  REQUIRE(made.signatures.size() == 2);
  for (const Bytes& signature : made.signatures) CHECK(recover_signer(anchor_digest(anchor, domain), signature));
  CHECK(read(call_of(anchor, {})).signatures.empty());
}

TEST_CASE("what is no such call, or breaks off, is none") {
  const Bytes call = call_of(anchor_with("balances"), {0, 1});
  // Behind the last signature's 65 bytes are 31 that nobody reads.
  for (std::size_t size = 0; size < call.size() - 31; ++size) CHECK_FALSE(anchor_from_call(ByteView(call).first(size)));
  CHECK(anchor_from_call(ByteView(call).first(call.size() - 31)));
  Bytes wrong = call;
  wrong[0] ^= 1U;
  CHECK_FALSE(anchor_from_call(wrong));
  constexpr std::size_t offset_word = 4 + 32 * 7;
  wrong = call;
  wrong[offset_word + 30] = 0xFF;  // the list begins behind the end
  CHECK_FALSE(anchor_from_call(wrong));
  wrong = call;
  wrong[offset_word + 32 + 30] = 0xFF;  // more signatures than there are bytes
  CHECK_FALSE(anchor_from_call(wrong));
  wrong = call;
  wrong[4 + 32] = 1;  // an epoch that is no uint64
  CHECK_FALSE(anchor_from_call(wrong));
}

TEST_CASE("a file has the call in hexadecimal digits") {
  const test::TemporaryDirectory directory;
  const Bytes call = call_of(anchor_with("balances"), {0});
  const auto read_text = [&directory](const std::string& text) {
    test::write_text(directory / "call", text);
    return read_anchor_file(directory / "call");
  };
  for (const std::string& text : {to_data(call), to_hex(call), to_data(call) + "\n"})
    CHECK(read_text(text)->anchor.head == anchor_hash(anchor_with("balances")));
  CHECK(read_text("0x12 call").error().find("not the data of a call in hexadecimal") != std::string::npos);
  CHECK(read_text("0x1234").error().find("not the data of a call of the registry's anchor") != std::string::npos);
  CHECK(read_anchor_file(directory / "none").error().find("none") != std::string::npos);
}

TEST_CASE("who signed both anchors is found, for the registry they were signed for") {
  const Anchor one = anchor_with("balances");
  const Anchor other = anchor_with("other balances");
  const auto both = [&](const std::vector<std::size_t>& first, const std::vector<std::size_t>& second,
                        const AnchorDomain& of = domain) {
    std::vector<Address> signers;
    for (const SignedTwice& each : signers_of_both(read(call_of(one, first)), read(call_of(other, second)), of)) {
      CHECK(recover_signer(anchor_digest(one, of), each.first) == each.signer);
      CHECK(recover_signer(anchor_digest(other, of), each.second) == each.signer);
      signers.push_back(each.signer);
    }
    return signers;
  };
  CHECK(both({0, 1}, {1, 2}) == std::vector{key_of(1).address()});
  CHECK(both({0, 1, 2}, {0, 1, 2}).size() == 3);
  CHECK(both({0, 1}, {2}).empty());
  CHECK(both({}, {0}).empty());
  CHECK(both({0, 1}, {0, 1}, {.chain_id = 1, .registry = domain.registry}).empty());
  SignedAnchor twice = read(call_of(one, {0}));
  twice.signatures.push_back(twice.signatures.front());
  twice.signatures.insert(twice.signatures.begin(), Bytes(65, 1));
  CHECK(signers_of_both(twice, read(call_of(other, {0})), domain).size() == 1);
}

// The selector is what `cast sig` makes of contracts/src/Disputes.sol; tests/chain/test_disputes.py asks the contract.
TEST_CASE("the proof names both anchors and both signatures") {
  const SignedAnchor one = read(call_of(anchor_with("balances"), {0}));
  const SignedAnchor other = read(call_of(anchor_with("other balances"), {0}));
  const SignedTwice by = signers_of_both(one, other, domain).at(0);
  const Bytes call = prove_attester_call(one.anchor, other.anchor, by);
  CHECK(to_hex(ByteView(call).first(4)) == "9ed52d88");
  AbiReader reader(ByteView(call).subspan(4));
  for (const SignedAnchor* each : {&one, &other})
    for (const Hash32& word : each->anchor.words) CHECK(reader.word() == word);
  CHECK(to_hex(reader.byte_string()) == to_hex(by.first));
  CHECK(to_hex(reader.byte_string()) == to_hex(by.second));
  CHECK_FALSE(reader.failed());
}
