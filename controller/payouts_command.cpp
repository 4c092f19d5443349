#include "controller/payouts_command.hpp"

#include <filesystem>
#include <fstream>

#include "controller/command_output.hpp"
#include "controller/local_time.hpp"
#include "controller/payment_file.hpp"
#include "controller/payouts.hpp"

namespace commonwatt {
namespace {

/// The journal of a controller, or of what `demo --keep` left.
std::filesystem::path journal_in(const std::filesystem::path& directory) {
  std::error_code ignored;
  const std::filesystem::path below = directory / "controller" / journal_file;
  return std::filesystem::exists(below, ignored) ? below : directory / journal_file;
}

}  // namespace

int run_payouts(const PayoutsOptions& options, std::ostream& out, std::ostream& errors) {
  PayoutRules rules;
  const std::optional<Money> minimum = amount_from_text(options.minimum);
  if (!minimum || *minimum < Money{0}) {
    return complain(errors, "the minimum '" + options.minimum + "' is not an amount above zero such as 1.00",
                    status_usage);
  }
  rules.minimum = *minimum;
  if (!options.until.empty()) {
    const bool is_day = local_date_from_text(options.until).has_value();
    rules.until = time_from_text(is_day ? options.until + "T00:00:00Z" : options.until);
    if (!rules.until) {
      return complain(
          errors, "'" + options.until + "' is neither a day such as 2026-06-21 nor a time such as 2026-06-21T00:00:00Z",
          status_usage);
    }
  }
  if (options.include_provisional) rules.basis = PayoutBasis::settled_runs;
  const std::filesystem::path file = journal_in(options.directory);
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored))
    return complain(errors, options.directory + ": holds no " + journal_file, status_data);
  const Result<JournalBooks, std::string> books = read_books(file, rules.until);
  if (!books) return complain(errors, books.error(), status_data);
  const std::vector<HouseholdPayout> list = payouts(*books, rules);
  const bool is_piped = options.csv == "-";
  out << (is_piped ? payout_csv(list, *books) : payout_table(list, *books));
  if (!out.flush().good()) return complain(errors, "standard output cannot be written", 1);
  if (is_piped || options.csv.empty()) return 0;
  std::ofstream csv(options.csv, std::ios::binary);
  csv << payout_csv(list, *books);
  return csv.flush().good() ? 0 : complain(errors, options.csv + ": cannot be written", 1);
}

}  // namespace commonwatt
