#include <atomic>
#include <stdexcept>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controller/http_server.hpp"
#include "tests/edges/edge_fixture.hpp"

using namespace commonwatt;
using namespace commonwatt::test;
using std::chrono::milliseconds;

namespace {

/// A plain socket that speaks HTTP by hand.
class Client {
 public:
  explicit Client(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    REQUIRE(socket_ >= 0);
    if (receive_buffer > 0) {
      REQUIRE(::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer) == 0);
    }
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_port = htons(port);
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0);
  }
  ~Client() {
    if (socket_ >= 0) ::close(socket_);
  }
  Client(Client&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)), ended_(other.ended_) {}
  Client& operator=(Client&&) = delete;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// False when the server has closed the connection.
  bool send(const std::string& text) {
    return ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  void get(const std::string& target, const std::string& more = "", const std::string& method = "GET") {
    CHECK(send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n"));
  }
  /// Reads until the text has come; false when the connection or patience ends before.
  bool receives(const std::string& text) {
    return eventually([&] {
             take();
             return received_.find(text) != std::string::npos || ended_;
           }) &&
           received_.find(text) != std::string::npos;
  }
  bool is_closed() {
    return eventually([&] {
      take();
      return ended_;
    });
  }
  /// One whole answer with a body of the length it names; what follows stays.
  std::string answer(bool has_body = true) {
    if (!receives("\r\n\r\n")) return received_;
    const std::size_t head = received_.find("\r\n\r\n") + 4;
    std::size_t length = 0;
    const std::size_t field = received_.find("Content-Length: ");
    if (has_body && field < head) length = std::stoul(received_.substr(field + 16));
    eventually([&] {
      take();
      return received_.size() >= head + length || ended_;
    });
    std::string answer = received_.substr(0, head + length);
    received_.erase(0, answer.size());
    return answer;
  }
  const std::string& received() const { return received_; }

 private:
  void take() {
    char buffer[65536];
    for (;;) {
      const ssize_t count = ::recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT);
      if (count > 0) {
        received_.append(buffer, static_cast<std::size_t>(count));
        continue;
      }
      if (count == 0 || (errno != EAGAIN && errno != EINTR)) ended_ = true;
      return;
    }
  }

  int socket_;
  std::string received_;
  bool ended_ = false;
};

HttpHandlers handlers() {
  return {.answer = [](const HttpRequest& request) -> HttpResponse {
            if (request.path == "/v1/state") return {.body = "{\"time\": 1}"};
            if (request.path == "/v1/echo") {
              std::string text;
              for (const auto& [name, value] : request.query) text += name + "=" + value + ";";
              return {.content_type = "text/plain", .body = text};
            }
            if (request.path == "/v1/broken") throw std::runtime_error("broken");
            return http_error(HttpProblem::not_found, "there is no " + request.path);
          },
          .on_subscribe =
              [] {
                return std::vector<HttpEvent>{{"state", "{\"time\": 1}"}};
              }};
}

std::unique_ptr<HttpServer> served(const HttpOptions& options = {}, HttpHandlers with = handlers()) {
  auto server = HttpServer::start(options, std::move(with));
  REQUIRE_MESSAGE(server.ok(), (server.ok() ? "" : server.error().text));
  return std::move(server).value();
}

bool begins(const std::string& text, const std::string& with) {
  return text.starts_with(with);
}
bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("one connection is served again and again") {
  const auto server = served();
  Client client(server->port());
  for (int i = 0; i < 50; ++i) {
    client.get("/v1/state");
    const std::string answer = client.answer();
    REQUIRE(begins(answer, "HTTP/1.1 200 OK\r\n"));
    CHECK(has(answer, "Content-Type: application/json\r\n"));
    CHECK(has(answer, "X-Content-Type-Options: nosniff\r\n"));
    CHECK(has(answer, "Cache-Control: no-store\r\n"));
    CHECK(!has(answer, "Access-Control"));
    CHECK(answer.ends_with("{\"time\": 1}"));
  }
  client.get("/v1/state", "Connection: close\r\n");
  CHECK(begins(client.answer(), "HTTP/1.1 200 OK\r\n"));
  CHECK(client.is_closed());
}

TEST_CASE("requests sent before the answers come are answered in order") {
  const auto server = served();
  Client client(server->port());
  client.get("/v1/echo?n=1");
  client.get("/v1/echo?n=2");
  CHECK(client.answer().ends_with("n=1;"));
  CHECK(client.answer().ends_with("n=2;"));
}

TEST_CASE("a HEAD has the head of the GET and no body") {
  const auto server = served();
  Client client(server->port());
  client.get("/v1/state", "", "HEAD");
  const std::string head = client.answer(false);
  CHECK(has(head, "Content-Length: 11\r\n"));
  CHECK(head.ends_with("\r\n\r\n"));
  client.get("/v1/state");
  CHECK(begins(client.answer(), "HTTP/1.1 200"));
  client.get("/v1/events", "", "HEAD");
  CHECK(has(client.answer(false), "text/event-stream"));
}

