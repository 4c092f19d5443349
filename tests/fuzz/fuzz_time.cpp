// Whatever text arrives: either it is refused, or it names an instant that is written and read back the same.
#include <cstdlib>

#include "core/bytes.hpp"
#include "core/time.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  const std::string text = as_text({data, size});
  const std::optional<UtcTime> time = time_from_text(text);
  if (!time) return 0;
  const std::string written = to_text(*time);
  const bool is_date = text.size() == 20 && text.back() == 'Z';
  if (is_date && written != text) std::abort();
  if (!is_date && std::to_string(time->seconds()) != text && text.front() != '0' && text.substr(0, 2) != "-0")
    std::abort();
  const UtcTime year_1900 = UtcTime::from_seconds(-2'208'988'800);
  const UtcTime year_2251 = UtcTime::from_seconds(8'867'491'200);
  const bool has_date = *time >= year_1900 && *time < year_2251;
  if (has_date && time_from_text(written) != time) std::abort();
  return 0;
}
