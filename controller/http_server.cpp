#include "controller/http_server.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <deque>
#include <exception>
#include <optional>
#include <set>
#include <thread>
#include <utility>

// The thread sanitizer knows no fences, and g++ refuses to build them under it. One thread runs the server: none is
// needed.
#if defined(__SANITIZE_THREAD__)
#define BOOST_ASIO_DISABLE_FENCED_BLOCK
#endif
// Under the sanitizers, g++ 12 sees boost::none as uninitialised memory.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#include <openssl/crypto.h>

#include "core/sha256.hpp"

namespace commonwatt {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;
using boost::system::error_code;

/// Broadcasts that wait for the server's thread. Beyond, all readers are disconnected and begin anew.
constexpr std::size_t broadcasts_waiting_max = 256;
/// After a refused request is answered: what is still read, so that the client sees the answer and not a reset.
constexpr std::size_t drain_bytes_max = 256 * 1024;
constexpr std::chrono::milliseconds drain_max{1000};
constexpr std::chrono::milliseconds accept_pause{100};

using Text = std::shared_ptr<const std::string>;

bool same_word(std::string_view a, std::string_view b) {
  return beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

/// Takes the same time for every wrong token, however much of it is right.
bool is_token(std::string_view header, std::string_view token) {
  constexpr std::string_view scheme = "Bearer ";
  if (!same_word(header.substr(0, scheme.size()), scheme)) return false;
  const Hash32 given = sha256(as_bytes(header.substr(scheme.size())));
  const Hash32 wanted = sha256(as_bytes(token));
  return CRYPTO_memcmp(given.data(), wanted.data(), wanted.size()) == 0;
}

/// Whether a Host header names this machine. A web page that has its own name resolve to the loopback address (DNS
/// rebinding) does not get past it.
bool is_own_host(std::string_view host) {
  if (host.starts_with('[')) {
    host = host.substr(1, std::min(host.find(']'), host.size()) - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  if (host.empty() || same_word(host, "localhost")) return true;
  error_code error;
  const auto address = asio::ip::make_address(std::string(host), error);
  return !error && address.is_loopback();
}

Text event_text(std::string_view name, std::string_view data) {
  assert(name.find_first_of("\r\n") == name.npos);
  auto text = std::make_shared<std::string>();
  text->reserve(name.size() + data.size() + 32);
  text->append("event: ").append(name).append("\n");
  std::size_t begin = 0;
  while (begin <= data.size()) {
    const std::size_t end = std::min(data.find_first_of("\r\n", begin), data.size());
    text->append("data: ").append(data.substr(begin, end - begin)).append("\n");
    begin = end + (data.substr(end, 2) == "\r\n" ? 2 : 1);
  }
  text->append("\n");
  return text;
}

const char* code_of(HttpProblem problem) {
  switch (problem) {
    case HttpProblem::bad_request:
      return "bad_request";
    case HttpProblem::unauthorized:
      return "unauthorized";
    case HttpProblem::not_found:
      return "not_found";
    case HttpProblem::method_not_allowed:
      return "method_not_allowed";
    case HttpProblem::too_large:
      return "too_large";
    case HttpProblem::unavailable:
      return "unavailable";
  }
  assert(false);
  return "";
}

unsigned status_of(HttpProblem problem) {
  switch (problem) {
    case HttpProblem::bad_request:
      return 400;
    case HttpProblem::unauthorized:
      return 401;
    case HttpProblem::not_found:
      return 404;
    case HttpProblem::method_not_allowed:
      return 405;
    case HttpProblem::too_large:
      return 431;
    case HttpProblem::unavailable:
      return 503;
  }
  assert(false);
  return 500;
}

std::string json_text(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20) {
      quoted += "\\u00";
      quoted += digits[byte / 16];
      quoted += digits[byte % 16];
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

/// What every answer says, whatever it is: not to be guessed at, not to be kept.
std::string head_text(unsigned status, std::string_view content_type, std::string_view more, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(status) + " ";
  head += http::obsolete_reason(http::int_to_status(status)).to_string();
  head += "\r\nContent-Type: ";
  head += content_type;
  head += "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
  head += more;
  head += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

std::string answer_text(const HttpResponse& response, http::verb method, bool keep_alive) {
  std::string more = "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  if (response.status == 401) more += "WWW-Authenticate: Bearer\r\n";
  if (response.status == 405) more += "Allow: GET, HEAD\r\n";
  std::string text = head_text(response.status, response.content_type, more, keep_alive);
  if (method != http::verb::head) text += response.body;
  return text;
}

}  // namespace

HttpResponse http_error(HttpProblem problem, std::string_view message) {
  HttpResponse response;
  response.status = status_of(problem);
  response.body =
      "{\"error\": {\"code\": \"" + std::string(code_of(problem)) + "\", \"message\": " + json_text(message) + "}}";
  return response;
}

/// Everything here but broadcast and subscribers belongs to the server's thread.
class HttpServer::Listener {
 public:
  class Connection;

  Listener(HttpOptions options, HttpHandlers handlers) : options_(std::move(options)), handlers_(std::move(handlers)) {}
  ~Listener() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
    connections_.clear();
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::optional<HttpError> listen();
  void run();
  std::uint16_t port() const { return port_; }
  std::size_t subscribers() const { return subscribers_; }
  void broadcast(Text text);

  HttpResponse answer(http::verb method, std::string_view target, std::string_view authorization, std::string_view host,
                      bool& events);
  std::vector<HttpEvent> first_events();
  const HttpOptions& options() const { return options_; }
  void remove(const std::shared_ptr<Connection>& connection) { connections_.erase(connection); }
  void count_subscriber(bool joined) { joined ? ++subscribers_ : --subscribers_; }

 private:
  void accept();
  void accepted(Tcp::socket socket);
  void comment();
  void send_to_all(const Text& text);
  void drop_readers();

  const HttpOptions options_;
  const HttpHandlers handlers_;
  asio::io_context context_{1};
  Tcp::acceptor acceptor_{context_};
  asio::steady_timer comment_timer_{context_};
  asio::steady_timer accept_timer_{context_};
  std::set<std::shared_ptr<Connection>> connections_;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> subscribers_ = 0;
  std::atomic<std::size_t> broadcasts_waiting_ = 0;
  std::atomic<bool> overrun_ = false;
  std::thread thread_;
};

class HttpServer::Listener::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Listener& listener, Tcp::socket socket) : listener_(listener), stream_(std::move(socket)) {}

  void read();
  /// Hands a text to a reader of the event stream; does nothing for other connections.
  void send_event(const Text& text);
  bool reads_events() const { return reads_events_; }
  void close();

 private:
  void on_request(error_code error);
  void respond(std::string text, bool keep_alive);
  void refuse(const HttpResponse& response);
  void begin_events(bool head_only);
  void watch_reader();
  void write_next();
  void drain(std::size_t read);

  Listener& listener_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{2 * http_header_max};
  std::optional<http::request_parser<http::empty_body>> parser_;
  std::string answer_;
  std::array<char, 1024> waste_{};
  std::deque<Text> queue_;  // the first is being written
  std::size_t queued_bytes_ = 0;
  bool reads_events_ = false;
  bool closed_ = false;
};

void HttpServer::Listener::Connection::close() {
  if (closed_) return;
  closed_ = true;
  if (reads_events_) listener_.count_subscriber(false);
  stream_.close();
  listener_.remove(shared_from_this());
}

void HttpServer::Listener::Connection::read() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(http_header_max));
  parser_->body_limit(0);
  stream_.expires_after(listener_.options().idle_timeout);
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](error_code error, std::size_t) { self->on_request(error); });
}

