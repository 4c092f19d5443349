// Whatever text arrives as a device's URL: either it is refused with a remedy, or it names a line that can be opened.
#include <cstdlib>
#include <set>

#include "core/bytes.hpp"
#include "meter/device_url.hpp"

namespace {

using namespace commonwatt;

bool usable(const TcpAddress& address) {
  return !address.host.empty() && address.port != 0 && (!address.tls || address.tls->ca.starts_with('/'));
}

bool usable(const FilePath& file) {
  return file.path.starts_with('/');
}

bool usable(const SerialLine& line) {
  static const std::set<int> bauds{1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};
  const bool parity = line.parity == 'N' || line.parity == 'E' || line.parity == 'O';
  return line.path.starts_with('/') && bauds.contains(line.baud) && parity && line.stop_bits >= 1 &&
         line.stop_bits <= 2;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto url = parse_device_url(as_text({data, size}));
  if (!url) {
    if (url.error().what.empty() || url.error().remedy.empty()) std::abort();
    return 0;
  }
  if (!std::visit([](const auto& line) { return usable(line); }, url->line)) std::abort();
  const std::string& name = url->mqtt.name.name;
  if ((url->protocol == DeviceProtocol::mqtt) == name.empty()) std::abort();
  if (name.find_first_of("+#") != std::string::npos) std::abort();
  const bool serial = std::holds_alternative<SerialLine>(url->line);
  if (serial && url->protocol == DeviceProtocol::modbus && (url->unit < 1 || url->unit > 247)) std::abort();
  return 0;
}
