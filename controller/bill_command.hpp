// `commonwatt bill`: a household's bills of a period, for whoever pays them.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "controller/bill_texts.hpp"
#include "controller/proof_command.hpp"

namespace commonwatt {

/// `jsonl` is the bills themselves with their proofs, as `commonwatt verify --bill` reads them.
enum class BillFormat : std::uint8_t { text, html, csv, json, jsonl };
std::optional<BillFormat> bill_format_from_text(std::string_view name);

struct BillOptions {
  std::string file;   ///< bills, one a line; `-` is standard input. Either this or `store`
  std::string store;  ///< a gateway's directory
  std::string month;  ///< YYYY-MM, local; excludes from and to
  std::string from;   ///< YYYY-MM-DD, its local begin, or an instant in UTC; empty: from the first bill
  std::string to;     ///< the same; the bill ends before it
  std::string time_zone = "Etc/UTC";
  std::string currency = "EUR";
  std::string log_key;  ///< 64 hexadecimal digits; empty: proofs are not checked
  Language language = Language::en;
  BillFormat format = BillFormat::text;
  std::string books;  ///< a directory as books_in has it: the bill then has the account with its payments
  std::string out = "-";
  std::string proof;       ///< where the proof of the one bill in the period goes; empty: none is made
  ProofParts proof_parts;  ///< its log_key is not read: `log_key` is
};

/// Returns the exit status: 0; 64 when options do not fit together; 65 when bills are not as they should be; 1 when the
/// output cannot be written (sysexits.h).
int run_bill(const BillOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
