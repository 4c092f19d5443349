// The reader of postings.csv on arbitrary text: an error that names file and line, or postings every book can hold.
#include <cassert>

#include "controller/book_export.hpp"
#include "core/bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  Result<std::vector<BookPosting>, std::string> read =
      read_book_postings("postings.csv", as_text(ByteView(data, size)));
  if (!read) {
    assert(read.error().rfind("postings.csv:", 0) == 0);
    return 0;
  }
  sort_postings(*read);
  for (const BookPosting& posting : *read) {
    assert(posting.amount > Money{0} && posting.debit != posting.credit && run_rank(posting.run));
    assert(!book_name(posting.debit).empty() && !book_name(posting.credit).empty());
  }
  // Sums balances; the sanitizers see any that overflows.
  assert(!book_journal(*read, "EUR").empty() && !book_csv(*read, "EUR").empty());
  return 0;
}
