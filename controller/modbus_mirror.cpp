#include "controller/modbus_mirror.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <tuple>
#include <utility>

#include "meter/modbus_answer.hpp"

namespace commonwatt {
namespace {

constexpr std::size_t read_octets = 5;         // function, address, count
constexpr std::size_t write_reply_octets = 5;  // function, address, count or value
constexpr std::size_t polls_max = 4;
constexpr std::size_t passed_max = 64;
constexpr std::size_t told_max = 64;
constexpr std::size_t failures_max = 3;
constexpr unsigned address_end = 65'536;

bool is_read(std::uint8_t function) {
  return function == 3 || function == 4;
}

std::uint16_t word_at(ByteView octets, std::size_t at) {
  return static_cast<std::uint16_t>((static_cast<unsigned>(octets[at]) << 8U) | octets[at + 1]);
}

/// Registers from `begin` to before `end`.
struct Span {
  unsigned begin = 0;
  unsigned end = 0;
  [[nodiscard]] bool holds(const Span& other) const { return begin <= other.begin && other.end <= end; }
  [[nodiscard]] bool touches(const Span& other) const { return begin < other.end && other.begin < end; }
};

/// The octets of the registers from `address` on.
struct Stretch {
  std::uint8_t function = 0;
  std::uint16_t address = 0;
  Bytes octets;
  [[nodiscard]] Span span() const { return {address, address + static_cast<unsigned>(octets.size() / 2)}; }
};

/// What one poll read, each stretch as long as can be.
struct Snapshot {
  UtcTime time;  // of the earliest of its values
  std::vector<Stretch> stretches;

