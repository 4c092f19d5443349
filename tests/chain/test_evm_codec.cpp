#include <doctest/doctest.h>

#include "controller/chain/abi.hpp"
#include "controller/chain/evm_types.hpp"
#include "controller/chain/printable.hpp"
#include "controller/chain/rlp.hpp"
#include "controller/chain/signed_anchor.hpp"
#include "controller/chain/transaction.hpp"

using namespace commonwatt;

namespace {

Bytes bytes_of(std::string_view hex) {
  return from_hex(hex).value();
}
Hash32 word(std::uint8_t last) {
  return word_of(last);
}
Bytes joined(std::initializer_list<ByteView> parts) {
  Bytes all;
  for (const ByteView part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

TEST_CASE("addresses are written with the checksums of EIP-55 and read only with the right ones") {
  for (const char* text :
       {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"}) {
    CAPTURE(text);
    REQUIRE(address_from(text));
    CHECK(to_text(*address_from(text)) == text);
    std::string wrong = text;
    for (char& c : wrong) {
      if (c >= 'A' && c <= 'F') {
        c = static_cast<char>(c - 'A' + 'a');
        break;
      }
    }
    CHECK_FALSE(address_from(wrong));
  }
  CHECK(address_from("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"));
  CHECK_FALSE(address_from("5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"));
  CHECK_FALSE(address_from("0x5aaeb6053f3e94c9b9a09f33669435e7ef1bea"));
}

TEST_CASE("quantities have no leading zeros when written and at most 64 digits when read") {
  CHECK(to_quantity(0) == "0x0");
  CHECK(to_quantity(1024) == "0x400");
  CHECK(quantity_from("0x0400") == Uint256(1024));
  CHECK(quantity_from("0x" + std::string(64, 'f')) == ~Uint256(0));
  for (const std::string& text :
       {std::string("0x"), std::string("400"), std::string("0xg"), "0x1" + std::string(64, '0')}) {
    CHECK_FALSE(quantity_from(text));
  }
  CHECK(small_quantity_from("0x7fffffffffffffff") == std::numeric_limits<std::int64_t>::max());
  CHECK_FALSE(small_quantity_from("0x8000000000000000"));
  CHECK_FALSE(hash_from_data("0x1234"));
}

TEST_CASE("RLP writes the examples of its definition") {
  CHECK(rlp_string(as_bytes("dog")) == bytes_of("83646f67"));
  CHECK(rlp_list({rlp_string(as_bytes("cat")), rlp_string(as_bytes("dog"))}) == bytes_of("c88363617483646f67"));
  CHECK(rlp_string({}) == bytes_of("80"));
  CHECK(rlp_list({}) == bytes_of("c0"));
  CHECK(rlp_integer(0) == bytes_of("80"));
  CHECK(rlp_integer(15) == bytes_of("0f"));
  CHECK(rlp_integer(128) == bytes_of("8180"));
  CHECK(rlp_integer(1024) == bytes_of("820400"));
  const Bytes short_text(55, 'a');
  const Bytes long_text(56, 'a');
  const Bytes longer_text(256, 'a');
  CHECK(rlp_string(short_text) == joined({bytes_of("b7"), short_text}));
  CHECK(rlp_string(long_text) == joined({bytes_of("b838"), long_text}));
  CHECK(rlp_string(longer_text) == joined({bytes_of("b90100"), longer_text}));
}

TEST_CASE("signed words are in two's complement") {
  CHECK(to_hex(abi_int(-1).bytes) == std::string(64, 'f'));
  CHECK(to_hex(abi_int(-(Int256(1) << 255)).bytes) == "8" + std::string(63, '0'));
  CHECK(abi_int(5).bytes == abi_uint(5).bytes);
}

TEST_CASE("a reader of answers refuses offsets and sizes beyond the end, and stays failed") {
  const Bytes text = joined({word(32), word(3), bytes_of("616263"), Bytes(29)});
  AbiReader good(text);
  CHECK(as_text(good.byte_string()) == "abc");
  CHECK_FALSE(good.failed());
  const Bytes huge(32, 0xFF);
  for (const Bytes& bad : {Bytes{}, Bytes(31), joined({huge}), joined({word(32)}), joined({word(32), huge}),
                           joined({word(32), word(1)}), joined({word(33), word(0)})}) {
    AbiReader reader(bad);
    CHECK(reader.byte_string().empty());
    CHECK(reader.failed());
    CHECK(reader.number() == 0);
  }
  AbiReader wide(huge);
  CHECK(wide.small_number() == 0);
  CHECK(wide.failed());
}

TEST_CASE("a revert is explained in printable words") {
  const Bytes text = abi_call("Error(string)", {abi_bytes(as_bytes("not\nyou"))});
  CHECK(revert_reason(text) == "\"not?you\"");
  CHECK(revert_reason(abi_call("Panic(uint256)", {abi_uint(0x11)})) == "panic 0x11");
  CHECK(revert_reason(bytes_of("deadbeef")) == "custom error 0xdeadbeef");
  CHECK(revert_reason({}) == "without a reason");
  CHECK(revert_reason(abi_selector("Error(string)")) == "custom error 0x08c379a0");
  CHECK(printable(std::string(300, 'x')).size() == 203);
}

TEST_CASE("an anchor's signatures are recovered, ordered by signer and refused when one is foreign or double") {
  Anchor anchor{.community = word(1),
                .epoch = 7,
                .previous = word(2),
                .log_root = word(3),
                .log_size = 9,
                .settlement_root = word(4),
                .volume = Energy{5}};
  const AnchorDomain domain{.chain_id = 31337, .registry = {}};
  const Hash32 digest = anchor_digest(anchor, domain);
  std::vector<Bytes> signatures;
  for (int i = 0; i < 5; ++i) signatures.push_back(EvmKey::make().sign(digest).packed());
  const auto ordered = order_signatures(anchor, domain, signatures);
  REQUIRE(ordered);
  for (std::size_t i = 1; i < ordered->size(); ++i) {
    CHECK(*recover_signer(digest, (*ordered)[i - 1]) < *recover_signer(digest, (*ordered)[i]));
  }
  std::vector<Bytes> twice = signatures;
  twice.push_back(signatures[0]);
  CHECK(order_signatures(anchor, domain, twice).error().find("signed twice") != std::string::npos);
  signatures[2].pop_back();
  CHECK(order_signatures(anchor, domain, signatures).error().find("signature 3") != std::string::npos);
}

TEST_CASE("every member of an anchor, the chain and the registry change what is signed") {
  const Anchor anchor{.epoch = 1, .log_size = 1};
  const AnchorDomain domain{.chain_id = 1, .registry = {}};
  std::vector<Hash32> digests{anchor_digest(anchor, domain)};
  Anchor other = anchor;
  other.community = word(1);
  digests.push_back(anchor_digest(other, domain));
  other = anchor;
  other.previous = word(1);
  digests.push_back(anchor_digest(other, domain));
  other = anchor;
  other.log_root = word(1);
  digests.push_back(anchor_digest(other, domain));
  other = anchor;
  other.settlement_root = word(1);
  digests.push_back(anchor_digest(other, domain));
  other = anchor;
  other.epoch = 2;
  digests.push_back(anchor_digest(other, domain));
  other = anchor;
  other.log_size = 2;
  digests.push_back(anchor_digest(other, domain));
  other = anchor;
  other.volume = Energy{1};
  digests.push_back(anchor_digest(other, domain));
  digests.push_back(anchor_digest(anchor, {.chain_id = 2, .registry = {}}));
  digests.push_back(anchor_digest(anchor, {.chain_id = 1, .registry = {{1}}}));
  std::sort(digests.begin(), digests.end());
  CHECK(std::adjacent_find(digests.begin(), digests.end()) == digests.end());
}
