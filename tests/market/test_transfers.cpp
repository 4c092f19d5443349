#include <map>

#include <doctest/doctest.h>

#include "market/transfers.hpp"
#include "tests/core/stops.hpp"
#include "tests/market/books.hpp"

namespace commonwatt {
namespace {

constexpr Party utility{.kind = AccountKind::utility, .household = 0};
constexpr Party escrow{.kind = AccountKind::escrow, .household = 0};
constexpr Money most{1'000'000};

constexpr Party household(std::uint32_t number) {
  return {.kind = AccountKind::household, .household = number};
}

Transfer transfer(Party debit, Party credit, std::int64_t amount, PostingKind kind = PostingKind::energy) {
  return transfer_of(debit, credit, kind, Money{amount});
}

TEST_CASE("a posting and its reverse are one transfer with two signs") {
  CHECK(transfer(household(1), utility, 5) == Transfer{household(1), utility, PostingKind::energy, Money{5}});
  CHECK(transfer(utility, household(1), 5) == Transfer{household(1), utility, PostingKind::energy, Money{-5}});
  CHECK(stops([] { static_cast<void>(transfer(utility, utility, 5)); }));
}

TEST_CASE("entries of the same accounts and kind become one, and none where they cancel") {
  CHECK(netted({transfer(household(2), escrow, 7), transfer(household(1), utility, 5),
                transfer(escrow, household(2), 3), transfer(utility, household(1), 5)},
               most) == std::vector{transfer(household(2), escrow, 4)});
  CHECK(netted({transfer(household(1), utility, 5), transfer(household(1), utility, 5, PostingKind::tax)}, most)
            ->size() == 2);
  CHECK_FALSE(netted({transfer(household(1), utility, 600'000), transfer(household(1), utility, 600'000)}, most));
}

TEST_CASE("the difference is what is new, what changed, and the reverse of what is gone") {
  const std::vector posted{transfer(household(1), utility, 5), transfer(household(2), utility, 6),
                           transfer(household(3), utility, 7)};
  const std::vector settled{transfer(household(1), utility, 5), transfer(household(3), utility, 4),
                            transfer(household(4), utility, 1)};
  CHECK(differences(posted, settled) == std::vector{transfer(utility, household(2), 6),
                                                    transfer(utility, household(3), 3),
                                                    transfer(household(4), utility, 1)});
  CHECK(differences(settled, settled).empty());
}

TEST_CASE("sums say what households paid and what escrow holds") {
  const std::vector transfers{transfer(household(0), utility, 5), transfer(household(0), escrow, 2),
                              transfer(escrow, household(1), 1)};
  const TransferSums found = sums(transfers, 3);
  CHECK((found.paid == std::vector<Wide>{7, -1, 0}));
  CHECK((found.escrow == 1));
  CHECK((found.all == 0));
}

TEST_CASE("posted and its differences are what is settled, for any two books") {
  MESSAGE("seed 43");
  test::Random random(43);
  const auto random_book = [&] {
    std::vector<Transfer> entries;
    for (std::int64_t i = test::between(random, 0, 30); i > 0; --i) {
      const auto kind = static_cast<PostingKind>(test::between(random, 0, 7));
      entries.push_back(transfer(household(static_cast<std::uint32_t>(test::between(random, 0, 4))),
                                 test::between(random, 0, 1) == 0 ? utility : escrow, test::between(random, -9, 9),
                                 kind));
    }
    return entries;
  };
  for (int round = 0; round < 2'000; ++round) {
    std::vector<Transfer> posted = random_book();
    const std::vector<Transfer> settled = *netted(random_book(), most);
    const std::vector<Transfer> missing = differences(*netted(posted, most), settled);
    posted.insert(posted.end(), missing.begin(), missing.end());
    REQUIRE(netted(posted, most) == settled);
    REQUIRE((sums(posted, 5).all == 0));
  }
}

}  // namespace
}  // namespace commonwatt
