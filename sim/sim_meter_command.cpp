#include "sim/sim_meter_command.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>

#include <sys/signalfd.h>
#include <unistd.h>

#include "meter/modbus_server.hpp"
#include "sim/register_log.hpp"

namespace commonwatt {
namespace {

/// How long the process sleeps at most before it looks at the clock again: market time may be made to run faster.
constexpr std::chrono::milliseconds wait_max{2000};
constexpr std::chrono::milliseconds wait_min{10};

int refuse(const std::string& reason) {
  std::cerr << "sim meter: " << reason << std::endl;
  return 1;
}

std::optional<std::string> wrong_option(const SimMeterOptions& options) {
  if (options.households == 0 || options.households > households_max) return "there are 1 to 99 households";
  if (options.household >= options.households) {
    return "household " + std::to_string(options.household) + " is not one of " + std::to_string(options.households) +
           "; the first is 0";
  }
  if (!is_interval_length(options.interval_seconds)) return "an interval has 300, 900, 1800 or 3600 seconds";
  if (options.begin > options.end || options.end - options.begin > std::chrono::days{366}) {
    return "the simulated span must end after it begins, and within a year";
  }
  const HouseholdPlan plan = plan_neighbourhood(options.seed, options.households)[options.household];
  if (!has_device(plan, options.device)) return plan.id.text() + " has no " + to_text(options.device);
  return std::nullopt;
}

/// All or nothing: whoever waits for the file never sees half of it.
bool write_whole(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  {
    std::ofstream file(fresh, std::ios::trunc);
    file << text << '\n';
    if (!file.flush()) return false;
  }
  std::error_code error;
  std::filesystem::rename(fresh, path, error);
  return !error;
}

/// Turns SIGTERM and SIGINT into something to poll for, and puts everything back at the end.
class StopSignal {
 public:
  StopSignal() {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, &before_);
    descriptor_ = ::signalfd(-1, &stop, SFD_NONBLOCK | SFD_CLOEXEC);
  }
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  ~StopSignal() {
    ::close(descriptor_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// Takes a signal that has come.
  [[nodiscard]] bool arrived() const {
    signalfd_siginfo info{};
    return ::read(descriptor_, &info, sizeof info) == static_cast<ssize_t>(sizeof info);
  }

 private:
  sigset_t before_{};
  int descriptor_ = -1;
};

std::chrono::milliseconds wait_for_row(const RegisterLog* log, const Clock& clock) {
  if (log == nullptr || !log->next()) return wait_max;
  return std::clamp(std::chrono::ceil<std::chrono::milliseconds>(clock.wait_hint(*log->next())), wait_min, wait_max);
}

}  // namespace

int run_sim_meter(const SimMeterOptions& options, Clock& clock) {
  if (const std::optional<std::string> wrong = wrong_option(options)) return refuse(*wrong);
  const StopSignal stop;
  if (stop.descriptor() < 0) return refuse("no file descriptor for signals");
  const HouseholdPlan plan = plan_neighbourhood(options.seed, options.households)[options.household];
  const HouseholdEnergy household(plan, options.begin, options.end, options.weather);
  std::optional<RegisterLog> log;
  if (!options.registers_out.empty()) {
    Result<RegisterLog, std::string> opened =
        RegisterLog::open(options.registers_out, boundaries(options.begin, options.end, options.interval_seconds));
    if (!opened) return refuse(opened.error());
    log.emplace(std::move(*opened));
  }
  Result<ModbusServer, std::string> server =
      ModbusServer::listen(options.listen, simulated_registers(household, options.device, clock, options.unit));
  if (!server) return refuse(server.error());
  if (!options.port_file.empty() && !write_whole(options.port_file, server->address())) {
    return refuse("cannot write " + options.port_file);
  }
  while (!stop.arrived()) {
    if (log) log->write_until(clock.now(), household, options.device);
    server->serve(wait_for_row(log ? &*log : nullptr, clock), stop.descriptor());
  }
  if (log) log->write_until(clock.now(), household, options.device);
  return 0;
}

}  // namespace commonwatt
