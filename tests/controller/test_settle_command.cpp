#include <sstream>

#include <doctest/doctest.h>

#include "controller/settle_command.hpp"
#include "tests/controller/temporary_directory.hpp"

namespace commonwatt {
namespace {

using test::file_text;
using test::TemporaryDirectory;
using test::write_text;

/// A directory with one trade of 500 Wh at 0.20, of which 350 Wh were delivered.
void fill(const TemporaryDirectory& directory) {
  write_text(directory / "settlement.toml",
             "interval_seconds = 900\nmethod = \"auction\"\n[tariff]\nretail = 300000\nfeed_in = 80000\n");
  write_text(directory / "contracts.csv",
             "interval_start,household,zone,side,quantity_wh,price\n"
             "1782000000,h1,,sell,500,200000\n1782000000,h2,,buy,500,200000\n");
  write_text(directory / "registers.csv",
             "time,meter,household,import_wh,export_wh,quality\n"
             "1782000000,m1,h1,0,0,good\n1782000900,m1,h1,0,350,good\n"
             "1782000000,m2,h2,0,0,good\n1782000900,m2,h2,500,0,good\n");
}

struct Ran {
  int status = 0;
  std::string out;
  std::string errors;
};

Ran settle(const TemporaryDirectory& directory, Run run, bool json = true) {
  std::ostringstream out;
  std::ostringstream errors;
  const int status = run_settle({.directory = directory.path(), .run = run, .json = json}, out, errors);
  return {status, out.str(), errors.str()};
}

TEST_CASE("a directory is settled, and settled again without a posting") {
  const TemporaryDirectory directory;
  fill(directory);
  const Ran first = settle(directory, Run::initial);
  CHECK(first.status == 0);
  CHECK(first.out ==
        "{\"run\":\"initial\",\"intervals\":1,\"households\":2,\"statements\":2,\"postings\":{\"new\":3,\"total\":3},"
        "\"flags\":{},\"energy\":{\"bought_wh\":500,\"sold_wh\":500},\"money\":{\"households\":-45000000,"
        "\"utility\":45000000,\"escrow\":0,\"fees\":0,\"congestion\":0,\"losses\":0,\"spread\":0,\"rounding\":0,"
        "\"rewards\":0},\"sum\":0,\"balanced\":true}\n");
  const std::string postings = file_text(directory / "postings.csv");
  CHECK(postings ==
        "interval_start,run,debit,credit,amount,kind,household\n"
        "1782000000,initial,household:h1,utility,45000000,imbalance,h1\n"
        "1782000000,initial,escrow,household:h1,100000000,energy,h1\n"
        "1782000000,initial,household:h2,escrow,100000000,energy,h2\n");
  CHECK(settle(directory, Run::final, false).out.find("postings              3 (0 new)\n") != std::string::npos);
  CHECK(file_text(directory / "postings.csv") == postings);
  CHECK(file_text(directory / "runs.csv") == "interval_start,run\n1782000000,initial\n1782000000,final\n");
}

TEST_CASE("when one file cannot be written, none is") {
  const TemporaryDirectory directory;
  fill(directory);
  settle(directory, Run::initial);
  const std::string statements = file_text(directory / "statements.csv");
  std::filesystem::create_directories(directory / "runs.csv.new" / "in the way");
  write_text(
      directory / "registers.csv",
      "time,meter,household,import_wh,export_wh,quality\n1782000000,m1,h1,0,0,good\n1782000900,m1,h1,0,500,good\n");
  const Ran again = settle(directory, Run::revised);
  CHECK(again.status == 1);
  CHECK(again.errors.find("runs.csv.new: cannot be written") != std::string::npos);
  CHECK(again.out.empty());
  CHECK(file_text(directory / "statements.csv") == statements);
  CHECK_FALSE(std::filesystem::exists(directory / "statements.csv.new"));
}

TEST_CASE("a run cut off before it was marked is mended by the same run again") {
  const TemporaryDirectory directory;
  fill(directory);
  settle(directory, Run::final);
  const std::string postings = file_text(directory / "postings.csv");
  std::filesystem::remove(directory / "runs.csv");
  CHECK(settle(directory, Run::final).status == 0);
  CHECK(file_text(directory / "postings.csv") == postings);
  CHECK(file_text(directory / "runs.csv") == "interval_start,run\n1782000000,final\n");
}

TEST_CASE("a file that is missing or has another header is an error of status 65") {
  const TemporaryDirectory directory;
  fill(directory);
  write_text(directory / "postings.csv", "run,interval_start,debit,credit,amount,kind,household\n");
  const Ran ran = settle(directory, Run::initial);
  CHECK(ran.status == 65);
  CHECK(ran.errors.find("postings.csv:1: the header is not interval_start,run") != std::string::npos);
  std::filesystem::remove(directory / "contracts.csv");
  CHECK(settle(directory, Run::initial).errors.find("contracts.csv: No such file") != std::string::npos);
  std::filesystem::remove(directory / "settlement.toml");
  CHECK(settle(directory, Run::initial).status == 65);
}

TEST_CASE("times too far apart are refused before memory runs out") {
  const TemporaryDirectory directory;
  fill(directory);
  write_text(directory / "registers.csv",
             "time,meter,household,import_wh,export_wh,quality\n"
             "-8999999100,m1,h1,0,0,good\n8999999100,m1,h1,0,0,good\n");
  const Ran ran = settle(directory, Run::initial);
  CHECK(ran.status == 65);
  CHECK(ran.errors.find("check the times") != std::string::npos);
}

}  // namespace
}  // namespace commonwatt
