#include "core/sha256.hpp"

#include <cstdlib>
#include <memory>

#include <openssl/evp.h>

namespace commonwatt {
namespace {

struct Context {
  // Fetched once: the one-shot SHA256() of OpenSSL 3 looks the algorithm up anew for every call.
  std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm{EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free};
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> state{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

}  // namespace

Hash32 sha256(std::initializer_list<ByteView> parts) {
  thread_local const Context context;
  Hash32 digest{};
  bool ok = EVP_DigestInit_ex(context.state.get(), context.algorithm.get(), nullptr) == 1;
  for (const ByteView part : parts) ok = ok && EVP_DigestUpdate(context.state.get(), part.data(), part.size()) == 1;
  ok = ok && EVP_DigestFinal_ex(context.state.get(), digest.data(), nullptr) == 1;
  if (!ok) std::abort();  // Only an exhausted machine gets here; a wrong digest would be worse than a stop.
  return digest;
}

}  // namespace commonwatt
