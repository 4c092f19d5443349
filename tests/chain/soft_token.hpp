// Tokens of SoftHSM2 in a temporary directory, for all tests of one process: SoftHSM2 looks for them once, when it is
// loaded. Made with the programs that an operator would use.
#pragma once

#include <algorithm>
#include <cstdlib>

#include <doctest/doctest.h>

#include "controller/chain/evm_key.hpp"
#include "controller/chain/pkcs11_uri.hpp"
#include "tests/controller/temporary_directory.hpp"

namespace commonwatt::test {

/// Token "commonwatt" holds "imported" (its number is `imported_number`), "narrow" (of P-256), "lonely" (without its
/// public key) and two keys "double"; "guarded" is empty; there are two tokens "twin".
class SoftTokens {
 public:
  static SoftTokens& all() {
    static SoftTokens tokens;
    return tokens;
  }
  static Hash32 imported_number() {
    Hash32 number{};
    number.fill(0x42);
    return number;
  }

  [[nodiscard]] Pkcs11Uri key(const std::string& object, const std::string& token = "commonwatt") const {
    return {.token = token, .object = object, .module = module_, .pin_file = directory_ / "pin"};
  }
  [[nodiscard]] std::string text(const std::string& object, const std::string& token = "commonwatt") const {
    return "pkcs11:token=" + token + ";object=" + object + "?module-path=" + module_ +
           "&pin-source=file:" + (directory_ / "pin").string();
  }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const { return directory_ / name; }
  /// How often a PIN was given to a token.
  [[nodiscard]] std::size_t logins() const {
    const std::string lines = file_text(file("logins"));
    return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n'));
  }
  /// A new file with a PIN in it.
  [[nodiscard]] std::filesystem::path pin_file(const std::string& name, const std::string& pin) const {
    write_text(file(name), pin);
    std::filesystem::permissions(file(name), static_cast<std::filesystem::perms>(0600));
    return file(name);
  }
  /// What a program prints; it has to succeed.
  [[nodiscard]] std::string run(const std::string& command) const {
    const std::string said = file("said").string();
    const int status = std::system((command + " >" + said + " 2>&1").c_str());
    std::string text = file_text(said);
    INFO("softhsm2, opensc and openssl are needed: tools/setup test");
    CAPTURE(command);
    CAPTURE(text);
    REQUIRE(status == 0);
    return text;
  }
  [[nodiscard]] std::string tool(const std::string& words) const {
    return run("pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label commonwatt --login --pin 1234 " +
               words);
  }

 private:
  SoftTokens() {
    std::filesystem::create_directory(file("tokens"));
    write_text(file("softhsm2.conf"), "directories.tokendir = " + file("tokens").string() + "\nlog.level = ERROR\n");
    ::setenv("SOFTHSM2_CONF", file("softhsm2.conf").c_str(), 1);
    ::setenv("FAULTY_TOKEN", directory_.path().c_str(), 1);
    static_cast<void>(pin_file("pin", "1234\n"));
    for (const char* label : {"commonwatt", "guarded", "twin", "twin"}) {
      static_cast<void>(
          run(std::string("softhsm2-util --init-token --free --so-pin 87654321 --pin 1234 --label ") + label));
    }
    // RFC 5915: version 1, the number, and the curve's identifier.
    const std::string key = "\x30\x2e\x02\x01\x01\x04\x20" + std::string(32, '\x42') +
                            std::string("\xa0\x07\x06\x05\x2b\x81\x04\x00\x0a", 9);
    write_text(file("imported.der"), key);
    static_cast<void>(run("openssl pkcs8 -topk8 -nocrypt -inform DER -in " + file("imported.der").string() + " -out " +
                          file("imported.pem").string()));
    import("imported", "01");
    for (const auto& [label, curve, id] :
         {std::tuple("narrow", "P-256", "02"), std::tuple("lonely", "secp256k1", "03"),
          std::tuple("double", "secp256k1", "04"), std::tuple("double", "secp256k1", "05")}) {
      static_cast<void>(run(std::string("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:") + curve +
                            " -out " + file(std::string(label) + ".pem").string()));
      import(label, id);
    }
    static_cast<void>(tool("--delete-object --type pubkey --label lonely"));
  }
  void import(const std::string& label, const std::string& id) {
    static_cast<void>(run("softhsm2-util --token commonwatt --pin 1234 --import " + file(label + ".pem").string() +
                          " --label " + label + " --id " + id));
  }

  TemporaryDirectory directory_;
  std::string module_ = COMMONWATT_FAULTY_TOKEN;
};

}  // namespace commonwatt::test
