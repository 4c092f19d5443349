#include "meter/modbus_bus.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "meter/machine_time.hpp"

namespace commonwatt {
namespace {

using Octets = std::vector<std::uint8_t>;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr nanoseconds slowest_reply_max = std::chrono::seconds{5};
constexpr int drain_factor_max = 10;

Fail<MeterError> fault(MeterFault kind, std::string detail) {
  return Fail{MeterError{kind, std::move(detail)}};
}

bool is_readable(std::uint16_t address, std::uint16_t count) {
  return count > 0 && count <= registers_per_request_max && address + count <= 65536;
}

/// Whether the reply was whole and well-formed, only not what was hoped for: the line itself is in step.
bool leaves_line_in_step(MeterFault kind) {
  return kind == MeterFault::busy || kind == MeterFault::absent || kind == MeterFault::refused ||
         kind == MeterFault::device_failure;
}

}  // namespace

/// The connection and what is known about its state. One request is on the line at a time.
class ModbusBus::Line {
 public:
  Line(DeviceUrl url, BusTiming timing) : url_(std::move(url)), timing_(std::move(timing)) {}

  Result<Done, MeterError> ready();
  Result<Octets, MeterError> ask(const ModbusRequest& request);
  bool ask_ahead(ModbusRequest request);
  [[nodiscard]] std::uint64_t session() const { return session_; }
  void close();

 private:
  [[nodiscard]] bool rtu() const { return url_.framing == ModbusFraming::rtu; }
  [[nodiscard]] const SerialLine* serial() const { return std::get_if<SerialLine>(&url_.line); }
  Result<Done, MeterError> refuse_unasked();
  Result<Done, MeterError> dial();
  Result<Done, MeterError> drain();
  [[nodiscard]] milliseconds time_limit(const ModbusRequest& request) const;
  Result<Done, MeterError> put_on_line(const ModbusRequest& request);
  Result<Done, MeterError> make_asked(const ModbusRequest& request);
  Result<Octets, MeterError> exchange(const ModbusRequest& request);
  Result<Octets, MeterError> await_reply(const ModbusRequest& request);
  void after_fault(MeterFault kind);
  void note_reply(nanoseconds took) { slowest_reply_ = std::max(slowest_reply_, std::min(took, slowest_reply_max)); }