  [[nodiscard]] const Stretch* find(std::uint8_t function, const Span& wanted) const {
    const auto found = std::find_if(stretches.begin(), stretches.end(), [&](const Stretch& stretch) {
      return stretch.function == function && stretch.span().holds(wanted);
    });
    return found == stretches.end() ? nullptr : &*found;
  }
};

/// The device's own answer to a request that no poll makes, an exception's too.
struct Passed {
  UtcTime time;
  Bytes request;
  Bytes reply;
};

Span span_of(ByteView request) {
  const unsigned address = word_at(request, 1);
  return {address, address + word_at(request, 3)};
}

Snapshot snapshot_of(const DeviceReading& reading) {
  Snapshot snapshot{.time = reading.time, .stretches = {}};
  for (const MeasuredValue& value : reading.values) {
    if (value.time != UtcTime{}) snapshot.time = std::min(snapshot.time, value.time - value.round_trip / 2);
  }
  std::vector<const RawPiece*> pieces;
  for (const RawPiece& piece : reading.raw) {
    if (piece.function != 0) pieces.push_back(&piece);  // telegrams have no registers
  }
  std::stable_sort(pieces.begin(), pieces.end(), [](const RawPiece* a, const RawPiece* b) {
    return std::tie(a->function, a->address) < std::tie(b->function, b->address);
  });
  for (const RawPiece* piece : pieces) {
    Stretch* const last = snapshot.stretches.empty() ? nullptr : &snapshot.stretches.back();
    if (last == nullptr || last->function != piece->function || last->span().end < piece->address) {
      snapshot.stretches.push_back({piece->function, piece->address, piece->octets});
      continue;
    }
    const std::size_t at = std::size_t{2} * (piece->address - last->address);
    last->octets.resize(std::max(last->octets.size(), at + piece->octets.size()));
    std::copy(piece->octets.begin(), piece->octets.end(), last->octets.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return snapshot;
}

/// Whether `newer` has all that `older` has.
bool replaces(const Snapshot& newer, const Snapshot& older) {
  return std::all_of(older.stretches.begin(), older.stretches.end(),
                     [&](const Stretch& stretch) { return newer.find(stretch.function, stretch.span()) != nullptr; });
}

/// The registers a request writes; nothing when it is not well formed.
struct Writing {
  std::uint16_t address = 0;
  std::vector<std::uint16_t> words;
  [[nodiscard]] Span span() const { return {address, address + static_cast<unsigned>(words.size())}; }
};
std::optional<Writing> writing_of(ByteView request) {
  constexpr std::size_t header = 6;  // of function 16: function, address, count, octets
  if (request[0] == 6) {
    if (request.size() != read_octets) return std::nullopt;
    return Writing{.address = word_at(request, 1), .words = {word_at(request, 3)}};
  }
  if (request.size() < header) return std::nullopt;
  const std::size_t count = word_at(request, 3);
  const bool fits = count > 0 && count <= registers_per_write_max && request[5] == 2 * count &&
                    request.size() == header + 2 * count && span_of(request).end <= address_end;
  if (!fits) return std::nullopt;
  Writing writing{.address = word_at(request, 1), .words = {}};
  for (std::size_t i = 0; i < count; ++i) writing.words.push_back(word_at(request, header + 2 * i));
  return writing;
}

/// What is wrong with a write, and at which register.
struct Refusal {
  ModbusException exception;
  std::uint16_t address = 0;
  const char* reason = "";
};
std::optional<Refusal> refusal_of(const std::vector<WritePermit>& permits, const Writing& writing) {
  std::optional<Refusal> beyond;
  for (std::size_t i = 0; i < writing.words.size(); ++i) {
    const auto address = static_cast<std::uint16_t>(writing.address + i);
    const auto permit = std::find_if(permits.begin(), permits.end(),
                                     [address](const WritePermit& one) { return one.address == address; });
    if (permit == permits.end()) return Refusal{ModbusException::illegal_function, address, "it is not permitted"};
    const std::int32_t value =
        permit->is_signed ? static_cast<std::int16_t>(writing.words[i]) : std::int32_t{writing.words[i]};
    if (value < permit->min || value > permit->max) {
      beyond = Refusal{ModbusException::illegal_value, address, "the value is outside its limits"};
    }
  }
  return beyond;
}

std::string to_text(const Writing& writing) {
  std::string text;
  for (const std::uint16_t word : writing.words) text += (text.empty() ? "" : ", ") + std::to_string(word);
  return text + (writing.words.size() == 1 ? " to register " : " to the registers from ") +
         std::to_string(writing.address);
}

ModbusException exception_of(MeterFault fault) {
  if (fault == MeterFault::busy) return ModbusException::busy;
  return fault == MeterFault::refused ? ModbusException::illegal_address : ModbusException::target_absent;
}

/// The exceptions that say nothing of the request itself: another time the answer may be another.
bool is_passing(ByteView reply) {
  constexpr unsigned acknowledged = 5;
  constexpr unsigned no_path = 10;
  if (reply.size() != 2 || reply[0] < 0x80U) return false;
  const unsigned code = reply[1];
  return code == acknowledged || code == no_path || code == static_cast<unsigned>(ModbusException::busy) ||
         code == static_cast<unsigned>(ModbusException::target_absent);
}

}  // namespace

struct ModbusMirror::Mirrored {
  std::size_t index = 0;
  std::string name;
  std::uint8_t unit = 1;
  std::uint8_t device_unit = 1;
  std::vector<WritePermit> writes;

  // Guarded by the mutex.
  std::deque<Snapshot> polls;  // the newest first; several, as not every poll reads everything
  std::optional<UtcTime> heard;
  std::optional<UtcTime> written;  // what was read before says nothing of now
  bool answers = false;            // when last polled

  // Of the thread that answers.
  std::deque<Passed> passed;
  std::deque<UtcTime> failed_reads;  // when requests were made that the device did not answer
  std::deque<UtcTime> failed_writes;
  std::map<std::uint16_t, std::string> told;  // of writes, by their first register
};

ModbusMirror::ModbusMirror(const std::vector<GatewayMeter>& meters, std::chrono::seconds age_max, const Clock& clock,
                           Ask ask, Tell tell)
    : age_max_(age_max), clock_(clock), ask_(std::move(ask)), tell_(std::move(tell)) {
  for (std::size_t i = 0; i < meters.size(); ++i) {
    const GatewayMeter& meter = meters[i];
    if (meter.mirror_unit == 0) continue;
    auto mirrored = std::make_unique<Mirrored>();
    mirrored->index = i;
    mirrored->name = meter.record.id.text();
    mirrored->unit = meter.mirror_unit;
    mirrored->device_unit = meter.device.url.unit;
    mirrored->writes = meter.writes;
    meters_.push_back(std::move(mirrored));
  }
}

ModbusMirror::~ModbusMirror() = default;

void ModbusMirror::take(const std::vector<MeterLook>& looks) {
  const UtcTime now = clock_.now();
  const std::lock_guard lock(mutex_);
  for (const std::unique_ptr<Mirrored>& meter : meters_) {
    const auto look =
        std::find_if(looks.begin(), looks.end(), [&](const MeterLook& one) { return one.meter.text() == meter->name; });
    meter->answers = look != looks.end();
    std::erase_if(meter->polls, [&](const Snapshot& poll) { return !is_young(poll.time, now); });
    if (!meter->answers) continue;
    Snapshot fresh = snapshot_of(look->reading);
    meter->heard = fresh.time;
    // It may have been read before a write and handed over after it.
    if (meter->written && fresh.time <= *meter->written) continue;
    std::erase_if(meter->polls, [&](const Snapshot& poll) { return replaces(fresh, poll); });
    meter->polls.push_front(std::move(fresh));
    if (meter->polls.size() > polls_max) meter->polls.pop_back();
  }
}

std::optional<Bytes> ModbusMirror::answer(std::uint8_t unit, ByteView request) {
  const auto meter = std::find_if(meters_.begin(), meters_.end(),
                                  [unit](const std::unique_ptr<Mirrored>& one) { return one->unit == unit; });
  if (meter == meters_.end() || request.empty()) return std::nullopt;
  if (is_read(request[0])) return read(**meter, request);
  if (request[0] == 6 || request[0] == 16) return write(**meter, request);
  return exception_reply(request[0], ModbusException::illegal_function);
}

Bytes ModbusMirror::read(Mirrored& meter, ByteView request) {
  const std::uint8_t function = request[0];
  if (request.size() != read_octets) return exception_reply(function, ModbusException::illegal_value);
  const Span wanted = span_of(request);
  const unsigned count = wanted.end - wanted.begin;
  if (count == 0 || count > registers_per_request_max) return exception_reply(function, ModbusException::illegal_value);
  if (wanted.end > address_end) return exception_reply(function, ModbusException::illegal_address);
  const UtcTime now = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    constexpr Span own{mirror_status_address, mirror_status_address + 3};
    if (function == 3 && own.touches(wanted)) return status(meter, request);
    for (const Snapshot& poll : meter.polls) {
      const Stretch* const stretch = is_young(poll.time, now) ? poll.find(function, wanted) : nullptr;
      if (stretch == nullptr) continue;
      Bytes reply{function, static_cast<std::uint8_t>(count * 2)};
      const ByteView octets = ByteView(stretch->octets).subspan(std::size_t{2} * (wanted.begin - stretch->address));
      reply.insert(reply.end(), octets.begin(), octets.begin() + std::ptrdiff_t{2} * count);
      return reply;
    }
  }
  std::erase_if(meter.passed, [&](const Passed& passed) { return !is_young(passed.time, now); });
  const auto known = std::find_if(meter.passed.begin(), meter.passed.end(), [&](const Passed& passed) {
    return std::equal(request.begin(), request.end(), passed.request.begin(), passed.request.end());
  });
  if (known != meter.passed.end()) return known->reply;
  Asked asked = ask(meter, request, std::size_t{2} + std::size_t{2} * count);
  if (asked.holds) {
    meter.passed.push_back({now, Bytes(request.begin(), request.end()), asked.reply});
    if (meter.passed.size() > passed_max) meter.passed.pop_front();
  }
  return asked.reply;
}

Bytes ModbusMirror::status(const Mirrored& meter, ByteView request) const {
  const UtcTime now = clock_.now();
  RegisterImage image{mirror_status_address, {mirror_status_marker, mirror_never_read, 0}};
  if (meter.heard) {
    const std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(now - *meter.heard).count();
    image.words[1] = static_cast<std::uint16_t>(std::clamp<std::int64_t>(seconds, 0, mirror_never_read - 1));
    image.words[2] = meter.answers || is_young(*meter.heard, now) ? 1 : 0;
  }
  return answer_modbus({.unit = meter.unit, .images = [&](std::uint8_t) { return std::vector{image}; }}, request);
}

Bytes ModbusMirror::write(Mirrored& meter, ByteView request) {
  const std::uint8_t function = request[0];
  const std::optional<Writing> writing = writing_of(request);
  if (!writing) return exception_reply(function, ModbusException::illegal_value);
  if (const std::optional<Refusal> refusal = refusal_of(meter.writes, *writing)) {
    tell_once(meter, refusal->address, Severity::warning,
              "a tool may not write register " + std::to_string(refusal->address) + ": " + refusal->reason);
    return exception_reply(function, refusal->exception);
  }
  Asked asked = ask(meter, request, write_reply_octets);
  const Span span = writing->span();
  {
    // Whether or not it was answered: it may have been done.
    const std::lock_guard lock(mutex_);
    meter.written = clock_.now();
    for (Snapshot& poll : meter.polls) {
      std::erase_if(poll.stretches, [&](const Stretch& stretch) { return stretch.span().touches(span); });
    }
  }
  std::erase_if(meter.passed, [&](const Passed& passed) { return span_of(passed.request).touches(span); });
  const bool done = asked.reply[0] == function;
  tell_once(meter, writing->address, done ? Severity::info : Severity::warning,
            (done ? "a tool wrote " : "a tool could not write ") + to_text(*writing));
  return asked.reply;
}

ModbusMirror::Asked ModbusMirror::ask(Mirrored& meter, ByteView request, std::size_t reply_octets) {
  const UtcTime now = clock_.now();
  const std::uint8_t function = request[0];
  Asked absent{.reply = exception_reply(function, ModbusException::target_absent)};
  {
    const std::lock_guard lock(mutex_);
    if (!meter.answers && !(meter.heard && is_young(*meter.heard, now))) return absent;
  }
  std::deque<UtcTime>& failures = is_read(function) ? meter.failed_reads : meter.failed_writes;
  std::erase_if(failures, [&](UtcTime time) { return !is_young(time, now); });
  if (failures.size() >= failures_max) return absent;
  Result<Bytes, MeterError> reply =
      ask_(meter.index,
           {.unit = meter.device_unit, .pdu = Bytes(request.begin(), request.end()), .reply_octets = reply_octets});
  if (reply) {
    const bool passing = is_passing(*reply);
    if (passing) failures.push_back(now);
    return {.reply = std::move(*reply), .holds = !passing};
  }
  const MeterFault fault = reply.error().fault;
  // A full queue is the tools' doing, and telegrams are not asked for: neither says anything of the device.
  if (fault != MeterFault::busy && fault != MeterFault::refused) failures.push_back(now);
  // Some devices do not answer at all when they have no such register.
  return {.reply = exception_reply(function, exception_of(fault)), .holds = fault == MeterFault::timed_out};
}

void ModbusMirror::tell_once(Mirrored& meter, std::uint16_t address, Severity severity, const std::string& text) const {
  if (meter.told.size() >= told_max && !meter.told.contains(address)) return;
  std::string& told = meter.told[address];
  if (std::exchange(told, text) != text) tell_(severity, meter.name + ": " + text);
}

}  // namespace commonwatt
