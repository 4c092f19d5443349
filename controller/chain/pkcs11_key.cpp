#include "controller/chain/pkcs11_key.hpp"

#include <algorithm>
#include <mutex>
#include <vector>

#include "controller/chain/pkcs11_session.hpp"
#include "controller/chain/printable.hpp"
#include "controller/signing_keys.hpp"

namespace commonwatt {
namespace {

using Objects = Result<std::vector<CK_OBJECT_HANDLE>, std::string>;

/// The object identifier of secp256k1, 1.3.132.0.10, in DER.
constexpr std::array<std::uint8_t, 7> secp256k1_oid{0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a};
constexpr std::size_t id_size = 8;

std::string name_of(const Pkcs11Uri& uri) {
  return "key '" + printable(uri.object.empty() ? "id " + to_hex(uri.id) : uri.object) + "' of token '" +
         printable(uri.token) + "'";
}

std::string escaped(ByteView id) {
  const std::string digits = to_hex(id);
  std::string text;
  for (std::size_t at = 0; at < digits.size(); at += 2) text += "%" + digits.substr(at, 2);
  return text;
}

/// The private keys there are, as a URI would name them.
std::string names(const Pkcs11Session& session, const std::vector<CK_OBJECT_HANDLE>& keys) {
  std::string text;
  for (const CK_OBJECT_HANDLE key : keys) {
    text += (text.empty() ? "object=" : ", object=") + printable(as_text(session.attribute(key, CKA_LABEL))) +
            ";id=" + escaped(session.attribute(key, CKA_ID));
  }
  return text;
}

Result<CK_OBJECT_HANDLE, std::string> private_key(const Pkcs11Session& session, const Pkcs11Uri& uri) {
  std::vector<Pkcs11Attribute> wanted{pkcs11_number(CKA_CLASS, CKO_PRIVATE_KEY)};
  if (!uri.object.empty()) wanted.push_back(pkcs11_bytes(CKA_LABEL, as_bytes(uri.object)));
  if (!uri.id.empty()) wanted.push_back(pkcs11_bytes(CKA_ID, uri.id));
  const Objects found = session.find(std::move(wanted));
  if (!found) return Fail{found.error()};
  if (found->size() == 1) return found->front();
  if (found->size() > 1)
    return Fail{"there are several; say which with id= as well as object=: " + names(session, *found)};
  const Objects all = session.find({pkcs11_number(CKA_CLASS, CKO_PRIVATE_KEY)});
  if (!all) return Fail{all.error()};
  return Fail{"there is none; " +
              (all->empty() ? "the token has no private key" : "the token has " + names(session, *all)) +
              ". 'commonwatt chain key --kind KIND URI' makes one"};
}

/// The public key that belongs to a private one; the private one itself where a token keeps no other, for then that
/// has the point.
Result<CK_OBJECT_HANDLE, std::string> public_key(const Pkcs11Session& session, CK_OBJECT_HANDLE key) {
  const Bytes id = session.attribute(key, CKA_ID);
  const Bytes label = session.attribute(key, CKA_LABEL);
  const Objects found = session.find({pkcs11_number(CKA_CLASS, CKO_PUBLIC_KEY),
                                      id.empty() ? pkcs11_bytes(CKA_LABEL, label) : pkcs11_bytes(CKA_ID, id)});
  if (!found) return Fail{found.error()};
  return found->empty() ? key : found->front();
}

/// CKA_EC_POINT is an OCTET STRING that holds the point; some modules leave its two bytes of DER out.
ByteView point_in(ByteView value) {
  const bool is_wrapped = value.size() > 2 && value[0] == 0x04 && value[1] == value.size() - 2;
  return is_wrapped ? value.subspan(2) : value;
}

Result<Address, std::string> address_in(const Pkcs11Session& session, CK_OBJECT_HANDLE key) {
  const Bytes curve = session.attribute(key, CKA_EC_PARAMS);
  if (!std::equal(curve.begin(), curve.end(), secp256k1_oid.begin(), secp256k1_oid.end())) {
    return Fail{
        std::string("it is not of the curve secp256k1, on which EVM accounts sign; make another with "
                    "'commonwatt chain key --kind KIND URI'")};
  }
  const Bytes point = session.attribute(key, CKA_EC_POINT);
  const std::optional<Address> address = address_of_point(point_in(point));
  if (!address) {
    return Fail{
        std::string("the token keeps no public key with its label and id, without which its address is not "
                    "known; write it there, with 'pkcs11-tool --write-object FILE --type pubkey'")};
  }
  return *address;
}

/// A session and the key in it. Handles end with their session.
struct OpenKey {
  Pkcs11Session session;
  CK_OBJECT_HANDLE handle = 0;
  Address address;
};

Result<OpenKey, std::string> open_key(const Pkcs11Uri& uri) {
  Result<Pkcs11Session, std::string> session = Pkcs11Session::open(uri, Pkcs11Access::use_keys);
  if (!session) return Fail{session.error()};
  const Result<CK_OBJECT_HANDLE, std::string> key = private_key(*session, uri);
  if (!key) return Fail{name_of(uri) + ": " + key.error()};
  const Result<CK_OBJECT_HANDLE, std::string> shown = public_key(*session, *key);
  if (!shown) return Fail{name_of(uri) + ": " + shown.error()};
  const Result<Address, std::string> address = address_in(*session, *shown);
  if (!address) return Fail{name_of(uri) + ": " + address.error()};
  return OpenKey{.session = std::move(*session), .handle = *key, .address = *address};
}

/// Whatever has the label or the id already would later be taken for this key's other half.
Result<Done, std::string> check_free(const Pkcs11Session& session, const Pkcs11Uri& uri) {
  std::vector<Pkcs11Attribute> names{pkcs11_bytes(CKA_LABEL, as_bytes(uri.object))};
  if (!uri.id.empty()) names.push_back(pkcs11_bytes(CKA_ID, uri.id));
  for (const Pkcs11Attribute& name : names) {
    for (const CK_ULONG kind : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
      const Objects there = session.find({pkcs11_number(CKA_CLASS, kind), name});
      if (!there) return Fail{there.error()};
      if (!there->empty()) {
        return Fail{std::string("the token has a key of that ") + (name.type == CKA_ID ? "id" : "label") +
                    " already, and it stays; choose another, or use that one with --show"};
      }
    }
  }
  return Done{};
}

Result<Done, std::string> make_in(const Pkcs11Session& session, const Pkcs11Uri& uri) {
  if (Result<Done, std::string> free = check_free(session, uri); !free) return free;
  const Hash32 chance = random_hash();
  const Bytes id = uri.id.empty() ? Bytes(chance.begin(), chance.begin() + id_size) : uri.id;
  return session.make_pair(
      {pkcs11_flag(CKA_TOKEN, CK_TRUE), pkcs11_flag(CKA_VERIFY, CK_TRUE), pkcs11_bytes(CKA_EC_PARAMS, secp256k1_oid),
       pkcs11_bytes(CKA_LABEL, as_bytes(uri.object)), pkcs11_bytes(CKA_ID, id)},
      {pkcs11_flag(CKA_TOKEN, CK_TRUE), pkcs11_flag(CKA_PRIVATE, CK_TRUE), pkcs11_flag(CKA_SIGN, CK_TRUE),
       pkcs11_flag(CKA_SENSITIVE, CK_TRUE), pkcs11_flag(CKA_EXTRACTABLE, CK_FALSE),
       pkcs11_bytes(CKA_LABEL, as_bytes(uri.object)), pkcs11_bytes(CKA_ID, id)});
}

}  // namespace

struct Pkcs11Key::InUse {
  Pkcs11Uri uri;
  Address address;
  std::mutex mutex;              // a session does one thing at a time
  std::optional<OpenKey> there;  // nothing while the token does not answer

