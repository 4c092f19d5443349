#include "controller/chain_config.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "controller/broker.hpp"
#include "controller/chain/json_rpc.hpp"
#include "controller/evm_address.hpp"

namespace commonwatt {
namespace {

constexpr std::size_t attesters_max = 64;
constexpr std::size_t nodes_max = 16;
/// What a JSON number holds exactly.
constexpr std::int64_t chain_id_max = (std::int64_t{1} << 53U) - 1;
constexpr std::int64_t anchor_intervals_max = 10'000;

Address read_address(ConfigTable& table, const char* key) {
  const std::string text = table.text(key);
  const std::optional<Address> address = address_from(text);
  if (table.has(key) && (!address || *address == Address{}))
    table.fault(key, "'" + text + "' is not an address: 0x and 40 digits, mixed case with a right checksum");
  return address.value_or(Address{});
}

ChainMode read_mode(ConfigTable& table) {
  const std::string name = table.text("mode");
  for (const ChainMode mode : {ChainMode::none, ChainMode::anchor, ChainMode::vault}) {
    if (name == to_text(mode)) return mode;
  }
  if (table.has("mode")) table.fault("mode", "'" + name + "' is none of none, anchor, vault");
  return ChainMode::none;
}

std::vector<AttesterRecord> read_attesters(ConfigTable& table, const std::vector<HouseholdRecord>& households) {
  std::vector<AttesterRecord> attesters;
  for (ConfigTable& one : table.tables("attester")) {
    AttesterRecord attester{.name = read_attester_name(one), .address = read_address(one, "address")};
    const std::string name = attester.name.text();
    const auto is_same = [&](const AttesterRecord& other) { return other.name == attester.name; };
    const auto has_same = [&](const AttesterRecord& other) { return other.address == attester.address; };
    if (std::any_of(households.begin(), households.end(), [&](const auto& home) { return home.id == attester.name; }))
      one.fault("name", "'" + name + "' is a household's; at the broker they would be one");
    if (std::any_of(attesters.begin(), attesters.end(), is_same)) one.fault("name", "'" + name + "' is there twice");
    if (std::any_of(attesters.begin(), attesters.end(), has_same))
      one.fault("address", "is another attester's too: the registry counts it once");
    attesters.push_back(attester);
  }
  if (attesters.empty()) table.fault("attester", "is missing; anchors need at least one [[chain.attester]]");
  if (attesters.size() > attesters_max) table.fault("attester", "more than " + std::to_string(attesters_max));
  return attesters;
}

void check_order_keys(ConfigTable& table, const std::vector<HouseholdRecord>& households) {
  std::map<EvmAddress, HouseholdId> owners;
  for (const HouseholdRecord& household : households) {
    const std::optional<EvmAddress> address = address_of_order_key(household.order_key);
    if (!address) {
      table.fault("mode", "the order_key of " + household.id.text() +
                              " is no point of secp256k1: its account has no place in an anchor");
      continue;
    }
    const auto [owner, fresh] = owners.emplace(*address, household.id);
    if (!fresh) {
      table.fault("mode", household.id.text() + " and " + owner->second.text() +
                              " have one order_key; every household needs its own");
    }
  }
}

std::vector<std::string> read_nodes(ConfigTable& table) {
  std::vector<std::string> nodes = table.texts("rpc");
  if (nodes.empty()) table.fault("rpc", "is missing; name at least one node, such as [\"http://127.0.0.1:8545\"]");
  if (nodes.size() > nodes_max) table.fault("rpc", "more than " + std::to_string(nodes_max) + " nodes");
  for (const std::string& url : nodes) {
    const Result<RpcEndpoint, std::string> node = RpcEndpoint::open(url);
    if (!node) table.fault("rpc", node.error());
  }
  return nodes;
}

std::vector<Hash32> read_anchor_again(ConfigTable& table) {
  std::vector<Hash32> heads;
  for (const std::string& text : table.texts("anchor_again")) {
    const std::optional<Hash32> head = hash_from_data(text);
    if (!head) {
      table.fault("anchor_again", "'" + text + "' is not the head of an anchor: 0x and 64 hexadecimal digits");
    } else if (std::find(heads.begin(), heads.end(), *head) != heads.end()) {
      table.fault("anchor_again", "'" + text + "' is there twice");
    } else {
      heads.push_back(*head);
    }
  }
  return heads;
}

}  // namespace

const char* to_text(ChainMode mode) {
  switch (mode) {
    case ChainMode::none:
      return "none";
    case ChainMode::anchor:
      return "anchor";
    case ChainMode::vault:
      return "vault";
  }
  return "";
}

Result<EvmSigner, std::string> open_signer(EvmKeyKind kind, const KeyPlace& place) {
  if (place.token) {
    Result<Pkcs11Key, std::string> key = Pkcs11Key::open(*place.token);
    if (!key) return Fail{key.error()};
    return EvmSigner(std::move(*key));
  }
  Result<EvmKey, std::string> key =
      place.file.empty() ? EvmKey::load_credential(kind, place.credential) : EvmKey::load(kind, place.file);
  if (!key) return Fail{key.error()};
  return EvmSigner(std::move(*key));
}

HouseholdId read_attester_name(ConfigTable& table) {
  const std::string text = table.text("name");
  std::optional<HouseholdId> name = HouseholdId::from(text);
  if (!name && table.has("name"))
    table.fault("name", "'" + text + "' is not 1 to 32 characters of a-z, 0-9, '-' and '_'");
  if (text == broker_controller_name)
    table.fault("name", "'controller' is the controller's own name at the broker; choose another");
  return std::move(name).value_or(HouseholdId());
}

AnchorDomain read_anchor_domain(ConfigTable& table) {
  if (!table.has("chain_id") && !table.has("registry")) return {};
  return {.chain_id = table.integer("chain_id", {1, chain_id_max}), .registry = read_address(table, "registry")};
}

KeyPlace read_key_place(ConfigTable& table, const KeyPlaceNames& names) {
  KeyPlace place{.file = table.path(names.file, ""), .credential = table.text(names.credential, "")};
  const std::string uri = table.text(names.pkcs11, "");
  const int places = int{!place.file.empty()} + int{!place.credential.empty()} + int{!uri.empty()};
  if (places != 1) {
    table.fault(names.file,
                std::string("or ") + names.credential + " or " + names.pkcs11 + " is needed, and one of them alone");
  }
  if (uri.empty()) return place;
  Result<Pkcs11Uri, std::string> token = parse_pkcs11_uri(uri);
  if (!token) table.fault(names.pkcs11, token.error());
  if (token) place.token = std::move(*token);
  return place;
}

ChainConfig read_chain_config(ConfigTable table, const std::vector<HouseholdRecord>& households) {
  ChainConfig config;
  config.mode = read_mode(table);
  config.domain = read_anchor_domain(table);
  config.anchor_intervals = table.integer("anchor_intervals", {1, anchor_intervals_max}, 1);
  config.attesters = read_attesters(table, households);
  const auto count = static_cast<std::int64_t>(config.attesters.size());
  config.quorum = table.integer("quorum", {1, static_cast<std::int64_t>(attesters_max)});
  if (config.quorum > count || config.quorum * 2 <= count) {
    table.fault("quorum",
                "must be more than half of the " + std::to_string(count) + " attesters, and no more than all");
  }
  check_order_keys(table, households);
  if (config.mode == ChainMode::none) return config;
  if (!table.has("registry")) table.fault("registry", "and chain_id are needed unless mode is none");
  if (config.mode == ChainMode::vault) config.vault = read_address(table, "vault");
  config.first_block = table.integer("first_block", {0, chain_id_max}, 0);
  config.rpc = read_nodes(table);
  config.relayer =
      read_key_place(table, {.file = "relayer_key", .credential = "relayer_credential", .pkcs11 = "relayer_pkcs11"});
  config.anchor_again = read_anchor_again(table);
  return config;
}

}  // namespace commonwatt
