#include <doctest/doctest.h>

#include "market/ledger.hpp"
#include "tests/core/stops.hpp"
#include "tests/market/books.hpp"

namespace commonwatt {
namespace {

Account household(const char* name) {
  return {.kind = AccountKind::household, .household = HouseholdId::from(name)};
}
const Account utility{.kind = AccountKind::utility, .household = {}};
const Account escrow{.kind = AccountKind::escrow, .household = {}};

Posting energy(const Account& debit, const Account& credit, std::int64_t amount) {
  return {.debit = debit, .credit = credit, .amount = Money{amount}, .kind = PostingKind::energy};
}

TEST_CASE("a posting takes from the debited and gives to the credited account") {
  Ledger ledger;
  ledger.post(std::vector{energy(household("hh01"), escrow, 150), energy(escrow, household("hh02"), 150),
                          energy(household("hh02"), utility, 40)});
  CHECK(ledger.balance(household("hh01")) == Money{-150});
  CHECK(ledger.balance(household("hh02")) == Money{110});
  CHECK(ledger.balance(utility) == Money{40});
  CHECK(ledger.balance(escrow) == Money{0});
  CHECK(ledger.balance(household("hh03")) == Money{0});
  CHECK(ledger.sum() == Money{0});
}

TEST_CASE("whatever is posted, the balances sum to zero") {
  constexpr std::uint64_t seed = 7;
  MESSAGE("seed " << seed);
  test::Random random(seed);
  const std::array accounts{household("hh01"), household("hh02"), household("hh03"), utility};
  Ledger ledger;
  for (int i = 0; i < 1'000; ++i) {
    const auto debit = static_cast<std::size_t>(test::between(random, 0, 3));
    const auto credit = (debit + static_cast<std::size_t>(test::between(random, 1, 3))) % 4;
    const Posting posting = energy(accounts[debit], accounts[credit], test::between(random, 1, 1'000'000'000'000));
    ledger.post({&posting, 1});
    REQUIRE(ledger.sum() == Money{0});
  }
}

TEST_CASE("a broken posting stops the program") {
  CHECK(stops([] { Ledger().post(std::vector{energy(household("hh01"), utility, 0)}); }));
  CHECK(stops([] { Ledger().post(std::vector{energy(household("hh01"), utility, -5)}); }));
  CHECK(stops([] { Ledger().post(std::vector{energy(utility, utility, 5)}); }));
  CHECK_FALSE(stops([] { Ledger().post(std::vector{energy(household("hh01"), utility, 5)}); }));
}

TEST_CASE("money left in escrow stops the program: somebody paid and nobody got it") {
  CHECK(stops([] { Ledger().post(std::vector{energy(household("hh01"), escrow, 5)}); }));
  CHECK(stops([] {
    Ledger().post(std::vector{energy(household("hh01"), escrow, 5), energy(escrow, household("hh02"), 4)});
  }));
}

TEST_CASE("an amount that does not fit stops the program before it wraps") {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  CHECK(stops([] {
    Ledger().post(std::vector{energy(household("hh01"), utility, most), energy(household("hh01"), utility, 2)});
  }));
}

TEST_CASE("accounts have names") {
  CHECK(to_text(household("hh01")) == "household:hh01");
  CHECK(to_text(utility) == "utility");
  CHECK(to_text(escrow) == "escrow");
  for (const AccountKind kind :
       {AccountKind::fees, AccountKind::congestion, AccountKind::losses, AccountKind::spread, AccountKind::rounding,
        AccountKind::rewards, AccountKind::bank, AccountKind::utility}) {
    const Account account{.kind = kind, .household = {}};
    CHECK(account_from_text(to_text(account)) == account);
  }
  CHECK(account_from_text("household:hh01") == household("hh01"));
  for (const char* wrong : {"", "household", "household:", "household:A", "Utility", "taxes"})
    CHECK_FALSE(account_from_text(wrong).has_value());
}

TEST_CASE("kinds of postings have names") {
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(enum_last(PostingKind{})); ++i) {
    const auto kind = static_cast<PostingKind>(i);
    CHECK(posting_kind_from_text(to_text(kind)) == kind);
  }
  CHECK_FALSE(posting_kind_from_text("gift").has_value());
}

TEST_CASE("a ledger is kept and read back with every account") {
  Ledger ledger;
  ledger.post(std::vector{energy(household("hh01"), utility, 3)});
  const auto kept = decode<Ledger>(encode(ledger));
  REQUIRE(kept.ok());
  CHECK(*kept == ledger);
  CHECK(kept->balances().size() == 2);
}

}  // namespace
}  // namespace commonwatt
