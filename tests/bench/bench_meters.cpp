// How much a reading costs: a fleet of Modbus TCP devices, read by the gateway's own engine, against a bare loop of
// libmodbus over the same devices in the same run; and how much of a serial line's rate is used.
//
//     bench-meters [--devices N] [--rounds N] [--quick] [--json]
//     bench-meters --serve [--devices N]      only serves the devices, on every loopback address; prints the port
//
// The devices are served by a process of their own, so that only the reading side is measured. CPU is the process's
// user and system time.
#include <iostream>
#include <thread>

#include <CLI/CLI.hpp>
#include <modbus/modbus.h>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "meter/line_crew.hpp"
#include "meter/meter_fleet.hpp"
#include "meter/modbus_server.hpp"
#include "sim/register_image.hpp"
#include "tests/bench/measure.hpp"
#include "tests/meter/frozen_clock.hpp"

using namespace commonwatt;

namespace {

constexpr std::uint16_t model_address = 40070;  // of model 203 in the served image
constexpr std::uint16_t model_words = 55;       // what the gateway asks for

struct Figures {
  double seconds = 0;      // wall clock
  double cpu_seconds = 0;  // of this process
  std::size_t requests = 0;
  [[nodiscard]] double cpu_micro() const { return cpu_seconds * 1e6 / static_cast<double>(requests); }
};

double cpu_now() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Loopback addresses of their own, so that every device has a line of its own behind one listening port.
std::string host_of(std::size_t device) {
  return "127.0." + std::to_string(1 + device / 250) + "." + std::to_string(1 + device % 250);
}

/// Serves one SunSpec meter at every loopback address until the parent ends. The port comes through `out`.
[[noreturn]] void serve(int out, std::size_t clients) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const ImageIdentity identity{.maker = "Commonwatt", .model = "Bench", .serial = "B1", .unit = 1};
  const RegisterImage image = sunspec_meter_image(identity, 3, {1200, Energy{1'000'000}, Energy{77}});
  auto server = ModbusServer::listen(
      "0.0.0.0:0", DeviceRegisters{.unit = 1, .images = [&image](std::uint8_t) { return std::vector{image}; }});
  if (!server) ::_exit(1);
  server->set_clients_max(clients + 8);
  const std::string port = server->address() + "\n";
  if (::write(out, port.data(), port.size()) < 0) ::_exit(1);
  ::close(out);
  while (true) server->serve(std::chrono::seconds{1});
}

class Served {
 public:
  explicit Served(std::size_t devices) {
    int ends[2] = {-1, -1};
    if (::pipe(ends) != 0) throw std::runtime_error("pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::close(ends[0]);
      serve(ends[1], 2 * devices);
    }
    ::close(ends[1]);
    char text[16] = {};
    if (::read(ends[0], text, sizeof text - 1) <= 0) throw std::runtime_error("the server did not start");
    ::close(ends[0]);
    port_ = std::stoi(text);
  }
  ~Served() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;
  [[nodiscard]] int port() const { return port_; }

 private:
  pid_t child_ = -1;
  int port_ = 0;
};

/// What anybody would write first: one connection after the other, blocking.
Figures read_with_libmodbus(int port, std::size_t devices, int rounds) {
  std::vector<modbus_t*> contexts;
  for (std::size_t i = 0; i < devices; ++i) {
    modbus_t* const context = modbus_new_tcp(host_of(i).c_str(), port);
    modbus_set_slave(context, 1);
    if (modbus_connect(context) != 0) throw std::runtime_error("libmodbus cannot connect");
    contexts.push_back(context);
  }
  std::vector<std::uint16_t> words(model_words);
  Figures figures;
  const double cpu = cpu_now();
  figures.seconds = bench::seconds_of([&] {
    for (int round = 0; round < rounds; ++round) {
      for (modbus_t* const context : contexts) {
        if (modbus_read_registers(context, model_address, model_words, words.data()) != model_words) {
          throw std::runtime_error("libmodbus did not read");
        }
        ++figures.requests;
      }
    }
  });
  figures.cpu_seconds = cpu_now() - cpu;
  for (modbus_t* const context : contexts) {
    modbus_close(context);
    modbus_free(context);
  }
  return figures;
}

