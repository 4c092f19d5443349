#include "controller/chain/pkcs11_session.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <utility>

#include <dlfcn.h>
#include <openssl/crypto.h>

#include "controller/chain/printable.hpp"
#include "controller/chain/secret_file.hpp"
#include "core/sha256.hpp"

namespace commonwatt {
namespace {

constexpr CK_ULONG slots_max = 256;
constexpr CK_ULONG attribute_size_max = 4096;
constexpr std::size_t pin_size_max = 255;

/// What a module says, in words and by its name in the standard where people look for it.
std::string reason(CK_RV said) {
  struct Named {
    CK_RV value = CKR_OK;
    const char* text = "";
  };
  static constexpr std::array<Named, 17> known{{
      {CKR_TOKEN_NOT_PRESENT, "the token is not there (CKR_TOKEN_NOT_PRESENT)"},
      {CKR_DEVICE_REMOVED, "the token was taken out (CKR_DEVICE_REMOVED)"},
      {CKR_TOKEN_NOT_RECOGNIZED, "the token is not recognised (CKR_TOKEN_NOT_RECOGNIZED)"},
      {CKR_DEVICE_ERROR, "the device has a fault (CKR_DEVICE_ERROR)"},
      {CKR_DEVICE_MEMORY, "the device is full (CKR_DEVICE_MEMORY)"},
      {CKR_SESSION_HANDLE_INVALID, "the session is gone (CKR_SESSION_HANDLE_INVALID)"},
      {CKR_SESSION_CLOSED, "the session is gone (CKR_SESSION_CLOSED)"},
      {CKR_SESSION_COUNT, "the token has no session left (CKR_SESSION_COUNT)"},
      {CKR_KEY_HANDLE_INVALID, "the key is gone (CKR_KEY_HANDLE_INVALID)"},
      {CKR_USER_NOT_LOGGED_IN, "nobody is logged in (CKR_USER_NOT_LOGGED_IN)"},
      {CKR_USER_PIN_NOT_INITIALIZED, "the token's user has no PIN yet (CKR_USER_PIN_NOT_INITIALIZED)"},
      {CKR_PIN_EXPIRED, "the PIN has expired; set a new one (CKR_PIN_EXPIRED)"},
      {CKR_PIN_LOCKED, "the PIN is locked; its security officer can set a new one (CKR_PIN_LOCKED)"},
      {CKR_TOKEN_WRITE_PROTECTED, "the token is write-protected (CKR_TOKEN_WRITE_PROTECTED)"},
      {CKR_MECHANISM_INVALID, "the token cannot do that (CKR_MECHANISM_INVALID)"},
      {CKR_CURVE_NOT_SUPPORTED, "the token does not know the curve secp256k1 (CKR_CURVE_NOT_SUPPORTED)"},
      {CKR_CRYPTOKI_NOT_INITIALIZED, "the module was shut down (CKR_CRYPTOKI_NOT_INITIALIZED)"},
  }};
  for (const Named& each : known) {
    if (each.value == said) return each.text;
  }
  std::ostringstream number;
  number << "the module says 0x" << std::hex << said << " (PKCS #11 v2.40, section 2.1: CKR_...)";
  return number.str();
}

Fail<std::string> failed(const std::string& what, CK_RV said) {
  return Fail{what + ": " + reason(said)};
}

Result<CK_FUNCTION_LIST*, std::string> load(const std::string& file) {
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* why = ::dlerror();
    return Fail{"no PKCS#11 module can be loaded: " + std::string(why == nullptr ? file : why) +
                "; correct module-path= or install the module"};
  }
  const auto get_functions = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
  CK_FUNCTION_LIST* module = nullptr;
  if (get_functions == nullptr || get_functions(&module) != CKR_OK || module == nullptr) {
    ::dlclose(library);
    return Fail{file + ": is no PKCS#11 module; correct module-path="};
  }
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  const CK_RV said = module->C_Initialize(&arguments);
  if (said != CKR_OK && said != CKR_CRYPTOKI_ALREADY_INITIALIZED)
    return failed(file + ": the module does not start; is it configured, and may this user use it?", said);
  return module;
}

Result<CK_FUNCTION_LIST*, std::string> module_of(const std::filesystem::path& file) {
  static std::mutex mutex;
  static std::map<std::string, CK_FUNCTION_LIST*> loaded;
  const std::lock_guard lock(mutex);
  if (const auto there = loaded.find(file.string()); there != loaded.end()) return there->second;
  Result<CK_FUNCTION_LIST*, std::string> module = load(file.string());
  if (module) loaded.emplace(file.string(), *module);
  return module;
}

/// A text of fixed width, without the spaces that fill it.
template <std::size_t width>
std::string unpadded(const unsigned char (&text)[width]) {
  std::string all(std::begin(text), std::end(text));
  all.erase(all.find_last_not_of(std::string_view(" \0", 2)) + 1);
  return all;
}

struct Token {
  CK_SLOT_ID slot = 0;
  CK_TOKEN_INFO info{};
};

Result<std::vector<Token>, std::string> tokens_of(CK_FUNCTION_LIST* module, const std::string& who) {
  CK_ULONG count = 0;
  // Asked without a list first: then modules look again at what is plugged in.
  CK_RV said = module->C_GetSlotList(CK_TRUE, nullptr, &count);
  std::vector<CK_SLOT_ID> slots(std::min(count, slots_max));
  count = slots.size();
  if (said == CKR_OK && count > 0) said = module->C_GetSlotList(CK_TRUE, slots.data(), &count);
  if (said != CKR_OK) return failed(who, said);
  slots.resize(std::min<std::size_t>(count, slots.size()));
  std::vector<Token> tokens;
  for (const CK_SLOT_ID slot : slots) {
    Token token{.slot = slot};
    // One that was taken out meanwhile is not there.
    if (module->C_GetTokenInfo(slot, &token.info) != CKR_OK) continue;
    if ((token.info.flags & CKF_TOKEN_INITIALIZED) != 0) tokens.push_back(token);
  }
  return tokens;
}

bool fits(const Pkcs11Uri& uri, const CK_TOKEN_INFO& info) {
  const auto is = [](const std::string& wanted, const std::string& there) { return wanted.empty() || wanted == there; };
  return is(uri.token, unpadded(info.label)) && is(uri.serial, unpadded(info.serialNumber)) &&
         is(uri.manufacturer, unpadded(info.manufacturerID)) && is(uri.model, unpadded(info.model));
}

std::string name_of(const Pkcs11Uri& uri) {
  return "token '" + printable(uri.token) + "'";
}

Result<Token, std::string> token_of(CK_FUNCTION_LIST* module, const Pkcs11Uri& uri) {
  Result<std::vector<Token>, std::string> tokens = tokens_of(module, name_of(uri));
  if (!tokens) return Fail{tokens.error()};
  std::string there;
  std::vector<Token> fitting;
  for (const Token& token : *tokens) {
    there += (there.empty() ? "'" : ", '") + printable(unpadded(token.info.label)) + "' (serial " +
             printable(unpadded(token.info.serialNumber)) + ")";
    if (fits(uri, token.info)) fitting.push_back(token);
  }
  if (fitting.size() == 1) return fitting.front();
  if (fitting.size() > 1) return Fail{"several tokens are " + name_of(uri) + "; say which with serial=: " + there};
  return Fail{"no " + name_of(uri) + " through " + uri.module.string() + "; " +
              (there.empty() ? "there is none: is it plugged in, and may this user use it?" : "there is " + there)};
}

/// A PIN for as long as it is needed.
class Pin {
 public:
  static Result<Pin, std::string> read(const std::filesystem::path& file) {
    if (const Result<Done, std::string> checked = check_secret_file(file, "PIN"); !checked)
      return Fail{checked.error()};
    Pin pin;
    std::ifstream in(file);
    in.getline(pin.text_.data(), static_cast<std::streamsize>(pin.text_.size()));
    pin.text_[std::strcspn(pin.text_.data(), "\r")] = '\0';  // of an editor's line end, which is no wrong PIN
    if (!in || pin.text_.front() == '\0')
      return Fail{file.string() + ": its first line is not a PIN of 1 to " + std::to_string(pin_size_max) + " bytes"};
    return pin;
  }
  Pin(const Pin&) = default;
  Pin& operator=(const Pin&) = delete;
  ~Pin() { OPENSSL_cleanse(text_.data(), text_.size()); }

