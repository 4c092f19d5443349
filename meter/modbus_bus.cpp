#include "meter/modbus_bus.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <modbus/modbus.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "meter/machine_time.hpp"
#include "meter/tcp_dial.hpp"

namespace commonwatt {
namespace {

using Registers = std::vector<std::uint16_t>;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::size_t mbap_bytes = 7;  // Modbus Messaging on TCP/IP Implementation Guide V1.0b, section 3.1.3
constexpr std::size_t crc_bytes = 2;
constexpr nanoseconds slowest_reply_max = std::chrono::seconds{5};
constexpr int drain_factor_max = 10;

Fail<MeterError> fault(MeterFault kind, std::string detail) {
  return Fail{MeterError{kind, std::move(detail)}};
}

MeterFault fault_of_exception(unsigned exception) {
  switch (exception) {
    case 1:
    case 2:
    case 3:
      return MeterFault::refused;
    case 5:
    case 6:
      return MeterFault::busy;
    case 10:
    case 11:
      return MeterFault::absent;
    default:
      return MeterFault::device_failure;
  }
}

MeterFault fault_of_errno(int error) {
  if (error == ETIMEDOUT) return MeterFault::timed_out;
  if (error == EMBBADCRC || error == EMBBADDATA || error == EMBBADEXC || error == EMBUNKEXC || error == EMBMDATA) {
    return MeterFault::garbled;
  }
  return MeterFault::connection_lost;
}

/// Whether the reply was whole and well-formed, only not what was hoped for: the line itself is in step.
bool leaves_line_in_step(MeterFault kind) {
  return kind == MeterFault::busy || kind == MeterFault::absent || kind == MeterFault::refused ||
         kind == MeterFault::device_failure;
}

void pause_for(nanoseconds span) {
  if (span > nanoseconds::zero()) {
    ::poll(nullptr, 0, static_cast<int>(std::chrono::ceil<milliseconds>(span).count()));
  }
}

bool is_readable(int descriptor, milliseconds wait) {
  pollfd waiting{.fd = descriptor, .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, static_cast<int>(wait.count())) > 0;
}

void free_context(modbus_t* context) {
  modbus_close(context);
  modbus_free(context);
}

struct Request {
  RegisterTable table = RegisterTable::holding;
  std::uint16_t address = 0;
  std::uint16_t count = 0;
};

std::string to_text(const Request& request) {
  return "function " + std::to_string(static_cast<int>(request.table)) + ", " + std::to_string(request.count) +
         " registers from " + std::to_string(request.address);
}

std::array<std::uint8_t, 5> pdu_of(const Request& request) {
  return {static_cast<std::uint8_t>(request.table), static_cast<std::uint8_t>(request.address >> 8U),
          static_cast<std::uint8_t>(request.address & 0xFFU), static_cast<std::uint8_t>(request.count >> 8U),
          static_cast<std::uint8_t>(request.count & 0xFFU)};
}

}  // namespace

Result<Registers, MeterError> registers_from_reply(RegisterTable table, std::uint16_t count,
                                                   std::span<const std::uint8_t> pdu) {
  const auto function = static_cast<std::uint8_t>(table);
  if (pdu.size() == 2 && pdu[0] == (function | 0x80U)) {
    return fault(fault_of_exception(pdu[1]), "exception " + std::to_string(pdu[1]));
  }
  const std::size_t bytes = std::size_t{count} * 2;
  if (pdu.size() < 2 || pdu[0] != function) return fault(MeterFault::garbled, "another function's reply");
  if (pdu[1] != bytes || pdu.size() != bytes + 2) {
    return fault(MeterFault::garbled,
                 "asked for " + std::to_string(bytes) + " bytes of registers, got " + std::to_string(pdu.size() - 2));
  }
  Registers registers(count);
  for (std::size_t i = 0; i < registers.size(); ++i) {
    registers[i] = static_cast<std::uint16_t>((pdu[2 + 2 * i] << 8U) | pdu[3 + 2 * i]);
  }
  return registers;
}

/// The connection and what is known about its state. One request is on the line at a time.
class ModbusBus::Line {
 public:
  Line(DeviceUrl url, BusTiming timing) : url_(std::move(url)), timing_(timing) {}

