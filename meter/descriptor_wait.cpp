#include "meter/descriptor_wait.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include <poll.h>

#include "meter/machine_time.hpp"

namespace commonwatt {
namespace {

using std::chrono::nanoseconds;

Waited wait_for(int descriptor, short events, int stop_descriptor, nanoseconds deadline) {
  std::array<pollfd, 2> waiting{
      {{.fd = descriptor, .events = events, .revents = 0}, {.fd = stop_descriptor, .events = POLLIN, .revents = 0}}};
  while (true) {
    const nanoseconds left = std::max(nanoseconds::zero(), deadline - machine_time());
    const timespec time{.tv_sec = left.count() / 1'000'000'000, .tv_nsec = left.count() % 1'000'000'000};
    const int ready = ::ppoll(waiting.data(), waiting.size(), &time, nullptr);
    if (ready == 0) return Waited::deadline;
    if (ready < 0) continue;  // a signal came
    return waiting[1].revents != 0 ? Waited::stopping : Waited::readable;
  }
}

}  // namespace

Waited wait_readable(int descriptor, int stop_descriptor, nanoseconds deadline) {
  return wait_for(descriptor, POLLIN, stop_descriptor, deadline);
}

Waited wait_writable(int descriptor, int stop_descriptor, nanoseconds deadline) {
  return wait_for(descriptor, POLLOUT, stop_descriptor, deadline);
}

}  // namespace commonwatt
