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

}  // namespace

/// A line and what its thread shares with the rest.
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
  bool speaks_by_itself = false;

  // Guarded by Crew::mutex.
  bool working = false;  // a round was begun and is not done
  bool awaited = false;  // and poll() waits for it
  bool healthy = true;   // every device answered when last asked
  bool has_round = false;
  Wanted wanted = Wanted::energy;
  std::map<std::size_t, Outcome> news;
  std::deque<Passing> passes;

  std::shared_ptr<ModbusBus> bus;  // none when it speaks by itself
  std::thread thread;
};

class MeterFleet::Crew {
 public:
  Crew(std::vector<DevicePlan> plans, const Clock& clock);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  std::vector<Outcome> poll(Wanted wanted);
  Line::Answer pass(std::size_t device, ModbusRequest request);
  [[nodiscard]] std::size_t lines() const { return lines_.size(); }

 private:
  void work(Line& line);
  void do_round(Line& line, Wanted wanted);
  void do_pass(Line& line, Line::Passing passing);
  void read_members(Line& line, Wanted wanted);

  const Clock& clock_;
  int stop_descriptor_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::mutex mutex_;
  std::condition_variable begin_;  // a round is there, or the end
  std::condition_variable done_;   // the last line that is waited for has done its round
  std::size_t awaited_ = 0;
  bool stopping_ = false;
};

MeterFleet::Crew::Crew(std::vector<DevicePlan> plans, const Clock& clock)
    : clock_(clock), stop_descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  struct Wire {
    std::vector<std::size_t> devices;
    DeviceUrl url;
    BusTiming timing;
  };
  std::map<std::string, Wire> wires;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    plans[i].timing.stop_descriptor = stop_descriptor_;
    const auto [at, is_new] = wires.try_emplace(line_name(plans[i].url), Wire{{}, plans[i].url, plans[i].timing});
    Wire& wire = at->second;
    wire.devices.push_back(i);
    if (is_new) continue;
    wire.url.gap = std::max(wire.url.gap, plans[i].url.gap);
    wire.timing = slower_of(wire.timing, plans[i].timing);
  }
  allow_descriptors(wires.size());
  for (auto& [name, wire] : wires) {
    auto line = std::make_unique<Line>();
    line->speaks_by_itself = wire.url.protocol != DeviceProtocol::modbus;
    if (!line->speaks_by_itself) line->bus = std::make_shared<ModbusBus>(wire.url, wire.timing);
    for (const std::size_t index : wire.devices) {
      line->members.push_back({index, MeterDevice(std::move(plans[index]), line->bus)});
    }
    lines_.push_back(std::move(line));
  }
  for (const std::unique_ptr<Line>& line : lines_) line->thread = std::thread([this, &line] { work(*line); });
}

MeterFleet::Crew::~Crew() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t raised = ::write(stop_descriptor_, &one, sizeof one);
  begin_.notify_all();
  for (const std::unique_ptr<Line>& line : lines_) line->thread.join();
  lines_.clear();
  ::close(stop_descriptor_);
}

void MeterFleet::Crew::read_members(Line& line, Wanted wanted) {
  bool healthy = true;
  for (Line::Member& member : line.members) {
    Result<DeviceReading, MeterError> reading = member.device.read(clock_, wanted);
    healthy = healthy && reading.ok();
    if (!reading && reading.error().fault == MeterFault::stopping) return;
    const bool left_alone = !reading && reading.error().fault == MeterFault::backing_off;
    if (left_alone) continue;
    Outcome outcome{member.index, std::move(reading), member.device.identity().value_or(DeviceIdentity{})};
    const std::lock_guard lock(mutex_);
    line.news.insert_or_assign(member.index, std::move(outcome));
  }
  const std::lock_guard lock(mutex_);
  line.healthy = healthy;
}

void MeterFleet::Crew::do_round(Line& line, Wanted wanted) {
  read_members(line, wanted);
  const std::lock_guard lock(mutex_);
  line.working = false;
  if (std::exchange(line.awaited, false) && --awaited_ == 0) done_.notify_one();
}

void MeterFleet::Crew::do_pass(Line& line, Line::Passing passing) {
  passing.answer.set_value(line.bus->pass(passing.request));
}

void MeterFleet::Crew::work(Line& line) {
  std::unique_lock lock(mutex_);
  while (true) {
    begin_.wait(lock,
                [this, &line] { return stopping_ || line.has_round || line.speaks_by_itself || !line.passes.empty(); });
    if (stopping_) break;
    if (line.has_round || line.speaks_by_itself) {
      line.has_round = false;
      const Wanted wanted = line.wanted;
      lock.unlock();
      do_round(line, wanted);
      // A device that speaks by itself and cannot be heard is not tried in a busy loop.
      if (line.speaks_by_itself && !line.healthy) rest(std::chrono::milliseconds{100}, stop_descriptor_);
    } else {
      Line::Passing passing = std::move(line.passes.front());
      line.passes.pop_front();
      lock.unlock();
      do_pass(line, std::move(passing));
    }
    lock.lock();
  }
  for (Line::Passing& passing : line.passes) passing.answer.set_value(Fail{MeterError{MeterFault::stopping, {}}});
  line.passes.clear();
}

MeterFleet::Line::Answer MeterFleet::Crew::pass(std::size_t device, ModbusRequest request) {
  std::future<Line::Answer> answer;
  {
    const std::lock_guard lock(mutex_);
    const auto has_it = [device](const std::unique_ptr<Line>& line) {
      return std::any_of(line->members.begin(), line->members.end(),
                         [device](const Line::Member& member) { return member.index == device; });
    };
    const auto line = std::find_if(lines_.begin(), lines_.end(), has_it);
    if (line == lines_.end() || (*line)->speaks_by_itself) {
      return Fail{MeterError{MeterFault::refused, "it is not asked, it speaks by itself"}};
    }
    if (stopping_) return Fail{MeterError{MeterFault::stopping, {}}};
    if ((*line)->passes.size() >= passes_waiting_max) return Fail{MeterError{MeterFault::busy, "too many are waiting"}};
    (*line)->passes.push_back({std::move(request), {}});
    answer = (*line)->passes.back().answer.get_future();
  }
  begin_.notify_all();
  return answer.get();
}

std::vector<MeterFleet::Outcome> MeterFleet::Crew::poll(Wanted wanted) {
  std::unique_lock lock(mutex_);
  for (const std::unique_ptr<Line>& line : lines_) {
    if (line->working || line->speaks_by_itself) continue;
    line->working = true;
    line->has_round = true;
    line->awaited = line->healthy;
    if (line->awaited) ++awaited_;
    line->wanted = wanted;
  }
  begin_.notify_all();
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
    : crew_(std::make_unique<Crew>(std::move(plans), clock)) {}
MeterFleet::~MeterFleet() = default;

std::vector<MeterFleet::Outcome> MeterFleet::poll(Wanted wanted) {
  return crew_->poll(wanted);
}
Result<std::vector<std::uint8_t>, MeterError> MeterFleet::pass(std::size_t device, ModbusRequest request) {
  return crew_->pass(device, std::move(request));
}
std::size_t MeterFleet::lines() const {
  return crew_->lines();
}

}  // namespace commonwatt
