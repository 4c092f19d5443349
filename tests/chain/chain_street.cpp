// A street that traded, as files for people to use on a chain: for each of EPOCHS epochs an anchor signed by the
// attesters, every household's settlement proof and bill, and the log's consistency paths. One JSON object a line on
// standard output: who they are, then the anchors.
//
//   chain_street DIR EPOCHS CHAIN_ID REGISTRY ATTESTER_KEY_FILE...
//
//   DIR/HOUSEHOLD/order.key, settlement-EPOCH.json, bill-EPOCH.jsonl (of the first interval, up to that epoch's log)
//   DIR/consistency-EPOCH.txt (from that epoch's log to the last one's)
#include <iostream>

#include <nlohmann/json.hpp>

#include "controller/chain/signed_anchor.hpp"
#include "controller/settlement_proof.hpp"
#include "controller/settlement_tree.hpp"
#include "market/merkle.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// An interval is settled three intervals after its gate.
constexpr std::int64_t settlement_lag = 3;

std::map<HouseholdId, Bytes> order_keys() {
  std::map<HouseholdId, Bytes> keys;
  for (const test::StreetHouse& house : test::street_houses()) keys[house.id] = house.order_key.public_key();
  return keys;
}

EvmAddress address_of(const test::StreetHouse& house) {
  return address_of_order_key(house.order_key.public_key()).value();
}

json introduce(const fs::path& directory, const test::Neighbourhood& street) {
  json houses = json::object();
  for (const test::StreetHouse& house : test::street_houses()) {
    const fs::path own = directory / house.id.text();
    fs::create_directories(own);
    if (const auto saved = house.order_key.save(own / "order.key"); !saved) std::cerr << saved.error() << '\n';
    houses[house.id.text()] = to_text(Address{.bytes = address_of(house)});
  }
  return {
      {"origin", street.state.origin}, {"log_key", to_hex(test::street_log_key().public_key())}, {"houses", houses}};
}

/// Writes what the households get of an epoch, and tells the anchor that they hold it under.
json anchor_epoch(const fs::path& directory, const test::Neighbourhood& street, Anchor& anchor) {
  const std::vector<SettlementLeaf> leaves =
      settlement_leaves(anchor.community, street.state.ledger, order_keys()).value();
  const SettlementTree tree(leaves);
  const Checkpoint checkpoint = street.state.checkpoint();
  ++anchor.epoch;
  anchor.log_root = checkpoint.root;
  anchor.log_size = checkpoint.size;
  anchor.settlement_root = tree.root();
  json nets = json::object();
  for (std::size_t house = 0; house < test::street_houses().size(); ++house) {
    const test::StreetHouse& who = test::street_houses()[house];
    const fs::path own = directory / who.id.text();
    const auto leaf = std::find_if(leaves.begin(), leaves.end(),
                                   [&who](const SettlementLeaf& each) { return each.account == address_of(who); });
    const SettlementProof proof{.anchor = anchor,
                                .account = leaf->account,
                                .cumulative_net = leaf->cumulative_net,
                                .path = tree.proof(settlement_leaf_hash(*leaf)).value()};
    const std::string epoch = std::to_string(anchor.epoch);
    test::write_text(own / ("settlement-" + epoch + ".json"), settlement_proof_text(proof));
    test::write_text(own / ("bill-" + epoch + ".jsonl"), bill_line(street.bill(house, 0)) + "\n");
    nets[who.id.text()] = street.state.ledger.balance({AccountKind::household, who.id}).count;
  }
  return {{"epoch", anchor.epoch}, {"log_size", anchor.log_size}, {"nets", nets}};
}

int run(const std::vector<std::string>& words) {
  if (words.size() < 5) {
    std::cerr << "see the head of chain_street.cpp\n";
    return 1;
  }
  const fs::path directory = words[0];
  const std::int64_t epochs = std::stoll(words[1]);
  const AnchorDomain domain{.chain_id = std::stoll(words[2]), .registry = address_from(words[3]).value()};
  std::vector<EvmKey> attesters;
  for (std::size_t i = 4; i < words.size(); ++i)
    attesters.push_back(std::move(EvmKey::load(EvmKeyKind::attester, words[i]).value()));

  test::Neighbourhood street;
  std::cout << introduce(directory, street).dump() << '\n';
  Anchor anchor{.community = community_of(street.state.origin), .volume = Energy{1'234}};
  std::vector<std::int64_t> sizes;
  for (std::int64_t number = 0; number < epochs + settlement_lag; ++number) {
    street.pass(number, epochs);
    if (number < settlement_lag) continue;
    json line = anchor_epoch(directory, street, anchor);
    sizes.push_back(anchor.log_size);
    std::vector<Bytes> signatures;
    for (const EvmKey& attester : attesters)
      signatures.push_back(attester.sign(anchor_digest(anchor, domain)).packed());
    line["call"] = to_data(anchor_call(anchor, order_signatures(anchor, domain, signatures).value()));
    line["head"] = to_data(anchor_hash(anchor));
    std::cout << line.dump() << '\n';
    anchor.previous = anchor_hash(anchor);
  }
  const MerkleTree log(street.log_leaves);
  for (std::size_t epoch = 1; epoch < sizes.size(); ++epoch) {
    std::string path;
    for (const Hash32& hash : log.consistency_path(static_cast<std::size_t>(sizes[epoch - 1])))
      path += to_hex(hash) + "\n";
    test::write_text(directory / ("consistency-" + std::to_string(epoch) + ".txt"), path);
  }
  return 0;
}

}  // namespace
}  // namespace commonwatt

int main(int count, char** words) {
  return commonwatt::run({words + 1, words + count});
}
