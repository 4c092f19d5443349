#include "sim/register_log.hpp"

#include <cassert>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <optional>

namespace commonwatt {

std::vector<UtcTime> boundaries(UtcTime begin, UtcTime end, std::int64_t interval_seconds) {
  assert(interval_seconds > 0 && begin <= end);
  std::vector<UtcTime> all{begin};
  for (Interval interval = Interval::containing(begin, interval_seconds); interval.end() < end;
       interval = interval.next()) {
    all.push_back(interval.end());
  }
  if (all.back() < end) all.push_back(end);
  return all;
}

Result<RegisterLog, std::string> RegisterLog::open(const std::string& path, std::vector<UtcTime> boundaries) {
  std::optional<std::int64_t> last_seconds;
  if (std::ifstream earlier(path, std::ios::binary); earlier) {
    const std::string text{std::istreambuf_iterator<char>(earlier), {}};
    const std::size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
    std::error_code error;
    if (whole < text.size()) std::filesystem::resize_file(path, whole, error);
    if (error) return Fail{"cannot repair " + path + ": " + error.message()};
    if (whole > 0) {
      const std::size_t before = whole >= 2 ? text.rfind('\n', whole - 2) : std::string::npos;
      const std::size_t row = before == std::string::npos ? 0 : before + 1;
      std::int64_t seconds = 0;
      const auto parsed = std::from_chars(text.data() + row, text.data() + whole, seconds);
      if (parsed.ec != std::errc{} || *parsed.ptr != ',') {
        return Fail{path + " is not a list of registers: name another file"};
      }
      last_seconds = seconds;
    }
  }
  std::ofstream file(path, std::ios::app | std::ios::binary);
  if (!file) return Fail{"cannot write " + path};
  RegisterLog log(std::move(file), std::move(boundaries));
  while (last_seconds && log.next() && log.next()->seconds() <= *last_seconds) ++log.at_;
  return log;
}

std::optional<UtcTime> RegisterLog::next() const {
  return at_ < boundaries_.size() ? std::optional(boundaries_[at_]) : std::nullopt;
}

void RegisterLog::write_until(UtcTime now, const HouseholdEnergy& household, SimulatedDevice device) {
  for (; at_ < boundaries_.size() && boundaries_[at_] <= now; ++at_) {
    const Measurement shown = measure(household, device, boundaries_[at_]);
    file_ << boundaries_[at_].seconds() << ',' << shown.energy_import.count << ',' << shown.energy_export.count << '\n';
    file_.flush();
  }
}

}  // namespace commonwatt
