// An HTTP server on loopback that says what a test wants, well-formed or not, and counts what it is asked.
#pragma once

#include <atomic>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

namespace commonwatt::test {

inline std::string http(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}
inline std::string rpc_result(std::int64_t id, const nlohmann::json& result) {
  return http(200, nlohmann::json{{"jsonrpc", "2.0"}, {"id", id}, {"result", result}}.dump());
}

class ReplyServer {
 public:
  /// `answer` gets the number of the request, from 1, and its JSON, and returns the raw bytes to send. An empty answer
  /// is silence, and one that does not end where HTTP says is followed by the end of the connection.
  using Answer = std::function<std::string(int number, const nlohmann::json& call)>;

  explicit ReplyServer(Answer answer)
      : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 8) != 0) std::abort();
    ::getsockname(listener_, generic, &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~ReplyServer() {
    stopped_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    if (const int open = connection_; open >= 0) ::shutdown(open, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  ReplyServer(const ReplyServer&) = delete;
  ReplyServer& operator=(const ReplyServer&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v2/secret"; }
  [[nodiscard]] int requests() const { return requests_; }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void serve() {
    while (!stopped_) {
      const int connection = ::accept(listener_, nullptr, nullptr);
      if (connection < 0) return;
      connection_ = connection;
      ++connections_;
      while (!stopped_ && serve_one(connection)) {
      }
      connection_ = -1;
      ::close(connection);
    }
  }
  /// Reads one request and answers it; false when the connection is over.
  bool serve_one(int connection) {
    std::string request;
    std::size_t end = std::string::npos;
    for (;;) {
      end = request.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::size_t at = request.find("Content-Length: ");
        if (request.size() - end - 4 >= std::stoul(request.substr(at + 16))) break;
      }
      char bytes[4096];
      const ssize_t size = ::recv(connection, bytes, sizeof bytes, 0);
      if (size <= 0) return false;
      request.append(bytes, static_cast<std::size_t>(size));
    }
    const std::string reply = answer_(++requests_, nlohmann::json::parse(request.substr(end + 4)));
    if (reply.empty()) return true;
    if (::send(connection, reply.data(), reply.size(), MSG_NOSIGNAL) < 0) return false;
    const std::size_t body = reply.find("\r\n\r\n");
    return body != std::string::npos && reply.find("Content-Length: " + std::to_string(reply.size() - body - 4)) < body;
  }

  Answer answer_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopped_ = false;
  std::atomic<int> requests_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<int> connection_ = -1;
  std::thread thread_;
};

}  // namespace commonwatt::test
