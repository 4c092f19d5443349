#include "controller/auction_files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <tuple>
#include <unordered_map>

// Its reader can run a thread of its own; ours reads from memory.
#define CSV_IO_NO_THREAD
#include <libfccp/csv.h>

namespace commonwatt {
namespace {

// No trimming: an order's id is its bytes, and they break ties.
template <unsigned Columns>
using Rows = io::CSVReader<Columns, io::trim_chars<>, io::double_quote_escape<',', '"'>>;

/// Names to numbers, in the sequence they come.
using Numbers = std::unordered_map<std::string, std::uint32_t>;

/// What is wrong with a row. Thrown and caught in this file only, beside the library's own exceptions.
struct RowError {
  std::string what;
};

std::string quoted(const char* text) {
  constexpr std::size_t shown_max = 60;
  const std::string all(text);
  return "'" + (all.size() > shown_max ? all.substr(0, shown_max) + "..." : all) + "'";
}

/// A whole number within [low, high].
std::int64_t whole_number(const char* column, const char* text, std::int64_t low, std::int64_t high) {
  std::int64_t number = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, number);
  const bool is_number = stop == end && stop != text;
  if (is_number && error == std::errc() && number >= low && number <= high) return number;
  throw RowError{std::string(column) + " " + quoted(text) + " is not a whole number from " + std::to_string(low) +
                 " to " + std::to_string(high)};
}

std::optional<Energy> limit(const char* column, const char* text) {
  if (*text == '\0') return std::nullopt;
  return Energy{whole_number(column, text, 0, auction_energy_max.count)};
}

Side side_of(const char* text) {
  if (std::strcmp(text, "buy") == 0) return Side::buy;
  if (std::strcmp(text, "sell") == 0) return Side::sell;
  throw RowError{"side " + quoted(text) + " is neither buy nor sell"};
}

/// The first byte that no CSV file has: the reader would take it for the end of a field.
std::optional<std::string> zero_byte(const std::string& name, const std::string& text) {
  const std::size_t at = text.find('\0');
  if (at == std::string::npos) return std::nullopt;
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  return name + ":" + std::to_string(line) + ": a zero byte; this is not a text file";
}

/// Runs `each_row` on the fields of every row after the header. The error names the line.
template <unsigned Columns, class EachRow>
std::optional<std::string> for_rows(const std::string& name, std::string& text,
                                    const std::array<const char*, Columns>& columns, EachRow each_row) {
  if (std::optional<std::string> found = zero_byte(name, text)) return found;
  Rows<Columns> rows(name, text.data(), text.data() + text.size());
  const auto here = [&] { return name + ":" + std::to_string(rows.get_file_line()) + ": "; };
  try {
    std::apply([&](auto... column) { rows.read_header(io::ignore_no_column, column...); }, columns);
  } catch (const io::error::base&) {
    std::string header;
    for (const char* column : columns) header += (header.empty() ? "" : ",") + std::string(column);
    return name + ":1: the header is not " + header;
  }
  try {
    std::array<char*, Columns> fields{};
    while (std::apply([&](auto&... field) { return rows.read_row(field...); }, fields)) {
      each_row(fields, rows.get_file_line());
    }
    return std::nullopt;
  } catch (const RowError& error) {
    return here() + error.what;
  } catch (const io::error::too_few_columns&) {
    return here() + "fewer than " + std::to_string(Columns) + " columns";
  } catch (const io::error::too_many_columns&) {
    return here() + "more than " + std::to_string(Columns) + " columns";
  } catch (const io::error::escaped_string_not_closed&) {
    return here() + "a quote is not closed on its line";
  } catch (const io::error::line_length_limit_exceeded&) {
    return here() + "the line is longer than 16 MiB";
  }
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

/// A field as CSV writes it: quoted where it would be taken for something else.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string field = "\"";
  for (const char character : text) field += character == '"' ? std::string("\"\"") : std::string(1, character);
  return field + "\"";
}

}  // namespace

Result<std::string, std::string> read_text(const std::string& path) {
  const auto all_of = [](std::istream& in) {
    return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  };
  if (path == "-") {
    std::string text = all_of(std::cin);
    if (std::cin.bad()) return Fail{std::string("standard input cannot be read")};
    return text;
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return Fail{path + ": is a directory"};
  std::ifstream file(path, std::ios::binary);
  if (!file) return Fail{path + ": " + std::strerror(errno)};
  std::string text = all_of(file);
  if (file.bad() || text.empty()) return Fail{path + ": nothing can be read from it"};
  return text;
}

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
