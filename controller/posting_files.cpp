#include "controller/posting_files.hpp"

#include <array>
#include <utility>

#include "controller/csv_rows.hpp"
#include "core/id.hpp"

namespace commonwatt {
namespace {

constexpr std::array posting_columns{"interval_start", "run", "debit", "credit", "amount", "kind", "household"};
constexpr std::int64_t begin_seconds_max = 7'258'118'400;  // 2200-01-01
constexpr std::int64_t amount_sum_max = std::int64_t{1} << 62U;

constexpr std::array account_names{
    std::pair("utility", BookAccount::utility), std::pair("escrow", BookAccount::escrow),
    std::pair("fees", BookAccount::fees),       std::pair("congestion", BookAccount::congestion),
    std::pair("losses", BookAccount::losses),   std::pair("spread", BookAccount::spread),
    std::pair("taxes", BookAccount::taxes),     std::pair("rounding", BookAccount::rounding),
    std::pair("rewards", BookAccount::rewards), std::pair("bank", BookAccount::bank)};

std::string account_field(const char* column, const char* text) {
  if (book_account_of(text)) return text;
  std::string known = "household:NAME";
  for (const auto& [name, account] : account_names) known += std::string(", ") + name;
  throw RowError{std::string(column) + " " + quoted(text) + " is no account; there are " + known};
}

BookPosting posting_of(const std::array<char*, 7>& fields) {
  BookPosting posting{.begin_seconds = whole_number("interval_start", fields[0], 0, begin_seconds_max - 1),
                      .run = fields[1],
                      .debit = account_field("debit", fields[2]),
                      .credit = account_field("credit", fields[3]),
                      .amount = Money{whole_number("amount", fields[4], 1, amount_sum_max)},
                      .kind = fields[5],
                      .household = fields[6],
                      .reference = {}};
  if (!run_rank(posting.run)) throw RowError{"run " + quoted(fields[1]) + " is not initial, revised or final"};
  if (posting.debit == posting.credit) throw RowError{"debit and credit are the same account"};
  if (!is_name(posting.kind)) throw RowError{"kind " + quoted(fields[5]) + " is not a name such as energy"};
  if (!posting.household.empty() && !is_name(posting.household))
    throw RowError{"household " + quoted(fields[6]) + " is not a name of a-z, 0-9, '-' and '_'"};
  return posting;
}

}  // namespace

std::optional<BookAccount> book_account_of(std::string_view name) {
  constexpr std::string_view household = "household:";
  if (name.starts_with(household) && is_name(name.substr(household.size()))) return BookAccount::household;
  for (const auto& [known, account] : account_names) {
    if (name == known) return account;
  }
  return std::nullopt;
}

std::optional<int> run_rank(std::string_view run) {
  if (run == "initial") return 0;
  if (run == "revised") return 1;
  if (run == "final") return 2;
  return std::nullopt;
}

Result<std::vector<BookPosting>, std::string> read_book_postings(const std::string& name, std::string text) {
  std::vector<BookPosting> postings;
  Money sum;
  const auto error = for_rows<7>(name, text, posting_columns, [&](const std::array<char*, 7>& fields, unsigned) {
    BookPosting posting = posting_of(fields);
    if (posting.amount > Money{amount_sum_max} - sum) throw RowError{"with it the amounts sum to 2^62 or more"};
    sum += posting.amount;
    postings.push_back(std::move(posting));
  });
  if (error) return Fail{*error};
  return postings;
}

}  // namespace commonwatt
