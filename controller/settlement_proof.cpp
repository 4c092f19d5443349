#include "controller/settlement_proof.hpp"

#include <algorithm>

#include "controller/json_fields.hpp"

namespace commonwatt {
namespace {

constexpr const char* format = "commonwatt settlement proof 1";
constexpr std::size_t size_max = 1U << 16U;
/// A tree of 2^40 accounts is higher than any community's.
constexpr std::size_t path_max = 40;

OrderedJson anchor_json(const Anchor& anchor) {
  return {{"community", to_hex(anchor.community)}, {"epoch", anchor.epoch},
          {"previous", to_hex(anchor.previous)},   {"log_root", to_hex(anchor.log_root)},
          {"log_size", anchor.log_size},           {"settlement_root", to_hex(anchor.settlement_root)},
          {"volume_wh", anchor.volume.count}};
}

Anchor read_anchor(JsonFields& fields) {
  JsonFields inner = fields.enter("anchor");
  const Anchor anchor{.community = inner.hex_array<32>("community"),
                      .epoch = inner.integer("epoch"),
                      .previous = inner.hex_array<32>("previous"),
                      .log_root = inner.hex_array<32>("log_root"),
                      .log_size = inner.integer("log_size"),
                      .settlement_root = inner.hex_array<32>("settlement_root"),
                      .volume = Energy{inner.integer("volume_wh")}};
  if (anchor.epoch < 1 || anchor.log_size < 0 || anchor.volume < Energy{0})
    inner.fail("epoch", "or a size is negative");
  fields.leave("anchor", inner);
  return anchor;
}

}  // namespace

std::optional<SettlementProof> settlement_proof_of(const Anchor& anchor, std::span<const SettlementLeaf> leaves,
                                                   const SettlementTree& tree, const EvmAddress& account) {
  const auto leaf = std::find_if(leaves.begin(), leaves.end(),
                                 [&account](const SettlementLeaf& one) { return one.account == account; });
  if (leaf == leaves.end()) return std::nullopt;
  std::optional<std::vector<Hash32>> path = tree.proof(settlement_leaf_hash(*leaf));
  if (!path) return std::nullopt;
  return SettlementProof{
      .anchor = anchor, .account = account, .cumulative_net = leaf->cumulative_net, .path = std::move(*path)};
}

std::optional<std::string> settlement_proof_fault(const SettlementProof& proof) {
  const Hash32 leaf = settlement_leaf_hash(
      {.community = proof.anchor.community, .account = proof.account, .cumulative_net = proof.cumulative_net});
  if (proof.anchor.epoch < 1) return "its epoch is below 1";
  if (proof.path.size() > path_max) return "its path is longer than any tree is high";
  if (settlement_proof_holds(leaf, proof.path, proof.anchor.settlement_root)) return std::nullopt;
  return "its leaf (the account and its cumulative net) does not lead to the settlement root of epoch " +
         std::to_string(proof.anchor.epoch);
}

std::string settlement_proof_text(const SettlementProof& proof) {
  const OrderedJson json{{"format", format},
                         {"account", "0x" + to_hex(proof.account)},
                         {"cumulative_net_nano", proof.cumulative_net.count},
                         {"path", hex_list(proof.path)},
                         {"anchor", anchor_json(proof.anchor)}};
  return json.dump(1) + "\n";
}

Result<SettlementProof, std::string> settlement_proof_from_text(std::string_view text) {
  JsonFields fields(text, size_max);
  SettlementProof proof;
  if (fields.text("format") != format) fields.fail("format", "is not one this version reads");
  proof.account = fields.prefixed_hex<20>("account");
  proof.cumulative_net = Money{fields.integer("cumulative_net_nano")};
  proof.path = fields.hashes("path");
  proof.anchor = read_anchor(fields);
  if (fields.fault()) return Fail{*fields.fault()};
  if (settlement_proof_text(proof) != text)
    return Fail{std::string("is not as this program writes it: unknown fields or another form")};
  return proof;
}

}  // namespace commonwatt
