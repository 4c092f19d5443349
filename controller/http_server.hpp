// A small read-only HTTP server: answers to GET and HEAD, and one stream of server-sent events.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "controller/http_target.hpp"
#include "core/result.hpp"

namespace commonwatt {

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body = {};
};

/// {"error": {"code": ..., "message": ...}} as docs/api.md has it, with the status that belongs to the code:
/// bad_request 400, unauthorized 401, not_found 404, method_not_allowed 405, too_large 431, unavailable 503.
enum class HttpProblem { bad_request, unauthorized, not_found, method_not_allowed, too_large, unavailable };
HttpResponse http_error(HttpProblem problem, std::string_view message);

/// One server-sent event. The data may have several lines; the name has none.
struct HttpEvent {
  std::string name;
  std::string data;
};

inline constexpr std::size_t http_header_max = 8 * 1024;
/// Events and bytes that may wait for one reader. One that falls further behind is disconnected.
inline constexpr std::size_t http_event_queue_max = 64;
inline constexpr std::size_t http_event_bytes_max = 4 * 1024 * 1024;

struct HttpOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free one, see HttpServer::port
  std::string token = {};  ///< empty: none is asked for; only allowed on a loopback address
  std::string events_path = "/v1/events";
  std::size_t connections_max = 600;               ///< further ones get 503 and are closed
  std::chrono::milliseconds idle_timeout{30'000};  ///< for a request to come in whole, and for an answer to go out
  std::chrono::milliseconds comment_interval{
      15'000};  ///< between comments on an event stream, so that the reader sees life
};

struct HttpHandlers {
  /// Answers a GET; for a HEAD the server leaves the body out. Called on the server's thread: it must be quick. What it
  /// throws becomes a 503.
  std::function<HttpResponse(const HttpRequest&)> answer;
  /// The events a new reader of the stream begins with. Called on the server's thread; may be empty.
  std::function<std::vector<HttpEvent>()> on_subscribe = {};
};

struct HttpError {
  std::string text;  ///< why the server cannot listen, naming address and port
};

class HttpServer {
 public:
  /// Listens and serves on a thread of its own. Fails when the address is not an IP address, is taken, or is not
  /// loopback and no token is set.
  static Result<std::unique_ptr<HttpServer>, HttpError> start(HttpOptions options, HttpHandlers handlers);

  /// Closes every connection and ends the thread; no handler is called after it. Does not wait for any client.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;

  /// Sends an event to every reader of the stream, in the order of the calls. Returns at once. Thread-safe.
  void broadcast(std::string_view name, std::string_view data);

  /// Readers of the event stream at present. Thread-safe.
  [[nodiscard]] std::size_t subscribers() const;

 private:
  class Listener;
  explicit HttpServer(std::unique_ptr<Listener> listener);
  std::unique_ptr<Listener> listener_;
};

}  // namespace commonwatt