  unsigned char* data() { return reinterpret_cast<unsigned char*>(text_.data()); }
  [[nodiscard]] std::size_t size() const { return std::strlen(text_.data()); }

 private:
  Pin() = default;
  std::array<char, pin_size_max + 1> text_{};
};

/// What stands for a PIN and its token where it is remembered that they do not fit.
Hash32 trial_of(const Token& token, Pin& pin) {
  const Hash32 secret = sha256(ByteView(pin.data(), pin.size()));
  Bytes bytes{secret.begin(), secret.end()};
  bytes.insert(bytes.end(), std::begin(token.info.label), std::end(token.info.label));
  bytes.insert(bytes.end(), std::begin(token.info.serialNumber), std::end(token.info.serialNumber));
  return sha256(bytes);
}

/// One login at a time: two threads must not both try a wrong PIN. Logged in is the whole process.
Result<Done, std::string> log_in(CK_FUNCTION_LIST* module, CK_SESSION_HANDLE session, const Token& token,
                                 const Pkcs11Uri& uri) {
  static std::mutex mutex;
  static std::set<Hash32> refused;  // no more than tokens allow, before they lock themselves
  const std::lock_guard lock(mutex);
  if ((token.info.flags & CKF_LOGIN_REQUIRED) == 0) return Done{};
  Result<Pin, std::string> pin = Pin::read(uri.pin_file);
  if (!pin) return Fail{pin.error()};
  const std::string wrong = name_of(uri) + " refuses the PIN in " + uri.pin_file.string() +
                            ", and it is not tried again, for repeated wrong ones lock the token; correct the file";
  const Hash32 trial = trial_of(token, *pin);
  if (refused.contains(trial)) return Fail{wrong};
  if ((token.info.flags & CKF_USER_PIN_LOCKED) != 0) return failed(name_of(uri), CKR_PIN_LOCKED);
  if ((token.info.flags & CKF_USER_PIN_FINAL_TRY) != 0) {
    return Fail{name_of(uri) +
                " would be locked by one more wrong PIN: nothing is tried; log in by hand once, with "
                "'pkcs11-tool --login --list-objects' and the right PIN"};
  }
  const CK_RV said = module->C_Login(session, CKU_USER, pin->data(), pin->size());
  if (said == CKR_OK || said == CKR_USER_ALREADY_LOGGED_IN) return Done{};
  if (said != CKR_PIN_INCORRECT && said != CKR_PIN_INVALID && said != CKR_PIN_LEN_RANGE)
    return failed(name_of(uri) + ": logging in", said);
  refused.insert(trial);
  return Fail{wrong};
}

/// Attributes as the calls want them; they point into the originals.
std::vector<CK_ATTRIBUTE> raw(std::vector<Pkcs11Attribute>& attributes) {
  std::vector<CK_ATTRIBUTE> pointing;
  pointing.reserve(attributes.size());
  for (Pkcs11Attribute& each : attributes)
    pointing.push_back({.type = each.type, .pValue = each.value.data(), .ulValueLen = each.value.size()});
  return pointing;
}

}  // namespace

