// Whatever text arrives as a PKCS#11 URI: either it is refused with a reason, or it names a key, a module and a file.
#include <cstdlib>

#include "controller/chain/pkcs11_uri.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  const std::string text = as_text({data, size});
  const auto uri = parse_pkcs11_uri(text);
  if (!uri) {
    if (uri.error().empty()) std::abort();
    return 0;
  }
  if (!is_pkcs11_uri(text) || text.find("pin-value") != std::string::npos) std::abort();
  if (uri->token.empty() || (uri->object.empty() && uri->id.empty())) std::abort();
  for (const std::string& path : {uri->module.string(), uri->pin_file.string()}) {
    if (!path.starts_with('/') || path.find('\0') != std::string::npos) std::abort();
  }
  return 0;
}
