// All postings of a market's ledger and the payments, from wherever they are kept.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "controller/posting_files.hpp"

namespace commonwatt {

/// A market's postings, payments among them, and the currency they are in.
struct Books {
  std::vector<BookPosting> postings;  ///< in no order to rely on (sort_postings)
  std::string currency;               ///< empty: postings.csv does not say it
};

/// Those of a directory with the journal of a controller (read only; also below `controller/`, as `demo --keep` leaves
/// it) or with postings.csv. Amounts are above zero and sum to at most 2^62. The error names the file and what is
/// wrong.
Result<Books, std::string> books_in(const std::filesystem::path& directory);

}  // namespace commonwatt
