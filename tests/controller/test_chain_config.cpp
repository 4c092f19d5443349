#include <doctest/doctest.h>

#include "controller/chain_config.hpp"
#include "controller/config.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

constexpr const char* good = R"([chain]
mode = "vault"
chain_id = 31337
registry = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
vault = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"
first_block = 12
rpc = ["http://127.0.0.1:8545", "https://node.example"]
relayer_key = "keys/relayer.key"
anchor_intervals = 4
anchor_again = ["0x3a0cffa8a71896767fd207a1678c796281fea9fa043de29bfc7d4251b9289075"]
quorum = 2
[[chain.attester]]
name = "attester-1"
address = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
[[chain.attester]]
name = "attester-2"
address = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

/// All faults of a [chain], a line each; empty when it is good.
std::string faults_of(const std::string& text, const std::vector<HouseholdRecord>& households) {
  ConfigTable top = ConfigTable::from_text("controller.toml", text);
  read_chain_config(top.table("chain"), households);
  std::string all;
  for (const std::string& fault : top.finish()) all += fault + "\n";
  return all;
}
std::string faults_of(const std::string& text) {
  return faults_of(text, test::street_configuration().households);
}

TEST_CASE("a chain's table is read as it stands") {
  ConfigTable top = ConfigTable::from_text("/etc/cw/controller.toml", good);
  const ChainConfig config = read_chain_config(top.table("chain"), test::street_configuration().households);
  CHECK(top.finish().empty());
  CHECK(config.mode == ChainMode::vault);
  CHECK(config.domain.chain_id == 31337);
  CHECK(to_text(config.domain.registry) == "0x5FbDB2315678afecb367f032d93F642f64180aa3");
  CHECK(to_text(*config.vault) == "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512");
  CHECK(config.first_block == 12);
  CHECK(config.rpc.size() == 2);
  CHECK(config.relayer.file == "/etc/cw/keys/relayer.key");
  CHECK(config.anchor_intervals == 4);
  REQUIRE(config.anchor_again.size() == 1);
  CHECK(to_data(config.anchor_again[0]) == "0x3a0cffa8a71896767fd207a1678c796281fea9fa043de29bfc7d4251b9289075");
  CHECK(config.quorum == 2);
  REQUIRE(config.attesters.size() == 2);
  CHECK(config.attesters[1].name.text() == "attester-2");
}

TEST_CASE("without a chain attesters are all that is needed") {
  CHECK(faults_of("[chain]\nmode = \"none\"\nquorum = 1\n[[chain.attester]]\nname = \"a\"\n"
                  "address = \"0x70997970C51812dc3A010C7d01b50e0d17dc79C8\"\n")
            .empty());
}

