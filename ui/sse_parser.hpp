// Server-sent events out of a byte stream that may be cut anywhere (WHATWG HTML, section 9.2.6).
#pragma once

#include <QByteArray>
#include <vector>

namespace commonwatt::ui {

struct SseEvent {
  /// "message" when the stream names none.
  QByteArray name;
  QByteArray data;

  friend bool operator==(const SseEvent&, const SseEvent&) = default;
};

class SseParser {
 public:
  /// A line or an event may not be larger; the stream is not worth reading on.
  static constexpr qsizetype size_max = 16 * 1024 * 1024;

  /// The events that these bytes complete.
  std::vector<SseEvent> feed(const QByteArray& bytes);
  /// True once the bound was broken; every later feed gives nothing.
  [[nodiscard]] bool overflowed() const { return overflowed_; }
  void reset() { *this = SseParser(); }

 private:
  void take_line(std::vector<SseEvent>& events);

  QByteArray line_;
  QByteArray name_;
  QByteArray data_;
  bool has_data_ = false;
  bool after_carriage_return_ = false;
  bool at_start_ = true;
  bool overflowed_ = false;
};

}  // namespace commonwatt::ui
