// A neighbourhood's own certificate authority: who is the broker, who is which household.
#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"

namespace commonwatt {

/// When a certificate counts. Whole seconds; not_after is the last instant.
struct Validity {
  UtcTime not_before;
  UtcTime not_after;
};

struct CertificateFiles {
  std::string certificate;  ///< PEM, mode 0644
  std::string key;          ///< PEM (PKCS #8, not encrypted), mode 0600
};

struct CertificateError {
  std::string file;  ///< the file or directory it is about; may be empty
  std::string text;
  [[nodiscard]] std::string to_text() const { return file.empty() ? text : file + ": " + text; }
};

/// What a leaf certificate may be used for. A household cannot pose as the broker with its certificate, nor the other
/// way round: the key usage extension of each allows one side of a TLS connection only.
enum class CertificateUse { server, client };

struct CertificateOrder {
  std::string authority_directory;  ///< where make_authority has written
  std::string directory;            ///< where the files go; made with mode 0700 when it is not there
  /// The common name, for a client the household's id, as is_name (core/id.hpp) has it. Also the files' name.
  std::string name;
  CertificateUse use = CertificateUse::client;
  /// Further DNS names or IP addresses of a server. "localhost" and 127.0.0.1 are always among them.
  std::vector<std::string> hosts = {};
  Validity validity;
};

/// Makes a self-signed authority (P-256) in a directory of mode 0700: ca.pem and ca.key. Refuses to replace one.
Result<CertificateFiles, CertificateError> make_authority(const std::string& directory, const Validity& validity);

/// Makes a P-256 key and a certificate for it, NAME.pem and NAME.key, replacing files of that name. The serial number
/// is random (159 bits).
Result<CertificateFiles, CertificateError> issue_certificate(const CertificateOrder& order);

/// The last instant of a PEM certificate, for renewing in time.
Result<UtcTime, CertificateError> certificate_expiry(const std::string& file);

}  // namespace commonwatt
