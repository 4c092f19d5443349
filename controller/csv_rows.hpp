// What every CSV reader and writer here is made of: rows with a known header, fields checked one by one, and errors
// that name file and line. Fields may be quoted as RFC 4180 has it, but hold no line end.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

// Its reader can run a thread of its own; ours reads from memory.
#define CSV_IO_NO_THREAD
// g++ takes the library's own bounded copy of a file's name for a mistake.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstringop-truncation"
#endif
#include <libfccp/csv.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include "core/result.hpp"

namespace commonwatt {

/// The bytes of a file; of standard input for `-`. The error says why they cannot be read.
Result<std::string, std::string> read_text(const std::string& path);

/// What is wrong with a row. Thrown by what checks a field and caught by for_rows, never beyond.
struct RowError {
  std::string what;
};

/// In quotes, cut where it is long.
std::string quoted(const char* text);
/// A whole number within [low, high]; else a RowError that names the column.
std::int64_t whole_number(const char* column, const char* text, std::int64_t low, std::int64_t high);
/// A field as CSV writes it: quoted where it would be taken for something else.
std::string csv_field(const std::string& text);
/// The first byte that no CSV file has: the reader would take it for the end of a field.
std::optional<std::string> zero_byte(const std::string& name, const std::string& text);

// No trimming: an id is its bytes, and they break ties.
template <unsigned Columns>
using CsvReader = io::CSVReader<Columns, io::trim_chars<>, io::double_quote_escape<',', '"'>>;

/// Runs `each_row(fields, line)` on the fields of every row after the header, whose columns may come in any sequence.
/// The error names the line. The text is overwritten while it is read.
template <unsigned Columns, class EachRow>
std::optional<std::string> for_rows(const std::string& name, std::string& text,
                                    const std::array<const char*, Columns>& columns, EachRow each_row) {
  if (std::optional<std::string> found = zero_byte(name, text)) return found;
  CsvReader<Columns> rows(name, text.data(), text.data() + text.size());
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

}  // namespace commonwatt
