#include "controller/export_command.hpp"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "controller/bill_texts.hpp"
#include "controller/book_export.hpp"
#include "controller/books.hpp"
#include "controller/command_output.hpp"
#include "controller/local_time.hpp"

namespace commonwatt {
namespace {

/// A day's begin in UTC, or an instant.
std::optional<UtcTime> bound_of(const std::string& text) {
  return local_date_from_text(text) ? time_from_text(text + "T00:00:00Z") : time_from_text(text);
}

}  // namespace

std::optional<ExportFormat> export_format_from_text(std::string_view name) {
  constexpr std::array formats{std::pair("csv", ExportFormat::csv), std::pair("hledger", ExportFormat::hledger),
                               std::pair("ledger", ExportFormat::ledger)};
  for (const auto& [text, format] : formats) {
    if (name == text) return format;
  }
  return std::nullopt;
}

int run_export(const ExportOptions& options, std::ostream& out, std::ostream& errors) {
  for (const std::string* bound : {&options.from, &options.to}) {
    if (!bound->empty() && !bound_of(*bound)) {
      return complain(errors,
                      "'" + *bound + "' is neither a day such as 2026-06-21 nor a time such as 2026-06-21T00:00:00Z",
                      status_usage);
    }
  }
  Result<Books, std::string> books = books_in(options.directory);
  if (!books) return complain(errors, books.error(), status_data);
  std::string currency = options.currency.empty() ? books->currency : options.currency;
  if (currency.empty()) currency = "EUR";
  if (!is_currency(currency)) {
    return complain(errors, "the currency '" + currency + "' is not three capital letters such as EUR; give --currency",
                    status_usage);
  }
  std::vector<BookPosting> postings;
  for (BookPosting& posting : books->postings) {
    const UtcTime begin = UtcTime::from_seconds(posting.begin_seconds);
    if (!options.from.empty() && begin < *bound_of(options.from)) continue;
    if (!options.to.empty() && begin >= *bound_of(options.to)) continue;
    postings.push_back(std::move(posting));
  }
  sort_postings(postings);
  const std::string text =
      options.format == ExportFormat::csv ? book_csv(postings, currency) : book_journal(postings, currency);
  return write_result(options.out, text, out, errors);
}

}  // namespace commonwatt
