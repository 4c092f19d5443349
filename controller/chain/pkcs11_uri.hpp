// Which key of which PKCS#11 token (a hardware security module, a smart card, SoftHSM2), as RFC 7512 writes it:
//
//     pkcs11:token=commonwatt;object=relayer?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/cw/pin
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/bytes.hpp"
#include "core/result.hpp"

namespace commonwatt {

/// An empty text, or an empty id, fits every token or key. A token has a label here, and a key a label or an id.
struct Pkcs11Uri {
  std::string token;  ///< the token's label, as are the next three of the token
  std::string serial = {};
  std::string manufacturer = {};
  std::string model = {};
  std::string object = {};              ///< the key's label
  Bytes id = {};                        ///< the key's CKA_ID
  std::filesystem::path module = {};    ///< the library that speaks to the token; absolute
  std::filesystem::path pin_file = {};  ///< absolute
};

/// Whether a text is meant as such a URI: it begins with "pkcs11:".
bool is_pkcs11_uri(std::string_view text);

/// The error names the part that is wrong and what to write instead; it never shows a value, which may be a PIN.
/// Refuses a PIN in the URI itself, and whatever it does not know.
Result<Pkcs11Uri, std::string> parse_pkcs11_uri(std::string_view text);

}  // namespace commonwatt