  Result<EvmSignature, std::string> sign(const Hash32& digest) const {
    const Result<Bytes, std::string> made = there->session.sign(there->handle, digest);
    if (!made) return Fail{name_of(uri) + ": " + made.error()};
    const std::optional<EvmSignature> signature = signature_of(address, digest, *made);
    if (!signature) return Fail{name_of(uri) + ": its signature does not lead back to " + to_text(address)};
    return *signature;
  }
};

Pkcs11Key::Pkcs11Key(std::unique_ptr<InUse> key) : key_(std::move(key)) {}
Pkcs11Key::Pkcs11Key(Pkcs11Key&&) noexcept = default;
Pkcs11Key& Pkcs11Key::operator=(Pkcs11Key&&) noexcept = default;
Pkcs11Key::~Pkcs11Key() = default;

Result<Pkcs11Key, std::string> Pkcs11Key::open(const Pkcs11Uri& uri) {
  Result<OpenKey, std::string> opened = open_key(uri);
  if (!opened) return Fail{opened.error()};
  auto key = std::make_unique<InUse>();
  key->uri = uri;
  key->address = opened->address;
  key->there.emplace(std::move(*opened));
  return Pkcs11Key(std::move(key));
}

Result<Pkcs11Key, std::string> Pkcs11Key::make(const Pkcs11Uri& uri) {
  if (uri.object.empty()) return Fail{std::string("PKCS#11 URI: object= is missing: the label of the new key")};
  const Result<Pkcs11Session, std::string> session = Pkcs11Session::open(uri, Pkcs11Access::make_keys);
  if (!session) return Fail{session.error()};
  const Result<Done, std::string> made = make_in(*session, uri);
  if (!made) return Fail{name_of(uri) + ": " + made.error()};
  return open(uri);
}

const Address& Pkcs11Key::address() const {
  return key_->address;
}

Result<EvmSignature, std::string> Pkcs11Key::sign(const Hash32& digest) const {
  const std::lock_guard lock(key_->mutex);
  if (key_->there) {
    if (Result<EvmSignature, std::string> made = key_->sign(digest); made) return made;
    key_->there.reset();
  }
  // Tokens are pulled, users logged out, lines to a network's module lost: a new session knows.
  Result<OpenKey, std::string> opened = open_key(key_->uri);
  if (!opened) return Fail{opened.error()};
  if (opened->address != key_->address) {
    return Fail{name_of(key_->uri) + " is another one now: its address is " + to_text(opened->address) + ", it was " +
                to_text(key_->address)};
  }
  key_->there.emplace(std::move(*opened));
  return key_->sign(digest);
}

}  // namespace commonwatt
