#include "controller/bill_command.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

#include "controller/bill.hpp"
#include "controller/bill_files.hpp"
#include "controller/bill_page.hpp"
#include "controller/books.hpp"
#include "controller/command_output.hpp"
#include "controller/csv_rows.hpp"
#include "controller/gateway_store.hpp"
#include "controller/household_account.hpp"
#include "controller/household_bill.hpp"
#include "controller/log_mirror.hpp"

namespace commonwatt {
namespace {

Result<std::vector<Bill>, std::string> read_lines(const std::string& file) {
  const Result<std::string, std::string> text = read_text(file);
  if (!text) return Fail{text.error()};
  std::vector<Bill> bills;
  std::size_t number = 0;
  for (std::string_view rest = *text; !rest.empty();) {
    ++number;
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    std::optional<Bill> bill = bill_from_line(line);
    if (!bill) {
      return Fail{(file == "-" ? "standard input" : file) + ":" + std::to_string(number) +
                  ": is no bill, or a damaged one: its figures and its proof do not fit together"};
    }
    bills.push_back(std::move(*bill));
  }
  return bills;
}

/// A local day's begin, or an instant.
std::optional<UtcTime> bound_of(const std::string& text, const LocalZone& zone) {
  if (const std::optional<LocalDate> date = local_date_from_text(text)) return zone.day_begin(*date);
  return time_from_text(text);
}

/// The error says which option cannot be read.
Result<BillPeriod, std::string> period_of(const BillOptions& options, const LocalZone& zone) {
  BillPeriod period;
  if (!options.month.empty()) {
    if (!options.from.empty() || !options.to.empty()) return Fail{std::string("give --month, or --from and --to")};
    const std::optional<LocalDate> month = month_from_text(options.month);
    if (!month) return Fail{"--month '" + options.month + "' is not a month such as 2026-06"};
    return BillPeriod{.begin = zone.day_begin(*month), .end = zone.day_begin(next_month(*month))};
  }
  for (const auto& [name, text, bound] :
       {std::tuple("--from", &options.from, &period.begin), std::tuple("--to", &options.to, &period.end)}) {
    if (text->empty()) continue;
    *bound = bound_of(*text, zone);
    if (!*bound) {
      return Fail{std::string(name) + " '" + *text +
                  "' is neither a day such as 2026-06-21 nor a time such as 2026-06-21T00:00:00Z"};
    }
  }
  if (period.begin && period.end && *period.begin >= *period.end)
    return Fail{std::string("--from is not before --to, which is where the bill ends")};
  return period;
}

/// The bills that make the rows, in the order of their intervals.
std::string lines_of(const std::vector<Bill>& bills, const HouseholdBill& bill) {
  std::map<std::pair<Interval, Run>, const Bill*> found;
  for (const Bill& each : bills) found[{each.statement.interval, each.statement.run}] = &each;
  std::string lines;
  for (const BillRow& row : bill.rows) lines += bill_line(*found.at({row.interval, row.run})) + "\n";
  return lines;
}

std::string written(const BillOptions& options, const std::vector<Bill>& bills, const HouseholdBill& bill) {
  switch (options.format) {
    case BillFormat::text:
      return bill_text(bill, options.language);
    case BillFormat::html:
      return bill_page(bill, options.log_key, options.language);
    case BillFormat::csv:
      return bill_csv(bill);
    case BillFormat::json:
      return bill_json(bill, options.language);
    case BillFormat::jsonl:
      return lines_of(bills, bill);
  }
  return "";
}

std::optional<std::string> proof_fault(const std::vector<Bill>& bills, const Hash32& key) {
  for (const Bill& bill : bills) {
    if (const std::optional<std::string> fault = bill_fault(bill, key))
      return "the bill of " + to_text(bill.statement.interval.begin()) + ": " + *fault;
  }
  return std::nullopt;
}

Result<HouseholdAccount, std::string> account_in(const std::string& directory, const HouseholdBill& bill) {
  const Result<Books, std::string> books = books_in(directory);
  if (!books) return Fail{books.error()};
  if (!books->currency.empty() && books->currency != bill.currency)
    return Fail{directory + ": the books are in " + books->currency + "; give --currency " + books->currency};
  Result<HouseholdAccount, std::string> account = account_of(bill, books->postings);
  if (!account) return Fail{directory + ": the books " + account.error()};
  return account;
}

/// The proof of the only bill of the period.
int write_proof(const BillOptions& options, const std::vector<Bill>& bills, const HouseholdBill& bill,
                std::ostream& out, std::ostream& errors) {
  if (bill.rows.size() != 1) {
    return complain(errors,
                    "--proof is of one interval, and the period has " + std::to_string(bill.rows.size()) +
                        " bills; choose it with --from and --to",
                    status_usage);
  }
  const BillRow& row = bill.rows.front();
  const auto own = std::find_if(bills.begin(), bills.end(), [&row](const Bill& each) {
    return each.statement.interval == row.interval && each.statement.run == row.run;
  });
  ProofParts parts = options.proof_parts;
  parts.log_key = options.log_key;
  if (!options.store.empty()) parts.log = read_log_leaves(std::filesystem::path(options.store) / log_mirror_file);
  const Result<ProofFile, std::string> proof = make_proof(*own, parts);
  if (!proof) return complain(errors, proof.error(), status_data);
  return write_result(options.proof, proof_text(*proof), out, errors);
}

}  // namespace

std::optional<BillFormat> bill_format_from_text(std::string_view name) {
  constexpr std::array formats{std::pair("text", BillFormat::text), std::pair("html", BillFormat::html),
                               std::pair("csv", BillFormat::csv), std::pair("json", BillFormat::json),
                               std::pair("jsonl", BillFormat::jsonl)};
  for (const auto& [text, format] : formats) {
    if (name == text) return format;
  }
  return std::nullopt;
}

int run_bill(const BillOptions& options, std::ostream& out, std::ostream& errors) {
  if (options.file.empty() == options.store.empty())
    return complain(errors, "bill needs --file FILE or --store DIR", status_usage);
  if (!is_currency(options.currency)) {
    return complain(errors, "--currency '" + options.currency + "' is not three capital letters such as EUR",
                    status_usage);
  }
  const std::optional<Hash32> key = hash_from_hex(options.log_key);
  if (!key && !options.log_key.empty())
    return complain(errors, "--log-key '" + options.log_key + "' is not 64 hexadecimal digits", status_usage);
  const Result<LocalZone, std::string> zone = LocalZone::open(options.time_zone);
  if (!zone) return complain(errors, "--time-zone: " + zone.error(), status_usage);
  const Result<BillPeriod, std::string> period = period_of(options, *zone);
  if (!period) return complain(errors, period.error(), status_usage);
  const Result<std::vector<Bill>, std::string> bills =
      options.store.empty() ? read_lines(options.file)
                            : read_bills(std::filesystem::path(options.store) / gateway_file);
  if (!bills) return complain(errors, bills.error(), status_data);
  const std::string name = options.store.empty() ? options.file : options.store;
  if (bills->empty()) return complain(errors, name + ": holds no bill", status_data);
  const Result<std::vector<BillRow>, std::string> rows = rows_of(*bills);
  if (!rows) return complain(errors, name + ": " + rows.error(), status_data);
  if (key) {
    if (const std::optional<std::string> fault = proof_fault(*bills, *key))
      return complain(errors, name + ": " + *fault, status_data);
  }
  Result<HouseholdBill, std::string> bill = make_household_bill(
      bills->front().statement.household, *rows, {.zone = *zone, .period = *period, .currency = options.currency});
  if (!bill) return complain(errors, name + ": " + bill.error(), status_data);
  if (!options.books.empty()) {
    Result<HouseholdAccount, std::string> account = account_in(options.books, *bill);
    if (!account) return complain(errors, account.error(), status_data);
    bill->account = std::move(*account);
  }
  if (!options.proof.empty()) return write_proof(options, *bills, *bill, out, errors);
  const std::string text = written(options, *bills, *bill);
  return write_result(options.out, text, out, errors);
}

}  // namespace commonwatt
