#include "meter/meter_fleet.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "meter/line_crew.hpp"

namespace commonwatt {
namespace {

/// Every line has a descriptor; the usual limit of 1024 is there for programs that wait with select().
void allow_descriptors(std::size_t wanted) {
  constexpr rlim_t own = 256;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted + own) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, wanted + own);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

BusTiming slower_of(BusTiming a, const BusTiming& b) {
  a.response_timeout = std::max(a.response_timeout, b.response_timeout);
  a.connect_delay = std::max(a.connect_delay, b.connect_delay);
  return a;
}

/// A wire, and the devices that share it.
struct Wire {
  std::vector<std::size_t> devices;  // their places in the plans
  DeviceUrl url;
  BusTiming timing;
};

std::map<std::string, Wire> wires_of(std::vector<DevicePlan>& plans, int stop_descriptor) {
  std::map<std::string, Wire> wires;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    plans[i].timing.stop_descriptor = stop_descriptor;
    const auto [at, is_new] = wires.try_emplace(line_name(plans[i].url), Wire{{}, plans[i].url, plans[i].timing});
    Wire& wire = at->second;
    wire.devices.push_back(i);
    if (is_new) continue;
    wire.url.gap = std::max(wire.url.gap, plans[i].url.gap);
    wire.timing = slower_of(wire.timing, plans[i].timing);
  }
  return wires;
}

}  // namespace

/// A line and what those who read it share with the rest.
class MeterFleet::Line {
 public:
  using Answer = Result<std::vector<std::uint8_t>, MeterError>;
  struct Passing {
    ModbusRequest request;
    std::promise<Answer> answer;
  };
  struct Member {
    std::size_t index = 0;
    MeterDevice device;
  };
  std::vector<Member> members;
  std::shared_ptr<ModbusBus> bus;  // none when it speaks by itself
  [[nodiscard]] bool speaks_by_itself() const { return !bus; }

  // Guarded by Station::mutex.
  bool working = false;         // it has a job with the crew
  bool awaited = false;         // poll() waits for its round
  bool healthy = true;          // every device answered when last asked
  std::optional<Wanted> round;  // begun by poll() and not done
  bool asked = false;           // of that round: the first request has been made
  std::map<std::size_t, Outcome> news;
  std::deque<Passing> passes;
};

/// All lines: those that are asked have a crew, each of those that speak by themselves a thread that listens.
class MeterFleet::Station {
 public:
  Station(std::vector<DevicePlan> plans, const Clock& clock);
  ~Station();
  Station(const Station&) = delete;
  Station& operator=(const Station&) = delete;

  std::vector<Outcome> poll(Wanted wanted);
  Line::Answer pass(std::size_t device, ModbusRequest request);
  [[nodiscard]] std::size_t lines() const { return lines_.size(); }

 private:
  void listen(Line& line);
  void employ(Line& line);
  void work(Line& line);
  void do_round(Line& line, Wanted wanted);
  [[nodiscard]] Line* line_of(std::size_t device) const;

  const Clock& clock_;
  int stop_descriptor_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::mutex mutex_;
  std::condition_variable done_;  // the last line that is waited for has done its round
  std::size_t awaited_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> listeners_;
  std::unique_ptr<LineCrew> crew_;
};

MeterFleet::Station::Station(std::vector<DevicePlan> plans, const Clock& clock)
    : clock_(clock), stop_descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  std::map<std::string, Wire> wires = wires_of(plans, stop_descriptor_);
  allow_descriptors(wires.size());
  for (auto& [name, wire] : wires) {
    auto line = std::make_unique<Line>();
    if (wire.url.protocol == DeviceProtocol::modbus) line->bus = std::make_shared<ModbusBus>(wire.url, wire.timing);
    for (const std::size_t index : wire.devices) {
      line->members.push_back({index, MeterDevice(std::move(plans[index]), line->bus)});
    }
    lines_.push_back(std::move(line));
  }
  crew_ = std::make_unique<LineCrew>(lines_.size());
  for (const std::unique_ptr<Line>& line : lines_) {
    if (line->speaks_by_itself()) listeners_.emplace_back([this, &line] { listen(*line); });
  }
}

MeterFleet::Station::~Station() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t raised = ::write(stop_descriptor_, &one, sizeof one);
  crew_.reset();
  for (std::thread& listener : listeners_) listener.join();
  lines_.clear();
  ::close(stop_descriptor_);
}

void MeterFleet::Station::do_round(Line& line, Wanted wanted) {
  bool healthy = true;
  for (Line::Member& member : line.members) {
    Result<DeviceReading, MeterError> reading = member.device.read(clock_, wanted);
    healthy = healthy && reading.ok();
    if (!reading && reading.error().fault == MeterFault::stopping) break;
    const bool left_alone = !reading && reading.error().fault == MeterFault::backing_off;
    if (left_alone) continue;
    Outcome outcome{member.index, std::move(reading), member.device.identity().value_or(DeviceIdentity{})};
    const std::lock_guard lock(mutex_);
    line.news.insert_or_assign(member.index, std::move(outcome));
  }
  const std::lock_guard lock(mutex_);
  line.healthy = healthy;
}