void HttpServer::Listener::Connection::on_request(error_code error) {
  if (closed_) return;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    refuse(
        http_error(HttpProblem::too_large, "the request is longer than " + std::to_string(http_header_max) + " bytes"));
    return;
  }
  const bool has_request_line = error == http::error::body_limit || error == http::error::unexpected_body || !error;
  if (!has_request_line) {
    // Of the errors, only those of the grammar have a reader who would see an answer.
    if (error.category() == make_error_code(http::error::end_of_stream).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message) {
      refuse(http_error(HttpProblem::bad_request, "this is not an HTTP request"));
    } else {
      close();
    }
    return;
  }
  const auto& request = parser_->get();
  const auto view = [](beast::string_view text) { return std::string_view(text.data(), text.size()); };
  bool events = false;
  const HttpResponse response =
      listener_.answer(request.method(), view(request.target()), view(request[http::field::authorization]),
                       view(request[http::field::host]), events);
  if (error) {
    refuse(response.status == 405 ? response : http_error(HttpProblem::bad_request, "a request has no body here"));
  } else if (events) {
    begin_events(request.method() == http::verb::head);
  } else {
    respond(answer_text(response, request.method(), request.keep_alive()), request.keep_alive());
  }
}

void HttpServer::Listener::Connection::respond(std::string text, bool keep_alive) {
  answer_ = std::move(text);
  stream_.expires_after(listener_.options().idle_timeout);
  asio::async_write(stream_, asio::buffer(answer_),
                    [self = shared_from_this(), keep_alive](error_code error, std::size_t) {
                      if (self->closed_) return;
                      if (error) {
                        self->close();
                      } else if (keep_alive) {
                        self->read();
                      } else {
                        self->stream_.socket().shutdown(Tcp::socket::shutdown_send, error);
                        self->stream_.expires_after(drain_max);
                        self->drain(0);
                      }
                    });
}

