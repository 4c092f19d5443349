// The device's ends of the lines that tests read over.
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

namespace commonwatt {

using Octets = std::vector<std::uint8_t>;

inline void put(int descriptor, const Octets& bytes) {
  if (::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0 && errno == ENOTSOCK) {
    [[maybe_unused]] const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
  }
}

struct Listener {
  int descriptor = -1;
  std::uint16_t port = 0;
};
/// Listens on a port of a loopback address (host order) that the system chooses.
inline Listener listen_on_loopback(in_addr_t loopback = INADDR_LOOPBACK) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(loopback);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(descriptor, generic, size) != 0 || ::listen(descriptor, 4) != 0) throw std::runtime_error("listen");
  ::getsockname(descriptor, generic, &size);
  return {.descriptor = descriptor, .port = ntohs(address.sin_port)};
}

inline int accept_client(int listener) {
  const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  const int on = 1;  // without it the system keeps small pieces back, and the device's timing is not the device's
  ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return client;
}

/// A serial line: the device holds `device`, the reader opens `path`. `kept` keeps the line up while nobody reads.
struct PseudoTerminal {
  int device = -1;
  int kept = -1;
  std::string path;
};
inline PseudoTerminal open_pseudo_terminal() {
  PseudoTerminal line;
  line.device = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  std::array<char, 128> path{};
  if (::grantpt(line.device) != 0 || ::unlockpt(line.device) != 0 ||
      ::ptsname_r(line.device, path.data(), path.size()) != 0) {
    throw std::runtime_error("pseudo terminal");
  }
  line.path = path.data();
  line.kept = ::open(path.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  termios settings{};
  ::tcgetattr(line.kept, &settings);
  ::cfmakeraw(&settings);
  ::tcsetattr(line.kept, TCSANOW, &settings);
  return line;
}

}  // namespace commonwatt
