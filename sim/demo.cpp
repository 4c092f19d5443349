#include "sim/demo.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "controller/broker.hpp"
#include "controller/paced_clock.hpp"
#include "controller/stop_signal.hpp"
#include "sim/api_reader.hpp"
#include "sim/child_process.hpp"
#include "sim/demo_chain.hpp"
#include "sim/demo_files.hpp"
#include "sim/demo_report.hpp"

namespace commonwatt {
namespace {

using nlohmann::json;
using SteadyClock = std::chrono::steady_clock;

constexpr std::int64_t interval_seconds = 900;
/// The clock starts this long before the first interval: after the gate before it, before its orders are due.
constexpr std::chrono::seconds lead{700};
/// The meters go on for this long after the last interval, until everything is settled.
constexpr std::chrono::hours trail{12};
constexpr std::chrono::seconds start_max{60};
/// Nothing settled for this long, in real time and in market time on top, is a standstill.
constexpr std::chrono::seconds standstill_max{60};
constexpr std::chrono::hours standstill_market_max{2};
/// No look takes longer, unless the demo itself was stopped for a while.
constexpr std::chrono::seconds look_max{5};
constexpr std::chrono::milliseconds look_period{100};
constexpr int status_interrupted = 130;

/// A loopback port nobody listens on, 0 when there is none. It lies below those that the system hands out by itself: a
/// meter that asks for any port is not given it before the one it is for has started.
std::uint16_t free_port() {
  constexpr int tries_max = 100;
  std::random_device random;
  std::uniform_int_distribution<std::uint16_t> ports(20'000, 32'767);
  for (int i = 0; i < tries_max; ++i) {
    const std::uint16_t port = ports(random);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool bound = fd >= 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    if (fd >= 0) ::close(fd);
    if (bound) return port;
  }
  return 0;
}

class Demo {
 public:
  explicit Demo(const DemoOptions& options) : options_(options) {}
  ~Demo();
  Demo(const Demo&) = delete;
  Demo& operator=(const Demo&) = delete;
  int run();

 private:
  void prepare();
  void start_chain();
  void start_broker();
  void start_meters();
  void start_controller();
  void start_gateways();
  void start_dashboard();
  void wait_for(const std::string& what, const std::function<bool()>& ready);
  void watch();
  bool look();
  void tell(const json& interval);
  void progress(std::int64_t settled);
  DemoResult finish();
  void must(const Result<Done, std::string>& result) const;
  [[nodiscard]] std::filesystem::path log_of(const std::string& name) const {
    return plan_.directory / "logs" / (name + ".log");
  }
  [[nodiscard]] std::int64_t intervals() const { return options_.intervals * options_.days; }
  [[nodiscard]] bool has_everything(const json& state, const json& households) const;
  [[nodiscard]] bool is_anchored(const json& chain) const;

