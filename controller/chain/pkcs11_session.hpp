// A session with a PKCS#11 token (OASIS PKCS #11 v2.40) in which its user is logged in. Each module is loaded and
// initialised once and stays: other keys may be in use through it. What fails is told with what to do about it; the PIN
// is in no text.
#pragma once

#include <string>
#include <vector>

#include <p11-kit/pkcs11.h>

#include "controller/chain/pkcs11_uri.hpp"

namespace commonwatt {

/// An attribute of an object to look for or to make.
struct Pkcs11Attribute {
  CK_ATTRIBUTE_TYPE type = 0;
  Bytes value;
};
Pkcs11Attribute pkcs11_number(CK_ATTRIBUTE_TYPE type, CK_ULONG number);
Pkcs11Attribute pkcs11_flag(CK_ATTRIBUTE_TYPE type, CK_BBOOL flag);
Pkcs11Attribute pkcs11_bytes(CK_ATTRIBUTE_TYPE type, ByteView bytes);

enum class Pkcs11Access : std::uint8_t { use_keys, make_keys };

class Pkcs11Session {
 public:
  /// Finds the token and logs in. A PIN that a token refused is not given to it again while the program runs: after a
  /// few wrong ones it locks itself.
  static Result<Pkcs11Session, std::string> open(const Pkcs11Uri& uri, Pkcs11Access access);

  Pkcs11Session(Pkcs11Session&& other) noexcept;
  Pkcs11Session& operator=(Pkcs11Session&& other) noexcept;
  Pkcs11Session(const Pkcs11Session&) = delete;
  Pkcs11Session& operator=(const Pkcs11Session&) = delete;
  ~Pkcs11Session();

  /// All objects with these attributes, at most `objects_max`.
  [[nodiscard]] Result<std::vector<CK_OBJECT_HANDLE>, std::string> find(std::vector<Pkcs11Attribute> wanted) const;
  static constexpr CK_ULONG objects_max = 64;
  /// Empty when the object has no such attribute, or does not tell.
  [[nodiscard]] Bytes attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const;

  /// What ECDSA makes of a digest, as the token writes it.
  [[nodiscard]] Result<Bytes, std::string> sign(CK_OBJECT_HANDLE key, const Hash32& digest) const;
  [[nodiscard]] Result<Done, std::string> make_pair(std::vector<Pkcs11Attribute> public_key,
                                                    std::vector<Pkcs11Attribute> private_key) const;

 private:
  Pkcs11Session(CK_FUNCTION_LIST* module, CK_SESSION_HANDLE handle) : module_(module), handle_(handle) {}
  CK_FUNCTION_LIST* module_ = nullptr;  // none when it was moved from
  CK_SESSION_HANDLE handle_ = 0;
};

}  // namespace commonwatt
