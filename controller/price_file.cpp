#include "controller/price_file.hpp"

#include <algorithm>
#include <charconv>

#include "controller/calendar_text.hpp"

namespace commonwatt {
namespace {

std::string shown(std::string_view text) {
  constexpr std::size_t shown_max = 60;
  std::string result = "'";
  for (const char c : text.substr(0, shown_max)) result += c < ' ' ? '?' : c;
  return result + (text.size() > shown_max ? "...'" : "'");
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Thousandths of a decimal number of at most three decimals.
std::optional<std::int64_t> thousandths(std::string_view text) {
  const std::size_t point = text.find('.');
  std::string digits(text.substr(0, point));
  const std::string_view decimals = point == std::string_view::npos ? "" : text.substr(point + 1);
  const bool has_sides = !digits.empty() && digits != "-" && (point == std::string_view::npos || !decimals.empty());
  if (!has_sides || decimals.size() > 3 || decimals.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  digits.append(decimals).append(3 - decimals.size(), '0');
  return whole_number(digits);
}

enum class PriceUnit : std::uint8_t { micro_per_kwh, currency_per_mwh };

std::optional<Price> price_from_text(std::string_view text, PriceUnit unit) {
  // A currency unit per MWh is a thousand micro-currency per kWh.
  const auto number = unit == PriceUnit::micro_per_kwh ? whole_number(text) : thousandths(text);
  if (!number || *number < -price_magnitude_max.count || *number > price_magnitude_max.count) return std::nullopt;
  return Price{*number};
}

/// Takes the lines of a text one by one, without their ends.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
  }
  std::optional<std::string_view> next() {
    if (rest_.empty()) return std::nullopt;
    std::string_view line = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(std::min(rest_.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number_;
    return line;
  }
  [[nodiscard]] std::size_t number() const { return number_; }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

/// The rows so far; says what is wrong with the next one.
struct PriceRows {
  std::int64_t resolution_seconds = 900;
  PriceUnit unit = PriceUnit::micro_per_kwh;
  DayAheadPrices series;

  std::optional<std::string> add(std::string_view line) {
    const std::size_t comma = line.find(',');
    if (comma == std::string_view::npos || line.find(',', comma + 1) != std::string_view::npos) {
      return "not two columns, a time and a price";
    }
    const std::string_view time_text = line.substr(0, comma);
    const std::optional<UtcTime> time = instant_from_text(time_text);
    if (!time) {
      return "time " + shown(time_text) +
             " is neither seconds since 1970 nor a time with its offset, such as 2026-06-21T10:15:00+02:00";
    }
    if (std::optional<std::string> wrong = misplaced(*time)) return wrong;
    const std::optional<Price> price = price_from_text(line.substr(comma + 1), unit);
    if (!price) {
      const std::string what = unit == PriceUnit::micro_per_kwh
                                   ? " is not a whole number from -1000000000 to 1000000000"
                                   : " is not a number of at most three decimals from -1000000 to 1000000";
      return "price " + shown(line.substr(comma + 1)) + what;
    }
    if (series.prices.size() >= day_ahead_rows_max) return "too many rows; split the file";
    if (series.prices.empty()) series.begin_seconds = time->seconds();
    series.prices.insert(series.prices.end(), static_cast<std::size_t>(resolution_seconds / 900), *price);
    return std::nullopt;
  }

 private:
  std::optional<std::string> misplaced(UtcTime time) const {
    if (series.prices.empty()) {
      if (time.seconds() % DayAheadPrices::quarter_seconds == 0) return std::nullopt;
      return to_text(time) + " is not the beginning of a quarter-hour";
    }
    const UtcTime expected = UtcTime::from_seconds(series.end_seconds());
    if (time == expected) return std::nullopt;
    if (time == expected - std::chrono::seconds(resolution_seconds)) {
      return to_text(time) + " is on the line before already";
    }
    if (time < expected) return to_text(time) + " is not after the line before; rows go from the oldest to the newest";
    std::string what = "the price of " + to_text(expected) + " is missing, the row is of " + to_text(time);
    if (resolution_seconds == 900 && time == expected + std::chrono::seconds(2'700)) {
      what += "; if each price holds for an hour, set resolution_seconds = 3600";
    }
    return what;
  }
};

}  // namespace

Result<DayAheadPrices, std::string> read_day_ahead(const std::string& name, std::string_view text,
                                                   std::int64_t resolution_seconds) {
  Lines lines(text);
  PriceRows rows{.resolution_seconds = resolution_seconds, .unit = PriceUnit::micro_per_kwh, .series = {}};
  const std::string_view header = lines.next().value_or("");
  if (header == "time,price_per_mwh") {
    rows.unit = PriceUnit::currency_per_mwh;
  } else if (header != "time,price") {
    return Fail{name + ":1: the header is neither time,price nor time,price_per_mwh"};
  }
  while (const std::optional<std::string_view> line = lines.next()) {
    if (const std::optional<std::string> wrong = rows.add(*line)) {
      return Fail{name + ":" + std::to_string(lines.number()) + ": " + *wrong};
    }
  }
  if (rows.series.prices.empty()) return Fail{name + ":2: there is no row with a price"};
  return std::move(rows.series);
}

}  // namespace commonwatt
