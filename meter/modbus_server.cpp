#include "meter/modbus_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

namespace commonwatt {
namespace {

constexpr std::chrono::milliseconds frame_silence{50};  // generous: a pseudo terminal has no bit time

std::string system_text() {
  return std::generic_category().message(errno);
}

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

pollfd readable(int descriptor) {
  return {.fd = descriptor, .events = POLLIN, .revents = 0};
}

int poll_milliseconds(std::chrono::milliseconds wait) {
  constexpr std::int64_t wait_max = 3'600'000;
  return static_cast<int>(std::clamp<std::int64_t>(wait.count(), 0, wait_max));
}

}  // namespace

class ModbusServer::Port {
 public:
  explicit Port(ModbusUnits units) : units_(std::move(units)) {}
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  virtual ~Port() = default;
  virtual void serve(std::chrono::milliseconds wait, int wake_fd) = 0;

  std::string address;
  std::size_t clients_max = 16;

 protected:
  ModbusUnits units_;
};

class ModbusServer::TcpPort : public ModbusServer::Port {
 public:
  TcpPort(ModbusFraming framing, ModbusUnits units, Descriptor listener)
      : Port(std::move(units)), framing_(framing), listener_(std::move(listener)) {}
  void serve(std::chrono::milliseconds wait, int wake_fd) override;

 private:
  struct Client {
    Descriptor socket;
    std::vector<std::uint8_t> received;
    bool has_more = false;  // there may be a request left in what was received
  };
  void accept_client();
  static bool receive(Client& client);
  bool serve_client(Client& client);

  ModbusFraming framing_;
  Descriptor listener_;
  std::vector<Client> clients_;
};

void ModbusServer::TcpPort::serve(std::chrono::milliseconds wait, int wake_fd) {
  const bool has_more = std::any_of(clients_.begin(), clients_.end(), [](const Client& one) { return one.has_more; });
  if (has_more) wait = std::chrono::milliseconds{0};
  std::vector<pollfd> waiting{readable(wake_fd), readable(clients_.size() < clients_max ? listener_.number() : -1)};
  for (const Client& client : clients_) waiting.push_back(readable(client.has_more ? -1 : client.socket.number()));
  if (::poll(waiting.data(), waiting.size(), poll_milliseconds(wait)) <= 0 && !has_more) return;
  std::vector<Client> staying;
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    Client& client = clients_[i];
    const bool stays = (waiting[i + 2].revents == 0 || receive(client)) && serve_client(client);
    if (stays) staying.push_back(std::move(client));
  }
  clients_ = std::move(staying);
  if (waiting[1].revents != 0) accept_client();
}