  DeviceUrl url_;
  BusTiming timing_;
  std::unique_ptr<ByteStream> stream_;
  std::uint64_t session_ = 0;
  std::uint16_t transaction_ = 0;
  bool was_made_ready_ = false;               // and not used since
  bool out_of_step_ = false;                  // RTU framing only: a late reply may still come
  std::optional<ModbusRequest> asked_ahead_;  // it is on the line, and nobody has taken its answer
  nanoseconds slowest_reply_{0};
  nanoseconds asked_at_{0};
  nanoseconds quiet_since_{0};
};

void ModbusBus::Line::close() {
  stream_.reset();
  asked_ahead_.reset();
}

Result<Done, MeterError> ModbusBus::Line::ready() {
  if (stream_ && !out_of_step_ && !asked_ahead_) {
    if (Result<Done, MeterError> checked = refuse_unasked(); !checked) return checked;
  }
  if (!stream_) {
    if (Result<Done, MeterError> dialled = dial(); !dialled) return dialled;
    if (rtu() && !out_of_step_) {
      if (Result<Done, MeterError> checked = refuse_unasked(); !checked) return checked;
    }
  }
  if (!stream_) return fault(MeterFault::connection_lost, "it was closed as soon as it was open");
  was_made_ready_ = true;
  return out_of_step_ ? drain() : Result<Done, MeterError>(Done{});
}

/// Nothing was asked, so whatever is there is the peer's farewell or an answer nobody waits for. Closes the one, and
/// does after the other as after a fault. With RTU framing it listens for as long as the device is to rest: a second
/// copy of an answer that came while nobody listened would be taken for the next one. Fails with stopping only.
Result<Done, MeterError> ModbusBus::Line::refuse_unasked() {
  std::array<std::uint8_t, 64> unasked{};
  const Result<std::size_t, MeterError> pending =
      stream_->receive(unasked, rtu() ? quiet_since_ + url_.gap : nanoseconds{0});
  if (!pending && pending.error().fault == MeterFault::stopping) return Fail{pending.error()};
  if (!pending) {
    close();
  } else if (*pending > 0) {
    after_fault(MeterFault::garbled);
  }
  return Done{};
}

Result<Done, MeterError> ModbusBus::Line::dial() {
  Result<std::unique_ptr<ByteStream>, MeterError> stream =
      open_stream(url_, {.connect_timeout = timing_.response_timeout, .stop_descriptor = timing_.stop_descriptor});
  if (!stream) return Fail{stream.error()};
  stream_ = std::move(*stream);
  rest(timing_.connect_delay, timing_.stop_descriptor);
  ++session_;
  return Done{};
}

Result<Done, MeterError> ModbusBus::Line::drain() {
  const nanoseconds begin = machine_time();
  const nanoseconds patience = drain_factor_max * std::max<nanoseconds>(timing_.silence_min, 2 * slowest_reply_);
  nanoseconds silence{0};  // what is there already says nothing about how slow the devices are
  std::array<std::uint8_t, 512> discarded{};
  while (machine_time() - begin < patience) {
    const Result<std::size_t, MeterError> got = stream_->receive(discarded, machine_time() + silence);
    if (!got) {
      close();
      return Fail{got.error()};
    }
    if (*got > 0 && silence > nanoseconds{0}) note_reply(machine_time() - asked_at_);
    if (*got == 0 && silence > nanoseconds{0}) {
      out_of_step_ = false;
      ++session_;
      return Done{};
    }
    if (*got == 0 || silence > nanoseconds{0}) silence = std::max<nanoseconds>(timing_.silence_min, 2 * slowest_reply_);
  }
  return fault(MeterFault::garbled, "the line is never silent");
}

milliseconds ModbusBus::Line::time_limit(const ModbusRequest& request) const {
  if (serial() == nullptr) return timing_.response_timeout;
  constexpr std::size_t bits_per_octet = 11;
  const std::size_t octets = request.pdu.size() + request.reply_octets + 6;  // and twice unit and CRC
  const auto baud = static_cast<std::size_t>(serial()->baud);
  return timing_.response_timeout + milliseconds{octets * bits_per_octet * 1000 / baud};
}

Result<Octets, MeterError> ModbusBus::Line::await_reply(const ModbusRequest& request) {
  const nanoseconds deadline = asked_at_ + time_limit(request);
  std::array<std::uint8_t, reply_octets_max> buffer{};
  std::size_t size = 0;
  while (true) {
    const Result<std::size_t, MeterError> got = stream_->receive(std::span(buffer).subspan(size), deadline);
    if (!got) return Fail{got.error()};
    if (*got == 0) return fault(MeterFault::timed_out, to_text(request));
    size += *got;
    ReplyScan scan = scan_reply(url_.framing, request, transaction_, std::span(buffer).first(size));
    switch (scan.state) {
      case ReplyScan::State::whole:
        if (scan.more) after_fault(MeterFault::garbled);  // this reply is right; what follows it is nobody's
        return std::move(scan.pdu);
      case ReplyScan::State::wrong_unit:
        return fault(MeterFault::wrong_unit, std::move(scan.detail));
      case ReplyScan::State::garbled:
        return fault(MeterFault::garbled, std::move(scan.detail));
      case ReplyScan::State::incomplete:
        if (size == buffer.size()) return fault(MeterFault::garbled, "the reply does not end");
    }
  }
}

Result<Done, MeterError> ModbusBus::Line::put_on_line(const ModbusRequest& request) {
  ++transaction_;
  Result<Done, MeterError> sent = stream_->send(wrap(url_.framing, request, transaction_));
  asked_at_ = machine_time();
  return sent;
}

bool ModbusBus::Line::ask_ahead(ModbusRequest request) {
  if (rtu() || asked_ahead_ || !stream_) return false;
  if (!refuse_unasked() || !stream_) return false;
  if (!put_on_line(request)) {
    close();
    return false;
  }
  asked_ahead_ = std::move(request);
  return true;
}

/// Sees to it that the answer that comes next on the line is to this request.
Result<Done, MeterError> ModbusBus::Line::make_asked(const ModbusRequest& request) {
  if (const std::optional<ModbusRequest> ahead = std::exchange(asked_ahead_, std::nullopt)) {
    if (*ahead == request) return Done{};
    if (const Result<Octets, MeterError> nobodys = await_reply(*ahead); !nobodys) return Fail{nobodys.error()};
    if (!stream_) return fault(MeterFault::garbled, "more came than was asked for");
  }
  if (rtu()) rest(url_.gap - (machine_time() - quiet_since_), timing_.stop_descriptor);
  return put_on_line(request);
}

Result<Octets, MeterError> ModbusBus::Line::exchange(const ModbusRequest& request) {
  if (const Result<Done, MeterError> asked = make_asked(request); !asked) return Fail{asked.error()};
  Result<Octets, MeterError> pdu = await_reply(request);
  quiet_since_ = machine_time();
  if (!pdu) return pdu;
  note_reply(quiet_since_ - asked_at_);
  const Result<Done, MeterError> checked = check_reply(request, *pdu);
  if (checked) return pdu;
  MeterError error = checked.error();
  const std::vector<std::uint8_t>& busy = timing_.busy_exceptions;
  if (error.exception && std::find(busy.begin(), busy.end(), *error.exception) != busy.end()) {
    error.fault = MeterFault::busy;
  }
  return Fail{std::move(error)};
}

void ModbusBus::Line::after_fault(MeterFault kind) {
  if (leaves_line_in_step(kind)) return;
  // A serial server hands the late reply to whoever is connected next, so its line is drained like a serial one.
  out_of_step_ = rtu();
  if (serial() == nullptr || kind == MeterFault::connection_lost) close();
}

Result<Octets, MeterError> ModbusBus::Line::ask(const ModbusRequest& request) {
  for (std::size_t attempt = 0;; ++attempt) {
    // Whoever looked at `session` has just made it ready. With MBAP framing an answer names its request anyway.
    const bool is_ready = std::exchange(was_made_ready_, false) && stream_ && !rtu();
    if (const Result<Done, MeterError> usable = is_ready ? Done{} : ready(); !usable) return Fail{usable.error()};
    was_made_ready_ = false;
    Result<Octets, MeterError> pdu = exchange(request);
    if (pdu) return pdu;
    after_fault(pdu.error().fault);
    if (pdu.error().fault != MeterFault::busy || attempt == timing_.busy_waits.size()) return pdu;
    rest(timing_.busy_waits[attempt], timing_.stop_descriptor);
  }
}

ModbusBus::ModbusBus(DeviceUrl url, BusTiming timing)
    : line_(std::make_unique<Line>(std::move(url), std::move(timing))) {}
ModbusBus::~ModbusBus() = default;
ModbusBus::ModbusBus(ModbusBus&&) noexcept = default;
ModbusBus& ModbusBus::operator=(ModbusBus&&) noexcept = default;

Result<Done, MeterError> ModbusBus::ready() {
  return line_->ready();
}

Result<std::vector<std::uint16_t>, MeterError> ModbusBus::read(std::uint8_t unit, RegisterTable table,
                                                               std::uint16_t address, std::uint16_t count) {
  if (!is_readable(address, count)) {
    return fault(MeterFault::refused, "one request reads 1 to 125 registers below 65536");
  }
  const ModbusRequest request = read_request(unit, table, address, count);
  const Result<Octets, MeterError> pdu = line_->ask(request);
  if (!pdu) return Fail{pdu.error()};
  return registers_from_reply(request, *pdu);
}

bool ModbusBus::ask_ahead(std::uint8_t unit, RegisterTable table, std::uint16_t address, std::uint16_t count) {
  return is_readable(address, count) && line_->ask_ahead(read_request(unit, table, address, count));
}

Result<std::vector<std::uint8_t>, MeterError> ModbusBus::pass(const ModbusRequest& request) {
  Result<Octets, MeterError> pdu = line_->ask(request);
  if (pdu || !pdu.error().exception) return pdu;
  const auto function = static_cast<std::uint8_t>(request.pdu[0] | 0x80U);
  return Octets{function, *pdu.error().exception};
}

std::uint64_t ModbusBus::session() const {
  return line_->session();
}

void ModbusBus::close() {
  line_->close();
}

}  // namespace commonwatt
