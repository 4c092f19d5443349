#include <doctest/doctest.h>

#include "controller/community_rules.hpp"
#include "controller/settle_rules.hpp"
#include "tests/controller/temporary_directory.hpp"

namespace commonwatt {
namespace {

Result<SettleRules, std::vector<std::string>> rules_of(const std::string& text, std::int64_t seconds = 900) {
  const test::TemporaryDirectory directory;
  test::write_text(directory / "settlement.toml", "interval_seconds = " + std::to_string(seconds) +
                                                      "\nmethod = \"allocation\"\n[tariff]\nretail = 300000\n"
                                                      "feed_in = 80000\n" +
                                                      text);
  return read_settle_rules(directory / "settlement.toml");
}

Community only(const std::string& text, std::int64_t seconds = 900) {
  const auto rules = rules_of("[allocation]\n" + text, seconds);
  REQUIRE(rules.ok());
  return rules->communities.list.at(0);
}

/// The faults of a file, without where.
std::string faults(const std::string& text, std::int64_t seconds = 900) {
  const auto rules = rules_of(text, seconds);
  std::string all;
  if (rules) return "no fault";
  for (const std::string& fault : rules.error()) all += fault.substr(fault.find(": ") + 2) + "\n";
  return all;
}

using Implied = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("every preset alone is a complete allocation") {
  for (const CommunityPreset& preset : community_presets()) {
    const Community community = only("preset = \"" + std::string(preset.name) + "\"\n", preset.interval_seconds);
    CHECK(community.terms.key == preset.key);
    CHECK(community.terms.internal_price.rule == InternalPriceRule::mid_market);
    CHECK(community.terms.fee_reduction_permille == 0);
    CHECK(community.implied == Implied{{"interval_seconds", std::to_string(preset.interval_seconds)},
                                       {"key", "dynamic"},
                                       {"internal_price", "mid_market"},
                                       {"cap", "own demand"}});
  }
}

TEST_CASE("what the file states overrides the preset, and is not said to be implied") {
  const Community community = only("preset = \"at\"\nkey = \"static\"\ninternal_price = 7\nshares = { h1 = 1000 }\n");
  CHECK(community.terms.key == AllocationKey::static_shares);
  CHECK(community.terms.internal_price.fixed == Price{7});
  CHECK(community.implied == Implied{{"interval_seconds", "900"}, {"pass_on", "false"}, {"cap", "own demand"}});
}

TEST_CASE("a preset is refused where intervals are not those of the law, or when there is none of its name") {
  CHECK(faults("[allocation]\npreset = \"at\"\n", 3'600) ==
        "allocation.preset: 'at' shares energy over 900 seconds; interval_seconds must be 900\n");
  CHECK(faults("[allocation]\npreset = \"it\"\n").find("interval_seconds must be 3600") != std::string::npos);
  CHECK(faults("[allocation]\npreset = \"fr\"\n").find("'fr' is none of at, lu, ch-leg, it, de-42c") !=
        std::string::npos);
  CHECK(faults("[allocation]\n").find("allocation.key: is missing") != std::string::npos);
}

TEST_CASE("unused static shares are passed on when the file says so, and other keys have none") {
  CHECK(only("key = \"static\"\npass_on = true\ninternal_price = 1\n").terms.key == AllocationKey::percentage);
  CHECK(only("key = \"static\"\npass_on = false\ninternal_price = 1\n").terms.key == AllocationKey::static_shares);
  CHECK(faults("[allocation]\nkey = \"priority\"\npass_on = true\ninternal_price = 1\n").find("allocation.pass_on") ==
        0);
}

TEST_CASE("the reduction of the network fee is the file's, the law's or the transformers'") {
  const std::string fee = "[community_fee]\nnetwork_fee = 95000\n";
  const std::string plain = "key = \"dynamic\"\ninternal_price = 1\n";
  CHECK(only(plain + "fee_reduction_permille = 570\n" + fee).terms.fee_reduction_permille == 570);
  CHECK(only("preset = \"ch-leg\"\n" + fee).is_reduced_by_transformers);
  CHECK_FALSE(only("preset = \"ch-leg\"\n").is_reduced_by_transformers);
  CHECK_FALSE(only("preset = \"ch-leg\"\nfee_reduction_permille = 200\n" + fee).is_reduced_by_transformers);
  CHECK(only("preset = \"de-42c\"\n" + fee).implied.at(3) ==
        std::pair<std::string, std::string>("fee_reduction_permille", "0"));
  CHECK(faults("[allocation]\n" + plain + fee).find("allocation.fee_reduction_permille: is missing") == 0);
  CHECK(faults("[allocation]\npreset = \"at\"\n" + fee).find("fee_reduction_permille: is missing") !=
        std::string::npos);
  CHECK(faults("[allocation]\n" + plain + "fee_reduction_permille = 5\n").find("is of no use without network_fee") !=
        std::string::npos);
  CHECK(faults("[allocation]\n" + plain + "fee_reduction_permille = 5\n[community_fee]\n")
            .find("network_fee: is missing") != std::string::npos);
}

std::string community(const char* name, const char* participation, const char* more = "preset = \"at\"\n") {
  return "[[community]]\nname = \"" + std::string(name) + "\"\n" + more + "participation = { " + participation + " }\n";
}

TEST_CASE("communities state who takes part with how much, at most the whole and five times") {
  const auto rules = rules_of(community("street", "h1 = 600, h2 = 1000") + community("wind", "h1 = 400"));
  REQUIRE(rules.ok());
  CHECK(rules->communities.are_named());
  CHECK(rules->communities.list.at(1).participation->at("h1") == 400);
  CHECK(faults(community("a", "h1 = 600") + community("b", "h1 = 401")) ==
        "community.participation: 'h1' takes part with more than 1000 permille in all\n");
  std::string six;
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) six += community(name, "h1 = 1");
  CHECK(faults(six) == "community.participation: 'h1' is in more than 5 communities\n");
  CHECK(faults(community("a", "h1 = 1") + community("a", "h2 = 1")) == "community.name: 'a' is there twice\n");
  CHECK(faults(community("a", "h1 = 0")).find("community.participation.h1: must be a whole number from 1 to 1000") ==
        0);
  CHECK(faults(community("a", "")).find("community.participation: names nobody") == 0);
  CHECK(faults(community("a", "h1 = 1", "preset = \"at\"\ntiers = { h2 = 1 }\n")).find("leaves out 'h2'") !=
        std::string::npos);
}

TEST_CASE("whoever is in a Swiss community is in no other") {
  const char* swiss = "preset = \"ch-leg\"\n";
  const char* fault = "community.participation: 'h1' is in a community that allows no other beside it\n";
  CHECK(faults(community("a", "h1 = 1", swiss) + community("b", "h1 = 1")) == fault);
  CHECK(faults(community("a", "h1 = 1") + community("b", "h1 = 1", swiss)) == fault);
  CHECK(rules_of(community("a", "h1 = 1", swiss) + community("b", "h2 = 1", swiss)).ok());
}

TEST_CASE("communities take the place of [allocation], and are for allocations only") {
  CHECK(
      faults("[allocation]\npreset = \"at\"\n" + community("a", "h1 = 1")).find("allocation: there are communities") !=
      std::string::npos);
  const test::TemporaryDirectory directory;
  test::write_text(directory / "settlement.toml",
                   "interval_seconds = 900\nmethod = \"auction\"\n[tariff]\nretail = 3\nfeed_in = 2\n"
                   "[community_fee]\nnetwork_fee = 1\n");
  const auto rules = read_settle_rules(directory / "settlement.toml");
  REQUIRE_FALSE(rules.ok());
  CHECK(rules.error().at(0).find("community_fee: is for method = \"allocation\"") != std::string::npos);
}

}  // namespace
}  // namespace commonwatt
