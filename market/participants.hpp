// Who takes part (RULEBOOK section 2). Journalled: a replay knows what was in force.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/bytes.hpp"
#include "core/cbor.hpp"
#include "core/id.hpp"
#include "core/units.hpp"

namespace commonwatt {

/// What the utility charges and pays. Order prices lie in [feed_in, retail] while the grid is connected.
struct Tariff {
  Price retail;
  Price feed_in;

  friend bool operator==(const Tariff&, const Tariff&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.retail, self.feed_in);
  }
};

/// What a meter's registers are for: a billing meter stands at the grid connection and is settled; a production meter
/// counts a plant behind it; a submeter counts one consumer behind it, for information.
enum class MeterRole : std::uint8_t { billing, production, submeter };
constexpr MeterRole enum_last(MeterRole) {
  return MeterRole::submeter;
}
const char* to_text(MeterRole role);
/// The role of that name; nothing for any other text.
std::optional<MeterRole> meter_role_from_text(std::string_view text);

struct MeterRecord {
  MeterId id;
  MeterRole role = MeterRole::billing;
  Power rating;        ///< what it can carry: the fuse of a connection, the nameplate of a plant
  std::string device;  ///< maker and model, for people

  friend bool operator==(const MeterRecord&, const MeterRecord&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.id, self.role, self.rating, self.device);
  }
};

struct HouseholdRecord {
  HouseholdId id;
  std::string name;  ///< for people
  ZoneId zone;
  HouseholdId owner;  ///< the beneficial owner; orders of one owner never trade with each other
  Power fuse_rating;
  Power nameplate;  ///< of all its plants together
  Power storage;    ///< what its storage can feed in
  Money credit_limit;
  Bytes order_key;    ///< secp256k1, compressed (33 bytes)
  Bytes reading_key;  ///< P-256, compressed (33 bytes)
  Bytes witness_key;  ///< Ed25519 (32 bytes)
  std::vector<MeterRecord> meters;

  friend bool operator==(const HouseholdRecord&, const HouseholdRecord&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.id, self.name, self.zone, self.owner, self.fuse_rating, self.nameplate, self.storage,
                    self.credit_limit, self.order_key, self.reading_key, self.witness_key, self.meters);
  }
};

}  // namespace commonwatt