TEST_CASE("path and query are decoded") {
  const auto server = served();
  Client client(server->port());
  client.get("/v1/ec%68o?limit=96&name=a+b%26c&limit=7&empty");
  CHECK(client.answer().ends_with("empty=;limit=96;name=a b&c;"));
  for (const char* target : {"/v1/%zz", "/v1/%4", "/v1/%00", "http://elsewhere/", "*"}) {
    CAPTURE(target);
    Client other(server->port());
    other.get(target);
    CHECK(has(other.answer(), "\"bad_request\""));
  }
}

TEST_CASE("every refusal has its status and its reason") {
  const auto server = served();
  SUBCASE("unknown path") {
    Client client(server->port());
    client.get("/v1/\"nothing\"");
    const std::string answer = client.answer();
    CHECK(begins(answer, "HTTP/1.1 404 Not Found\r\n"));
    CHECK(answer.ends_with(R"({"error": {"code": "not_found", "message": "there is no /v1/\"nothing\""}})"));
  }
  SUBCASE("other methods") {
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"}) {
      CAPTURE(method);
      Client client(server->port());
      client.get("/v1/state", "Content-Length: 0\r\n", method);
      const std::string answer = client.answer();
      CHECK(begins(answer, "HTTP/1.1 405 Method Not Allowed\r\n"));
      CHECK(has(answer, "Allow: GET, HEAD\r\n"));
    }
  }
  SUBCASE("a body") {
    Client post(server->port());
    post.get("/v1/state", "Content-Length: 5\r\n\r\nhello", "POST");
    CHECK(begins(post.answer(), "HTTP/1.1 405"));
    Client get(server->port());
    get.get("/v1/state", "Content-Length: 5\r\n\r\nhello");
    CHECK(begins(get.answer(), "HTTP/1.1 400"));
    CHECK(get.is_closed());
    Client chunked(server->port());
    chunked.get("/v1/state", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n");
    CHECK(begins(chunked.answer(), "HTTP/1.1 400"));
  }
  SUBCASE("a header that is too long") {
    Client client(server->port());
    client.get("/v1/state", "X-Long: " + std::string(http_header_max, 'x') + "\r\n");
    const std::string answer = client.answer();
    CHECK(begins(answer, "HTTP/1.1 431 "));
    CHECK(has(answer, "\"too_large\""));
    CHECK(client.is_closed());
  }
  SUBCASE("what is not HTTP") {
    Client client(server->port());
    CHECK(client.send("\x16\x03\x01 hello\r\n\r\n"));
    CHECK(begins(client.answer(), "HTTP/1.1 400"));
    CHECK(client.is_closed());
  }
  SUBCASE("an answer that could not be made") {
    Client client(server->port());
    client.get("/v1/broken");
    CHECK(begins(client.answer(), "HTTP/1.1 503"));
    client.get("/v1/state");
    CHECK(begins(client.answer(), "HTTP/1.1 200"));
  }
  SUBCASE("a page of another host name") {
    Client client(server->port());
    CHECK(client.send("GET /v1/state HTTP/1.1\r\nHost: rebound.example:8080\r\n\r\n"));
    CHECK(begins(client.answer(), "HTTP/1.1 400"));
    for (const char* host : {"127.0.0.1:8080", "[::1]:8080", "LOCALHOST"}) {
      Client own(server->port());
      CHECK(own.send("GET /v1/state HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n"));
      CHECK(begins(own.answer(), "HTTP/1.1 200"));
    }
  }
}

TEST_CASE("with a token set, nothing is answered without it") {
  const auto server = served({.token = "s3cret"});
  for (const char* header : {"", "Authorization: Bearer\r\n", "Authorization: Bearer s3cre\r\n",
                             "Authorization: Bearer s3cret2\r\n", "Authorization: Basic s3cret\r\n"}) {
    CAPTURE(header);
    for (const char* target : {"/v1/state", "/v1/events", "/nothing"}) {
      Client client(server->port());
      client.get(target, header);
      const std::string answer = client.answer();
      CHECK(begins(answer, "HTTP/1.1 401 Unauthorized\r\n"));
      CHECK(has(answer, "\"unauthorized\""));
    }
  }
  Client client(server->port());
  client.get("/v1/state", "Authorization: Bearer s3cret\r\n");
  CHECK(begins(client.answer(), "HTTP/1.1 200"));
}

TEST_CASE("an address that others reach is not served without a token") {
  const auto open = HttpServer::start({.address = "0.0.0.0"}, handlers());
  REQUIRE(!open.ok());
  CHECK(has(open.error().text, "without a token"));
  CHECK(HttpServer::start({.address = "0.0.0.0", .token = "s3cret"}, handlers()).ok());
  CHECK(!HttpServer::start({.address = "somewhere"}, handlers()).ok());
  const auto server = served();
  const auto twice = HttpServer::start({.port = server->port()}, handlers());
  REQUIRE(!twice.ok());
  CHECK(has(twice.error().text, std::to_string(server->port())));
}