void HttpServer::Listener::Connection::refuse(const HttpResponse& response) {
  respond(answer_text(response, http::verb::get, false), false);
}

void HttpServer::Listener::Connection::drain(std::size_t read) {
  stream_.async_read_some(asio::buffer(waste_), [self = shared_from_this(), read](error_code error, std::size_t count) {
    if (error || read + count > drain_bytes_max) {
      self->close();
    } else {
      self->drain(read + count);
    }
  });
}

void HttpServer::Listener::Connection::begin_events(bool head_only) {
  const std::string head = head_text(200, "text/event-stream", "", false);
  if (head_only) {
    respond(head, false);
    return;
  }
  reads_events_ = true;
  listener_.count_subscriber(true);
  stream_.expires_never();
  watch_reader();
  send_event(std::make_shared<const std::string>(head));
  for (const HttpEvent& event : listener_.first_events()) send_event(event_text(event.name, event.data));
}

void HttpServer::Listener::Connection::watch_reader() {
  // A reader has nothing more to say; the read ends when it goes.
  stream_.async_read_some(asio::buffer(waste_), [self = shared_from_this()](error_code error, std::size_t) {
    if (error) {
      self->close();
    } else {
      self->watch_reader();
    }
  });
}

void HttpServer::Listener::Connection::send_event(const Text& text) {
  if (closed_ || !reads_events_) return;
  if (queue_.size() == http_event_queue_max || queued_bytes_ + text->size() > http_event_bytes_max) {
    close();
    return;
  }
  queue_.push_back(text);
  queued_bytes_ += text->size();
  if (queue_.size() == 1) write_next();
}

void HttpServer::Listener::Connection::write_next() {
  // The pending read keeps its own time, which is endless: this one is the write's.
  stream_.expires_after(listener_.options().idle_timeout);
  asio::async_write(stream_, asio::buffer(*queue_.front()), [self = shared_from_this()](error_code error, std::size_t) {
    if (self->closed_) return;
    if (error) {
      self->close();
      return;
    }
    self->queued_bytes_ -= self->queue_.front()->size();
    self->queue_.pop_front();
    if (!self->queue_.empty()) self->write_next();
  });
}

