#include "meter/tls_stream.hpp"

#include <algorithm>
#include <climits>

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "meter/descriptor_wait.hpp"
#include "meter/machine_time.hpp"

namespace commonwatt {
namespace {

using std::chrono::nanoseconds;
using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Session = std::unique_ptr<SSL, decltype(&SSL_free)>;

std::string ssl_text() {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  const char* const reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  return reason == nullptr ? "the connection was closed" : reason;
}

Fail<MeterError> fault(MeterFault kind, std::string detail) {
  return Fail{MeterError{kind, std::move(detail)}};
}

class TlsStream : public ByteStream {
 public:
  TlsStream(int socket, Context context, Session session, int stop_descriptor)
      : socket_(socket), context_(std::move(context)), session_(std::move(session)), stop_(stop_descriptor) {}
  ~TlsStream() override {
    SSL_shutdown(session_.get());  // tells the peer; its answer is not waited for
    session_.reset();
    ::close(socket_);
  }
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  Result<Done, MeterError> send(std::span<const std::uint8_t> octets) override {
    const int sent = SSL_write(session_.get(), octets.data(), static_cast<int>(octets.size()));
    if (sent == static_cast<int>(octets.size())) return Done{};
    return fault(MeterFault::connection_lost, ssl_text());
  }

  Result<std::size_t, MeterError> receive(std::span<std::uint8_t> buffer, nanoseconds deadline) override {
    const int room = static_cast<int>(std::min<std::size_t>(buffer.size(), INT_MAX));
    while (true) {
      const int got = SSL_read(session_.get(), buffer.data(), room);
      if (got > 0) return static_cast<std::size_t>(got);
      if (SSL_get_error(session_.get(), got) != SSL_ERROR_WANT_READ) {
        return fault(MeterFault::connection_lost, ssl_text());
      }
      const Waited waited = wait_readable(socket_, stop_, deadline);
      if (waited == Waited::deadline) return std::size_t{0};
      if (waited == Waited::stopping) return fault(MeterFault::stopping, {});
    }
  }

  /// Until the handshake is done or machine time has come to `deadline`.
  Result<Done, MeterError> shake_hands(nanoseconds deadline) {
    while (true) {
      const int done = SSL_connect(session_.get());
      if (done == 1) return Done{};
      const int wanted = SSL_get_error(session_.get(), done);
      if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE) {
        const long verified = SSL_get_verify_result(session_.get());
        return fault(MeterFault::cannot_connect,
                     verified != X509_V_OK ? X509_verify_cert_error_string(verified) : ssl_text());
      }
      const Waited waited = wanted == SSL_ERROR_WANT_READ ? wait_readable(socket_, stop_, deadline)
                                                          : wait_writable(socket_, stop_, deadline);
      if (waited == Waited::deadline) return fault(MeterFault::cannot_connect, "no TLS handshake in time");
      if (waited == Waited::stopping) return fault(MeterFault::stopping, {});
    }
  }

 private:
  int socket_;
  Context context_;
  Session session_;
  int stop_;
};

/// Fails in words.
Result<Done, std::string> load(SSL_CTX* context, const TlsFiles& files) {
  if (SSL_CTX_load_verify_locations(context, files.ca.c_str(), nullptr) != 1) return Fail{files.ca + ": " + ssl_text()};
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return Fail{files.certificate + ": " + ssl_text()};
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return Fail{files.key + ": " + ssl_text()};
  }
  return Done{};
}

/// Whoever has a certificate of the same authority is not yet the device that was asked for.
bool expect_host(SSL* session, const std::string& host) {
  in6_addr binary{};
  if (::inet_pton(AF_INET, host.c_str(), &binary) == 1 || ::inet_pton(AF_INET6, host.c_str(), &binary) == 1) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1;
  }
  // SSL_set_tlsext_host_name, without the cast its macro makes.
  std::string name = host;
  return SSL_set1_host(session, host.c_str()) == 1 &&
         SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
}

}  // namespace

Result<std::unique_ptr<ByteStream>, MeterError> open_tls(int socket, const TcpAddress& address,
                                                         const StreamTiming& timing) {
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
  const std::string where = address.host + " port " + std::to_string(address.port) + ": ";
  const auto give_up = [socket](std::string detail) {
    ::close(socket);
    return fault(MeterFault::cannot_connect, std::move(detail));
  };
  Context context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (!context) return give_up(where + ssl_text());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (const Result<Done, std::string> loaded = load(context.get(), *address.tls); !loaded) {
    return give_up(loaded.error());
  }
  Session session(SSL_new(context.get()), &SSL_free);
  if (!session || !expect_host(session.get(), address.host) || SSL_set_fd(session.get(), socket) != 1) {
    return give_up(where + ssl_text());
  }
  auto stream = std::make_unique<TlsStream>(socket, std::move(context), std::move(session), timing.stop_descriptor);
  const Result<Done, MeterError> shaken = stream->shake_hands(machine_time() + timing.connect_timeout);
  if (!shaken) return fault(shaken.error().fault, where + shaken.error().detail);
  return std::unique_ptr<ByteStream>(std::move(stream));
}

}  // namespace commonwatt
