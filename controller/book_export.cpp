#include "controller/book_export.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <tuple>

#include "controller/bill_files.hpp"

namespace commonwatt {
namespace {

std::string start_text(const BookPosting& posting) {
  return to_text(UtcTime::from_seconds(posting.begin_seconds));
}
std::string date_of(const BookPosting& posting) {
  return start_text(posting).substr(0, 10);
}

bool same_transaction(const BookPosting& a, const BookPosting& b) {
  return a.begin_seconds == b.begin_seconds && a.run == b.run && a.reference == b.reference;
}

/// The first line of a transaction, and below it a payment's reference.
std::string heading(const BookPosting& posting) {
  if (posting.reference.empty()) {
    return date_of(posting) + " (" + start_text(posting) + " " + posting.run + ") Settlement of " +
           start_text(posting) + ", " + posting.run + " run\n";
  }
  return date_of(posting) + " Payment, " + posting.kind + " of " + posting.household +
         "\n    ; reference: " + posting.reference + "\n";
}

/// Two spaces part account and amount in a journal.
std::string line(const std::string& account, Money amount, const std::string& currency, const std::string& rest) {
  return "    " + account + "  " + exact_decimal(amount) + " " + currency + rest + "\n";
}

std::string closing(const std::map<std::string, Money>& balances, const BookPosting& last,
                    const std::string& currency) {
  std::string text = "\n" + date_of(last) + " Balances after the last transaction\n";
  for (const auto& [account, balance] : balances)
    text += line(account, Money{0}, currency, " = " + exact_decimal(balance) + " " + currency);
  return text;
}

}  // namespace

std::string book_name(const std::string& name) {
  const std::optional<BookAccount> account = book_account_of(name);
  assert(account);
  switch (*account) {
    case BookAccount::household:
      return "assets:receivable:" + name;
    case BookAccount::utility:
      return "liabilities:payable:utility";
    case BookAccount::escrow:
      return "liabilities:clearing:escrow";
    case BookAccount::fees:
      return "income:network-fees";
    case BookAccount::congestion:
      return "income:congestion-rent";
    case BookAccount::losses:
      return "expenses:network-losses";
    case BookAccount::spread:
      return "income:spread";
    case BookAccount::taxes:
      return "liabilities:taxes";
    case BookAccount::rounding:
      return "expenses:rounding";
    case BookAccount::rewards:
      return "expenses:rewards";
    case BookAccount::bank:
      return "assets:bank";
  }
  return "";
}

void sort_postings(std::vector<BookPosting>& postings) {
  std::stable_sort(postings.begin(), postings.end(), [](const BookPosting& a, const BookPosting& b) {
    return std::tuple(a.begin_seconds, run_rank(a.run)) < std::tuple(b.begin_seconds, run_rank(b.run));
  });
}

std::string book_journal(const std::vector<BookPosting>& postings, const std::string& currency) {
  std::string text = "; Amounts are exact; debits are positive, credits negative.\ncommodity " + currency +
                     "\n    format 1000.000000000 " + currency + "\n";
  std::map<std::string, Money> balances;
  for (std::size_t i = 0; i < postings.size(); ++i) {
    const BookPosting& posting = postings[i];
    if (i == 0 || !same_transaction(postings[i - 1], posting)) text += "\n" + heading(posting);
    const std::string note =
        "  ; kind: " + posting.kind + (posting.household.empty() ? "" : ", household: " + posting.household);
    text += line(book_name(posting.debit), posting.amount, currency, note);
    text += line(book_name(posting.credit), -posting.amount, currency, "");
    balances[book_name(posting.debit)] += posting.amount;
    balances[book_name(posting.credit)] -= posting.amount;
  }
  if (!postings.empty()) text += closing(balances, postings.back(), currency);
  return text;
}

std::string book_csv(const std::vector<BookPosting>& postings, const std::string& currency) {
  std::string text = std::string(book_csv_header) + "\n";
  for (const BookPosting& posting : postings) {
    const std::string start = posting.reference.empty() ? start_text(posting) : "";
    text += date_of(posting) + "," + start + "," + posting.run + "," + posting.kind + "," + posting.household + "," +
            book_name(posting.debit) + "," + book_name(posting.credit) + "," + std::to_string(posting.amount.count) +
            "," + exact_decimal(posting.amount) + "," + currency + "," + posting.reference + "\n";
  }
  return text;
}

}  // namespace commonwatt
