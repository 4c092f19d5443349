#include "controller/calendar_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "market/tariff_calendar.hpp"

namespace commonwatt {
namespace {

constexpr std::array<std::string_view, 12> month_names{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekday_names{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Exactly so many digits.
std::optional<unsigned> digits(std::string_view text, std::size_t count) {
  if (text.size() != count || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>(*whole_number(text));
}

/// Two texts on both sides of a sign.
struct Halves {
  std::string_view left;
  std::string_view right;
};
std::optional<Halves> halves(std::string_view text, char sign) {
  const std::size_t at = text.find(sign);
  if (at == std::string_view::npos) return std::nullopt;
  return Halves{.left = text.substr(0, at), .right = text.substr(at + 1)};
}

/// "08-01"
std::optional<std::chrono::month_day> day_of_year_from_text(std::string_view text) {
  const std::optional<Halves> parts = halves(text, '-');
  if (!parts) return std::nullopt;
  const std::optional<unsigned> month = digits(parts->left, 2);
  const std::optional<unsigned> day = digits(parts->right, 2);
  if (!month || !day) return std::nullopt;
  const std::chrono::month_day result{std::chrono::month(*month), std::chrono::day(*day)};
  return result.ok() ? std::optional(result) : std::nullopt;
}

/// "easter", "easter+1", "easter-2": days after Easter Sunday.
std::optional<std::int64_t> easter_distance_from_text(std::string_view text) {
  constexpr std::string_view easter = "easter";
  constexpr std::int64_t distance_max = 70;  // Corpus Christi is 60 days after, Shrove Monday 48 before
  if (!text.starts_with(easter)) return std::nullopt;
  text.remove_prefix(easter.size());
  if (text.empty()) return 0;
  if (text.front() != '+' && text.front() != '-') return std::nullopt;
  const std::string_view number = text.substr(1);
  if (number.empty() || number.size() > 2) return std::nullopt;
  const std::optional<unsigned> days = digits(number, number.size());
  if (!days || *days > distance_max) return std::nullopt;
  return text.front() == '+' ? std::int64_t{*days} : -std::int64_t{*days};
}

/// Minutes of "07:30", up to 24:00.
std::optional<std::int64_t> minute_from_text(std::string_view text) {
  const std::optional<Halves> parts = halves(text, ':');
  if (!parts) return std::nullopt;
  const std::optional<unsigned> hour = digits(parts->left, 2);
  const std::optional<unsigned> minute = digits(parts->right, 2);
  if (!hour || !minute || *minute > 59 || *hour * 60 + *minute > day_minutes) return std::nullopt;
  return *hour * 60 + *minute;
}

/// Bits of "sat" or of "oct-mar", which goes past the end of the list to its beginning.
template <std::size_t Size>
std::optional<std::int64_t> bits_of(const std::array<std::string_view, Size>& names, std::string_view text) {
  const auto index_of = [&](std::string_view name) {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  const Halves parts = halves(text, '-').value_or(Halves{.left = text, .right = text});
  const std::size_t last = index_of(parts.right);
  std::size_t i = index_of(parts.left);
  if (i == Size || last == Size) return std::nullopt;
  std::int64_t bits = std::int64_t{1} << i;
  while (i != last) bits |= std::int64_t{1} << (i = (i + 1) % Size);
  return bits;
}

}  // namespace

std::optional<UtcTime> instant_from_text(std::string_view text) {
  constexpr std::size_t local_size = 19;
  if (text.size() != local_size + 6 || (text[local_size] != '+' && text[local_size] != '-')) {
    return time_from_text(text);
  }
  const std::optional<UtcTime> local = time_from_text(std::string(text.substr(0, local_size)) + "Z");
  const std::optional<Halves> offset = halves(text.substr(local_size + 1), ':');
  if (!local || !offset) return std::nullopt;
  const std::optional<unsigned> hours = digits(offset->left, 2);
  const std::optional<unsigned> minutes = digits(offset->right, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const Duration ahead = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return text[local_size] == '+' ? *local - ahead : *local + ahead;
}

std::optional<std::chrono::sys_days> date_from_text(std::string_view text) {
  constexpr std::size_t date_size = 10;
  if (text.size() != date_size) return std::nullopt;
  const std::optional<UtcTime> midnight = time_from_text(std::string(text) + "T00:00:00Z");
  if (!midnight) return std::nullopt;
  return std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(midnight->seconds())));
}

std::vector<std::int64_t> days_of_holiday(std::string_view text) {
  using namespace std::chrono;
  std::vector<std::int64_t> days;
  const auto add = [&](sys_days day) { days.push_back(day.time_since_epoch().count()); };
  if (const std::optional<sys_days> date = date_from_text(text)) {
    const int y = static_cast<int>(year_month_day(*date).year());
    if (y >= calendar_first_year && y <= calendar_last_year) add(*date);
    return days;
  }
  const std::optional<month_day> every_year = day_of_year_from_text(text);
  const std::optional<std::int64_t> easter = easter_distance_from_text(text);
  for (int y = calendar_first_year; y <= calendar_last_year; ++y) {
    if (every_year && (year(y) / *every_year).ok()) add(sys_days(year(y) / *every_year));
    if (easter) add(easter_sunday(y) + std::chrono::days(*easter));
  }
  return days;
}

std::vector<Minutes> minutes_from_text(std::string_view text) {
  const std::optional<Halves> parts = halves(text, '-');
  if (!parts) return {};
  const std::optional<std::int64_t> begin = minute_from_text(parts->left);
  const std::optional<std::int64_t> end = minute_from_text(parts->right);
  if (!begin || !end || *begin == *end || *begin == day_minutes) return {};
  if (*begin < *end) return {{.begin = *begin, .end = *end}};
  std::vector<Minutes> result{{.begin = *begin, .end = day_minutes}};
  if (*end > 0) result.push_back({.begin = 0, .end = *end});
  return result;
}

std::optional<std::int64_t> months_from_text(std::string_view text) {
  return bits_of(month_names, text);
}

std::optional<std::int64_t> days_from_text(std::string_view text) {
  if (text == "holiday") return std::int64_t{1} << static_cast<unsigned>(DayKind::holiday);
  return bits_of(weekday_names, text);
}

}  // namespace commonwatt