void ModbusServer::TcpPort::accept_client() {
  Descriptor socket(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (socket.number() < 0) return;
  const int on = 1;
  ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  clients_.push_back({std::move(socket), {}});
}

/// Whether the client is still there.
bool ModbusServer::TcpPort::receive(Client& client) {
  std::array<std::uint8_t, 1024> buffer{};
  const ssize_t size = ::recv(client.socket.number(), buffer.data(), buffer.size(), 0);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  client.received.insert(client.received.end(), buffer.begin(), buffer.begin() + size);
  client.has_more = true;
  return size > 0;
}

/// Answers one request, so that a client that sends many keeps no other waiting. Whether the client may stay.
bool ModbusServer::TcpPort::serve_client(Client& client) {
  if (!client.has_more) return true;
  const std::optional<FrameAnswer> answer = answer_frame(framing_, units_, client.received);
  client.has_more = answer && !client.received.empty();
  if (!answer) return true;
  if (answer->broken) return framing_ == ModbusFraming::rtu;  // frames are found again after a silence
  const ssize_t sent = ::send(client.socket.number(), answer->bytes.data(), answer->bytes.size(), MSG_NOSIGNAL);
  // A client that does not take its answers is not waited for.
  return sent == static_cast<ssize_t>(answer->bytes.size());
}

class ModbusServer::PtyPort : public ModbusServer::Port {
 public:
  PtyPort(ModbusUnits units, Descriptor master, Descriptor slave, std::string link)
      : Port(std::move(units)), master_(std::move(master)), slave_(std::move(slave)), link_(std::move(link)) {}
  ~PtyPort() override;
  PtyPort(const PtyPort&) = delete;
  PtyPort& operator=(const PtyPort&) = delete;
  void serve(std::chrono::milliseconds wait, int wake_fd) override;

 private:
  Descriptor master_;
  Descriptor slave_;  // held open: without it the master reads errors whenever no client has the line open
  std::string link_;
  std::vector<std::uint8_t> received_;
};

ModbusServer::PtyPort::~PtyPort() {
  std::error_code ignored;
  if (std::filesystem::read_symlink(link_, ignored) == address) std::filesystem::remove(link_, ignored);
}

void ModbusServer::PtyPort::serve(std::chrono::milliseconds wait, int wake_fd) {
  std::array<pollfd, 2> waiting{readable(wake_fd), readable(master_.number())};
  if (!received_.empty()) wait = std::min(wait, frame_silence);
  const int ready = ::poll(waiting.data(), waiting.size(), poll_milliseconds(wait));
  if (ready == 0) received_.clear();  // a silence ends a frame, and this one was not whole
  if (ready <= 0 || waiting[1].revents == 0) return;
  std::array<std::uint8_t, 512> buffer{};
  const ssize_t size = ::read(master_.number(), buffer.data(), buffer.size());
  if (size <= 0) return;
  received_.insert(received_.end(), buffer.begin(), buffer.begin() + size);
  while (const std::optional<FrameAnswer> answer = answer_frame(ModbusFraming::rtu, units_, received_)) {
    // A full terminal means that nobody reads: the answer is lost, as on a wire.
    [[maybe_unused]] const ssize_t written = ::write(master_.number(), answer->bytes.data(), answer->bytes.size());
  }
}

namespace {

Result<Descriptor, std::string> listen_tcp(const std::string& where, std::string& port_text) {
  const std::size_t colon = where.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  std::uint16_t port = 0;
  const char* const end = where.data() + where.size();
  const char* const digits = colon == std::string::npos ? end : where.data() + colon + 1;
  const std::from_chars_result parsed = std::from_chars(digits, end, port);
  if (parsed.ec != std::errc{} || parsed.ptr != end ||
      ::inet_pton(AF_INET, where.substr(0, colon).c_str(), &address.sin_addr) != 1) {
    return Fail{"cannot listen at \"" + where + "\": write 127.0.0.1:0 or pty:/path/of/link"};
  }
  address.sin_port = htons(port);
  Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  ::setsockopt(listener.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (listener.number() < 0 || ::bind(listener.number(), generic, size) != 0 ||
      ::listen(listener.number(), SOMAXCONN) != 0 || ::getsockname(listener.number(), generic, &size) != 0) {
    return Fail{"cannot listen at " + where + ": " + system_text()};
  }
  port_text = std::to_string(ntohs(address.sin_port));
  return listener;
}

/// Replaces a link left by an earlier run, and nothing else.
Result<Done, std::string> make_link(const std::string& target, const std::string& link) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::symlink_status(link, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_symlink(status)) {
    return Fail{link + " exists and is not a link: choose another path"};
  }
  const std::string fresh = link + ".new";
  std::filesystem::remove(fresh, error);
  std::filesystem::create_symlink(target, fresh, error);
  if (!error) std::filesystem::rename(fresh, link, error);
  if (error) return Fail{"cannot make the link " + link + ": " + error.message()};
  return Done{};
}

struct Terminal {
  Descriptor master;
  Descriptor slave;
  std::string path;
};

Result<Terminal, std::string> open_terminal() {
  Descriptor master(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  std::array<char, 128> path{};
  if (master.number() < 0 || ::grantpt(master.number()) != 0 || ::unlockpt(master.number()) != 0 ||
      ::ptsname_r(master.number(), path.data(), path.size()) != 0) {
    return Fail{"cannot make a pseudo terminal: " + system_text()};
  }
  Descriptor slave(::open(path.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios settings{};
  if (slave.number() < 0 || ::tcgetattr(slave.number(), &settings) != 0) {
    return Fail{std::string("cannot open ") + path.data() + ": " + system_text()};
  }
  ::cfmakeraw(&settings);
  if (::tcsetattr(slave.number(), TCSANOW, &settings) != 0) {
    return Fail{std::string("cannot set up ") + path.data() + ": " + system_text()};
  }
  return Terminal{std::move(master), std::move(slave), path.data()};
}

}  // namespace

Result<ModbusServer, std::string> ModbusServer::listen(const std::string& where, ModbusUnits units) {
  constexpr std::string_view pty_scheme = "pty:";
  constexpr std::string_view rtu_scheme = "rtutcp:";
  if (where.starts_with(pty_scheme)) {
    const std::string link = where.substr(pty_scheme.size());
    if (link.empty()) return Fail{std::string("pty: needs the path of a link behind it")};
    Result<Terminal, std::string> terminal = open_terminal();
    if (!terminal) return Fail{terminal.error()};
    if (const Result<Done, std::string> linked = make_link(terminal->path, link); !linked) return Fail{linked.error()};
    auto port =
        std::make_unique<PtyPort>(std::move(units), std::move(terminal->master), std::move(terminal->slave), link);
    port->address = terminal->path;
    return ModbusServer(std::move(port));
  }
  const bool rtu = where.starts_with(rtu_scheme);
  std::string port_text;
  Result<Descriptor, std::string> listener = listen_tcp(rtu ? where.substr(rtu_scheme.size()) : where, port_text);
  if (!listener) return Fail{listener.error()};
  auto port =
      std::make_unique<TcpPort>(rtu ? ModbusFraming::rtu : ModbusFraming::tcp, std::move(units), std::move(*listener));
  port->address = port_text;
  return ModbusServer(std::move(port));
}

ModbusServer::ModbusServer(std::unique_ptr<Port> port) : port_(std::move(port)) {}
ModbusServer::ModbusServer(ModbusServer&&) noexcept = default;
ModbusServer& ModbusServer::operator=(ModbusServer&&) noexcept = default;
ModbusServer::~ModbusServer() = default;

void ModbusServer::set_clients_max(std::size_t clients) {
  port_->clients_max = clients;
}
const std::string& ModbusServer::address() const {
  return port_->address;
}
void ModbusServer::serve(std::chrono::milliseconds wait, int wake_fd) {
  port_->serve(wait, wake_fd);
}

}  // namespace commonwatt
