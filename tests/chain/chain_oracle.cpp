// Lets other implementations judge ours: answers one JSON object a line with what our code makes of it. See
// test_oracles.py for the questions.
#include <iostream>
#include <string>

#include <nlohmann/json.hpp>

#include "controller/chain/abi.hpp"
#include "controller/chain/signed_anchor.hpp"
#include "controller/chain/transaction.hpp"
#include "tests/chain/sealed_sample.hpp"

namespace commonwatt {
namespace {

using nlohmann::json;

Hash32 hash(const json& text) {
  return hash_from_data(text.get<std::string>()).value();
}
Uint256 number(const json& text) {
  return Uint256(text.get<std::string>());
}
Address address(const json& text) {
  return address_from(text.get<std::string>()).value();
}
Bytes data(const json& text) {
  return data_from(text.get<std::string>()).value();
}

/// {"uint": "7"}, {"int": "-7"}, {"address": ...}, {"bytes32": ...}, {"bytes": ...}, {"array": [...]}, {"tuple": [...]}
AbiValue value_of(const json& described) {
  const auto only = described.begin();
  const std::string& type = only.key();
  const json& value = only.value();
  if (type == "uint") return abi_uint(number(value));
  if (type == "int") return abi_int(Int256(value.get<std::string>()));
  if (type == "address") return abi_address(address(value));
  if (type == "bytes32") return abi_bytes32(hash(value));
  if (type == "bytes") return abi_bytes(data(value));
  std::vector<AbiValue> items;
  for (const json& item : value) items.push_back(value_of(item));
  return type == "array" ? abi_array(items) : abi_tuple(items);
}

json transaction(const json& question) {
  const EvmSigner key(EvmKey::from(hash(question["key"])).value());
  const auto made =
      sign_transaction({.chain_id = question["chain_id"],
                        .nonce = question["nonce"],
                        .tip_max = number(question["tip"]),
                        .fee_max = number(question["fee"]),
                        .gas_limit = question["gas"],
                        .to = question["to"].is_null() ? std::nullopt : std::optional(address(question["to"])),
                        .value = number(question["value"]),
                        .data = data(question["data"])},
                       key);
  return {{"raw", to_data(made->raw)}, {"hash", to_data(made->hash)}, {"address", to_text(key.address())}};
}

json anchor(const json& question) {
  const Anchor said{.community = hash(question["community"]),
                    .epoch = question["epoch"],
                    .previous = hash(question["previous"]),
                    .log_root = hash(question["logRoot"]),
                    .log_size = question["logSize"],
                    .settlement_root = hash(question["settlementRoot"]),
                    .volume = Energy{std::stoll(question["volume"].get<std::string>())}};
  const AnchorDomain domain{.chain_id = question["chain_id"], .registry = address(question["registry"])};
  std::vector<Bytes> signatures;
  for (const json& key : question["keys"]) {
    signatures.push_back(EvmKey::from(hash(key)).value().sign(anchor_digest(said, domain)).packed());
  }
  const auto ordered = order_signatures(said, domain, signatures);
  if (!ordered) return {{"error", ordered.error()}};
  json texts = json::array();
  for (const Bytes& signature : *ordered) texts.push_back(to_data(signature));
  return {{"hash", to_data(anchor_hash(said))},
          {"digest", to_data(anchor_digest(said, domain))},
          {"signatures", texts},
          {"call", to_data(anchor_call(said, *ordered))}};
}

json answer(const json& question) {
  if (question["do"] == "transaction") return transaction(question);
  if (question["do"] == "anchor") return anchor(question);
  if (question["do"] == "sealed") return sealed_sample();
  return {{"data", to_data(value_of(question["value"]).bytes)}};
}

}  // namespace
}  // namespace commonwatt

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << commonwatt::answer(nlohmann::json::parse(line)).dump() << '\n';
  }
}
