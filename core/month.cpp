#include "core/month.hpp"

namespace commonwatt {

std::int64_t month_of(UtcTime time) {
  const std::chrono::sys_time<Duration> instant{Duration{time.nanoseconds}};
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(instant)};
  return std::int64_t{12} * static_cast<int>(date.year()) + static_cast<unsigned>(date.month()) - 1;
}

UtcTime month_begin(std::int64_t month) {
  using namespace std::chrono;
  const year_month_day first{year(static_cast<int>(month / 12)),
                             std::chrono::month(static_cast<unsigned>(month % 12 + 1)), day(1)};
  return UtcTime{nanoseconds(sys_days(first).time_since_epoch()).count()};
}

}  // namespace commonwatt
