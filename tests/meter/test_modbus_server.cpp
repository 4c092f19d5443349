// The simulated devices' Modbus, byte by byte as the specification writes it.
#include <array>
#include <filesystem>
#include <vector>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "meter/modbus_answer.hpp"
#include "meter/modbus_frame.hpp"
#include "tests/meter/serving.hpp"
#include "tests/sim/scratch_folder.hpp"

using namespace commonwatt;

namespace {

using Octets = std::vector<std::uint8_t>;

/// Unit 1 with the holding registers 40000: 0x5375, 0x6E53 and no input registers.
DeviceRegisters two_registers() {
  return {.unit = 1, .images = [](std::uint8_t function) -> std::vector<RegisterImage> {
            if (function != 3) return {};
            return {{.address = 40000, .words = {0x5375, 0x6E53}}};
          }};
}

Octets answer(Octets request) {
  return answer_modbus(two_registers(), request);
}

Octets with_crc(Octets frame) {
  const unsigned crc = modbus_crc(frame);
  frame.push_back(static_cast<std::uint8_t>(crc & 0xFFU));
  frame.push_back(static_cast<std::uint8_t>(crc >> 8U));
  return frame;
}

class TcpClient {
 public:
  explicit TcpClient(const std::string& port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  TcpClient(const TcpClient&) = delete;
  TcpClient& operator=(const TcpClient&) = delete;
  ~TcpClient() { ::close(socket_); }
  void send(const Octets& bytes) const { REQUIRE(::send(socket_, bytes.data(), bytes.size(), 0) > 0); }
  [[nodiscard]] Octets receive(std::size_t bytes) const {
    Octets received(bytes);
    const ssize_t size = ::recv(socket_, received.data(), bytes, MSG_WAITALL);
    received.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return received;
  }

 private:
  int socket_;
};

const Octets read_both{0, 1, 0, 0, 0, 6, 1, 3, 0x9C, 0x40, 0, 2};
const Octets both{0, 1, 0, 0, 0, 7, 1, 3, 4, 0x53, 0x75, 0x6E, 0x53};

}  // namespace

TEST_CASE("a read within the registers gives them") {
  CHECK(answer({3, 0x9C, 0x40, 0, 2}) == Octets{3, 4, 0x53, 0x75, 0x6E, 0x53});
  CHECK(answer({3, 0x9C, 0x41, 0, 1}) == Octets{3, 2, 0x6E, 0x53});
}

TEST_CASE("nothing can be written: every other function is exception 1") {
  CHECK(answer({6, 0x9C, 0x40, 0, 1}) == Octets{0x86, 1});
  CHECK(answer({16, 0x9C, 0x40, 0, 1, 2, 0, 1}) == Octets{0x90, 1});
  CHECK(answer({5, 0, 0, 0xFF, 0}) == Octets{0x85, 1});
  CHECK(answer({23, 0, 0, 0, 1, 0, 0, 0, 1, 2, 0, 1}) == Octets{0x97, 1});
  CHECK(answer({4, 0x9C, 0x40, 0, 2}) == Octets{0x84, 1});
}

TEST_CASE("a read that leaves the registers is exception 2, an impossible count exception 3") {
  CHECK(answer({3, 0x9C, 0x40, 0, 3}) == Octets{0x83, 2});
  CHECK(answer({3, 0x9C, 0x3F, 0, 1}) == Octets{0x83, 2});
  CHECK(answer({3, 0xFF, 0xFF, 0, 125}) == Octets{0x83, 2});
  CHECK(answer({3, 0x9C, 0x40, 0, 0}) == Octets{0x83, 3});
  CHECK(answer({3, 0x9C, 0x40, 0, 126}) == Octets{0x83, 3});
  CHECK(answer({3, 0x9C, 0x40, 0}) == Octets{0x83, 3});
}

TEST_CASE("the CRC is the one of the specification's example") {
  // Modbus over Serial Line V1.02, section 6.2.2: 02 07 is followed by 41 12.
  CHECK(modbus_crc(Octets{0x02, 0x07}) == 0x1241);
}

TEST_CASE("TCP answers another unit like a gateway that does not reach it, exception 11") {
  Octets received{0, 1, 0, 0, 0, 6, 9, 3, 0x9C, 0x40, 0, 2};
  CHECK(answer_frame(ModbusFraming::tcp, only(two_registers()), received)->bytes ==
        Octets{0, 1, 0, 0, 0, 3, 9, 0x83, 11});
  CHECK(received.empty());
}

TEST_CASE("a serial device is silent for another unit and for a broken frame") {
  Octets other = with_crc({9, 3, 0x9C, 0x40, 0, 2});
  CHECK(answer_frame(ModbusFraming::rtu, only(two_registers()), other)->bytes.empty());
  Octets broken = with_crc({1, 3, 0x9C, 0x40, 0, 2});
  broken.back() ^= 1U;
  CHECK(answer_frame(ModbusFraming::rtu, only(two_registers()), broken)->broken);
  Octets whole = with_crc({1, 3, 0x9C, 0x40, 0, 2});
  CHECK(answer_frame(ModbusFraming::rtu, only(two_registers()), whole)->bytes ==
        with_crc({1, 3, 4, 0x53, 0x75, 0x6E, 0x53}));
}

TEST_CASE("requests in pieces and several at once are answered in order, for several clients") {
  const Serving serving("127.0.0.1:0", two_registers());
  const TcpClient idle(serving.address());
  const TcpClient slow(serving.address());
  slow.send(Octets(read_both.begin(), read_both.begin() + 5));
  const TcpClient eager(serving.address());
  Octets two = read_both;
  two.insert(two.end(), read_both.begin(), read_both.end());
  two[13] = 2;  // the second one's transaction
  eager.send(two);
  CHECK(eager.receive(13) == both);
  CHECK(eager.receive(13)[1] == 2);
  slow.send(Octets(read_both.begin() + 5, read_both.end()));
  CHECK(slow.receive(13) == both);
  idle.send(read_both);
  CHECK(idle.receive(13) == both);
}

TEST_CASE("over TCP a write is refused, and a client that sends no Modbus is cut off") {
  const Serving serving("127.0.0.1:0", two_registers());
  const TcpClient writer(serving.address());
  writer.send({0, 1, 0, 0, 0, 6, 1, 6, 0x9C, 0x40, 0, 1});
  CHECK(writer.receive(9) == Octets{0, 1, 0, 0, 0, 3, 1, 0x86, 1});
  const TcpClient stranger(serving.address());
  stranger.send({'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P'});
  CHECK(stranger.receive(1).empty());
  writer.send(read_both);
  CHECK(writer.receive(13) == both);
}

TEST_CASE("RTU frames over TCP are answered, broken ones with silence") {
  const Serving serving("rtutcp:127.0.0.1:0", two_registers());
  const TcpClient client(serving.address());
  const Octets expected = with_crc({1, 3, 4, 0x53, 0x75, 0x6E, 0x53});
  client.send(with_crc({1, 3, 0x9C, 0x40, 0, 2}));
  CHECK(client.receive(expected.size()) == expected);
  const TcpClient other(serving.address());
  other.send({1, 3, 0x9C, 0x40, 0, 2, 0, 0});
  client.send(with_crc({1, 3, 0x9C, 0x40, 0, 2}));
  CHECK(client.receive(expected.size()) == expected);
}

TEST_CASE("a pseudo terminal is reached through its link, which is gone afterwards") {
  const ScratchFolder folder;
  const std::string link = folder.file("ttyMETER");
  {
    const Serving serving("pty:" + link, two_registers());
    CHECK(std::filesystem::read_symlink(link) == serving.address());
    const int line = ::open(link.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    REQUIRE(line >= 0);
    const Octets request = with_crc({1, 3, 0x9C, 0x40, 0, 2});
    const Octets expected = with_crc({1, 3, 4, 0x53, 0x75, 0x6E, 0x53});
    REQUIRE(::write(line, request.data(), request.size()) == static_cast<ssize_t>(request.size()));
    Octets received;
    pollfd waiting{.fd = line, .events = POLLIN, .revents = 0};
    while (received.size() < expected.size() && ::poll(&waiting, 1, 10'000) > 0) {
      std::array<std::uint8_t, 64> buffer{};
      const ssize_t size = ::read(line, buffer.data(), buffer.size());
      REQUIRE(size > 0);
      received.insert(received.end(), buffer.begin(), buffer.begin() + size);
    }
    CHECK(received == expected);
    ::close(line);
  }
  CHECK_FALSE(std::filesystem::exists(std::filesystem::symlink_status(link)));
}

TEST_CASE("a place that cannot be listened at is refused in words") {
  const auto refused = [](const std::string& where) {
    const auto server = ModbusServer::listen(where, two_registers());
    REQUIRE_FALSE(server);
    return server.error();
  };
  CHECK(refused("nowhere").find("write 127.0.0.1:0") != std::string::npos);
  CHECK(refused("127.0.0.1:").find("cannot listen") != std::string::npos);
  CHECK(refused("127.0.0.1:99999").find("cannot listen") != std::string::npos);
  CHECK(refused("pty:").find("needs the path") != std::string::npos);
  const Serving serving("127.0.0.1:0", two_registers());
  CHECK(refused("127.0.0.1:" + serving.address()).find("in use") != std::string::npos);
  const ScratchFolder folder;
  CHECK(refused("pty:" + folder.file("")).find("is not a link") != std::string::npos);
}
