#include "ui/neighbourhood.hpp"

#include <QJsonDocument>
#include <QLatin1String>
#include <array>
#include <utility>

#include "ui/json_door.hpp"

namespace commonwatt::ui {
namespace {

template <class E, std::size_t Size>
E read_enum(JsonDoor& door, const char* key, const std::array<std::pair<const char*, E>, Size>& words, E absent) {
  const QString word = door.text(key);
  if (word.isEmpty()) return absent;
  for (const auto& [text, value] : words) {
    if (word == QLatin1String(text)) return value;
  }
  door.fail(door.where() + QLatin1Char('.') + QLatin1String(key) + QStringLiteral(" is \"") + word +
            QStringLiteral("\", which this dashboard does not know"));
  return absent;
}

SettlementState read_settlement_state(JsonDoor& door, SettlementState absent) {
  using S = SettlementState;
  static constexpr std::array<std::pair<const char*, S>, 4> words{{
      {"cleared", S::cleared},
      {"settled", S::settled},
      {"signed", S::signed_},
      {"witnessed", S::witnessed},
  }};
  return read_enum(door, "state", words, absent);
}

/// Reads every object of a list with `read`; the first error ends it.
template <class T, class Read>
std::vector<T> read_list(JsonDoor& door, const char* key, Read read) {
  std::vector<T> values;
  const QJsonArray items = door.list(key);
  values.reserve(static_cast<std::size_t>(items.size()));
  for (qsizetype i = 0; i < items.size() && !door.failed(); ++i) {
    const QString where = QStringLiteral("%1.%2[%3]").arg(door.where(), QLatin1String(key)).arg(i);
    if (!items[i].isObject()) {
      door.fail(where + QStringLiteral(" is not an object"));
      break;
    }
    JsonDoor item(items[i].toObject(), where);
    values.push_back(read(item));
    if (item.failed()) door.fail(item.error());
  }
  return values;
}

/// Reads the object of a key with `read`, if it is there.
template <class T, class Read>
std::optional<T> read_object(JsonDoor& door, const char* key, Read read) {
  const std::optional<QJsonObject> object = door.object(key);
  if (!object) return std::nullopt;
  JsonDoor inner(*object, door.where() + QLatin1Char('.') + QLatin1String(key));
  T value = read(inner);
  if (inner.failed()) door.fail(inner.error());
  return value;
}

Alarm read_alarm(JsonDoor& door) {
  static constexpr std::array<std::pair<const char*, Severity>, 5> words{{
      {"info", Severity::info},
      {"warning", Severity::warning},
      {"alarm", Severity::alarm},
      {"error", Severity::alarm},
      {"critical", Severity::alarm},
  }};
  Alarm alarm;
  alarm.severity = read_enum(door, "severity", words, Severity::warning);
  alarm.time = door.time("time");
  alarm.source = door.text("source");
  alarm.text = door.required_text("text");
  return alarm;
}

LastClearing read_last_clearing(JsonDoor& door) {
  return {door.required_time("interval"), door.price("price"), door.quantity<Energy>("volume_wh")};
}

Totals read_totals(JsonDoor& door) {
  Totals totals;
  totals.produced = door.quantity<Energy>("produced_wh");
  totals.used = door.quantity<Energy>("used_wh");
  totals.imported = door.quantity<Energy>("import_wh");
  totals.exported = door.quantity<Energy>("export_wh");
  totals.traded = door.quantity<Energy>("traded_wh");
  totals.readings = door.count("readings");
  totals.estimated_readings = door.count("estimated_readings");
  totals.orders = door.count("orders");
  totals.rejected_orders = door.count("rejected_orders");
  totals.intervals_cleared = door.count("intervals_cleared");
  totals.intervals_settled = door.count("intervals_settled");
  totals.ledger_sum = door.money("ledger_sum");
  return totals;
}

EvidenceLog read_log(JsonDoor& door) {
  return {door.count("size"),           door.count("signed_size"),
          door.count("cosignatures"),   door.count("witnesses_required"),
          door.count("witnessed_size"), door.text("root")};
}

Chain read_chain(JsonDoor& door) {
  return {door.text("mode"),      door.text("registry"),  door.count("chain_id"), door.count("epoch"),
          door.count("attested"), door.count("anchored"), door.count("final")};
}

HouseholdSettlement read_settlement(JsonDoor& door) {
  return {door.required_time("interval"), read_settlement_state(door, SettlementState::settled)};
}

Gateway read_gateway(JsonDoor& door) {
  return {door.flag("online"), door.count("clearings_checked"), door.count("bills_checked"), door.count("disputes")};
}

Meter read_meter(JsonDoor& door) {
  return {door.required_text("id"), door.text("role"), door.text("device")};
}

Household read_household(JsonDoor& door) {
  Household household;
  household.id = door.required_text("id");
  household.name = door.text("name");
  if (household.name.isEmpty()) household.name = household.id;
  household.zone = door.text("zone");
  household.production = door.quantity<Power>("production_w");
  household.consumption = door.quantity<Power>("consumption_w");
  household.net = door.quantity<Power>("net_w");
  household.age_seconds = door.count("age_seconds");
  household.produced = door.quantity<Energy>("produced_wh");
  household.used = door.quantity<Energy>("used_wh");
  household.imported = door.quantity<Energy>("import_wh");
  household.exported = door.quantity<Energy>("export_wh");
  household.bought = door.quantity<Energy>("bought_wh");
  household.sold = door.quantity<Energy>("sold_wh");
  household.grid_bought = door.quantity<Energy>("grid_bought_wh");
  household.grid_sold = door.quantity<Energy>("grid_sold_wh");
  household.paid = door.money("paid");
  household.saved = door.money("saved");
  household.balance = door.money("balance");
  household.settlement = read_object<HouseholdSettlement>(door, "settlement", read_settlement);
  household.gateway = read_object<Gateway>(door, "gateway", read_gateway);
  household.meters = read_list<Meter>(door, "meters", read_meter);
  return household;
}

HouseholdInterval read_household_interval(JsonDoor& door) {
  static constexpr std::array<std::pair<const char*, std::optional<Quality>>, 2> words{{
      {"good", Quality::good},
      {"estimated", Quality::estimated},
  }};
  HouseholdInterval bill;
  bill.interval = door.required_time("interval");
  bill.produced = door.quantity<Energy>("produced_wh");
  bill.used = door.quantity<Energy>("used_wh");
  bill.imported = door.quantity<Energy>("import_wh");
  bill.exported = door.quantity<Energy>("export_wh");
  bill.contract = door.quantity<Energy>("contract_wh");
  bill.delivered = door.quantity<Energy>("delivered_wh");
  bill.deviation = door.quantity<Energy>("deviation_wh");
  bill.price = door.price("price");
  bill.energy_amount = door.money("energy_amount");
  bill.imbalance_amount = door.money("imbalance_amount");
  bill.total = door.money("total");
  bill.saved = door.money("saved");
  bill.quality = read_enum(door, "quality", words, std::optional<Quality>{});
  bill.state = read_settlement_state(door, SettlementState::settled);
  return bill;
}

MarketInterval read_market_interval(JsonDoor& door) {
  MarketInterval interval;
  interval.interval = door.required_time("interval");
  interval.state = read_settlement_state(door, SettlementState::cleared);
  interval.price = door.price("price");
  interval.volume = door.quantity<Energy>("volume_wh");
  interval.demand = door.quantity<Energy>("demand_wh");
  interval.supply = door.quantity<Energy>("supply_wh");
  interval.produced = door.quantity<Energy>("produced_wh");
  interval.used = door.quantity<Energy>("used_wh");
  interval.imported = door.quantity<Energy>("import_wh");
  interval.exported = door.quantity<Energy>("export_wh");
  interval.orders = door.count("orders");
  interval.rejected_orders = door.count("rejected_orders");
  interval.local_share_permille = door.count("local_share_permille");
  for (const auto& name : door.list("missing")) {
    if (name.isString()) interval.missing.push_back(name.toString().left(text_length_max).simplified());
  }
  return interval;
}

BookStep read_book_step(JsonDoor& door) {
  const std::optional<Price> limit = door.price("limit_price");
  const std::optional<Energy> quantity = door.quantity<Energy>("quantity_wh");
  if (!limit || !quantity || quantity->count < 0) door.fail(door.where() + QStringLiteral(" is not an order step"));
  return {limit.value_or(Price{}), quantity.value_or(Energy{})};
}

template <class T, class Read>
Result<T, ParseError> parse(const QJsonObject& object, const char* name, Read read) {
  JsonDoor door(object, QLatin1String(name));
  T value = read(door);
  if (door.failed()) return Fail{ParseError{door.error()}};
  return value;
}

State read_state(JsonDoor& door) {
  static constexpr std::array<std::pair<const char*, Network>, 2> networks{{
      {"connected", Network::connected},
      {"islanded", Network::islanded},
  }};
  State state;
  state.time = door.required_time("time");
  state.speed = door.count("speed").value_or(1);
  state.interval_seconds = door.count("interval_seconds").value_or(900);
  if (!is_interval_length(state.interval_seconds)) {
    door.fail(door.where() + QStringLiteral(".interval_seconds is not 300, 900, 1800 or 3600"));
  }
  state.currency = door.text("currency").left(8);
  state.network = read_enum(door, "network", networks, Network::connected);
  state.households = door.count("households");
  state.reporting = door.count("reporting");
  state.production = door.quantity<Power>("production_w");
  state.consumption = door.quantity<Power>("consumption_w");
  state.net = door.quantity<Power>("net_w");
  state.retail_price = door.price("retail_price");
  state.feed_in_price = door.price("feed_in_price");
  state.next_gate_closure = door.time("next_gate_closure");
  state.last_clearing = read_object<LastClearing>(door, "last_clearing", read_last_clearing);
  state.totals = read_object<Totals>(door, "totals", read_totals).value_or(Totals{});
  state.log = read_object<EvidenceLog>(door, "log", read_log).value_or(EvidenceLog{});
  state.chain = read_object<Chain>(door, "chain", read_chain);
  state.alarms = read_list<Alarm>(door, "alarms", read_alarm);
  return state;
}

}  // namespace

Result<QJsonObject, ParseError> parse_object(const QByteArray& text) {
  QJsonParseError error;
  const QJsonDocument document = QJsonDocument::fromJson(text, &error);
  if (error.error != QJsonParseError::NoError) {
    return Fail{ParseError{QStringLiteral("byte %1: %2").arg(error.offset).arg(error.errorString())}};
  }
  if (!document.isObject()) return Fail{ParseError{QStringLiteral("the text is not a JSON object")}};
  return document.object();
}

Result<State, ParseError> parse_state(const QJsonObject& object) {
  return parse<State>(object, "state", read_state);
}

Result<Households, ParseError> parse_households(const QJsonObject& object) {
  return parse<Households>(object, "households", [](JsonDoor& door) {
    const UtcTime time = door.required_time("time");
    Households households{time, read_list<Household>(door, "households", read_household)};
    // The table finds rows by id, so the order of ids is checked here and relied on there.
    for (std::size_t i = 1; i < households.list.size(); ++i) {
      if (households.list[i - 1].id < households.list[i].id) continue;
      door.fail(QStringLiteral("households are not in order of id at \"%1\"").arg(households.list[i].id));
    }
    return households;
  });
}

Result<HouseholdDetail, ParseError> parse_household(const QJsonObject& object) {
  return parse<HouseholdDetail>(object, "household", [](JsonDoor& door) {
    Household household = read_household(door);
    return HouseholdDetail{std::move(household),
                           read_list<HouseholdInterval>(door, "intervals", read_household_interval)};
  });
}

Result<MarketInterval, ParseError> parse_interval(const QJsonObject& object) {
  return parse<MarketInterval>(object, "interval", read_market_interval);
}

Result<std::vector<MarketInterval>, ParseError> parse_intervals(const QJsonObject& object) {
  return parse<std::vector<MarketInterval>>(object, "intervals", [](JsonDoor& door) {
    return read_list<MarketInterval>(door, "intervals", read_market_interval);
  });
}

Result<Book, ParseError> parse_book(const QJsonObject& object) {
  return parse<Book>(object, "book", [](JsonDoor& door) {
    Book book;
    book.interval = door.required_time("interval");
    book.price = door.price("price");
    book.volume = door.quantity<Energy>("volume_wh");
    book.bids = read_list<BookStep>(door, "bids", read_book_step);
    book.asks = read_list<BookStep>(door, "asks", read_book_step);
    return book;
  });
}

}  // namespace commonwatt::ui