  Result<Done, MeterError> ready();
  Result<Registers, MeterError> read(const Request& request);
  [[nodiscard]] std::uint64_t session() const { return session_; }
  void close() { context_.reset(); }

 private:
  using Context = std::unique_ptr<modbus_t, decltype(&free_context)>;

  [[nodiscard]] const SerialLine* serial() const { return std::get_if<SerialLine>(&url_.line); }
  [[nodiscard]] int descriptor() const { return modbus_get_socket(context_.get()); }
  Result<Done, MeterError> dial();
  Result<Done, MeterError> dial_serial(const SerialLine& line);
  Result<Done, MeterError> drain();
  [[nodiscard]] milliseconds time_limit(const Request& request) const;
  Result<Registers, MeterError> exchange(const Request& request);
  Result<Done, MeterError> send_tcp(const Request& request);
  Result<Done, MeterError> send_serial(const Request& request);
  [[nodiscard]] Result<std::span<const std::uint8_t>, MeterError> unwrap_tcp(std::span<const std::uint8_t> adu) const;
  [[nodiscard]] Result<std::span<const std::uint8_t>, MeterError> unwrap_serial(
      std::span<const std::uint8_t> adu) const;
  void after_fault(MeterFault kind);
  void note_reply(nanoseconds took);

  DeviceUrl url_;
  BusTiming timing_;
  Context context_{nullptr, &free_context};
  std::uint64_t session_ = 0;
  std::uint16_t transaction_ = 0;
  bool out_of_step_ = false;  // serial only: a late reply may still come
  nanoseconds slowest_reply_{0};
  nanoseconds asked_at_{0};
  nanoseconds quiet_since_{0};
};

Result<Done, MeterError> ModbusBus::Line::ready() {
  if (context_ && serial() == nullptr && is_readable(descriptor(), milliseconds{0})) {
    // Nothing was asked, so this is the peer's farewell or an answer nobody waits for.
    close();
  }
  if (!context_) return dial();
  if (serial() != nullptr && (out_of_step_ || is_readable(descriptor(), milliseconds{0}))) return drain();
  return Done{};
}

Result<Done, MeterError> ModbusBus::Line::dial() {
  if (const SerialLine* line = serial()) return dial_serial(*line);
  const auto& address = std::get<TcpAddress>(url_.line);
  const Result<int, std::string> socket = dial_tcp(address, timing_.response_timeout);
  const std::string where = address.host + " port " + std::to_string(address.port);
  if (!socket) return fault(MeterFault::cannot_connect, where + ": " + socket.error());
  Context context(modbus_new_tcp_pi(address.host.c_str(), std::to_string(address.port).c_str()), &free_context);
  if (!context) {
    ::close(*socket);
    return fault(MeterFault::cannot_connect, where + ": no memory");
  }
  modbus_set_socket(context.get(), *socket);
  modbus_set_byte_timeout(context.get(), 0, 0);
  context_ = std::move(context);
  ++session_;
  return Done{};
}

Result<Done, MeterError> ModbusBus::Line::dial_serial(const SerialLine& line) {
  Context context(modbus_new_rtu(line.path.c_str(), line.baud, line.parity, 8, line.stop_bits), &free_context);
  if (!context) return fault(MeterFault::cannot_connect, line.path + ": no memory");
  modbus_set_slave(context.get(), url_.unit);
  modbus_set_byte_timeout(context.get(), 0, 0);
  if (modbus_connect(context.get()) != 0) {
    return fault(MeterFault::cannot_connect, line.path + ": " + std::generic_category().message(errno));
  }
  if (modbus_get_socket(context.get()) > descriptor_max) {
    return fault(MeterFault::cannot_connect, line.path + ": this process has too many files open");
  }
  context_ = std::move(context);
  // A reply to whoever used the line before may be under way only if there is somebody to have asked; after a fault of
  // our own there is.
  if (out_of_step_ || is_readable(descriptor(), milliseconds{0})) return drain();
  ++session_;
  return Done{};
}

Result<Done, MeterError> ModbusBus::Line::drain() {
  const nanoseconds silence = std::max<nanoseconds>(timing_.silence_min, 2 * slowest_reply_);
  const nanoseconds begin = machine_time();
  std::array<std::uint8_t, 512> discarded{};
  out_of_step_ = true;
  milliseconds wait{0};  // what is there already says nothing about how slow the device is
  while (machine_time() - begin < drain_factor_max * silence) {
    if (!is_readable(descriptor(), wait)) {
      if (wait > milliseconds{0}) {
        out_of_step_ = false;
        ++session_;
        return Done{};
      }
      wait = std::chrono::ceil<milliseconds>(silence);
      continue;
    }
    if (::read(descriptor(), discarded.data(), discarded.size()) <= 0) {
      close();
      return fault(MeterFault::connection_lost, "the serial line went away");
    }
    if (wait > milliseconds{0}) note_reply(machine_time() - asked_at_);
  }
  return fault(MeterFault::garbled, "the serial line is never silent");
}

void ModbusBus::Line::note_reply(nanoseconds took) {
  slowest_reply_ = std::max(slowest_reply_, std::min(took, slowest_reply_max));
}

milliseconds ModbusBus::Line::time_limit(const Request& request) const {
  if (serial() == nullptr) return timing_.response_timeout;
  constexpr int bits_per_byte = 11;
  const int bytes = 8 + 5 + 2 * request.count;
  return timing_.response_timeout + milliseconds{bytes * bits_per_byte * 1000 / serial()->baud};
}

Result<Done, MeterError> ModbusBus::Line::send_tcp(const Request& request) {
  ++transaction_;
  const std::array<std::uint8_t, 5> pdu = pdu_of(request);
  std::array<std::uint8_t, mbap_bytes + pdu.size()> adu{static_cast<std::uint8_t>(transaction_ >> 8U),
                                                        static_cast<std::uint8_t>(transaction_ & 0xFFU),
                                                        0,
                                                        0,
                                                        0,
                                                        1 + pdu.size(),
                                                        url_.unit};
  std::copy(pdu.begin(), pdu.end(), adu.begin() + mbap_bytes);
  // Not modbus_send_raw_request: it numbers every request 0, and a reply could no longer be told from the one before.
  if (::send(descriptor(), adu.data(), adu.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(adu.size())) {
    return fault(MeterFault::connection_lost, std::generic_category().message(errno));
  }
  return Done{};
}

Result<Done, MeterError> ModbusBus::Line::send_serial(const Request& request) {
  pause_for(serial()->gap - (machine_time() - quiet_since_));
  const std::array<std::uint8_t, 5> pdu = pdu_of(request);
  std::array<std::uint8_t, 1 + pdu.size()> frame{url_.unit};
  std::copy(pdu.begin(), pdu.end(), frame.begin() + 1);
  if (modbus_send_raw_request(context_.get(), frame.data(), static_cast<int>(frame.size())) < 0) {
    return fault(MeterFault::connection_lost, modbus_strerror(errno));
  }
  return Done{};
}

Result<std::span<const std::uint8_t>, MeterError> ModbusBus::Line::unwrap_tcp(std::span<const std::uint8_t> adu) const {
  if (adu.size() < mbap_bytes + 2) return fault(MeterFault::garbled, "the reply is too short");
  const auto word = [&adu](std::size_t at) { return (unsigned{adu[at]} << 8U) | adu[at + 1]; };
  if (word(0) != transaction_) {
    return fault(MeterFault::garbled,
                 "the reply is to request " + std::to_string(word(0)) + ", not " + std::to_string(transaction_));
  }
  if (word(2) != 0) return fault(MeterFault::garbled, "the reply is of another protocol");
  if (word(4) != adu.size() - 6) return fault(MeterFault::garbled, "the reply states a wrong length");
  if (adu[6] != url_.unit) {
    return fault(MeterFault::wrong_unit,
                 "asked unit " + std::to_string(url_.unit) + ", unit " + std::to_string(adu[6]) + " answered");
  }
  return adu.subspan(mbap_bytes);
}

Result<std::span<const std::uint8_t>, MeterError> ModbusBus::Line::unwrap_serial(
    std::span<const std::uint8_t> adu) const {
  // libmodbus has checked the CRC, and hands out nothing at all when the unit is another.
  if (adu.empty() || adu[0] != url_.unit) {
    return fault(MeterFault::wrong_unit, "asked unit " + std::to_string(url_.unit));
  }
  if (adu.size() < 1 + 2 + crc_bytes) return fault(MeterFault::garbled, "the reply is too short");
  return adu.subspan(1, adu.size() - 1 - crc_bytes);
}

Result<Registers, MeterError> ModbusBus::Line::exchange(const Request& request) {
  const milliseconds limit = time_limit(request);
  modbus_set_response_timeout(context_.get(), static_cast<std::uint32_t>(limit.count() / 1000),
                              static_cast<std::uint32_t>(limit.count() % 1000 * 1000));
  const bool tcp = serial() == nullptr;
  const Result<Done, MeterError> sent = tcp ? send_tcp(request) : send_serial(request);
  if (!sent) return Fail{sent.error()};
  asked_at_ = machine_time();
  std::array<std::uint8_t, MODBUS_TCP_MAX_ADU_LENGTH> buffer{};
  const int received = modbus_receive_confirmation(context_.get(), buffer.data());
  const int error = errno;
  quiet_since_ = machine_time();
  if (received < 0) {
    const MeterFault kind = fault_of_errno(error);
    return fault(kind, kind == MeterFault::timed_out ? to_text(request) : modbus_strerror(error));
  }
  note_reply(quiet_since_ - asked_at_);
  const std::span<const std::uint8_t> adu(buffer.data(), static_cast<std::size_t>(received));
  const auto pdu = tcp ? unwrap_tcp(adu) : unwrap_serial(adu);
  if (!pdu) return Fail{pdu.error()};
  Result<Registers, MeterError> registers = registers_from_reply(request.table, request.count, *pdu);
  if (registers) return registers;
  return fault(registers.error().fault, registers.error().detail + " (" + to_text(request) + ")");
}

void ModbusBus::Line::after_fault(MeterFault kind) {
  if (leaves_line_in_step(kind)) return;
  if (serial() == nullptr) return close();
  out_of_step_ = true;
  if (kind == MeterFault::connection_lost) close();
}

Result<Registers, MeterError> ModbusBus::Line::read(const Request& request) {
  for (std::size_t attempt = 0;; ++attempt) {
    if (const Result<Done, MeterError> usable = ready(); !usable) return Fail{usable.error()};
    Result<Registers, MeterError> registers = exchange(request);
    if (registers) return registers;
    after_fault(registers.error().fault);
    if (registers.error().fault != MeterFault::busy || attempt == timing_.busy_waits.size()) return registers;
    pause_for(timing_.busy_waits[attempt]);
  }
}

ModbusBus::ModbusBus(DeviceUrl url, BusTiming timing) : line_(std::make_unique<Line>(std::move(url), timing)) {}
ModbusBus::~ModbusBus() = default;
ModbusBus::ModbusBus(ModbusBus&&) noexcept = default;
ModbusBus& ModbusBus::operator=(ModbusBus&&) noexcept = default;

Result<Done, MeterError> ModbusBus::ready() {
  return line_->ready();
}

Result<Registers, MeterError> ModbusBus::read(RegisterTable table, std::uint16_t address, std::uint16_t count) {
  if (count == 0 || count > registers_per_request_max || address + count > 65536) {
    return fault(MeterFault::refused, "one request reads 1 to 125 registers below 65536");
  }
  return line_->read({.table = table, .address = address, .count = count});
}

std::uint64_t ModbusBus::session() const {
  return line_->session();
}

void ModbusBus::close() {
  line_->close();
}

}  // namespace commonwatt
