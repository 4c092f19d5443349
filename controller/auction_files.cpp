#include "controller/auction_files.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <unordered_map>

#include "controller/csv_rows.hpp"

namespace commonwatt {
namespace {

/// Names to numbers, in the sequence they come.
using Numbers = std::unordered_map<std::string, std::uint32_t>;

std::optional<Energy> limit(const char* column, const char* text) {
  if (*text == '\0') return std::nullopt;
  return Energy{whole_number(column, text, 0, auction_energy_max.count)};
}

Side side_of(const char* text) {
  if (std::strcmp(text, "buy") == 0) return Side::buy;
  if (std::strcmp(text, "sell") == 0) return Side::sell;
  throw RowError{"side " + quoted(text) + " is neither buy nor sell"};
}

constexpr std::array zone_columns{"zone", "parent", "fee", "export_limit_wh", "import_limit_wh"};
constexpr std::array order_columns{"order_id", "household", "zone", "side", "quantity_wh", "limit_price"};

/// A zone as its row has it; parents may come later, so they stay names for now.
struct ZoneRow {
  Zone zone;
  std::string parent;
  unsigned line = 0;
};

ZoneRow zone_of(const std::array<char*, 5>& fields, unsigned line) {
  ZoneRow row{.zone = {}, .parent = fields[1], .line = line};
  if (*fields[0] == '\0') throw RowError{"the zone has no name"};
  if (row.parent.empty() && (*fields[2] != '\0' || *fields[3] != '\0' || *fields[4] != '\0')) {
    const bool is_free = std::strcmp(fields[2], "0") == 0 && *fields[3] == '\0' && *fields[4] == '\0';
    if (!is_free) throw RowError{"the root has no edge: its fee and limits must be empty"};
  }
  if (*fields[2] != '\0') row.zone.fee = Price{whole_number("fee", fields[2], 0, auction_price_magnitude_max.count)};
  row.zone.export_limit = limit("export_limit_wh", fields[3]);
  row.zone.import_limit = limit("import_limit_wh", fields[4]);
  return row;
}

/// Gives names their numbers, and says on which line a name was first.
class Register {
 public:
  std::uint32_t number_of(const char* name) {
    const auto [entry, is_new] = numbers_.try_emplace(name, static_cast<std::uint32_t>(numbers_.size()));
    if (is_new) names_.push_back(entry->first);
    return entry->second;
  }
  void add_new(const char* what, const char* name, unsigned line) {
    const std::size_t before = names_.size();
    const std::uint32_t number = number_of(name);
    if (number < before) {
      throw RowError{std::string(what) + " " + quoted(name) + " is already on line " + std::to_string(lines_[number])};
    }
    lines_.push_back(line);
  }
  [[nodiscard]] std::optional<std::uint32_t> find(const std::string& name) const {
    const auto entry = numbers_.find(name);
    if (entry == numbers_.end()) return std::nullopt;
    return entry->second;
  }
  std::vector<std::string> take_names() { return std::move(names_); }

