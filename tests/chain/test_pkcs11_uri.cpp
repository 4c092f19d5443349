#include <doctest/doctest.h>

#include "controller/chain/pkcs11_uri.hpp"

using namespace commonwatt;

namespace {

const std::string where = "?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/commonwatt/pin";

std::string refusal(const std::string& text) {
  const Result<Pkcs11Uri, std::string> uri = parse_pkcs11_uri(text);
  return uri ? "" : uri.error();
}

}  // namespace

TEST_CASE("a URI names the token, the key in it, the module and the file with the PIN") {
  const auto uri = parse_pkcs11_uri("pkcs11:token=commonwatt;object=relayer" + where);
  REQUIRE(uri);
  CHECK(uri->token == "commonwatt");
  CHECK(uri->object == "relayer");
  CHECK(uri->id.empty());
  CHECK(uri->module == "/usr/lib/softhsm/libsofthsm2.so");
  CHECK(uri->pin_file == "/etc/commonwatt/pin");
}

TEST_CASE("what p11tool prints is understood, percent-encoding and all") {
  const auto uri = parse_pkcs11_uri(
      "pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=d6f8a0d1f6d4b3a8;token=my%20%3b%3F%25token;"
      "id=%00%b1%FF;object=a+b;type=private?pin-source=file:///run/pin&module-path=/m.so");
  REQUIRE(uri);
  CHECK(uri->model == "SoftHSM v2");
  CHECK(uri->manufacturer == "SoftHSM project");
  CHECK(uri->serial == "d6f8a0d1f6d4b3a8");
  CHECK(uri->token == "my ;?%token");
  CHECK(uri->id == Bytes{0x00, 0xb1, 0xff});
  CHECK(uri->object == "a+b");
  CHECK(uri->pin_file == "/run/pin");
}

TEST_CASE("a PIN in the URI is refused, wherever it stands, and is not shown") {
  const std::string good = "pkcs11:token=commonwatt;object=relayer" + where;
  for (const std::string& text :
       {good + "&pin-value=271828", "pkcs11:pin-value=271828;token=a" + where, std::string("pkcs11:?pin-value=271828"),
        good + "&pin%2dvalue=271828", good + "&PIN=271828", good + "&pin-source=271828", good + "&271828"}) {
    const std::string error = refusal(text);
    CAPTURE(error);
    CHECK_FALSE(error.empty());
    CHECK(error.find("271828") == std::string::npos);
  }
  CHECK(refusal(good + "&pin-value=271828").find("pin-source=file:/") != std::string::npos);
}

TEST_CASE("what is missing, unknown, twice or badly written is named") {
  const std::vector<std::pair<std::string, std::string>> mistakes{
      {"relayer.key", "begins with pkcs11:"},
      {"pkcs11:object=relayer" + where, "token= is missing"},
      {"pkcs11:token=commonwatt" + where, "object= is missing"},
      {"pkcs11:token=commonwatt;object=relayer?pin-source=file:/pin", "module-path= is missing"},
      {"pkcs11:token=commonwatt;object=relayer?module-path=/m.so", "pin-source= is missing"},
      {"pkcs11:token=commonwatt;object=relayer?module-path=m.so&pin-source=/pin", "the whole path of the module"},
      {"pkcs11:token=commonwatt;object=relayer?module-path=/m.so&pin-source=file:pin", "the whole path of a file"},
      {"pkcs11:token=commonwatt;object=relayer?module-path=/m.so&pin-source=|cat", "the whole path of a file"},
      {"pkcs11:token=commonwatt;object=relayer?module-path=/m.so&pin-source=file://host/pin", "whole path of a file"},
      {"pkcs11:token=commonwatt;object=relayer;module-path=/m.so", "'module-path=' is not known there"},
      {"pkcs11:token=commonwatt;object=relayer" + where + "&module-name=softhsm2", "'module-name=' is not known"},
      {"pkcs11:token=commonwatt;slot-id=1;object=relayer" + where, "'slot-id=' is not known"},
      {"pkcs11:token=a;token=b;object=relayer" + where, "'token=' is there twice"},
      {"pkcs11:token=;object=relayer" + where, "'token=' has no value"},
      {"pkcs11:token=common watt;object=relayer" + where, "a space is %20"},
      {"pkcs11:token=a%2;object=relayer" + where, "percent-encoded"},
      {"pkcs11:token=a%00;object=relayer" + where, "holds a zero byte"},
      {"pkcs11:token;object=relayer" + where, "not NAME=VALUE"},
      {"pkcs11:token=a;object=relayer;type=cert" + where, "must be private"},
      {"pkcs11:token=a;object=relayer" + where + std::string(2'100, 'x'), "longer than"},
  };
  for (const auto& [text, words] : mistakes) {
    const std::string error = refusal(text);
    CAPTURE(error);
    CHECK(error.find(words) != std::string::npos);
  }
}
