// What the controller tells about the neighbourhood, as values. They come out of the parse functions only, which
// check everything a later reader relies on. What is not known is empty, never 0.
#pragma once

#include <QByteArray>
#include <QJsonObject>
#include <QString>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

namespace commonwatt::ui {

enum class SettlementState { cleared, settled, signed_, witnessed };
enum class Network { connected, islanded };
enum class Quality { good, estimated };
enum class Severity { info, warning, alarm };

struct Alarm {
  Severity severity = Severity::warning;
  std::optional<UtcTime> time;
  QString source;
  QString text;

  friend bool operator==(const Alarm&, const Alarm&) = default;
};

struct LastClearing {
  UtcTime interval;
  std::optional<Price> price;
  std::optional<Energy> volume;

  friend bool operator==(const LastClearing&, const LastClearing&) = default;
};

struct Totals {
  std::optional<Energy> produced, used, imported, exported, traded;
  std::optional<std::int64_t> readings, estimated_readings, orders, rejected_orders;
  std::optional<std::int64_t> intervals_cleared, intervals_settled;
  std::optional<Money> ledger_sum;
};

struct EvidenceLog {
  std::optional<std::int64_t> size, signed_size, cosignatures, witnesses_required, witnessed_size;
  QString root;
};

/// Newest epochs of the anchors; 0: none yet.
struct Chain {
  QString mode, registry;
  std::optional<std::int64_t> chain_id, epoch, attested, anchored, final;
};

struct State {
  UtcTime time;
  std::int64_t speed = 1;
  std::int64_t interval_seconds = 900;
  QString currency;
  Network network = Network::connected;
  std::optional<std::int64_t> households, reporting;
  std::optional<Power> production, consumption, net;
  std::optional<Price> retail_price, feed_in_price;
  std::optional<UtcTime> next_gate_closure;
  std::optional<LastClearing> last_clearing;
  Totals totals;
  EvidenceLog log;
  std::optional<Chain> chain;  ///< nothing: no anchors are made
  std::vector<Alarm> alarms;
};

struct Meter {
  QString id, role, device;

  friend bool operator==(const Meter&, const Meter&) = default;
};

/// What a household's gateway says of itself: how much it has computed again, and what it disputes.
struct Gateway {
  bool online = false;
  std::optional<std::int64_t> clearings_checked, bills_checked, disputes;

  friend bool operator==(const Gateway&, const Gateway&) = default;
};

struct HouseholdSettlement {
  UtcTime interval;
  SettlementState state = SettlementState::settled;

  friend bool operator==(const HouseholdSettlement&, const HouseholdSettlement&) = default;
};

struct Household {
  QString id, name, zone;
  std::optional<Power> production, consumption, net;
  std::optional<std::int64_t> age_seconds;
  std::optional<Energy> produced, used, imported, exported, bought, sold, grid_bought, grid_sold;
  std::optional<Money> paid, saved, balance;
  std::optional<HouseholdSettlement> settlement;
  std::optional<Gateway> gateway;
  std::vector<Meter> meters;

  friend bool operator==(const Household&, const Household&) = default;
};

struct Households {
  UtcTime time;
  std::vector<Household> list;
};

/// One household's bill for one interval.
struct HouseholdInterval {
  UtcTime interval;
  std::optional<Energy> produced, used, imported, exported, contract, delivered, deviation;
  std::optional<Price> price;
  std::optional<Money> energy_amount, imbalance_amount, total, saved;
  std::optional<Quality> quality;
  SettlementState state = SettlementState::settled;

  friend bool operator==(const HouseholdInterval&, const HouseholdInterval&) = default;
};

struct HouseholdDetail {
  Household household;
  std::vector<HouseholdInterval> intervals;
};

/// One interval of the whole neighbourhood.
struct MarketInterval {
  UtcTime interval;
  SettlementState state = SettlementState::cleared;
  std::optional<Price> price;
  std::optional<Energy> volume, demand, supply, produced, used, imported, exported;
  std::optional<std::int64_t> orders, rejected_orders, local_share_permille;
  std::vector<QString> missing;
};

struct BookStep {
  Price limit;
  Energy quantity;
};

/// The published orders of an interval; bids from the highest limit down, asks from the lowest up.
struct Book {
  UtcTime interval;
  std::optional<Price> price;
  std::optional<Energy> volume;
  std::vector<BookStep> bids, asks;
};

/// What was wrong with a text that is not what docs/api.md promises: "state.time is not a whole number".
struct ParseError {
  QString what;
};

/// The object of a JSON text.
Result<QJsonObject, ParseError> parse_object(const QByteArray& text);
Result<State, ParseError> parse_state(const QJsonObject& object);
Result<Households, ParseError> parse_households(const QJsonObject& object);
Result<HouseholdDetail, ParseError> parse_household(const QJsonObject& object);
Result<MarketInterval, ParseError> parse_interval(const QJsonObject& object);
Result<std::vector<MarketInterval>, ParseError> parse_intervals(const QJsonObject& object);
Result<Book, ParseError> parse_book(const QJsonObject& object);

}  // namespace commonwatt::ui
