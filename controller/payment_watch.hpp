// Looks at the operator's file of payments while the controller runs, and says what is to be booked next.
#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "controller/payment_file.hpp"
#include "controller/state.hpp"

namespace commonwatt {

struct PaymentsDue {
  std::vector<PaymentBooked> payments;  ///< each can be booked, whatever becomes of the others
  std::vector<std::string> alarms;      ///< "FILE:LINE: ..."
};

/// Reads the file when it has changed, and keeps its rows until they are booked or refused. A row that is booked
/// already is passed over; one that cannot be is an alarm, once for every change of the file, and holds up no other.
class PaymentWatch {
 public:
  static constexpr std::chrono::seconds period{10};
  static constexpr std::size_t payments_max = 256;       ///< handed out at a time
  static constexpr std::size_t rows_max = 10'000;        ///< looked at for that
  static constexpr std::size_t alarms_max = 20;          ///< for one change of the file; then only how many more
  static constexpr std::uintmax_t bytes_max = 16 << 20;  ///< of the file

  /// An empty path: there is no file, and nothing is ever due.
  explicit PaymentWatch(std::filesystem::path file) : file_(std::move(file)) {}

  /// What is due in this state; the caller books it before it asks again. `now` is the machine's own time: the file is
  /// looked at when `period` has passed since the last look, and at the first call.
  PaymentsDue due(const State& state, std::chrono::steady_clock::time_point now);

 private:
  /// Whether the file was read anew.
  bool look(PaymentsDue& due);
  void complain(PaymentsDue& due, std::size_t line, const std::string& what);

  std::filesystem::path file_;
  std::chrono::steady_clock::time_point next_look_{};
  std::string seen_;             ///< what the file was like when it was read, or why it could not be
  std::deque<PaymentRow> rows_;  ///< not looked at yet
  std::size_t complaints_ = 0;   ///< about the file as it is
};

}  // namespace commonwatt
