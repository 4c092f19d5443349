#include <doctest/doctest.h>

#include "controller/book_export.hpp"
#include "controller/posting_files.hpp"

namespace commonwatt {
namespace {

const std::string header = "interval_start,run,debit,credit,amount,kind,household\n";

TEST_CASE("postings are read as they are written") {
  const auto read = read_book_postings(
      "p.csv",
      header +
          "1782000000,initial,household:hh01,escrow,1500000001,energy,hh01\n1782000000,final,fees,utility,7,fee,\n");
  REQUIRE(read.ok());
  REQUIRE(read->size() == 2);
  CHECK(read->front().debit == "household:hh01");
  CHECK(read->front().amount == Money{1'500'000'001});
  CHECK(read->back().run == "final");
  CHECK(read->back().household.empty());
}

TEST_CASE("amounts that together pass 2^62 are refused before anything sums them") {
  const std::string row = "1782000000,initial,utility,escrow,4611686018427387904,energy,\n";
  CHECK(read_book_postings("p.csv", header + row).ok());
  CHECK(read_book_postings("p.csv", header + row + row).error() == "p.csv:3: with it the amounts sum to 2^62 or more");
}

TEST_CASE("every account of the market has its own name in the books") {
  CHECK(book_name("household:hh01") == "assets:receivable:household:hh01");
  CHECK(book_name("taxes") == "liabilities:taxes");
  CHECK(book_name("bank") == "assets:bank");
  for (const char* wrong : {"", "household:", "household:A", "till", "household", "utility:"})
    CHECK_FALSE(book_account_of(wrong).has_value());
}

TEST_CASE("a journal has a transaction for each interval and run, and ends with every balance") {
  auto postings = *read_book_postings("p.csv", header +
                                                   "1782000900,initial,household:hh01,escrow,5,energy,hh01\n"
                                                   "1782000000,final,escrow,household:hh02,3,energy,hh02\n"
                                                   "1782000000,initial,household:hh01,escrow,3,energy,hh01\n");
  sort_postings(postings);
  const std::string expected =
      "; Amounts are exact; debits are positive, credits negative.\n"
      "commodity CHF\n"
      "    format 1000.000000000 CHF\n"
      "\n"
      "2026-06-21 (2026-06-21T00:00:00Z initial) Settlement of 2026-06-21T00:00:00Z, initial run\n"
      "    assets:receivable:household:hh01  0.000000003 CHF  ; kind: energy, household: hh01\n"
      "    liabilities:clearing:escrow  -0.000000003 CHF\n"
      "\n"
      "2026-06-21 (2026-06-21T00:00:00Z final) Settlement of 2026-06-21T00:00:00Z, final run\n"
      "    liabilities:clearing:escrow  0.000000003 CHF  ; kind: energy, household: hh02\n"
      "    assets:receivable:household:hh02  -0.000000003 CHF\n"
      "\n"
      "2026-06-21 (2026-06-21T00:15:00Z initial) Settlement of 2026-06-21T00:15:00Z, initial run\n"
      "    assets:receivable:household:hh01  0.000000005 CHF  ; kind: energy, household: hh01\n"
      "    liabilities:clearing:escrow  -0.000000005 CHF\n"
      "\n"
      "2026-06-21 Balances after the last transaction\n"
      "    assets:receivable:household:hh01  0.000000000 CHF = 0.000000008 CHF\n"
      "    assets:receivable:household:hh02  0.000000000 CHF = -0.000000003 CHF\n"
      "    liabilities:clearing:escrow  0.000000000 CHF = -0.000000005 CHF\n";
  CHECK(book_journal(postings, "CHF") == expected);
}

}  // namespace
}  // namespace commonwatt