Figures read_with_fleet(int port, std::size_t devices, int rounds, std::chrono::milliseconds period) {
  std::vector<DevicePlan> plans;
  const ProfileLibrary library({});
  for (std::size_t i = 0; i < devices; ++i) {
    plans.push_back(
        plan_device({.url = "modbus+tcp://" + host_of(i) + ":" + std::to_string(port) + "?unit=1"}, library).value());
  }
  const FrozenClock clock(UtcTime::from_seconds(0));
  MeterFleet fleet(std::move(plans), clock);
  fleet.poll(Wanted::energy);  // dials and finds out what the devices are
  Figures figures;
  const double cpu = cpu_now();
  auto due = std::chrono::steady_clock::now();
  figures.seconds = bench::seconds_of([&] {
    for (int round = 0; round < rounds; ++round) {
      for (const MeterFleet::Outcome& outcome : fleet.poll(Wanted::energy)) {
        if (!outcome.reading) throw std::runtime_error(to_text(outcome.reading.error()));
        ++figures.requests;
      }
      due += period;
      std::this_thread::sleep_until(due);
    }
  });
  figures.cpu_seconds = cpu_now() - cpu;
  if (figures.requests != devices * static_cast<std::size_t>(rounds)) throw std::runtime_error("readings are missing");
  return figures;
}

/// The share of a serial line's time in which octets travel, when it is read as fast as the rules allow. The line is a
/// pseudo terminal; the wire's time is waited for by the device.
double serial_use(int baud, int reads) {
  const ImageIdentity identity{.maker = "Commonwatt", .model = "Bench", .serial = "B1", .unit = 1};
  const RegisterImage image = sunspec_meter_image(identity, 3, {1200, Energy{1'000'000}, Energy{77}});
  constexpr double bits_per_octet = 10;
  constexpr double octets = 8 + 5 + 2.0 * model_words;
  const std::chrono::duration<double> wire(octets * bits_per_octet / baud);
  auto server = ModbusServer::listen("pty:/tmp/bench-meters-" + std::to_string(::getpid()),
                                     DeviceRegisters{.unit = 1, .images = [&](std::uint8_t) {
                                                       std::this_thread::sleep_for(wire);
                                                       return std::vector{image};
                                                     }});
  if (!server) throw std::runtime_error(server.error());
  std::atomic<bool> stop = false;
  std::thread device([&] {
    while (!stop) server->serve(std::chrono::milliseconds{20});
  });
  const std::string url = "modbus+rtu://" + server->address() + "?baud=" + std::to_string(baud) + "&unit=1";
  ModbusBus bus(*parse_device_url(url), {});
  double share = 0;
  if (bus.ready() && bus.read(1, RegisterTable::holding, model_address, model_words)) {
    const double seconds = bench::seconds_of([&] {
      for (int i = 0; i < reads; ++i) {
        if (!bus.read(1, RegisterTable::holding, model_address, model_words)) throw std::runtime_error("no answer");
      }
    });
    share = wire.count() * reads / seconds;
  }
  stop = true;
  device.join();
  return share;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t devices = 1000;
  int rounds = 20;
  bool quick = false;
  bool json = false;
  bool serve_only = false;
  CLI::App app("What reading many meters costs, against a bare libmodbus loop in the same run");
  app.add_option("--devices", devices, "Modbus TCP devices")->check(CLI::Range(1, 5000))->capture_default_str();
  app.add_option("--rounds", rounds, "reads of each device")->check(CLI::Range(1, 10000))->capture_default_str();
  app.add_flag("--quick", quick, "small, to see that it works");
  app.add_flag("--json", json, "prints one JSON object");
  app.add_flag("--serve", serve_only, "only serves the devices, until it is ended, and prints the port");
  CLI11_PARSE(app, argc, argv);
  if (quick) {
    devices = 50;
    rounds = 3;
  }
  const auto period = quick ? std::chrono::milliseconds{50} : std::chrono::milliseconds{1000};
  if (serve_only) serve(STDOUT_FILENO, devices);
  share_one_heap();  // as the gateway does
  const Served served(devices);
  const std::uint64_t memory_before = bench::memory_peak();
  const Figures fleet = read_with_fleet(served.port(), devices, rounds, period);
  const std::uint64_t memory = bench::memory_peak();
  const Figures bare = read_with_libmodbus(served.port(), std::min<std::size_t>(devices, 900), rounds);
  const double share = serial_use(9600, quick ? 3 : 50);
  if (json) {
    std::cout << nlohmann::ordered_json{{"devices", devices},
                                        {"readings", fleet.requests},
                                        {"cpu_micro_per_reading", fleet.cpu_micro()},
                                        {"libmodbus_cpu_micro_per_request", bare.cpu_micro()},
                                        {"cpu_ratio", fleet.cpu_micro() / bare.cpu_micro()},
                                        {"memory_peak_bytes", memory},
                                        {"serial_line_use", share}}
              << "\n";
    return 0;
  }
  std::cout << devices << " devices, " << fleet.requests << " readings: " << fleet.cpu_micro()
            << " us of CPU each; bare libmodbus loop " << bare.cpu_micro() << " us a request; ratio "
            << fleet.cpu_micro() / bare.cpu_micro() << "\nmemory peak " << static_cast<double>(memory) / 1e6 << " MB ("
            << static_cast<double>(memory_before) / 1e6 << " before)\nserial line at 9600 Bd: " << 100 * share
            << " % of its time in use\n";
  return 0;
}
