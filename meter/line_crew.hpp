// Threads that do jobs which mostly wait: few while the jobs are quick, as many as there are jobs when they are not.
//
// A thread for every line costs a switch of threads and a cold cache per request; one thread for all waits for every
// device that is slow. Here one thread goes from job to job for as long as it gets on, and others join it when it does
// not.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace commonwatt {

class LineCrew {
 public:
  using Job = std::function<void()>;

  /// Starts no thread yet. With `threads_max` of at least the jobs that are there at the same time, none ever waits for
  /// another one to end.
  explicit LineCrew(std::size_t threads_max);
  /// Does all jobs that are there, then ends the threads.
  ~LineCrew();
  LineCrew(const LineCrew&) = delete;
  LineCrew& operator=(const LineCrew&) = delete;

  /// Has a job done after those that are waiting already. For any thread; a job may add others.
  void add(Job job);
  /// Waits until no job waits any more, and brings in more threads for as long as nothing moves. For any thread that
  /// is not the crew's own.
  void see_all_begun();
  /// How many threads have been needed at the same time.
  [[nodiscard]] std::size_t threads() const;

 private:
  void work();
  void bring_in(std::size_t count);
  [[nodiscard]] std::size_t active() const { return threads_.size() - idle_; }

  const std::size_t threads_max_;
  mutable std::mutex mutex_;
  std::condition_variable called_up_;
  std::condition_variable all_begun_;
  std::deque<Job> jobs_;
  std::size_t begun_ = 0;   // jobs, ever
  std::size_t idle_ = 0;    // threads that nobody has called
  std::size_t called_ = 0;  // idle threads that are to look for jobs
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

/// Gives all threads of this program one heap. With one for each, what the crew allocates and another thread frees
/// lies about in all of them, and a gateway of 1,000 devices takes three times the memory. To be called before the
/// first thread starts; does nothing where the C library has one heap anyway.
void share_one_heap();

}  // namespace commonwatt
