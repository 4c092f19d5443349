#include "controller/exchange_file.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "controller/csv_rows.hpp"
#include "controller/settle_fields.hpp"
#include "core/sha256.hpp"

namespace commonwatt {
namespace {

constexpr std::array columns{
    "time", "meter", "closing_import_wh", "closing_export_wh", "opening_import_wh", "opening_export_wh"};
constexpr std::array signed_columns{
    "time", "meter", "closing_import_wh", "closing_export_wh", "opening_import_wh", "opening_export_wh", "signature"};
constexpr std::size_t signature_column = columns.size();
using Fields = std::span<char* const>;

/// The two registers from a column on; nothing where both fields are empty.
std::optional<Registers> registers_of(Fields fields, std::size_t column) {
  const bool is_there = *fields[column] != '\0';
  if (is_there != (*fields[column + 1] != '\0')) {
    throw RowError{std::string(columns[column]) + " and " + columns[column + 1] +
                   " are both stated, or both empty where there is no meter"};
  }
  if (!is_there) return std::nullopt;
  return Registers{register_of(columns[column], fields[column]), register_of(columns[column + 1], fields[column + 1])};
}

RegisterExchange exchange_of(Fields fields) {
  RegisterExchange exchange{
      .time = seconds_of("time", fields[0]), .closing = registers_of(fields, 2), .opening = registers_of(fields, 4)};
  if (!exchange.closing && !exchange.opening) throw RowError{"neither a meter that was there nor one that is"};
  return exchange;
}

void check_signature(Fields fields, const RegisterExchange& exchange, const std::map<std::string, Bytes>& keys) {
  const char* const text = fields[signature_column];
  if (*text == '\0') throw RowError{"is not signed; sign it with 'commonwatt keys sign-exchanges'"};
  const std::optional<Bytes> signature = from_hex(text);
  const Hash32 digest = exchange_digest(fields[1], exchange);
  const bool holds = signature && std::any_of(keys.begin(), keys.end(), [&](const auto& key) {
                       return reading_signature_holds(key.second, digest, *signature);
                     });
  if (!holds) throw RowError{"the signature is not one of [exchange_keys] over what this row says"};
}

/// Adds an exchange to those of its meter.
void add(SettleRegisters& table, const SettleRules& rules, const char* meter_text, const RegisterExchange& exchange) {
  const std::string meter = name_of("meter", meter_text);
  const std::optional<std::uint32_t> head = head_meter_of(meter, rules);
  const std::optional<std::uint32_t> number = head ? head : table.meters.find(meter);
  if (!number) throw RowError{"meter " + quoted(meter_text) + " has no row in registers.csv"};
  std::vector<RegisterExchange>& list = (head ? table.head_exchanges : table.exchanges)[*number];
  const auto at = std::lower_bound(list.begin(), list.end(), exchange.time,
                                   [](const RegisterExchange& other, std::int64_t time) { return other.time < time; });
  if (at != list.end() && at->time == exchange.time)
    throw RowError{"meter " + quoted(meter_text) + " is exchanged twice at that time"};
  list.insert(at, exchange);
}

bool has_signatures(const std::string& text) {
  return text.substr(0, text.find('\n')).find(signed_columns[signature_column]) != std::string::npos;
}

}  // namespace

std::optional<std::string> read_exchanges(const std::string& name, std::string text, const SettleRules& rules,
                                          SettleRegisters& table) {
  if (rules.exchange_keys.empty()) {
    if (has_signatures(text)) return name + ":1: has signatures, and settlement.toml no [exchange_keys] to check them";
    return for_rows<6>(name, text, columns, [&](const std::array<char*, 6>& fields, unsigned) {
      add(table, rules, fields[1], exchange_of(fields));
    });
  }
  return for_rows<7>(name, text, signed_columns, [&](const std::array<char*, 7>& fields, unsigned) {
    const RegisterExchange exchange = exchange_of(fields);
    check_signature(fields, exchange, rules.exchange_keys);
    add(table, rules, fields[1], exchange);
  });
}

Hash32 exchange_digest(std::string_view meter, const RegisterExchange& exchange) {
  const auto numbers = [](const std::optional<Registers>& registers) {
    if (!registers) return std::string(",");
    return std::to_string(registers->import.count) + "," + std::to_string(registers->export_.count);
  };
  const std::string text = "commonwatt meter exchange\n" + std::to_string(exchange.time) + "," + std::string(meter) +
                           "," + numbers(exchange.closing) + "," + numbers(exchange.opening) + "\n";
  return sha256(as_bytes(text));
}

Result<std::string, std::string> sign_exchanges(const std::string& name, std::string text, const SigningKey& key) {
  std::string out;
  for (const char* column : signed_columns) out += (out.empty() ? "" : ",") + std::string(column);
  out += "\n";
  const auto sign = [&](Fields fields, const std::string& signature) {
    const RegisterExchange exchange = exchange_of(fields);
    const std::string meter = name_of("meter", fields[1]);
    for (std::size_t i = 0; i < columns.size(); ++i) out += csv_field(fields[i]) + ",";
    out += (signature.empty() ? to_hex(key.sign_digest(exchange_digest(meter, exchange))) : signature) + "\n";
  };
  const std::optional<std::string> fault =
      has_signatures(text)
          ? for_rows<7>(name, text, signed_columns,
                        [&](const std::array<char*, 7>& fields, unsigned) { sign(fields, fields[signature_column]); })
          : for_rows<6>(name, text, columns, [&](const std::array<char*, 6>& fields, unsigned) { sign(fields, ""); });
  if (fault) return Fail{*fault};
  return out;
}

Result<std::string, std::string> sign_exchange_file(const std::string& file, const SigningKey& key) {
  Result<std::string, std::string> text = read_text(file);
  if (!text) return text;
  return sign_exchanges(file, std::move(*text), key);
}

}  // namespace commonwatt