TEST_CASE("a request that comes too slowly is cut off") {
  const auto server = served({.idle_timeout = milliseconds{300}});
  Client client(server->port());
  CHECK(client.send("GET /v1/st"));
  // One byte at a time does not buy more of it: it ends long before there are too many.
  std::size_t sent = 0;
  CHECK(eventually([&] { return ++sent == http_header_max || !client.send("a"); }));
  CHECK(sent < http_header_max);
  Client silent(server->port());
  CHECK(silent.is_closed());
}

TEST_CASE("a hundred readers each get each event, in order") {
  const auto server = served();
  std::vector<Client> readers;
  for (int i = 0; i < 100; ++i) {
    readers.emplace_back(server->port());
    readers.back().get("/v1/events");
  }
  REQUIRE(eventually([&] { return server->subscribers() == readers.size(); }));
  std::string expected = "event: state\ndata: {\"time\": 1}\n\n";
  for (int i = 0; i < 40; ++i) {
    const std::string data = "{\"n\": " + std::to_string(i) + "}";
    server->broadcast("interval", data);
    expected += "event: interval\ndata: " + data + "\n\n";
  }
  for (Client& reader : readers) {
    REQUIRE(reader.receives("{\"n\": 39}\n\n"));
    const std::string& text = reader.received();
    CHECK(has(text, "Content-Type: text/event-stream\r\n"));
    CHECK(text.substr(text.find("\r\n\r\n") + 4) == expected);
  }
  readers.clear();
  CHECK(eventually([&] { return server->subscribers() == 0; }));
}

TEST_CASE("data of several lines stays one event, and silence is filled with comments") {
  const auto server = served({.comment_interval = milliseconds{20}});
  Client reader(server->port());
  reader.get("/v1/events");
  CHECK(reader.receives("\n\n:\n\n:\n\n"));
  server->broadcast("note", "one\ntwo\r\nthree\rfour");
  CHECK(reader.receives("event: note\ndata: one\ndata: two\ndata: three\ndata: four\n\n"));
}

TEST_CASE("a reader that falls behind is disconnected, and the others go on") {
  const auto server = served();
  Client slow(server->port(), 4096);
  slow.get("/v1/events");
  Client quick(server->port());
  quick.get("/v1/events");
  REQUIRE(eventually([&] { return server->subscribers() == 2; }));
  const std::string filling(200'000, 'x');
  int sent = 0;
  CHECK(eventually([&] {
    ++sent;
    server->broadcast("big", std::to_string(sent) + filling + "end" + std::to_string(sent) + "\n");
    return quick.receives("end" + std::to_string(sent) + "\n") && server->subscribers() == 1;
  }));
  CHECK(slow.is_closed());
  server->broadcast("last", "here");
  CHECK(quick.receives("event: last\ndata: here\n\n"));
  for (int i = 1; i <= sent; ++i) REQUIRE(has(quick.received(), "end" + std::to_string(i) + "\n"));
}

TEST_CASE("connections above the bound are refused, and a place that falls free is given again") {
  const auto server = served({.connections_max = 20});
  std::vector<Client> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(server->port());
    clients.back().get("/v1/state");
    REQUIRE(begins(clients.back().answer(), "HTTP/1.1 200"));
  }
  for (int i = 0; i < 200; ++i) {
    Client further(server->port());
    CHECK(further.is_closed());
    CHECK(has(further.received(), "HTTP/1.1 503"));
  }
  clients.front().get("/v1/state");
  CHECK(begins(clients.front().answer(), "HTTP/1.1 200"));
  clients.pop_back();
  CHECK(eventually([&] {
    Client again(server->port());
    if (!again.send("GET /v1/state HTTP/1.1\r\nHost: localhost\r\n\r\n")) return false;
    return begins(again.answer(), "HTTP/1.1 200");
  }));
}

TEST_CASE("the server ends at once while clients are connected and events are sent") {
  auto server = served({.idle_timeout = std::chrono::hours{1}});
  std::vector<Client> clients;
  for (int i = 0; i < 60; ++i) {
    clients.emplace_back(server->port());
    if (i % 3 == 0) clients.back().get("/v1/events");
    if (i % 3 == 1) CHECK(clients.back().send("GET /v1/st"));
  }
  REQUIRE(eventually([&] { return server->subscribers() == 20; }));
  for (int i = 0; i < 50; ++i) server->broadcast("big", std::string(100'000, 'x'));
  server.reset();  // waits for nobody, or it would be an hour
  for (Client& client : clients) CHECK(client.is_closed());
}

TEST_CASE("events may be sent from several threads while readers come and go") {
  const auto server = served();
  std::atomic<bool> done = false;
  std::vector<std::thread> senders;
  for (int i = 0; i < 3; ++i) {
    senders.emplace_back([&] {
      while (!done) {
        server->broadcast("tick", "x");
        std::this_thread::sleep_for(milliseconds{1});
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    Client reader(server->port());
    reader.get("/v1/events");
    CHECK(reader.receives("event: tick\ndata: x\n\n"));
  }
  done = true;
  for (std::thread& sender : senders) sender.join();
  CHECK(eventually([&] { return server->subscribers() == 0; }));
}
