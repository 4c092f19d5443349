#include "controller/certificates.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/bytes.hpp"
#include "core/id.hpp"

namespace commonwatt {
namespace {

constexpr std::size_t hosts_max = 32;
constexpr int serial_bits = 159;  // RFC 5280 section 4.1.2.2: 20 octets at most, and positive
constexpr int certificate_version_3 = 2;

template <auto release>
struct Release {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Release<&EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<&X509_free>>;
using Memory = std::unique_ptr<BIO, Release<&BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Release<&X509_EXTENSION_free>>;
using Number = std::unique_ptr<BIGNUM, Release<&BN_free>>;

template <class T>
using Outcome = Result<T, CertificateError>;

Fail<CertificateError> failure(const std::string& file, const std::string& text) {
  return Fail{CertificateError{file, text}};
}

/// What the library says about the last call, and an empty queue for the next.
std::string library_reason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "the cryptographic library failed" : reason;
}

std::string system_reason() {
  return std::generic_category().message(errno);
}

Outcome<Done> make_private_directory(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return failure(directory, error.message());
  if (::chmod(directory.c_str(), S_IRWXU) != 0) return failure(directory, system_reason());
  return Done{};
}

/// Writes under another name first: whoever reads the file sees the old or the new one, whole, and never with a wider
/// mode.
Outcome<Done> write_file(const std::string& file, ByteView bytes, mode_t mode) {
  const std::string part = file + ".part";
  ::unlink(part.c_str());
  const int descriptor = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (descriptor < 0) return failure(part, system_reason());
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count = ::write(descriptor, bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    written += static_cast<std::size_t>(count);
  }
  const bool complete = written == bytes.size() && ::fchmod(descriptor, mode) == 0 && ::fsync(descriptor) == 0;
  const std::string reason = complete ? "" : system_reason();
  ::close(descriptor);
  if (!complete) return failure(part, reason);
  if (::rename(part.c_str(), file.c_str()) != 0) return failure(file, system_reason());
  return Done{};
}

Outcome<Done> write_pem(const std::string& file, BIO* memory, mode_t mode) {
  char* data = nullptr;
  const long size = BIO_ctrl(memory, BIO_CTRL_INFO, 0, &data);
  if (size <= 0 || data == nullptr) return failure(file, library_reason());
  return write_file(file, as_bytes({data, static_cast<std::size_t>(size)}), mode);
}

Outcome<CertificateFiles> write_pair(const std::string& stem, X509* certificate, EVP_PKEY* key) {
  CertificateFiles files{stem + ".pem", stem + ".key"};
  // The secure heap, when there is one, else the ordinary one; freed memory is wiped either way.
  const Memory key_text{BIO_new(BIO_s_secmem())};
  const Memory certificate_text{BIO_new(BIO_s_mem())};
  if (!key_text || !certificate_text ||
      PEM_write_bio_PKCS8PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_bio_X509(certificate_text.get(), certificate) != 1) {
    return failure(stem, library_reason());
  }
  auto key_done = write_pem(files.key, key_text.get(), S_IRUSR | S_IWUSR);
  if (!key_done) return Fail{key_done.error()};
  auto done = write_pem(files.certificate, certificate_text.get(), S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
  if (!done) return Fail{done.error()};
  return files;
}

Outcome<Certificate> read_certificate(const std::string& file) {
  const Memory source{BIO_new_file(file.c_str(), "r")};
  if (!source) return failure(file, library_reason());
  Certificate certificate{PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr)};
  if (!certificate) return failure(file, "no certificate in it: " + library_reason());
  return certificate;
}

Outcome<Key> read_key(const std::string& file) {
  const Memory source{BIO_new_file(file.c_str(), "r")};
  if (!source) return failure(file, library_reason());
  // An encrypted key must fail, not ask at a terminal.
  Key key{PEM_read_bio_PrivateKey(
      source.get(), nullptr, [](char*, int, int, void*) { return -1; }, nullptr)};
  if (!key) return failure(file, "no private key in it: " + library_reason());
  return key;
}

bool set_random_serial(X509* certificate) {
  const Number number{BN_new()};
  return number && BN_rand(number.get(), serial_bits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_common_name(X509* certificate, const std::string& name) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, as_bytes(name).data(),
                                    static_cast<int>(name.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension{X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str())};
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// A certificate with everything but its extensions and the signature.
Certificate blank_certificate(const std::string& name, const Validity& validity, EVP_PKEY* key) {
  Certificate certificate{X509_new()};
  const bool done = certificate && X509_set_version(certificate.get(), certificate_version_3) == 1 &&
                    set_random_serial(certificate.get()) && set_common_name(certificate.get(), name) &&
                    ASN1_TIME_set(X509_getm_notBefore(certificate.get()), validity.not_before.seconds()) != nullptr &&
                    ASN1_TIME_set(X509_getm_notAfter(certificate.get()), validity.not_after.seconds()) != nullptr &&
                    X509_set_pubkey(certificate.get(), key) == 1;
  return done ? std::move(certificate) : nullptr;
}

Key new_key() {
  return Key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
}

/// A host becomes part of an extension's text, where a comma would begin the next entry.
bool is_host(std::string_view host) {
  constexpr std::size_t length_max = 253;
  if (host.empty() || host.size() > length_max) return false;
  return host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:") ==
         std::string_view::npos;
}

std::string alternative_names(const std::vector<std::string>& hosts) {
  std::string names = "DNS:localhost,IP:127.0.0.1";
  for (const std::string& host : hosts) {
    if (host == "localhost" || host == "127.0.0.1") continue;
    const bool address =
        host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
    names += (address ? ",IP:" : ",DNS:") + host;
  }
  return names;
}

bool add_leaf_extensions(X509* certificate, X509* issuer, const CertificateOrder& order) {
  const bool server = order.use == CertificateUse::server;
  return add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
         add_extension(certificate, issuer, NID_ext_key_usage, server ? "serverAuth" : "clientAuth") &&
         add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
         add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always") &&
         (!server || add_extension(certificate, issuer, NID_subject_alt_name, alternative_names(order.hosts)));
}

std::optional<CertificateError> problem_of(const CertificateOrder& order) {
  if (!is_name(order.name)) return CertificateError{"", "\"" + order.name + "\" cannot be the name of a certificate"};
  if (order.validity.not_after <= order.validity.not_before)
    return CertificateError{"", "the validity ends before it begins"};
  if (order.hosts.size() > hosts_max) return CertificateError{"", "more than " + std::to_string(hosts_max) + " hosts"};
  for (const std::string& host : order.hosts) {
    if (!is_host(host)) return CertificateError{"", "\"" + host + "\" is not a host name or an IP address"};
  }
  return std::nullopt;
}

}  // namespace

Result<CertificateFiles, CertificateError> make_authority(const std::string& directory, const Validity& validity) {
  if (validity.not_after <= validity.not_before) return failure("", "the validity ends before it begins");
  const std::string stem = directory + "/ca";
  for (const char* suffix : {".pem", ".key"}) {
    std::error_code error;
    if (std::filesystem::exists(stem + suffix, error)) return failure(stem + suffix, "an authority is there already");
  }
  auto made = make_private_directory(directory);
  if (!made) return Fail{made.error()};
  const Key key = new_key();
  if (!key) return failure(stem, library_reason());
  const Certificate certificate = blank_certificate("Commonwatt neighbourhood authority", validity, key.get());
  if (!certificate || X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get())) != 1 ||
      !add_extension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash") ||
      X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0) {
    return failure(stem, library_reason());
  }
  return write_pair(stem, certificate.get(), key.get());
}

Result<CertificateFiles, CertificateError> issue_certificate(const CertificateOrder& order) {
  if (auto problem = problem_of(order)) return Fail{*problem};
  auto authority = read_certificate(order.authority_directory + "/ca.pem");
  if (!authority) return Fail{authority.error()};
  auto authority_key = read_key(order.authority_directory + "/ca.key");
  if (!authority_key) return Fail{authority_key.error()};
  if (X509_check_private_key(authority->get(), authority_key->get()) != 1) {
    ERR_clear_error();
    return failure(order.authority_directory + "/ca.key", "is not the key of ca.pem");
  }
  const std::string stem = order.directory + "/" + order.name;
  if (order.name == "ca") return failure(stem, "is the name of an authority's own files");
  auto made = make_private_directory(order.directory);
  if (!made) return Fail{made.error()};
  const Key key = new_key();
  if (!key) return failure(stem, library_reason());
  const Certificate certificate = blank_certificate(order.name, order.validity, key.get());
  if (!certificate || X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority->get())) != 1 ||
      !add_leaf_extensions(certificate.get(), authority->get(), order) ||
      X509_sign(certificate.get(), authority_key->get(), EVP_sha256()) == 0) {
    return failure(stem, library_reason());
  }
  return write_pair(stem, certificate.get(), key.get());
}

Result<UtcTime, CertificateError> certificate_expiry(const std::string& file) {
  auto certificate = read_certificate(file);
  if (!certificate) return Fail{certificate.error()};
  int days = 0;
  int seconds = 0;
  using AsnTime = std::unique_ptr<ASN1_TIME, Release<&ASN1_TIME_free>>;
  const AsnTime epoch{ASN1_TIME_set(nullptr, 0)};
  if (!epoch || ASN1_TIME_diff(&days, &seconds, epoch.get(), X509_get0_notAfter(certificate->get())) != 1) {
    return failure(file, library_reason());
  }
  constexpr std::int64_t day_seconds = 86'400;
  return UtcTime::from_seconds(days * day_seconds + seconds);
}

}  // namespace commonwatt