std::optional<HttpError> HttpServer::Listener::listen() {
  const std::string place = options_.address + " port " + std::to_string(options_.port);
  error_code error;
  const auto address = asio::ip::make_address(options_.address, error);
  if (error) return HttpError{"\"" + options_.address + "\" is not an IP address"};
  if (!address.is_loopback() && options_.token.empty()) {
    return HttpError{"will not listen on " + place + " without a token: others could read it"};
  }
  const Tcp::endpoint endpoint(address, options_.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return HttpError{"cannot listen on " + place + ": " + error.message()};
  port_ = acceptor_.local_endpoint(error).port();
  if (error) return HttpError{"cannot listen on " + place + ": " + error.message()};
  return std::nullopt;
}

void HttpServer::Listener::run() {
  accept();
  comment();
  thread_ = std::thread([this] {
    while (!context_.stopped()) {
      try {
        context_.run();
      } catch (const std::exception&) {
        // Memory is short: what was being done is lost with its connection, the others go on.
      }
    }
  });
}

void HttpServer::Listener::accept() {
  acceptor_.async_accept([this](error_code error, Tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (error) {
      // No descriptor is left, most likely: trying at once would only burn the processor.
      accept_timer_.expires_after(accept_pause);
      accept_timer_.async_wait([this](error_code stopped) {
        if (!stopped) accept();
      });
      return;
    }
    accepted(std::move(socket));
    accept();
  });
}

void HttpServer::Listener::accepted(Tcp::socket socket) {
  error_code ignored;
  if (connections_.size() >= options_.connections_max) {
    const std::string text =
        answer_text(http_error(HttpProblem::unavailable, "too many connections"), http::verb::get, false);
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(text), ignored);
    socket.shutdown(Tcp::socket::shutdown_both, ignored);
    return;
  }
  socket.set_option(Tcp::no_delay(true), ignored);
  auto connection = std::make_shared<Connection>(*this, std::move(socket));
  connections_.insert(connection);
  connection->read();
}

void HttpServer::Listener::comment() {
  comment_timer_.expires_after(options_.comment_interval);
  comment_timer_.async_wait([this](error_code stopped) {
    if (stopped) return;
    send_to_all(std::make_shared<const std::string>(":\n\n"));
    comment();
  });
}

void HttpServer::Listener::send_to_all(const Text& text) {
  // A copy, because a reader that falls behind leaves the set.
  const std::vector<std::shared_ptr<Connection>> connections(connections_.begin(), connections_.end());
  for (const auto& connection : connections) connection->send_event(text);
}

void HttpServer::Listener::drop_readers() {
  const std::vector<std::shared_ptr<Connection>> connections(connections_.begin(), connections_.end());
  for (const auto& connection : connections) {
    if (connection->reads_events()) connection->close();
  }
}

void HttpServer::Listener::broadcast(Text text) {
  if (broadcasts_waiting_.fetch_add(1) >= broadcasts_waiting_max) {
    broadcasts_waiting_.fetch_sub(1);
    overrun_ = true;
    return;
  }
  asio::post(context_, [this, text = std::move(text)] {
    broadcasts_waiting_.fetch_sub(1);
    if (overrun_.exchange(false)) drop_readers();
    send_to_all(text);
  });
}

HttpResponse HttpServer::Listener::answer(http::verb method, std::string_view target, std::string_view authorization,
                                          std::string_view host, bool& events) {
  if (!options_.token.empty() && !is_token(authorization, options_.token)) {
    return http_error(HttpProblem::unauthorized, "the bearer token is missing or wrong");
  }
  if (options_.token.empty() && !is_own_host(host)) {
    return http_error(HttpProblem::bad_request, "the host is not this machine's loopback address");
  }
  if (method != http::verb::get && method != http::verb::head) {
    return http_error(HttpProblem::method_not_allowed, "only GET and HEAD are answered");
  }
  const auto request = parse_http_target(target);
  if (!request) return http_error(HttpProblem::bad_request, "the path or the query cannot be read");
  if (request->path == options_.events_path) {
    events = true;
    return {};
  }
  try {
    return handlers_.answer(*request);
  } catch (const std::exception&) {
    return http_error(HttpProblem::unavailable, "the answer cannot be made at present");
  }
}

std::vector<HttpEvent> HttpServer::Listener::first_events() {
  if (!handlers_.on_subscribe) return {};
  try {
    return handlers_.on_subscribe();
  } catch (const std::exception&) {
    return {};
  }
}

HttpServer::HttpServer(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>, HttpError> HttpServer::start(HttpOptions options, HttpHandlers handlers) {
  assert(handlers.answer);
  try {
    auto listener = std::make_unique<Listener>(std::move(options), std::move(handlers));
    if (auto error = listener->listen()) return Fail{*error};
    listener->run();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(listener)));
  } catch (const std::exception& problem) {
    return Fail{HttpError{problem.what()}};
  }
}

std::uint16_t HttpServer::port() const {
  return listener_->port();
}
void HttpServer::broadcast(std::string_view name, std::string_view data) {
  listener_->broadcast(event_text(name, data));
}
std::size_t HttpServer::subscribers() const {
  return listener_->subscribers();
}

}  // namespace commonwatt
