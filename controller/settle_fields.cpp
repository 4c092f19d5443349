#include "controller/settle_fields.hpp"

#include "controller/calendar_text.hpp"
#include "controller/csv_rows.hpp"
#include "core/time.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t register_max = 1'000'000'000'000;

}  // namespace

std::int64_t seconds_of(const char* column, const char* text) {
  const std::optional<UtcTime> time = instant_from_text(text);
  if (time) return time->seconds();
  throw RowError{std::string(column) + " " + quoted(text) +
                 " is neither seconds since 1970 nor a time such as 2026-06-21T10:15:00Z"};
}

std::string name_of(const char* column, const char* text) {
  if (is_name(text)) return text;
  throw RowError{std::string(column) + " " + quoted(text) + " is not 1 to 32 characters of a-z, 0-9, '-' and '_'"};
}

Energy register_of(const char* column, const char* text) {
  return Energy{whole_number(column, text, 0, register_max)};
}

std::optional<std::uint32_t> head_meter_of(const std::string& meter, const SettleRules& rules) {
  for (std::uint32_t i = 0; i < rules.head_meters.size(); ++i) {
    if (rules.head_meters[i].meter == meter) return i;
  }
  return std::nullopt;
}

}  // namespace commonwatt
