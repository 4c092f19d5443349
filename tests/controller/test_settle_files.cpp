#include <doctest/doctest.h>

#include "controller/settle_files.hpp"
#include "tests/controller/temporary_directory.hpp"

namespace commonwatt {
namespace {

constexpr const char* smallest = R"(interval_seconds = 900
method = "auction"
[tariff]
retail = 300000
feed_in = 80000
[allocation]
key = "dynamic"
internal_price = 150000
shares = { h1 = 600, h2 = 400 }
)";

Result<SettleRules, std::vector<std::string>> rules_of(const std::string& text) {
  const test::TemporaryDirectory directory;
  test::write_text(directory / "settlement.toml", text);
  return read_settle_rules(directory / "settlement.toml");
}

/// The faults of a file, without the directory's name.
std::string faults(const std::string& text) {
  const auto rules = rules_of(text);
  std::string all;
  if (rules) return "no fault";
  for (const std::string& fault : rules.error()) all += fault.substr(fault.rfind('/') + 1) + "\n";
  return all;
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST_CASE("the smallest settlement.toml is enough") {
  const auto rules = rules_of(smallest);
  REQUIRE(rules.ok());
  CHECK(rules->interval_seconds == 900);
  CHECK(rules->method == SettlementMethod::auction);
  const Interval any(1'782'000'000, 900);
  CHECK(rules->tariff.at(any)->tariff == Tariff{.retail = Price{300'000}, .feed_in = Price{80'000}});
  CHECK(rules->imbalance(rules->tariff.at(any)->tariff) == ImbalancePrices{Price{300'000}, Price{80'000}});
  CHECK(rules->communities.list.at(0).shares.at("h2").permille == 400);
  CHECK(rules->communities.list.at(0).shares.at("h2").tier == tier_last);
  CHECK_FALSE(rules->communities.are_named());
  CHECK(rules->zones.size() == 1);
  CHECK(rules->zone_of("anything") == 0);
}

TEST_CASE("zones, tiers, fuses, a single imbalance price and tax are read") {
  const auto rules = rules_of(std::string(smallest) + R"(tiers = { h1 = 2 }
[imbalance]
rule = "single"
price = 200000
[[tariff.tax]]
name = "VAT"
permille = 190
applies_to = ["utility", "fees"]
[fuse_w]
h1 = 14000
[households]
h1 = "street"
[[zone]]
name = "street"
parent = "town"
fee = 5000
loss_permille = 20
[[zone]]
name = "town"
)");
  REQUIRE(rules.ok());
  CHECK(rules->communities.list.at(0).shares.at("h1").tier == 2);
  CHECK(rules->communities.list.at(0).shares.at("h1").permille == 600);
  CHECK(rules->imbalance(Tariff{}) == ImbalancePrices{Price{200'000}, Price{200'000}});
  CHECK(rules->tariff.terms().versions[0].taxes.at(0).permille == 190);
  CHECK(rules->fuses.at("h1") == Power{14'000});
  CHECK(rules->household_zones.at("h1") == 0);
  CHECK(rules->zones.root() == 1);
  CHECK(rules->zones[0].fee == Price{5'000});
  CHECK(rules->loss_permille == std::vector<std::int64_t>{20, 0});
  CHECK(rules->zone_of("") == 1);
  CHECK_FALSE(rules->zone_of("village").has_value());
}

TEST_CASE("the price of shared energy is a number or a rule") {
  const auto rule = [](const char* price) {
    return rules_of(changed(smallest, "150000", price))->communities.list.at(0).terms.internal_price.rule;
  };
  CHECK(rule("-3") == InternalPriceRule::fixed);
  CHECK(rule("\"mid_market\"") == InternalPriceRule::mid_market);
  CHECK(rule("\"supply_demand_ratio\"") == InternalPriceRule::supply_demand_ratio);
  CHECK(faults(changed(smallest, "150000", "\"cheap\"")) ==
        "settlement.toml:8:18: allocation.internal_price: 'cheap' is none of mid_market, supply_demand_ratio and a "
        "number "
        "of micro-currency per kWh\n");
}

TEST_CASE("the operator's prices for an island are both needed, and the surplus is not above the shortfall") {
  const auto with = [](const char* text) { return std::string(smallest) + "[islanded]\n" + text; };
  CHECK_FALSE(rules_of(smallest)->islanded.has_value());
  CHECK(rules_of(with("shortfall = 600000\nsurplus = -5\n"))->islanded ==
        ImbalancePrices{.shortfall = Price{600'000}, .surplus = Price{-5}});
  CHECK(faults(with("shortfall = 5\n")).find("islanded.surplus: is missing") != std::string::npos);
  CHECK(faults(with("shortfall = 5\nsurplus = 6\n")).find("islanded.surplus: is above shortfall") != std::string::npos);
}

TEST_CASE("a transformer is the zone that is marked as one, else the one below the root") {
  const auto behind = [](const std::string& marks) {
    const auto rules = rules_of(std::string(smallest) + "[households]\nh1 = \"feeder\"\nh2 = \"town\"\n" +
                                "[[zone]]\nname = \"root\"\n[[zone]]\nname = \"town\"\nparent = \"root\"\n" +
                                "[[zone]]\nname = \"feeder\"\nparent = \"town\"\n" + marks);
    return std::vector{rules->transformer_of("h1"), rules->transformer_of("h2"), rules->transformer_of("h3")};
  };
  CHECK(behind("") == std::vector<ZoneIndex>{1, 1, 0});
  CHECK(behind("transformer = true\n") == std::vector<ZoneIndex>{2, 0, 0});
  CHECK(rules_of(smallest)->transformer_of("h1") == 0);
}

TEST_CASE("every fault of settlement.toml is named with line and column") {
  CHECK(faults(changed(smallest, "900", "600")) ==
        "settlement.toml:1:20: interval_seconds: must be 300, 900, 1800 or 3600\n");
  CHECK(faults(changed(smallest, "auction", "barter")) ==
        "settlement.toml:2:10: method: 'barter' is neither auction nor allocation\n");
  CHECK(
      faults(changed(smallest, "600", "601")).find("settlement.toml:9:10: allocation.shares: the shares sum to more") ==
      0);
  CHECK(faults(changed(smallest, "h1 =", "H1 =")).find("allocation.shares.H1: is not the name of a household") !=
        std::string::npos);
  CHECK(
      faults(std::string(smallest) + "[imbalance]\nrule = \"triple\"\n").find("imbalance.rule: 'triple' is neither") !=
      std::string::npos);
  CHECK(faults(std::string(smallest) + "[households]\nh1 = \"x\"\n[[zone]]\nname = \"a\"\n")
            .find("households.h1: is in a zone") != std::string::npos);
  const auto zones = [](const std::string& text) { return faults(std::string(smallest) + text); };
  CHECK(zones("[[zone]]\nname = \"a\"\nfee = 3\n").find("zone.fee: the root has no edge") != std::string::npos);
  CHECK(zones("[[zone]]\nname = \"a\"\n[[zone]]\nname = \"b\"\n").find("a second zone without a parent") !=
        std::string::npos);
  CHECK(zones("[[zone]]\nname = \"a\"\nparent = \"c\"\n").find("zone.parent: 'c' is not among the zones") !=
        std::string::npos);
  CHECK(zones("[[zone]]\nname = \"a\"\n[[zone]]\nname = \"a\"\nparent = \"a\"\n").find("'a' is there twice") !=
        std::string::npos);
  CHECK(zones("[tax]\npermille = 3\n").find("unknown key 'tax'") != std::string::npos);
  CHECK(faults("").find("tariff.retail: is missing") != std::string::npos);
}

const std::string contracts_header = "interval_start,household,zone,side,quantity_wh,price\n";
const std::string registers_header = "time,meter,household,import_wh,export_wh,quality\n";

std::string contract_error(const std::string& rows) {
  SettleRules rules = *rules_of(smallest);
  NameTable households;
  const auto read = read_contracts("contracts.csv", contracts_header + rows, rules, households);
  return read ? "no error" : read.error();
}
std::string register_error(const std::string& rows) {
  NameTable households;
  const auto read = read_registers("registers.csv", registers_header + rows, SettleRules{}, households);
  return read ? "no error" : read.error();
}

TEST_CASE("contracts are energy and money with a sign, times seconds or RFC 3339") {
  SettleRules rules;
  NameTable households;
  const auto rows = read_contracts(
      "contracts.csv", contracts_header + "2026-06-21T00:15:00Z,h2,,sell,500,200000\n1782000900,h1,,buy,7,-3\n", rules,
      households);
  REQUIRE(rows.ok());
  CHECK((*rows)[0].interval == 1'782'000'900);
  CHECK((*rows)[0].quantity == Energy{-500});
  CHECK((*rows)[0].amount == Money{-100'000'000});
  CHECK((*rows)[1].amount == Money{-21});
  CHECK((*rows)[1].line == 3);
  CHECK(households.sort() == std::vector<std::uint32_t>{1, 0});
  CHECK(households[0] == "h1");
}

TEST_CASE("a time may have an offset, and without one it is none") {
  SettleRules rules;
  NameTable households;
  const auto rows = read_contracts(
      "contracts.csv",
      contracts_header + "2026-06-21T02:15:00+02:00,h1,,buy,5,1\n2026-06-20T19:45:00-04:30,h1,,buy,5,1\n", rules,
      households);
  REQUIRE(rows.ok());
  CHECK((*rows)[0].interval == 1'782'000'900);
  CHECK((*rows)[1].interval == 1'782'000'900);
  CHECK(contract_error("2026-06-21T02:15:00,h1,,buy,5,1\n").find("is neither seconds since 1970 nor a time") !=
        std::string::npos);
  CHECK(contract_error("2026-06-21T02:20:00+02:00,h1,,buy,5,1\n").find("is not a multiple of 900") !=
        std::string::npos);
  const auto registers = read_registers(
      "registers.csv", registers_header + "2026-06-21T02:15:00+02:00,m1,h1,1,2,good\n", SettleRules{}, households);
  CHECK(registers->rows.at(0).time == 1'782'000'900);
}

std::vector<IslandSpan> islands(const std::string& rows) {
  return *read_island_spans("islanded.csv", "begin,end\n" + rows);
}

TEST_CASE("an interval is islanded when any part of it lies in a span, and the end of a span is outside") {
  const std::vector<IslandSpan> spans = islands("2000,2700\n5400,5401\n");
  const auto at = [&](std::int64_t begin) { return is_islanded(spans, Interval(begin, 900)); };
  CHECK_FALSE(at(900));
  CHECK(at(1'800));  // partly
  CHECK_FALSE(at(2'700));
  CHECK_FALSE(at(4'500));
  CHECK(at(5'400));
  CHECK_FALSE(at(6'300));
  CHECK_FALSE(is_islanded({}, Interval(0, 900)));
}

TEST_CASE("spans come in any sequence, and those that meet or overlap are one") {
  CHECK(islands("50,60\n10,20\n20,30\n25,28\n") == std::vector<IslandSpan>{{10, 30}, {50, 60}});
  CHECK(islands("1970-01-01T00:00:10Z,1970-01-01T01:00:20+01:00\n") == std::vector<IslandSpan>{{10, 20}});
  const auto error = [](const std::string& rows) {
    return read_island_spans("islanded.csv", "begin,end\n" + rows).error();
  };
  CHECK(error("10,10\n") == "islanded.csv:2: end '10' is not after begin");
  CHECK(error("10,20\nnow,30\n").find("islanded.csv:3: begin 'now' is neither seconds") == 0);
}

TEST_CASE("a bad contract is an error with its line") {
  CHECK(contract_error("1782000000,h1,,buy,5,1\n1782000001,h1,,buy,5,1\n") ==
        "contracts.csv:3: interval_start '1782000001' is not a multiple of 900 seconds");
  CHECK(contract_error("soon,h1,,buy,5,1\n") ==
        "contracts.csv:2: interval_start 'soon' is neither seconds since 1970 nor a time such as 2026-06-21T10:15:00Z");
  CHECK(contract_error("1782000000,House,,buy,5,1\n") ==
        "contracts.csv:2: household 'House' is not 1 to 32 characters of a-z, 0-9, '-' and '_'");
  CHECK(contract_error("1782000000,h1,,lend,5,1\n") == "contracts.csv:2: side 'lend' is neither buy nor sell");
  CHECK(contract_error("1782000000,h1,,buy,0,1\n") ==
        "contracts.csv:2: quantity_wh '0' is not a whole number from 1 to 1000000000");
  CHECK(contract_error("1782000000,h1,,buy,5,1000000001\n").find("contracts.csv:2: price '1000000001'") == 0);
  CHECK(contract_error("1782000000,h1,,buy,5\n") == "contracts.csv:2: fewer than 6 columns");
}

TEST_CASE("the zone of a contract must be one of the zones, and the household's") {
  SettleRules rules = *rules_of(std::string(smallest) + "[[zone]]\nname=\"a\"\n[[zone]]\nname=\"b\"\nparent=\"a\"\n");
  NameTable households;
  const auto error = [&](const std::string& rows) {
    const auto read = read_contracts("contracts.csv", contracts_header + rows, rules, households);
    return read ? "no error" : read.error();
  };
  CHECK(error("900,h1,b,buy,5,1\n900,h1,,buy,5,1\n") == "no error");
  CHECK(rules.household_zones.at("h1") == 1);
  CHECK(error("900,h1,c,buy,5,1\n") == "contracts.csv:2: zone 'c' is not among the zones of settlement.toml");
  CHECK(error("900,h1,a,buy,5,1\n") == "contracts.csv:2: zone 'a' is not that of household 'h1' elsewhere");
}

TEST_CASE("registers are read with their quality, and only good ones count as read") {
  NameTable households;
  const auto table =
      read_registers("registers.csv", registers_header + "900,m1,h1,5,6,good\n0,m1,h1,1,2,suspect\n0,m2,h1,,,missing\n",
                     SettleRules{}, households);
  REQUIRE(table.ok());
  CHECK(table->rows[0].registers == Registers{Energy{5}, Energy{6}});
  CHECK(table->rows[0].read);
  CHECK_FALSE(table->rows[1].read);
  CHECK_FALSE(table->rows[2].read);
  CHECK(table->households == std::vector<std::uint32_t>{0, 0});
}

TEST_CASE("a bad register row is an error with its line") {
  CHECK(register_error("0,m1,h1,1,2,excellent\n") ==
        "registers.csv:2: quality 'excellent' is none of good, estimated, substituted, suspect, invalid, held, stale, "
        "missing");
  CHECK(register_error("0,m1,h1,,2,good\n").find("registers.csv:2: import_wh '' is not a whole number") == 0);
  CHECK(register_error("0,m1,h1,1,-2,good\n").find("registers.csv:2: export_wh '-2'") == 0);
  CHECK(register_error("0,m1,h1,1,2,good\n0,m1,h2,1,2,good\n") ==
        "registers.csv:3: meter 'm1' was h1's above; a meter is of one household");
}

TEST_CASE("what is written is what is read, and what does not add up is refused") {
  const SettleRules rules = *rules_of(smallest);
  const std::string statements = "1782000000,h1,-500,-350,150,-100000000,45000000,1,2,3,-54999994\n";
  const std::string postings =
      "1782000000,initial,household:h1,utility,45000000,imbalance,h1\n1782000000,final,escrow,household:h1,7,energy,"
      "h1\n"
      "1782000000,revised,losses,rounding,1,rounding,\n";
  const std::string runs = "1782000000,initial\n1782000900,final\n";
  NameTable households;
  CHECK(statements_csv(*read_statements("s", statements_header + statements, rules, households), households) ==
        statements);
  CHECK(postings_csv(*read_postings("p", postings_header + postings, rules, households), households) == postings);
  CHECK(runs_csv(*read_runs("r", runs_header + runs, rules)) == runs);

  const auto statement_error = [&](const std::string& from, const std::string& to) {
    return read_statements("s", statements_header + changed(statements, from, to), rules, households).error();
  };
  CHECK(statement_error(",150,", ",151,") == "s:2: deviation_wh is not delivered_wh less contract_wh");
  CHECK(statement_error("-54999994", "-54999995") == "s:2: total is not the sum of the amounts");
  const auto posting_error = [&](const std::string& row) {
    return read_postings("p", postings_header + row, rules, households).error();
  };
  CHECK(posting_error("0,initial,household:h1,utility,5,imbalance,h2\n") ==
        "p:2: household 'h2' is not that of the accounts");
  CHECK(posting_error("0,initial,household:h1,household:h2,5,energy,h1\n") ==
        "p:2: households pay each other through escrow, never directly");
  CHECK(posting_error("0,initial,bank,utility,5,imbalance,\n") == "p:2: debit 'bank' is no account");
  CHECK(posting_error("0,first,fees,utility,5,imbalance,\n") == "p:2: run 'first' is none of initial, revised, final");
  CHECK(posting_error("0,final,fees,utility,5,present,\n") == "p:2: kind 'present' is no kind of posting");
  CHECK(posting_error("0,final,fees,utility,0,energy,\n").find("p:2: amount '0' is not a whole number from 1") == 0);
}

}  // namespace
}  // namespace commonwatt
