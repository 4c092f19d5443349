#include <filesystem>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/edges/edge_fixture.hpp"

using namespace commonwatt;
using namespace commonwatt::test;

namespace {

unsigned mode_of(const std::string& file) {
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

CertificateOrder order_for(const std::string& directory, const std::string& name) {
  return {.authority_directory = directory, .directory = directory, .name = name, .validity = valid_now()};
}

}  // namespace

TEST_CASE("keys can be read by their owner only") {
  const TemporaryDirectory directory;
  const Authority authority(directory / "pki");
  const CertificateFiles household = authority.client("hh01");
  CHECK(mode_of(directory / "pki") == 0700);
  CHECK(mode_of(directory / "pki/ca.key") == 0600);
  CHECK(mode_of(household.key) == 0600);
  CHECK(mode_of(household.certificate) == 0644);
}

TEST_CASE("a certificate is valid for the time given, to the second") {
  const TemporaryDirectory directory;
  const Authority authority(directory / "pki");
  const Validity validity{UtcTime::from_seconds(1'750'000'000), UtcTime::from_seconds(4'070'908'800)};
  const auto expiry = certificate_expiry(authority.client("hh01", validity).certificate);
  REQUIRE(expiry.ok());
  CHECK(*expiry == validity.not_after);
}

TEST_CASE("an authority is never replaced, and no certificate takes its place") {
  const TemporaryDirectory directory;
  const Authority authority(directory / "pki");
  const std::string before = text_of(authority.ca_file());
  CHECK(!make_authority(directory / "pki", valid_now()).ok());
  CHECK(!issue_certificate(order_for(directory / "pki", "ca")).ok());
  CHECK(!issue_certificate(order_for(directory / "./pki/", "ca")).ok());
  CHECK(text_of(authority.ca_file()) == before);
}

TEST_CASE("a name that is no household's is refused before anything is written") {
  const TemporaryDirectory directory;
  const Authority authority(directory / "pki");
  for (const char* name : {"", "../hh01", "hh/01", "hh+1", "#", "HH01", "hh 01", "-hh01", "hh01\n"}) {
    CAPTURE(name);
    CHECK(!issue_certificate(order_for(directory / "pki", name)).ok());
  }
  CertificateOrder order = order_for(directory / "pki", "broker");
  order.use = CertificateUse::server;
  order.hosts = {"good.example,DNS:evil.example"};
  CHECK(!issue_certificate(order).ok());
  order.hosts = {"999.1.1.1"};
  CHECK(!issue_certificate(order).ok());
  order.hosts = {"gateway.example", "192.0.2.7", "2001:db8::7"};
  CHECK(issue_certificate(order).ok());
}

TEST_CASE("an error names the file it is about") {
  const TemporaryDirectory directory;
  const auto lost = issue_certificate(order_for(directory / "nowhere", "hh01"));
  REQUIRE(!lost.ok());
  CHECK(lost.error().file == directory / "nowhere/ca.pem");

  const Authority authority(directory / "pki");
  const Authority other(directory / "other");
  std::filesystem::copy_file(directory / "other/ca.key", directory / "pki/ca.key",
                             std::filesystem::copy_options::overwrite_existing);
  const auto mixed = issue_certificate(order_for(directory / "pki", "hh01"));
  REQUIRE(!mixed.ok());
  CHECK(mixed.error().to_text() == directory / "pki/ca.key: is not the key of ca.pem");
  const auto no_certificate = certificate_expiry(directory / "pki/ca.key");
  REQUIRE(!no_certificate.ok());
  CHECK(no_certificate.error().file == directory / "pki/ca.key");
}

TEST_CASE("the broker's files refuse a path that would add a line, and no port") {
  const TemporaryDirectory directory;
  BrokerOptions options{.program = "mosquitto",
                        .directory = directory / "broker",
                        .port = 8883,
                        .ca_file = "ca.pem",
                        .certificate_file = "broker.pem",
                        .key_file = "broker.key"};
  CHECK(write_broker_files(options).ok());
  options.key_file = "broker.key\nallow_anonymous true";
  CHECK(!write_broker_files(options).ok());
  options.key_file = "broker.key";
  options.address = "127.0.0.1\nlistener 1883";
  CHECK(!write_broker_files(options).ok());
  options.address = "127.0.0.1";
  options.port = 0;
  CHECK(!write_broker_files(options).ok());
}