Pkcs11Attribute pkcs11_number(CK_ATTRIBUTE_TYPE type, CK_ULONG number) {
  Pkcs11Attribute made{.type = type, .value = Bytes(sizeof number)};
  std::memcpy(made.value.data(), &number, sizeof number);
  return made;
}

Pkcs11Attribute pkcs11_flag(CK_ATTRIBUTE_TYPE type, CK_BBOOL flag) {
  return {.type = type, .value = {flag}};
}

Pkcs11Attribute pkcs11_bytes(CK_ATTRIBUTE_TYPE type, ByteView bytes) {
  return {.type = type, .value = {bytes.begin(), bytes.end()}};
}

Result<Pkcs11Session, std::string> Pkcs11Session::open(const Pkcs11Uri& uri, Pkcs11Access access) {
  const Result<CK_FUNCTION_LIST*, std::string> module = module_of(uri.module);
  if (!module) return Fail{module.error()};
  const Result<Token, std::string> token = token_of(*module, uri);
  if (!token) return Fail{token.error()};
  const CK_FLAGS flags = CKF_SERIAL_SESSION | (access == Pkcs11Access::make_keys ? CKF_RW_SESSION : 0);
  CK_SESSION_HANDLE handle = 0;
  const CK_RV said = (*module)->C_OpenSession(token->slot, flags, nullptr, nullptr, &handle);
  if (said != CKR_OK) return failed(name_of(uri) + ": opening a session", said);
  Pkcs11Session session(*module, handle);
  if (const Result<Done, std::string> done = log_in(*module, handle, *token, uri); !done) return Fail{done.error()};
  return session;
}

