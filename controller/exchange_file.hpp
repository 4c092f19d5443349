// exchanges.csv: which meters were replaced, with the registers of both, and who vouches for it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "controller/settle_files.hpp"
#include "controller/signing_keys.hpp"

namespace commonwatt {

/// Adds the rows of exchanges.csv, header
/// `time,meter,closing_import_wh,closing_export_wh,opening_import_wh,opening_export_wh`, to a table of registers: from
/// `time` on, which need be no boundary, another meter counts. Where one is put in place of none the closing registers
/// are empty; where one is taken away for good, the opening ones. Where the rules have exchange keys there is a seventh
/// column `signature`, which one of them must have made of every row; without them there is none. The error names the
/// line. The text is overwritten while it is read.
std::optional<std::string> read_exchanges(const std::string& name, std::string text, const SettleRules& rules,
                                          SettleRegisters& table);

/// What is signed of an exchange, with a reading key: SHA-256 of "commonwatt meter exchange", then the row's six fields
/// as read_exchanges has them, times in seconds, numbers without leading zeros, parted by commas, each line ended by
/// LF.
Hash32 exchange_digest(std::string_view meter, const RegisterExchange& exchange);

/// The file with every row signed that is not: `key` is a reading key. Other fields stay as they are. The error names
/// the line.
Result<std::string, std::string> sign_exchanges(const std::string& name, std::string text, const SigningKey& key);
/// As sign_exchanges, of a file; `-` is standard input.
Result<std::string, std::string> sign_exchange_file(const std::string& file, const SigningKey& key);

}  // namespace commonwatt
