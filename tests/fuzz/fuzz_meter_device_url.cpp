// Whatever text arrives: it is refused with a remedy, or it names a device that can be dialled.
#include <cstdlib>

#include "core/bytes.hpp"
#include "meter/device_url.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  const auto url = parse_device_url(as_text({data, size}));
  if (!url) {
    if (url.error().what.empty() || url.error().remedy.empty()) std::abort();
    return 0;
  }
  if (const auto* tcp = std::get_if<TcpAddress>(&url->line)) {
    if (tcp->host.empty() || tcp->port == 0 || tcp->host.find('\0') != std::string::npos) std::abort();
  } else {
    const auto& line = std::get<SerialLine>(url->line);
    const bool parity = line.parity == 'N' || line.parity == 'E' || line.parity == 'O';
    if (line.path.front() != '/' || line.baud < 1200 || line.baud > 115200 || !parity) std::abort();
    if (url->unit < 1 || url->unit > 247 || line.stop_bits < 1 || line.stop_bits > 2) std::abort();
  }
  return 0;
}