TEST_CASE("what cannot work is a fault with the key's name") {
  const auto fault = [](const std::string& from, const std::string& to) { return faults_of(replaced(good, from, to)); };
  CHECK(fault("\"vault\"", "\"vaults\"").find("mode: 'vaults' is none of none, anchor, vault") != std::string::npos);
  CHECK(fault("0x5FbDB2315678afecb367f032d93F642f64180aa3", "0x5FBDB2315678afecb367f032d93F642f64180aa3")
            .find("registry: ") != std::string::npos);
  CHECK(fault("registry = \"0x5FbDB2315678afecb367f032d93F642f64180aa3\"\n", "").find("registry") != std::string::npos);
  CHECK(fault("quorum = 2", "quorum = 1").find("quorum: must be more than half of the 2 attesters") !=
        std::string::npos);
  CHECK(fault("quorum = 2", "quorum = 3").find("quorum: ") != std::string::npos);
  CHECK(fault("\"attester-2\"", "\"hh03\"").find("name: 'hh03' is a household's") != std::string::npos);
  CHECK(fault("\"attester-2\"", "\"attester-1\"").find("name: 'attester-1' is there twice") != std::string::npos);
  CHECK(fault("\"attester-2\"", "\"controller\"").find("controller's own name") != std::string::npos);
  CHECK(fault("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
            .find("another attester's too") != std::string::npos);
  CHECK(fault("\"http://127.0.0.1:8545\"", "\"ftp://node.example\"").find("rpc: ") != std::string::npos);
  CHECK(fault("relayer_key = \"keys/relayer.key\"\n", "")
            .find("relayer_key: or relayer_credential or relayer_pkcs11 is needed") != std::string::npos);
  CHECK(fault("quorum = 2", "quorum = 2\nrelayer_credential = \"relayer\"").find("and one of them alone") !=
        std::string::npos);
  CHECK(fault("relayer_key = \"keys/relayer.key\"", "relayer_pkcs11 = \"pkcs11:token=a;object=b?pin-value=271828\"")
            .find("relayer_pkcs11: PKCS#11 URI: pin-value= is refused") != std::string::npos);
  CHECK(fault("9289075\"", "928907\"").find("anchor_again: '0x3a0c") != std::string::npos);
  CHECK(fault("\"0x3a0c", "\"3a0c").find("is not the head of an anchor: 0x and 64 hexadecimal digits") !=
        std::string::npos);
  const std::string head = "\"0x3a0cffa8a71896767fd207a1678c796281fea9fa043de29bfc7d4251b9289075\"";
  CHECK(fault(head, head + ", " + head).find("is there twice") != std::string::npos);
  CHECK(fault("\"vault\"", "\"anchor\"").find("unknown key 'chain.vault'") != std::string::npos);
  CHECK(faults_of(good).empty());
}

TEST_CASE("the relayer's key may be in a token instead of a file") {
  const std::string uri = "pkcs11:token=commonwatt;object=relayer?module-path=/m.so&pin-source=file:/pin";
  const std::string in_token = replaced(good, "relayer_key = \"keys/relayer.key\"", "relayer_pkcs11 = \"" + uri + "\"");
  CHECK(faults_of(in_token).empty());
  CHECK(faults_of(replaced(good, "relayer_key", "relayer_pkcs11 = \"" + uri + "\"\nrelayer_key"))
            .find("one of them alone") != std::string::npos);
}

TEST_CASE("households that could not be told apart on a chain are a fault") {
  std::vector<HouseholdRecord> households = test::street_configuration().households;
  households[1].order_key = households[0].order_key;
  CHECK(faults_of(good, households).find("hh02 and hh01 have one order_key") != std::string::npos);
  households[1].order_key = Bytes(33, 0);
  CHECK(faults_of(good, households).find("hh02 is no point of secp256k1") != std::string::npos);
}

TEST_CASE("an attester's file is read, and every mistake in it named") {
  const test::TemporaryDirectory directory;
  const std::string text = R"([attester]
name = "attester-1"
store = "."
key = "attester.key"
[market]
origin = "commonwatt.example/street"
log_key = "0101010101010101010101010101010101010101010101010101010101010101"
[broker]
uri = "ssl://broker.example:8883"
ca = "ca.pem"
certificate = "own.pem"
key = "own.key"
[chain]
chain_id = 31337
registry = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
)";
  test::write_text(directory / "attester.toml", text);
  const auto config = read_attester_config(directory / "attester.toml");
  REQUIRE(config.ok());
  CHECK(config->name.text() == "attester-1");
  CHECK(config->key.file == directory / "attester.key");
  test::write_text(directory / "attester.toml",
                   replaced(text, "key = \"attester.key\"",
                            "pkcs11 = \"pkcs11:token=a;object=attester?module-path=/m.so&pin-source=file:/pin\""));
  const auto in_token = read_attester_config(directory / "attester.toml");
  REQUIRE(in_token.ok());
  REQUIRE(in_token->key.token.has_value());
  CHECK(in_token->key.token->object == "attester");
  CHECK(config->domain.chain_id == 31337);
  test::write_text(directory / "attester.toml",
                   replaced(replaced(text, "key = \"attester.key\"\n", ""), "chain_id", "chain"));
  const auto wrong = read_attester_config(directory / "attester.toml");
  REQUIRE_FALSE(wrong.ok());
  std::string all;
  for (const std::string& fault : wrong.error()) all += fault + "\n";
  CHECK(all.find("key: or credential or pkcs11 is needed") != std::string::npos);
  CHECK(all.find("chain_id") != std::string::npos);
  CHECK(all.find("unknown") != std::string::npos);
}

}  // namespace
}  // namespace commonwatt
