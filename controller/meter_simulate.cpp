#include "controller/meter_simulate.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "controller/command_output.hpp"
#include "controller/stop_signal.hpp"
#include "meter/modbus_server.hpp"
#include "meter/register_file.hpp"

namespace commonwatt {
namespace {

constexpr std::chrono::milliseconds patience{200};  // between two looks at the signals

/// The place of a URL as ModbusServer::listen writes it.
std::string place_of(const DeviceUrl& url) {
  if (const auto* const line = std::get_if<SerialLine>(&url.line)) return "pty:" + line->path;
  return (url.framing == ModbusFraming::rtu ? "rtutcp:" : "") + line_name(url);
}

/// The same URL with the port that was bound.
std::string reached_at(const DeviceUrl& url, const std::string& bound) {
  const std::string unit = "?unit=" + std::to_string(url.unit);
  if (const auto* const line = std::get_if<SerialLine>(&url.line)) return "modbus+rtu://" + line->path + unit;
  const std::string scheme = url.framing == ModbusFraming::rtu ? "modbus+rtutcp://" : "modbus+tcp://";
  return scheme + std::get<TcpAddress>(url.line).host + ":" + bound + unit;
}

}  // namespace

int run_meter_simulate(const MeterSimulateOptions& options, std::ostream& out, std::ostream& errors) {
  if (std::filesystem::is_directory(options.file)) {
    return complain(errors, options.file + " is a directory; it must be a register file", status_data);
  }
  std::ifstream stream(options.file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream && text.empty()) return complain(errors, "cannot read " + options.file, status_data);
  Result<RegisterFile, std::string> file = parse_register_file(text, options.file);
  if (!file) return complain(errors, file.error(), status_data);
  const Result<DeviceUrl, DeviceUrlError> url = parse_device_url(options.listen, {.port_min = 0});
  if (!url) return complain(errors, to_text(url.error()), status_usage);
  const auto* const address = std::get_if<TcpAddress>(&url->line);
  if (url->protocol != DeviceProtocol::modbus || (address != nullptr && address->tls)) {
    return complain(errors, "registers are served as modbus+tcp, modbus+rtutcp or modbus+rtu", status_usage);
  }
  catch_stop_signals();
  Result<ModbusServer, std::string> server =
      ModbusServer::listen(place_of(*url), device_of(std::move(*file), url->unit));
  if (!server) return complain(errors, server.error(), 1);
  out << reached_at(*url, server->address()) << std::endl;
  while (!stop_requested()) server->serve(patience);
  return 0;
}

}  // namespace commonwatt
