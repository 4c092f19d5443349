// `commonwatt export`: the ledger's postings for the operator's bookkeeping.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace commonwatt {

/// Both journal formats are the same text, which both programs read.
enum class ExportFormat : std::uint8_t { csv, hledger, ledger };
std::optional<ExportFormat> export_format_from_text(std::string_view name);

struct ExportOptions {
  std::string directory;  ///< with postings.csv, or a controller's journal.sqlite
  ExportFormat format = ExportFormat::csv;
  std::string from;      ///< YYYY-MM-DD or an instant, UTC; empty: from the first
  std::string to;        ///< the same; intervals before it are exported
  std::string currency;  ///< empty: the market's, or EUR for a postings.csv
  std::string out = "-";
};

/// Returns the exit status: 0; 64 for an option that cannot be read; 65 when the postings are not as they should be; 1
/// when the output cannot be written (sysexits.h).
int run_export(const ExportOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