Pkcs11Session::Pkcs11Session(Pkcs11Session&& other) noexcept
    : module_(std::exchange(other.module_, nullptr)), handle_(other.handle_) {}

Pkcs11Session& Pkcs11Session::operator=(Pkcs11Session&& other) noexcept {
  std::swap(module_, other.module_);
  std::swap(handle_, other.handle_);
  return *this;
}

Pkcs11Session::~Pkcs11Session() {
  if (module_ != nullptr) module_->C_CloseSession(handle_);
}

Result<std::vector<CK_OBJECT_HANDLE>, std::string> Pkcs11Session::find(std::vector<Pkcs11Attribute> wanted) const {
  std::vector<CK_ATTRIBUTE> attributes = raw(wanted);
  CK_RV said = module_->C_FindObjectsInit(handle_, attributes.data(), attributes.size());
  if (said != CKR_OK) return failed("looking for the key", said);
  std::vector<CK_OBJECT_HANDLE> found(objects_max);
  CK_ULONG size = 0;
  // Some modules hand out fewer at a time than they are asked for.
  for (CK_ULONG more = 1; said == CKR_OK && more > 0 && size < objects_max; size += more)
    said = module_->C_FindObjects(handle_, found.data() + size, objects_max - size, &more);
  module_->C_FindObjectsFinal(handle_);
  if (said != CKR_OK) return failed("looking for the key", said);
  found.resize(size);
  return found;
}

Bytes Pkcs11Session::attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
  CK_ATTRIBUTE asked{.type = type, .pValue = nullptr, .ulValueLen = 0};
  if (module_->C_GetAttributeValue(handle_, object, &asked, 1) != CKR_OK || asked.ulValueLen > attribute_size_max)
    return {};
  Bytes value(asked.ulValueLen);
  asked.pValue = value.data();
  if (module_->C_GetAttributeValue(handle_, object, &asked, 1) != CKR_OK || asked.ulValueLen > value.size()) return {};
  value.resize(asked.ulValueLen);
  return value;
}

Result<Bytes, std::string> Pkcs11Session::sign(CK_OBJECT_HANDLE key, const Hash32& digest) const {
  CK_MECHANISM mechanism{.mechanism = CKM_ECDSA, .pParameter = nullptr, .ulParameterLen = 0};
  CK_RV said = module_->C_SignInit(handle_, &mechanism, key);
  if (said != CKR_OK) return failed("signing", said);
  Hash32 asked = digest;
  Bytes signature(attribute_size_max);
  CK_ULONG size = signature.size();
  said = module_->C_Sign(handle_, asked.data(), asked.size(), signature.data(), &size);
  if (said != CKR_OK) return failed("signing", said);
  signature.resize(std::min<std::size_t>(size, signature.size()));
  return signature;
}

Result<Done, std::string> Pkcs11Session::make_pair(std::vector<Pkcs11Attribute> public_key,
                                                   std::vector<Pkcs11Attribute> private_key) const {
  std::vector<CK_ATTRIBUTE> of_public = raw(public_key);
  std::vector<CK_ATTRIBUTE> of_private = raw(private_key);
  CK_MECHANISM mechanism{.mechanism = CKM_EC_KEY_PAIR_GEN, .pParameter = nullptr, .ulParameterLen = 0};
  CK_OBJECT_HANDLE made_public = 0;
  CK_OBJECT_HANDLE made_private = 0;
  const CK_RV said = module_->C_GenerateKeyPair(handle_, &mechanism, of_public.data(), of_public.size(),
                                                of_private.data(), of_private.size(), &made_public, &made_private);
  if (said != CKR_OK) return failed("making a key", said);
  return Done{};
}

}  // namespace commonwatt
