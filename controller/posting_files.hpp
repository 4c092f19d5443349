// The ledger's postings from outside: postings.csv as a settlement writes it. Checked here, once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

namespace commonwatt {

/// The accounts of the market's ledger, as its files name them. A household's has its name behind a colon.
enum class BookAccount : std::uint8_t {
  household,
  utility,
  escrow,
  fees,
  congestion,
  losses,
  spread,
  taxes,
  rounding,
  rewards,
  bank
};

/// Two accounts' names, checked (book_account_of), and what moved between them.
struct BookPosting {
  std::int64_t begin_seconds = 0;  ///< of the interval; of a payment, of its day
  std::string run;                 ///< initial, revised or final; empty for a payment
  std::string debit;
  std::string credit;
  Money amount;           ///< above zero
  std::string kind;       ///< a name: energy, imbalance, fee ...
  std::string household;  ///< whom it is about; may be empty
  std::string reference;  ///< of a payment; else empty
};

/// The account of a name such as "household:hh01" or "fees"; nothing when it is none.
std::optional<BookAccount> book_account_of(std::string_view name);
/// 0, 1, 2 for initial, revised, final; nothing for any other text.
std::optional<int> run_rank(std::string_view run);

/// Header `interval_start,run,debit,credit,amount,kind,household`: the start in seconds since 1970 (UTC), the amount a
/// whole number of nano-currency above zero. `name` stands in the error, which says line, what is wrong and what is
/// expected. Amounts sum to less than 2^62.
Result<std::vector<BookPosting>, std::string> read_book_postings(const std::string& name, std::string text);

}  // namespace commonwatt
