#include <fstream>
#include <regex>

#include <doctest/doctest.h>

#include "controller/chain/abi.hpp"
#include "controller/chain/contract_code.hpp"
#include "controller/chain/contract_errors.hpp"
#include "controller/chain/token_amount.hpp"
#include "tests/controller/temporary_directory.hpp"

using namespace commonwatt;

namespace {

std::string error_with(const char* signature, const std::vector<AbiValue>& arguments) {
  return contract_refusal(abi_call(signature, arguments));
}

/// "WrongEpoch(uint64,uint64)" for every error that the contracts declare.
std::vector<std::string> declared_errors() {
  std::vector<std::string> found;
  const std::regex declaration(R"(\n\s*error (\w+)\(([^)]*)\);)");
  const std::regex name(R"(\s+\w+(?=,|$))");
  for (const auto& entry : std::filesystem::directory_iterator(COMMONWATT_SOURCE_DIR "/contracts/src")) {
    std::ifstream file(entry.path());
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    for (std::sregex_iterator at(text.begin(), text.end(), declaration), end; at != end; ++at) {
      std::string types = std::regex_replace((*at)[2].str(), name, "");
      types = std::regex_replace(types, std::regex(R"(\s+)"), "");
      found.push_back((*at)[1].str() + "(" + types + ")");
    }
  }
  return found;
}

}  // namespace

TEST_CASE("a decimal amount becomes the currency's smallest units exactly, or is refused") {
  CHECK(token_amount_from_text("12.50", 6) == Uint256(12'500'000));
  CHECK(token_amount_from_text("0.000001", 6) == Uint256(1));
  CHECK(token_amount_from_text("3", 0) == Uint256(3));
  CHECK(token_amount_from_text("79228162514264337593543950335", 0) == (Uint256(1) << 96U) - 1);
  for (const char* bad : {"", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "0x1", " 1", "1 ", "1.0000001", "1.2.3",
                          "79228162514264337593543950336", "999999999999999999999999999999"}) {
    CAPTURE(bad);
    CHECK_FALSE(token_amount_from_text(bad, bad == std::string("1.2.3") ? 18 : 6));
  }
  CHECK_FALSE(token_amount_from_text("79228162514264337593543950336", 0));
  CHECK_FALSE(token_amount_from_text("1.5", 0));
}

TEST_CASE("amounts are shown with two decimals, or with as many as it takes") {
  CHECK(token_amount_text(12'500'000, 6) == "12.50");
  CHECK(token_amount_text(1, 6) == "0.000001");
  CHECK(token_amount_text(-1, 6) == "-0.000001");
  CHECK(token_amount_text(0, 6) == "0.00");
  CHECK(token_amount_text(7, 0) == "7");
  CHECK(token_amount_text(-1'230, 3) == "-1.23");
}

TEST_CASE("nano-currency becomes token units rounded down, for credit and for debt") {
  CHECK(token_amount_of(Money{1'999}, 6) == 1);
  CHECK(token_amount_of(Money{-1}, 6) == -1);
  CHECK(token_amount_of(Money{-1'000}, 6) == -1);
  CHECK(token_amount_of(Money{-1'001}, 6) == -2);
  CHECK(token_amount_of(Money{5}, 9) == 5);
  CHECK(token_amount_of(Money{-5}, 18) == Int256(-5'000'000'000));
  CHECK(token_amount_of(Money{INT64_MIN}, 18) == Int256(INT64_MIN) * 1'000'000'000);
}

TEST_CASE("a refusal of a contract of ours is told by name, with its figures and what to do") {
  CHECK(error_with("OutflowCapReached(uint64)", {abi_uint(7)})
            .starts_with("OutflowCapReached(7): nothing more may leave"));
  CHECK(error_with("WrongEpoch(uint64,uint64)", {abi_uint(3), abi_uint(4)}) == "WrongEpoch(3, 4): given, wanted");
  CHECK(error_with("BrokenChain()", {}) == "BrokenChain()");
  const Address who = address_from("0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf").value();
  CHECK(error_with("NotGuardian(address)", {abi_address(who)}) == "NotGuardian(" + to_text(who) + ")");
  CHECK(error_with("NotGuardian(address)", {}).starts_with("custom error 0x"));
  CHECK(error_with("NobodyKnowsMe(uint64)", {abi_uint(1)}).starts_with("custom error 0x"));
  CHECK(contract_refusal({}) == "without a reason");
}

TEST_CASE("every error that the contracts declare is known by name") {
  const std::vector<std::string> errors = declared_errors();
  CHECK(errors.size() > 50);
  for (const std::string& signature : errors) {
    Bytes data = abi_selector(signature);
    data.resize(4 + 32 * 8);
    CAPTURE(signature);
    CHECK(contract_refusal(data).starts_with(signature.substr(0, signature.find('(') + 1)));
  }
}

TEST_CASE("bytecode comes out of what the compiler wrote, and out of nothing else") {
  CHECK(bytecode_from_text(R"({"abi":[],"bytecode":"0x6001"})").value() == Bytes{0x60, 0x01});
  for (const char* bad : {"", "[]", "{}", R"({"bytecode":7})", R"({"bytecode":"6001"})", R"({"bytecode":"0x"})",
                          R"({"bytecode":"0x6"})", R"({"bytecode":"0x60zz"})"}) {
    CAPTURE(bad);
    CHECK_FALSE(bytecode_from_text(bad));
  }
  CHECK_FALSE(bytecode_from_text(R"({"bytecode":"0x)" + std::string(2 * 49'153, '0') + "\"}"));
  const test::TemporaryDirectory directory;
  CHECK(contract_code(directory.path(), "AnchorRegistry").error().find("compile the contracts") != std::string::npos);
  std::filesystem::create_directory(directory / "out");
  test::write_text(directory / "out" / "AnchorRegistry.json", "{");
  CHECK(contract_code(directory.path(), "AnchorRegistry").error().find("is not JSON") != std::string::npos);
}
