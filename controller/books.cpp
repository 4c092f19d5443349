#include "controller/books.hpp"

#include <optional>
#include <utility>

#include "controller/csv_rows.hpp"
#include "controller/journal_reader.hpp"
#include "controller/step.hpp"
#include "core/wide.hpp"

namespace commonwatt {
namespace {

constexpr const char* postings_file = "postings.csv";

/// Whom a posting is about, where one of its accounts tells.
std::string household_of(const Posting& posting) {
  if (posting.debit.household) return posting.debit.household->text();
  return posting.credit.household ? posting.credit.household->text() : "";
}

/// Says what is wrong with a posting that no book can hold; `sum` is of the amounts so far.
std::optional<std::string> add_to(Books& books, BookPosting posting, Wide& sum) {
  sum += wide(posting.amount.count);
  if (posting.amount <= Money{0} || sum > (std::int64_t{1} << 62U))
    return "a posting's amount is not above zero, or all sum to more than 2^62";
  if (!book_account_of(posting.debit) || !book_account_of(posting.credit))
    return "a posting names an account that the books do not know: " + posting.debit + ", " + posting.credit;
  books.postings.push_back(std::move(posting));
  return std::nullopt;
}

BookPosting payment_posting(const PaymentBooked& payment) {
  const Posting posting = posting_of(payment);
  return {.begin_seconds = payment.time.seconds(),
          .run = {},
          .debit = to_text(posting.debit),
          .credit = to_text(posting.credit),
          .amount = posting.amount,
          .kind = to_text(posting.kind),
          .household = payment.household.text(),
          .reference = payment.reference};
}

Result<Books, std::string> books_of_journal(const std::filesystem::path& file) {
  Result<JournalPostings, std::string> content = read_postings(file);
  if (!content) return Fail{content.error()};
  Books books{.postings = {}, .currency = content->currency};
  Wide sum = 0;
  for (const StorePayment& store : content->payments) {
    if (!is_payment_reference(store.payment.reference) || store.payment.time < UtcTime{} ||
        store.payment.time >= payment_time_end || store.payment.amount < -payment_max)
      return Fail{file.string() + ": payment " + std::to_string(store.number) + " is damaged; run 'commonwatt verify'"};
    if (const auto wrong = add_to(books, payment_posting(store.payment), sum))
      return Fail{file.string() + ": " + *wrong};
  }
  for (const JournalPostings::BatchPostings& batch : content->batches) {
    for (const Posting& posting : batch.postings) {
      BookPosting book{.begin_seconds = batch.interval.begin_seconds(),
                       .run = to_text(batch.run),
                       .debit = to_text(posting.debit),
                       .credit = to_text(posting.credit),
                       .amount = posting.amount,
                       .kind = to_text(posting.kind),
                       .household = household_of(posting),
                       .reference = {}};
      if (const auto wrong = add_to(books, std::move(book), sum)) return Fail{file.string() + ": " + *wrong};
    }
  }
  return books;
}

}  // namespace

Result<Books, std::string> books_in(const std::filesystem::path& directory) {
  std::error_code ignored;
  for (const std::filesystem::path& file : {directory / journal_file, directory / "controller" / journal_file}) {
    if (std::filesystem::exists(file, ignored)) return books_of_journal(file);
  }
  const std::filesystem::path file = directory / postings_file;
  if (!std::filesystem::exists(file, ignored))
    return Fail{directory.string() + ": holds neither " + postings_file + " nor " + journal_file};
  Result<std::string, std::string> text = read_text(file.string());
  if (!text) return Fail{text.error()};
  Result<std::vector<BookPosting>, std::string> postings = read_book_postings(file.string(), std::move(*text));
  if (!postings) return Fail{postings.error()};
  return Books{.postings = std::move(*postings), .currency = {}};
}

}  // namespace commonwatt
