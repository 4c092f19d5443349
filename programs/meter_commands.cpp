#include "programs/meter_commands.hpp"

#include <iostream>
#include <memory>

#include "controller/meter_command.hpp"
#include "controller/meter_simulate.hpp"
#include "controller/system_clock.hpp"

namespace commonwatt {
namespace {

constexpr const char* url_examples =
    "URLs:\n"
    "  modbus+tcp://192.0.2.7:502?unit=1          modbus+tls://192.0.2.7?ca=/a.pem&cert=/b.pem&key=/b.key\n"
    "  modbus+rtu:///dev/ttyUSB0?baud=9600&parity=N&unit=1\n"
    "  modbus+rtutcp://192.0.2.7:4001?unit=1      &base=4096 for a SunSpec map at an unusual address\n"
    "  p1:///dev/ttyUSB0  p1+tcp://192.0.2.7:2001  p1+file:///tmp/telegram  and the same with sml\n"
    "  mqtt://192.0.2.7/shellies/cellar --profile shelly-pro-3em       mqtts://HOST/NAME?ca=/a.pem&user=me";

std::shared_ptr<MeterReadOptions> read_options(CLI::App* command) {
  auto options = std::make_shared<MeterReadOptions>();
  command->add_option("url", options->url, "where the device is")->required()->type_name("URL");
  command->add_option("--profile", options->profile, "what it keeps where: sunspec, or a device profile")
      ->type_name("NAME")
      ->capture_default_str();
  command->add_option("--profiles", options->profiles, "a directory of your own profiles, searched first")
      ->type_name("DIR");
  command->add_option("--timeout-ms", options->timeout_ms, "how long an answer may take")
      ->check(CLI::Range(10, 60'000));
  command->add_flag("--json", options->json, "prints JSON");
  return options;
}

void add_read(CLI::App* meter, std::function<int()>& action) {
  CLI::App* command = meter->add_subcommand("read", "reads a device once and shows all it says");
  auto options = read_options(command);
  command->add_flag("--points", options->points, "every decoded point of a SunSpec device");
  command->footer(std::string("Example: commonwatt meter read modbus+tcp://192.0.2.7?unit=1 --json\n") + url_examples);
  command->callback(
      [=, &action] { action = [=] { return run_meter_read(*options, SystemClock(), std::cout, std::cerr); }; });
}

void add_watch(CLI::App* meter, std::function<int()>& action) {
  CLI::App* command = meter->add_subcommand("watch", "reads a device again and again, a line each time");
  auto options = read_options(command);
  command->add_option("--period-ms", options->period_ms, "between two reads")
      ->check(CLI::Range(10, 3'600'000))
      ->capture_default_str();
  command->add_option("--count", options->count, "how many reads; 0: until it is interrupted")->capture_default_str();
  command->footer("Example: commonwatt meter watch p1:///dev/ttyUSB0");
  command->callback(
      [=, &action] { action = [=] { return run_meter_watch(*options, SystemClock(), std::cout, std::cerr); }; });
}

void add_probe(CLI::App* meter, std::function<int()>& action) {
  CLI::App* command = meter->add_subcommand("probe", "finds and names what is on a line");
  auto options = std::make_shared<MeterProbeOptions>();
  command->add_option("url", options->url, "the line; without unit= all units are tried")->required()->type_name("URL");
  command->add_option("--profiles", options->profiles, "a directory of your own profiles, searched first")
      ->type_name("DIR");
  command->add_option("--timeout-ms", options->timeout_ms, "how long an answer may take")
      ->check(CLI::Range(10, 60'000))
      ->capture_default_str();
  command->add_flag("--json", options->json, "prints JSON");
  command->footer("Example: commonwatt meter probe modbus+rtu:///dev/ttyUSB0?baud=9600");
  command->callback([=, &action] { action = [=] { return run_meter_probe(*options, std::cout, std::cerr); }; });
}

void add_lint(CLI::App* meter, std::function<int()>& action) {
  CLI::App* command = meter->add_subcommand("lint", "checks device profiles and runs their test vectors");
  auto options = std::make_shared<MeterLintOptions>();
  command->add_option("files", options->files, "TOML files or directories; none: the built-in profiles")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "prints one JSON object");
  command->footer("Example: commonwatt meter lint my-meter.toml");
  command->callback([=, &action] { action = [=] { return run_meter_lint(*options, std::cout, std::cerr); }; });
}

void add_simulate(CLI::App* meter, std::function<int()>& action) {
  CLI::App* command = meter->add_subcommand("simulate", "serves a register file as the device it was taken from");
  auto options = std::make_shared<MeterSimulateOptions>();
  command->add_option("file", options->file, "lines of ADDRESS: HEX WORDS")->required()->type_name("REGISTER_FILE");
  command->add_option("--listen", options->listen, "port 0: any free one; a serial path becomes a pseudo terminal")
      ->required()
      ->type_name("URL");
  command->footer("Example: commonwatt meter simulate dump.regs --listen modbus+tcp://127.0.0.1:5020?unit=1");
  command->callback([=, &action] { action = [=] { return run_meter_simulate(*options, std::cout, std::cerr); }; });
}

}  // namespace

void add_meter(CLI::App& app, std::function<int()>& action) {
  CLI::App* meter = app.add_subcommand("meter", "finds, reads, watches and simulates meters and inverters");
  meter->require_subcommand(1);
  add_read(meter, action);
  add_watch(meter, action);
  add_probe(meter, action);
  add_lint(meter, action);
  add_simulate(meter, action);
}

}  // namespace commonwatt
