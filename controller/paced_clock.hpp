// A clock that many processes share and that runs faster than time: what `commonwatt demo` injects everywhere.
//
// At 900 times real speed a Modbus round trip of 2 ms takes 2 market seconds, and no meter could be read at a boundary.
// So the clock is a conservative one (Chandy and Misra 1979): every process announces its next deadline, and market
// time does not pass a deadline before the process that announced it has done its work and announced a later one. A
// process that dies, or that holds the clock longer than `hold_max` of real time, is not waited for.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "core/clock.hpp"
#include "core/result.hpp"

namespace commonwatt {

/// A participant's view of the shared clock, through a memory-mapped file.
class PacedClock final : public Clock {
 public:
  /// Joins the clock in `file`. The error says why not.
  static Result<std::unique_ptr<PacedClock>, std::string> join(const std::filesystem::path& file);
  ~PacedClock() override;

  [[nodiscard]] UtcTime now() const override;
  [[nodiscard]] std::chrono::nanoseconds wait_hint(UtcTime deadline) const override;
  void announce(UtcTime deadline) override;

  struct Page;

 private:
  explicit PacedClock(Page* page) : page_(page) {}
  Page* page_;
  std::size_t slot_ = 0;
  bool has_slot_ = false;
};

/// Owns the clock's file and moves it on, in a thread of its own.
class ClockPacer {
 public:
  /// Makes the file with the clock standing at `begin`; `speed` market seconds pass in a real one.
  static Result<std::unique_ptr<ClockPacer>, std::string> create(const std::filesystem::path& file, UtcTime begin,
                                                                 std::int64_t speed);
  ~ClockPacer();
  ClockPacer(const ClockPacer&) = delete;
  ClockPacer& operator=(const ClockPacer&) = delete;

  /// Lets time run. Before that it stands still.
  void run();
  /// Does not wait for this process any more.
  void forget(int pid);
  [[nodiscard]] UtcTime now() const;

  /// The longest a participant may hold the clock, in real time in which the pacer runs.
  static constexpr std::chrono::milliseconds hold_max{10'000};

 private:
  ClockPacer(PacedClock::Page* page, std::int64_t speed) : page_(page), speed_(speed) {}
  void pace();
  PacedClock::Page* page_;
  std::int64_t speed_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace commonwatt
