#include "controller/payment_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "controller/calendar_text.hpp"
#include "core/wide.hpp"

namespace commonwatt {
namespace {

constexpr std::size_t decimals_max = 9;
constexpr std::size_t columns = 4;

std::string shown(std::string_view text) {
  constexpr std::size_t shown_max = 60;
  std::string result = "'";
  for (const char c : text.substr(0, shown_max)) result += c < ' ' || c > '~' ? '?' : c;
  return result + (text.size() > shown_max ? "...'" : "'");
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// The fields of a line; nothing when there are not as many as columns.
std::optional<std::array<std::string_view, columns>> fields_of(std::string_view line) {
  std::array<std::string_view, columns> fields;
  for (std::size_t i = 0; i < columns; ++i) {
    const std::size_t comma = line.find(',');
    if ((comma == std::string_view::npos) != (i + 1 == columns)) return std::nullopt;
    fields[i] = line.substr(0, comma);
    if (comma != std::string_view::npos) line.remove_prefix(comma + 1);
  }
  return fields;
}

/// Takes the lines of a file one by one.
class PaymentReader {
 public:
  void take(std::string_view line, bool is_ended) {
    ++line_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line_ > 1 && (line.empty() || (line == payment_header && is_ended))) return;
    if (!is_ended) return fault("the line has no end and may be half written; end it with a new line");
    if (line_ > 1) return take_row(line);
    if (line != payment_header) fault("the header is not " + std::string(payment_header) + "; write it as first line");
  }
  PaymentRows rows;

 private:
  void take_row(std::string_view line) {
    const auto fields = fields_of(line);
    if (!fields) return fault("not the four columns " + std::string(payment_header) + "; write them without quotes");
    const auto& [date, household, amount, reference] = *fields;
    const auto day = date_from_text(date);
    const UtcTime time{day ? std::chrono::nanoseconds(day->time_since_epoch()).count() : -1};
    if (time < UtcTime{} || time >= payment_time_end)
      return fault("date " + shown(date) + " is not a day from 1970 to 2199; write it as 2026-06-21");
    const std::optional<HouseholdId> id = HouseholdId::from(household);
    if (!id) return fault("household " + shown(household) + " is not 1 to 32 characters of a-z, 0-9, '-' and '_'");
    const std::optional<Money> money = amount_from_text(amount);
    if (!money) {
      return fault("amount " + shown(amount) +
                   " is not a number of at most nine decimals, not zero and not beyond a million; write it as 12.50, "
                   "with - for what is paid out");
    }
    if (!is_payment_reference(reference)) {
      return fault("reference " + shown(reference) +
                   " is not 1 to 140 letters, digits, spaces and + - / : . _ # ' ( ) ?, the first a letter or digit; "
                   "give the payment one of its own");
    }
    keep({.household = *id, .amount = *money, .time = time, .reference = std::string(reference)});
  }
  void keep(PaymentBooked payment) {
    const auto [seen, is_new] = references_.try_emplace(payment.reference, rows.rows.size());
    if (is_new) return rows.rows.push_back({.line = line_, .payment = std::move(payment)});
    const PaymentRow& first = rows.rows[seen->second];
    if (first.payment == payment) return;
    fault("reference " + shown(payment.reference) + " is that of another payment, on line " +
          std::to_string(first.line) + "; give this one a reference of its own");
  }
  void fault(std::string what) { rows.faults.push_back({.line = line_, .what = std::move(what)}); }

  std::size_t line_ = 0;
  std::map<std::string, std::size_t> references_;
};

}  // namespace

std::optional<Money> amount_from_text(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  std::string digits(text.substr(0, point));
  if (!is_digits(digits)) return std::nullopt;
  std::string decimals(decimals_max, '0');
  if (point != std::string_view::npos) {
    const std::string_view given = text.substr(point + 1);
    if (!is_digits(given) || given.size() > decimals_max) return std::nullopt;
    std::copy(given.begin(), given.end(), decimals.begin());
  }
  digits += decimals;
  std::int64_t count = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc() || count == 0 || count > payment_max.count) return std::nullopt;
  return Money{is_negative ? -count : count};
}

std::string amount_text(Money amount) {
  const Wide magnitude = amount.count < 0 ? -wide(amount.count) : wide(amount.count);
  std::string decimals = to_text(magnitude % 1'000'000'000);
  decimals.insert(0, decimals_max - decimals.size(), '0');
  if (decimals.ends_with("0000000")) decimals.resize(2);
  return (amount.count < 0 ? "-" : "") + to_text(magnitude / 1'000'000'000) + "." + decimals;
}

PaymentRows read_payments(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  PaymentReader reader;
  if (text.empty()) reader.take("", true);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    reader.take(text.substr(0, end), end != std::string_view::npos);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return std::move(reader.rows);
}

std::string payment_line(const PaymentBooked& payment) {
  return to_text(payment.time).substr(0, 10) + "," + payment.household.text() + "," + amount_text(payment.amount) +
         "," + payment.reference + "\n";
}

}  // namespace commonwatt
