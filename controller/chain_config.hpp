// The tables [chain] of the configuration files: who attests the anchors, and the chain they go to.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "controller/chain/evm_signer.hpp"
#include "controller/chain/signed_anchor.hpp"
#include "controller/config_reader.hpp"
#include "market/participants.hpp"

namespace commonwatt {

enum class ChainMode : std::uint8_t {
  none,    ///< attesters sign; nothing goes to a chain
  anchor,  ///< anchors go to a registry, money is paid by bills
  vault,   ///< and a vault pays settlements
};
const char* to_text(ChainMode mode);

/// Where a key of an EVM account lies: one of the three.
struct KeyPlace {
  std::filesystem::path file;
  std::string credential;  ///< name of a systemd credential
  std::optional<Pkcs11Uri> token = std::nullopt;
};
Result<EvmSigner, std::string> open_signer(EvmKeyKind kind, const KeyPlace& place);

struct AttesterRecord {
  HouseholdId name;  ///< its certificate's common name; no household's
  Address address;
};

struct ChainConfig {
  ChainMode mode = ChainMode::none;
  AnchorDomain domain;  ///< zeros in mode none unless the file says otherwise
  std::optional<Address> vault;
  std::int64_t first_block = 0;  ///< the registry's
  std::vector<std::string> rpc;  ///< all must agree
  KeyPlace relayer;
  std::vector<Hash32> anchor_again;  ///< heads of vetoed anchors that are sent all the same
  std::int64_t anchor_intervals = 1;
  std::int64_t quorum = 1;
  std::vector<AttesterRecord> attesters;
};

/// The controller's table. Every household needs an order key of its own that has an address.
ChainConfig read_chain_config(ConfigTable table, const std::vector<HouseholdRecord>& households);
/// chain_id and registry; zeros when neither is there.
AnchorDomain read_anchor_domain(ConfigTable& table);
/// What the configuration calls the three places.
struct KeyPlaceNames {
  const char* file = "";
  const char* credential = "";
  const char* pkcs11 = "";
};
KeyPlace read_key_place(ConfigTable& table, const KeyPlaceNames& names);
HouseholdId read_attester_name(ConfigTable& table);

}  // namespace commonwatt