  const DemoOptions& options_;
  DemoPlan plan_;
  bool temporary_ = false;
  bool on_terminal_ = ::isatty(STDERR_FILENO) != 0;
  std::unique_ptr<ClockPacer> pacer_;
  std::unique_ptr<Supervisor> children_;
  std::unique_ptr<DemoChain> chain_;  // nothing: a demo without one
  std::unique_ptr<ApiReader> api_;
  std::int64_t told_until_ = 0;
  std::int64_t settled_ = -1;
  std::int64_t final_ = -1;         // epochs
  SteadyClock::duration still_{0};  // since something was settled or final
  std::map<HouseholdId, std::int64_t> disputes_;
  SteadyClock::time_point started_ = SteadyClock::now();
};

/// What ends the demo early, in words.
struct DemoError {
  std::string text;
};
struct Interrupted {};

Demo::~Demo() {
  chain_.reset();
  children_.reset();
  pacer_.reset();
  std::error_code ignored;
  if (temporary_) std::filesystem::remove_all(plan_.directory, ignored);
}

void Demo::must(const Result<Done, std::string>& result) const {
  if (!result) throw DemoError{result.error()};
}

void Demo::prepare() {
  if (!options_.keep.empty()) {
    plan_.directory = std::filesystem::absolute(options_.keep);
  } else {
    std::string name = (std::filesystem::temp_directory_path() / "commonwatt-demo-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw DemoError{name + ": cannot be made"};
    plan_.directory = name;
    temporary_ = true;
  }
  plan_.seed = options_.seed;
  plan_.households = plan_neighbourhood(options_.seed, options_.households);
  // A short day lies around noon, where there is something to trade.
  const std::int64_t skipped = options_.days > 1 ? 0 : (96 - options_.intervals) / 2;
  plan_.begin = sunny_day_begin + std::chrono::seconds(skipped * interval_seconds);
  plan_.end = plan_.begin + std::chrono::seconds(intervals() * interval_seconds);
  plan_.clock_begin = plan_.begin - lead;
  plan_.poll_seconds = options_.poll_seconds;
  plan_.broker_port = free_port();
  plan_.api_port = free_port();
  must(prepare_directory(plan_.directory));
  must(write_identities(plan_));
  Result<std::unique_ptr<ClockPacer>, std::string> pacer =
      ClockPacer::create(clock_file(plan_), plan_.clock_begin, options_.speed);
  if (!pacer) throw DemoError{pacer.error()};
  pacer_ = std::move(*pacer);
  children_ =
      std::make_unique<Supervisor>(plan_.directory / "processes.json", [this](int pid) { pacer_->forget(pid); });
}

void Demo::start_chain() {
  if (!options_.chain) return;
  chain_ = std::make_unique<DemoChain>(plan_, options_, *children_);
  must(chain_->start_node(free_port()));
  wait_for("the chain's node", [this] { return chain_->node_answers(); });
  must(chain_->deploy());
  must(chain_->start_attesters());
  std::cerr << "demo: registry " << plan_.chain->registry << " and vault " << plan_.chain->vault << " on chain "
            << plan_.chain->chain_id << "\n";
}

void Demo::start_broker() {
  const std::optional<std::string> program = find_broker_program();
  if (!program) throw DemoError{"mosquitto is not installed; run tools/setup run"};
  const std::filesystem::path home = plan_.directory / "broker";
  const Result<BrokerFiles, BrokerError> files =
      write_broker_files({.program = *program,
                          .directory = home.string(),
                          .port = plan_.broker_port,
                          .ca_file = (plan_.directory / "ca" / "ca.pem").string(),
                          .certificate_file = (home / "broker.pem").string(),
                          .key_file = (home / "broker.key").string()});
  if (!files) throw DemoError{files.error().to_text()};
  must(children_->start({.name = "broker", .argv = files->command, .log = log_of("broker")}));
}

void Demo::start_meters() {
  for (const HouseholdPlan& household : plan_.households) {
    for (const SimulatedDevice device : devices_of(household)) {
      const std::string name = meter_id(household, device).text();
      const std::filesystem::path home = household_directory(plan_, household);
      const bool serial = device == SimulatedDevice::heat_pump && household.heat_pump == HeatPumpMeter::rtu;
      const std::string listen = serial ? "pty:" + (home / (name + ".tty")).string() : "127.0.0.1:0";
      must(children_->start({.name = "meter " + name,
                             .argv = {options_.program.string(),
                                      "simulate-meter",
                                      "--seed",
                                      std::to_string(plan_.seed),
                                      "--households",
                                      std::to_string(plan_.households.size()),
                                      "--household",
                                      std::to_string(household.index),
                                      "--device",
                                      to_text(device),
                                      "--listen",
                                      listen,
                                      "--port-file",
                                      port_file(plan_, household, device).string(),
                                      "--registers-out",
                                      registers_file(plan_, household, device).string(),
                                      "--begin",
                                      to_text(plan_.begin),
                                      "--end",
                                      to_text(plan_.end + trail),
                                      "--clock",
                                      clock_file(plan_).string()},
                             .log = log_of("meter-" + name)}));
    }
  }
  wait_for("the meters", [this] {
    for (const HouseholdPlan& household : plan_.households) {
      for (const SimulatedDevice device : devices_of(household)) {
        if (!std::filesystem::exists(port_file(plan_, household, device))) return false;
      }
    }
    return true;
  });
}

void Demo::start_controller() {
  must(write_controller_config(plan_));
  const std::filesystem::path home = plan_.directory / "controller";
  api_ = std::make_unique<ApiReader>("http://127.0.0.1:" + std::to_string(plan_.api_port));
  must(children_->start({.name = "controller",
                         .argv = {options_.program.string(), "controller", "--config",
                                  (home / "controller.toml").string(), "--speed", std::to_string(options_.speed)},
                         .log = log_of("controller")}));
  wait_for("the controller", [this] { return api_->get("/v1/state").has_value(); });
}

void Demo::start_gateways() {
  for (const HouseholdPlan& household : plan_.households) {
    must(write_gateway_config(plan_, household));
    std::vector<std::string> argv{options_.program.string(), "gateway", "--config",
                                  (household_directory(plan_, household) / "gateway.toml").string()};
    if (options_.outbox_off) argv.emplace_back("--insecure-outbox-off");
    must(children_->start(
        {.name = "gateway " + household.id.text(), .argv = argv, .log = log_of("gateway-" + household.id.text())}));
  }
  wait_for("the gateways", [this] {
    const std::optional<std::string> state = api_->get("/v1/state");
    return state && json::parse(*state).at("reporting").get<std::size_t>() == plan_.households.size();
  });
}

void Demo::start_dashboard() {
  const bool display = std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr;
  const std::filesystem::path program = options_.program.parent_path() / "commonwatt-dashboard";
  if (options_.dashboard == DashboardChoice::no ||
      (options_.dashboard == DashboardChoice::automatic && (!display || !std::filesystem::exists(program))))
    return;
  if (!display) throw DemoError{"--dashboard needs a display; DISPLAY and WAYLAND_DISPLAY are not set"};
  if (!std::filesystem::exists(program)) throw DemoError{program.string() + ": the dashboard is not built"};
  must(children_->start_once({.name = "dashboard",
                              .argv = {program.string(), "--url", "http://127.0.0.1:" + std::to_string(plan_.api_port)},
                              .log = log_of("dashboard")}));
}

void Demo::wait_for(const std::string& what, const std::function<bool()>& ready) {
  const auto until = SteadyClock::now() + start_max;
  while (!ready()) {
    if (stop_requested()) throw Interrupted{};
    must(children_->tend());
    if (SteadyClock::now() > until)
      throw DemoError{what + " did not start within a minute; the logs are in " + (plan_.directory / "logs").string()};
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void Demo::tell(const json& interval) {
  const auto number = [&](const char* key) { return interval.at(key).get<std::int64_t>(); };
  const bool traded = !interval.at("price").is_null();
  std::string missing;
  for (const json& household : interval.at("missing")) missing += " " + household.get<std::string>();
  const std::string price = traded ? cents_per_kilowatt_hour(Price{number("price")}) + " ct/kWh" : "no trade";
  const std::string share =
      interval.at("local_share_permille").is_null() ? "-" : std::to_string(number("local_share_permille") / 10) + " %";
  std::array<char, 200> line{};
  std::snprintf(line.data(), line.size(), "%s%s  %-15s traded %8s kWh  local share %5s  %s%s\n",
                on_terminal_ ? "\r\033[K" : "", to_text(UtcTime::from_seconds(number("interval"))).c_str(),
                price.c_str(), kilowatt_hours(Energy{number("volume_wh")}).c_str(), share.c_str(),
                missing.empty() ? "all reported" : "missing:", missing.c_str());
  std::cerr << line.data();
}

void Demo::progress(std::int64_t settled) {
  if (!on_terminal_) return;
  constexpr std::int64_t width = 40;
  const std::int64_t filled = settled * width / intervals();
  std::cerr << "\r[" << std::string(static_cast<std::size_t>(filled), '#')
            << std::string(static_cast<std::size_t>(width - filled), '.') << "] " << settled << "/" << intervals()
            << " intervals settled" << std::flush;
}

bool Demo::has_everything(const json& state, const json& households) const {
  const json& log = state.at("log");
  const json& totals = state.at("totals");
  if (totals.at("intervals_settled") != intervals() || totals.at("late_intervals") != 0 ||
      log.at("witnessed_size") != log.at("size") || (chain_ && !is_anchored(state.at("chain"))))
    return false;
  return std::all_of(households.begin(), households.end(), [this, &log](const json& household) {
    const json& gateway = household.at("gateway");
    return !gateway.is_null() && !gateway.at("next_bill").is_null() && !gateway.at("next_log_index").is_null() &&
           gateway.at("next_bill").get<std::int64_t>() >= plan_.end.seconds() &&
           gateway.at("next_log_index").get<std::int64_t>() >= log.at("size").get<std::int64_t>();
  });
}

/// Whether the chain has every epoch there is, for good.
bool Demo::is_anchored(const json& chain) const {
  return chain.at("epoch").get<std::int64_t>() > 0 && chain.at("final") == chain.at("epoch");
}

/// Asks the API how things stand and tells what is new; true when everything is settled, witnessed and billed.
bool Demo::look() {
  const std::optional<std::string> state_text = api_->get("/v1/state");
  const std::optional<std::string> households_text = api_->get("/v1/households");
  const std::optional<std::string> intervals_text = api_->get("/v1/intervals?limit=192");
  if (!state_text || !households_text || !intervals_text) return false;
  const json state = json::parse(*state_text);
  const json households = json::parse(*households_text).at("households");
  const json intervals = json::parse(*intervals_text).at("intervals");
  for (const json& interval : intervals) {
    const auto begin = interval.at("interval").get<std::int64_t>();
    if (interval.at("state") == "cleared" || begin <= told_until_) continue;
    told_until_ = begin;
    tell(interval);
  }
  for (const json& household : households) {
    if (household.at("gateway").is_null()) continue;
    disputes_[*HouseholdId::from(household.at("id").get<std::string>())] =
        household.at("gateway").at("disputes").get<std::int64_t>();
  }
  const auto settled = state.at("totals").at("intervals_settled").get<std::int64_t>();
  const std::int64_t final = chain_ ? state.at("chain").at("final").get<std::int64_t>() : 0;
  if (settled != settled_ || final != final_) still_ = {};
  settled_ = settled;
  final_ = final;
  if (chain_ && settled == this->intervals()) chain_->ask_for_block();
  return has_everything(state, households);
}

void Demo::watch() {
  const std::chrono::seconds standstill = standstill_max + std::chrono::seconds(standstill_market_max) / options_.speed;
  SteadyClock::time_point looked = SteadyClock::now();
  while (!look()) {
    if (stop_requested()) throw Interrupted{};
    must(children_->tend());
    progress(std::max<std::int64_t>(settled_, 0));
    const SteadyClock::time_point now = SteadyClock::now();
    still_ += std::min<SteadyClock::duration>(now - std::exchange(looked, now), look_max);
    if (still_ > standstill) {
      throw DemoError{std::string("nothing was settled") + (chain_ ? " or became final on the chain" : "") + " for " +
                      std::to_string(standstill.count()) + " s; the logs are in " +
                      (plan_.directory / "logs").string() + (temporary_ ? " (use --keep DIR)" : "")};
    }
    std::this_thread::sleep_for(look_period);
  }
  progress(intervals());
  if (on_terminal_) std::cerr << "\n";
}

DemoResult Demo::finish() {
  const int restarts = children_->restarts();
  constexpr std::chrono::milliseconds patience{8000};
  children_->stop("dashboard", patience);
  children_->stop("gateway", patience);
  children_->stop("controller", patience);
  children_->stop("meter", patience);
  children_->stop("broker", patience);
  children_->stop("attester", patience);
  DemoResult result = examine(plan_, intervals());
  if (chain_) {
    result.chain = chain_->finish(result.state);
    result.faults.insert(result.faults.end(), result.chain->faults.begin(), result.chain->faults.end());
    children_->stop("chain", patience);
  }
  result.restarts = restarts;
  result.disputes = disputes_;
  for (const auto& [household, count] : disputes_) {
    if (count == 0) continue;
    result.faults.push_back(household.text() + ": its gateway disputed " + std::to_string(count) +
                            " messages; see its log");
  }
  return result;
}

int Demo::run() {
  prepare();
  std::cerr << "demo: " << options_.households << " households, " << intervals() << " intervals of 15 minutes from "
            << to_text(plan_.begin) << ", " << options_.speed << " times real speed\n";
  start_chain();
  start_broker();
  start_meters();
  start_controller();
  start_gateways();
  start_dashboard();
  const auto seconds = [this] {
    return std::chrono::duration_cast<std::chrono::seconds>(SteadyClock::now() - started_).count();
  };
  std::cerr << "demo: everything is up after " << seconds() << " s\n";
  started_ = SteadyClock::now();
  pacer_->run();
  watch();
  std::cerr << "demo: traded and settled in " << seconds() << " s\n";
  const DemoResult result = finish();
  (options_.json ? std::cerr : std::cout) << result_text(result);
  if (!temporary_) std::cerr << " kept in " << plan_.directory.string() << "\n";
  if (options_.json) std::cout << result_json(result) << std::endl;
  return result.good() ? 0 : 1;
}

}  // namespace

int run_demo(const DemoOptions& options) {
  catch_stop_signals();
  try {
    return Demo(options).run();
  } catch (const DemoError& error) {
    std::cerr << "\ndemo: " << error.text << "\n";
    return 1;
  } catch (const Interrupted&) {
    std::cerr << "\ndemo: interrupted; every part is ended\n";
    return status_interrupted;
  } catch (const std::exception& error) {
    std::cerr << "\ndemo: " << error.what() << "\n";
    return 1;
  }
}

}  // namespace commonwatt
