#include "controller/paced_clock.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/system_clock.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t page_magic = 0x434F4D5741545443;
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t slots_max = 254;
constexpr std::chrono::microseconds tick{500};
/// How far the clock may run to catch up after it was held, in real time.
constexpr std::chrono::milliseconds catch_up_max{100};
constexpr std::chrono::milliseconds wait_min{1};
constexpr std::chrono::milliseconds wait_max{20};

}  // namespace

struct PacedClock::Page {
  struct Slot {
    std::atomic<std::int64_t> pid;
    std::atomic<std::int64_t> deadline;
  };
  std::atomic<std::int64_t> magic;
  std::atomic<std::int64_t> now;
  std::int64_t speed;
  std::array<Slot, slots_max> slots;
};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);
static_assert(sizeof(PacedClock::Page) <= 4096);

namespace {

/// Maps the clock's file; nothing, with errno set, when that fails.
PacedClock::Page* map_page(const std::filesystem::path& file, int flags) {
  const int fd = ::open(file.c_str(), flags | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return nullptr;
  struct stat status {};
  const bool sized = (flags & O_CREAT) != 0 ? ::ftruncate(fd, sizeof(PacedClock::Page)) == 0
                                            : ::fstat(fd, &status) == 0 && status.st_size == sizeof(PacedClock::Page);
  void* page =
      sized ? ::mmap(nullptr, sizeof(PacedClock::Page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
  ::close(fd);
  return page == MAP_FAILED ? nullptr : static_cast<PacedClock::Page*>(page);
}

}  // namespace

Result<std::unique_ptr<PacedClock>, std::string> PacedClock::join(const std::filesystem::path& file) {
  Page* page = map_page(file, 0);
  if (page == nullptr || page->magic.load() != page_magic) {
    return Fail{file.string() + ": not a running simulated clock; leave [clock] out for real time"};
  }
  return std::unique_ptr<PacedClock>(new PacedClock(page));
}

PacedClock::~PacedClock() {
  if (has_slot_) page_->slots[slot_].pid.store(0);
  ::munmap(page_, sizeof(Page));
}

UtcTime PacedClock::now() const {
  return {page_->now.load(std::memory_order_acquire)};
}

std::chrono::nanoseconds PacedClock::wait_hint(UtcTime deadline) const {
  const Duration left = deadline - now();
  if (left <= Duration{0}) return std::chrono::nanoseconds{0};
  return std::clamp<std::chrono::nanoseconds>(left / page_->speed, wait_min, wait_max);
}

void PacedClock::announce(UtcTime deadline) {
  const std::int64_t own = ::getpid();
  for (std::size_t i = 0; !has_slot_ && i < slots_max; ++i) {
    std::int64_t free = 0;
    // The deadline comes first: the pacer must never see a taken slot with a stale one.
    if (page_->slots[i].pid.load() != 0) continue;
    page_->slots[i].deadline.store(deadline.nanoseconds);
    if (page_->slots[i].pid.compare_exchange_strong(free, own)) {
      slot_ = i;
      has_slot_ = true;
    }
  }
  if (has_slot_) page_->slots[slot_].deadline.store(deadline.nanoseconds, std::memory_order_release);
}

Result<std::unique_ptr<ClockPacer>, std::string> ClockPacer::create(const std::filesystem::path& file, UtcTime begin,
                                                                    std::int64_t speed) {
  PacedClock::Page* page = map_page(file, O_CREAT | O_TRUNC);
  if (page == nullptr) return Fail{file.string() + ": " + std::strerror(errno)};
  page->now.store(begin.nanoseconds);
  page->speed = speed;
  page->magic.store(page_magic);
  return std::unique_ptr<ClockPacer>(new ClockPacer(page, speed));
}

ClockPacer::~ClockPacer() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  ::munmap(page_, sizeof(PacedClock::Page));
}

void ClockPacer::run() {
  if (!thread_.joinable()) thread_ = std::thread([this] { pace(); });
}

void ClockPacer::forget(int pid) {
  for (PacedClock::Page::Slot& slot : page_->slots) {
    std::int64_t expected = pid;
    slot.pid.compare_exchange_strong(expected, 0);
  }
}

UtcTime ClockPacer::now() const {
  return {page_->now.load()};
}

void ClockPacer::pace() {
  std::int64_t before = monotonic_nanoseconds();
  std::int64_t held = 0;
  std::int64_t behind = 0;  // market nanoseconds that should have passed and have not
  while (!stop_) {
    std::this_thread::sleep_for(tick);
    const std::int64_t real = monotonic_nanoseconds();
    // While the pacer itself did not run, a stopped or stalled machine may have kept the others from their work as
    // well.
    const std::int64_t passed = std::min<std::int64_t>(real - before, std::chrono::nanoseconds(catch_up_max).count());
    behind = std::min<std::int64_t>(behind + passed * speed_, std::chrono::nanoseconds(catch_up_max).count() * speed_);
    before = real;
    const std::int64_t now = page_->now.load();
    std::int64_t limit = never;
    for (const PacedClock::Page::Slot& slot : page_->slots) {
      if (slot.pid.load() != 0) limit = std::min(limit, slot.deadline.load());
    }
    const std::int64_t next = std::max(now, std::min(now + behind, limit));
    if (next > now) {
      behind -= next - now;
      held = 0;
      page_->now.store(next, std::memory_order_release);
    } else if (limit <= now && (held += passed) > std::chrono::nanoseconds(hold_max).count()) {
      // All at once: two that hold it and take turns announcing would otherwise hold it for ever.
      for (PacedClock::Page::Slot& slot : page_->slots) {
        std::int64_t deadline = slot.deadline.load();
        if (slot.pid.load() != 0 && deadline <= now) slot.deadline.compare_exchange_strong(deadline, never);
      }
      held = 0;
    }
  }
}

}  // namespace commonwatt