/// The life of a thread that hears what speaks by itself.
void MeterFleet::Station::listen(Line& line) {
  const auto stopping = [this] {
    const std::lock_guard lock(mutex_);
    return stopping_;
  };
  while (!stopping()) {
    do_round(line, Wanted::everything);
    // A device that cannot be heard is not tried in a busy loop.
    if (!line.healthy) rest(std::chrono::milliseconds{100}, stop_descriptor_);
  }
}

/// With the mutex held. A line has one job at a time, so that one thread at a time speaks on it.
void MeterFleet::Station::employ(Line& line) {
  if (std::exchange(line.working, true)) return;
  crew_->add([this, &line] { work(line); });
}

/// A job: to ask in a new round, to do a round that has asked, or else to pass on one request. Whoever asks goes to the
/// end of the queue, so that all lines are asked before the first answer is waited for.
void MeterFleet::Station::work(Line& line) {
  std::unique_lock lock(mutex_);
  if (stopping_) {
    for (Line::Passing& passing : line.passes) passing.answer.set_value(Fail{MeterError{MeterFault::stopping, {}}});
    line.passes.clear();
    return;
  }
  if (line.round && !std::exchange(line.asked, true)) {
    const Wanted wanted = *line.round;
    lock.unlock();
    line.members.front().device.ask_ahead(clock_, wanted);
    lock.lock();
  } else if (line.round) {
    const Wanted wanted = *line.round;
    lock.unlock();
    do_round(line, wanted);
    lock.lock();
    line.round.reset();
    line.asked = false;
    if (std::exchange(line.awaited, false) && --awaited_ == 0) done_.notify_one();
  } else if (!line.passes.empty()) {
    Line::Passing passing = std::move(line.passes.front());
    line.passes.pop_front();
    lock.unlock();
    passing.answer.set_value(line.bus->pass(passing.request));
    lock.lock();
  }
  line.working = false;
  if (line.round || !line.passes.empty()) employ(line);
}

MeterFleet::Line* MeterFleet::Station::line_of(std::size_t device) const {
  for (const std::unique_ptr<Line>& line : lines_) {
    for (const Line::Member& member : line->members) {
      if (member.index == device) return line.get();
    }
  }
  return nullptr;
}

MeterFleet::Line::Answer MeterFleet::Station::pass(std::size_t device, ModbusRequest request) {
  std::future<Line::Answer> answer;
  {
    const std::lock_guard lock(mutex_);
    Line* const line = line_of(device);
    if (line == nullptr || line->speaks_by_itself()) {
      return Fail{MeterError{MeterFault::refused, "it is not asked, it speaks by itself"}};
    }
    if (stopping_) return Fail{MeterError{MeterFault::stopping, {}}};
    if (line->passes.size() >= passes_waiting_max) return Fail{MeterError{MeterFault::busy, "too many are waiting"}};
    line->passes.push_back({std::move(request), {}});
    answer = line->passes.back().answer.get_future();
    employ(*line);
  }
  crew_->see_all_begun();
  return answer.get();
}

std::vector<MeterFleet::Outcome> MeterFleet::Station::poll(Wanted wanted) {
  {
    const std::lock_guard lock(mutex_);
    for (const std::unique_ptr<Line>& line : lines_) {
      if (line->speaks_by_itself() || line->round) continue;
      line->round = wanted;
      line->awaited = line->healthy;
      if (line->awaited) ++awaited_;
      employ(*line);
    }
  }
  crew_->see_all_begun();
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return awaited_ == 0; });
  std::vector<Outcome> outcomes;
  for (const std::unique_ptr<Line>& line : lines_) {
    for (auto& [index, outcome] : line->news) outcomes.push_back(std::move(outcome));
    line->news.clear();
  }
  std::sort(outcomes.begin(), outcomes.end(), [](const Outcome& a, const Outcome& b) { return a.device < b.device; });
  return outcomes;
}

MeterFleet::MeterFleet(std::vector<DevicePlan> plans, const Clock& clock)
    : station_(std::make_unique<Station>(std::move(plans), clock)) {}
MeterFleet::~MeterFleet() = default;

std::vector<MeterFleet::Outcome> MeterFleet::poll(Wanted wanted) {
  return station_->poll(wanted);
}
Result<std::vector<std::uint8_t>, MeterError> MeterFleet::pass(std::size_t device, ModbusRequest request) {
  return station_->pass(device, std::move(request));
}
std::size_t MeterFleet::lines() const {
  return station_->lines();
}

}  // namespace commonwatt
