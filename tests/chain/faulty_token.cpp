// SoftHSM2 as a PKCS#11 module that can be pulled out: everything goes to SoftHSM2's own module but for what files in
// the directory $FAULTY_TOKEN ask for:
//   pulled      while it is there, there is no token, and a signature ends with CKR_DEVICE_REMOVED
//   final-try   while it is there, every token says that one more wrong PIN would lock it
//   logins      gets a line for each PIN that reaches a token
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

namespace {

CK_FUNCTION_LIST* real = nullptr;

std::filesystem::path control(const char* name) {
  const char* directory = std::getenv("FAULTY_TOKEN");
  return std::filesystem::path(directory == nullptr ? "/nonexistent" : directory) / name;
}

CK_RV slots(CK_BBOOL with_token, CK_SLOT_ID* list, CK_ULONG* size) {
  if (!std::filesystem::exists(control("pulled"))) return real->C_GetSlotList(with_token, list, size);
  *size = 0;
  return CKR_OK;
}

CK_RV token_info(CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  const CK_RV said = real->C_GetTokenInfo(slot, info);
  if (said == CKR_OK && std::filesystem::exists(control("final-try"))) info->flags |= CKF_USER_PIN_FINAL_TRY;
  return said;
}

CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char* pin, CK_ULONG size) {
  std::ofstream(control("logins"), std::ios::app) << "login\n";
  return real->C_Login(session, user, pin, size);
}

CK_RV sign(CK_SESSION_HANDLE session, unsigned char* data, CK_ULONG size, unsigned char* signature, CK_ULONG* made) {
  if (!std::filesystem::exists(control("pulled"))) return real->C_Sign(session, data, size, signature, made);
  return CKR_DEVICE_REMOVED;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the standard's name.
extern "C" CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  static CK_FUNCTION_LIST faulty{};
  void* library = ::dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return CKR_GENERAL_ERROR;
  const auto functions = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
  if (functions == nullptr || functions(&real) != CKR_OK) return CKR_GENERAL_ERROR;
  faulty = *real;
  faulty.C_GetSlotList = slots;
  faulty.C_GetTokenInfo = token_info;
  faulty.C_Login = login;
  faulty.C_Sign = sign;
  *list = &faulty;
  return CKR_OK;
}
