#include "ui/sse_parser.hpp"

#include <utility>

namespace commonwatt::ui {

std::vector<SseEvent> SseParser::feed(const QByteArray& bytes) {
  std::vector<SseEvent> events;
  for (const char c : bytes) {
    if (overflowed_) return events;
    const bool second_of_pair = after_carriage_return_ && c == '\n';
    after_carriage_return_ = c == '\r';
    if (second_of_pair) continue;
    if (c == '\n' || c == '\r') {
      take_line(events);
      continue;
    }
    line_.append(c);
    overflowed_ = line_.size() + data_.size() > size_max;
  }
  return events;
}

void SseParser::take_line(std::vector<SseEvent>& events) {
  QByteArray line = std::exchange(line_, QByteArray());
  if (std::exchange(at_start_, false) && line.startsWith("\xEF\xBB\xBF")) line.remove(0, 3);
  if (line.isEmpty()) {
    const QByteArray name = std::exchange(name_, QByteArray());
    if (std::exchange(has_data_, false)) {
      events.push_back({name.isEmpty() ? QByteArrayLiteral("message") : name, std::exchange(data_, QByteArray())});
    }
    return;
  }
  const qsizetype colon = line.indexOf(':');
  if (colon == 0) return;  // A comment, which keeps the connection open.
  const QByteArray field = colon < 0 ? line : line.left(colon);
  QByteArray value = colon < 0 ? QByteArray() : line.mid(colon + 1);
  if (value.startsWith(' ')) value.remove(0, 1);
  if (field == "event") {
    name_ = value;
  } else if (field == "data") {
    if (has_data_) data_.append('\n');
    data_.append(value);
    has_data_ = true;
  }
}

}  // namespace commonwatt::ui