 private:
  Numbers numbers_;
  std::vector<std::string> names_;
  std::vector<unsigned> lines_;
};

LimitOrder order_of(const std::array<char*, 6>& fields, const Register& zone_names, const ZoneTable& zones) {
  LimitOrder order;
  if (*fields[0] == '\0') throw RowError{"the order has no id"};
  if (*fields[1] == '\0') throw RowError{"the order has no household"};
  const std::optional<ZoneIndex> zone = *fields[2] == '\0' ? zones.tree.root() : zone_names.find(fields[2]);
  if (!zone) throw RowError{"zone " + quoted(fields[2]) + " is not among the zones (--zones)"};
  order.zone = *zone;
  order.side = side_of(fields[3]);
  order.quantity = Energy{whole_number("quantity_wh", fields[4], 1, auction_energy_max.count)};
  constexpr std::int64_t price_max = auction_price_magnitude_max.count;
  order.limit = Price{whole_number("limit_price", fields[5], -price_max, price_max)};
  return order;
}

}  // namespace

Result<ZoneTable, std::string> read_zones(const std::string& name, std::string text) {
  std::vector<ZoneRow> rows;
  Register names;
  const auto error = for_rows<5>(name, text, zone_columns, [&](const std::array<char*, 5>& fields, unsigned line) {
    rows.push_back(zone_of(fields, line));
    names.add_new("zone", fields[0], line);
  });
  if (error) return Fail{*error};
  std::vector<Zone> zones;
  for (ZoneRow& row : rows) {
    const std::string at = name + ":" + std::to_string(row.line) + ": ";
    if (!row.parent.empty()) {
      row.zone.parent = names.find(row.parent);
      if (!row.zone.parent) return Fail{at + "parent " + quoted(row.parent.c_str()) + " is not among the zones"};
    }
    zones.push_back(row.zone);
  }
  Result<ZoneTree, ZoneError> tree = ZoneTree::from(std::move(zones));
  if (tree) return ZoneTable{.tree = std::move(*tree), .names = names.take_names()};
  if (rows.empty()) return Fail{name + ": " + explain(tree.error().fault)};
  const std::string at = name + ":" + std::to_string(rows[tree.error().zone].line) + ": ";
  return Fail{at + explain(tree.error().fault)};
}

Result<OrderTable, std::string> read_orders(const std::string& name, std::string text, const ZoneTable& zones) {
  Register zone_names;
  for (const std::string& zone : zones.names) zone_names.number_of(zone.c_str());
  OrderTable table;
  Register ids;
  Register households;
  Energy total;
  const auto error = for_rows<6>(name, text, order_columns, [&](const std::array<char*, 6>& fields, unsigned line) {
    const LimitOrder order = order_of(fields, zone_names, zones);
    if (order.quantity > auction_energy_max - total) {
      throw RowError{"with it the orders sum to more than " + std::to_string(auction_energy_max.count) + " Wh"};
    }
    total += order.quantity;
    ids.add_new("order_id", fields[0], line);
    table.orders.push_back(order);
    table.households.push_back(households.number_of(fields[1]));
  });
  if (error) return Fail{*error};
  table.order_ids = ids.take_names();
  table.household_names = households.take_names();
  return table;
}

SelfCrossing self_crossing(const OrderTable& table, std::size_t count_max) {
  std::vector<std::optional<Price>> highest_bid(table.household_names.size());
  std::vector<std::optional<Price>> lowest_ask(table.household_names.size());
  for (std::size_t i = 0; i < table.orders.size(); ++i) {
    const LimitOrder& order = table.orders[i];
    const bool buys = order.side == Side::buy;
    std::optional<Price>& best = (buys ? highest_bid : lowest_ask)[table.households[i]];
    if (!best || (buys ? order.limit > *best : order.limit < *best)) best = order.limit;
  }
  SelfCrossing found;
  for (std::size_t i = 0; i < table.household_names.size(); ++i) {
    if (!highest_bid[i] || !lowest_ask[i] || *highest_bid[i] < *lowest_ask[i]) continue;
    if (++found.households <= count_max) found.examples.push_back(table.household_names[i]);
  }
  return found;
}

void write_fills(std::ostream& out, Mechanism mechanism, const OrderTable& table, const AuctionResult& result) {
  out << "order_id,filled_wh,price\n";
  for (std::size_t i = 0; i < table.orders.size(); ++i) {
    const Energy fill = result.clearing.fills[i];
    out << csv_field(table.order_ids[i]) << ',' << fill.count << ',';
    const std::optional<Price>& zone_price = result.clearing.zones[table.orders[i].zone].price;
    if (fill > Energy{0}) {
      const WideMoney amount = table.orders[i].side == Side::buy ? result.payments[i] : -result.payments[i];
      out << to_text(floor_divide(amount, wide(fill.count)));
    } else if (mechanism == Mechanism::uniform && zone_price) {
      out << zone_price->count;
    }
    out << '\n';
  }
}

}  // namespace commonwatt
