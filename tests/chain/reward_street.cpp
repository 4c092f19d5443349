// A street that trades for two reward epochs of an hour and pays the fee on what it draws, as files for attesters and
// households. One JSON object on standard output: who they are, and in which second the street begins.
//
//   reward_street DIR
//
//   DIR/final/journal.sqlite (every interval is final), DIR/early/journal.sqlite (the same street two weeks earlier)
//   DIR/balance.csv, DIR/unbalanced.csv (the head meter disagrees in the first interval), DIR/HOUSEHOLD/order.key
#include <iostream>

#include <nlohmann/json.hpp>

#include "controller/chain/evm_types.hpp"
#include "controller/journal.hpp"
#include "controller/settle_balance.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::Neighbourhood;
using test::street_houses;
namespace fs = std::filesystem;

constexpr std::int64_t intervals = 8;
constexpr std::chrono::seconds until_final(20 * 86'400);

bool is_written(const Neighbourhood& street, const fs::path& directory) {
  const auto journal = Journal::open(directory);
  if (!journal) return false;
  State state;
  for (const Neighbourhood::Happened& happened : street.events) {
    std::vector<StoreBatch> batches;
    for (const Effect& effect : step(state, happened.event, happened.time)) {
      if (const auto* store = std::get_if<StoreBatch>(&effect)) batches.push_back(*store);
    }
    if (!(*journal)->append({{happened.time, happened.event}}, batches)) return false;
  }
  return true;
}

std::string balance_text(const char* first) {
  std::string text = balance_header;
  for (std::int64_t i = 0; i < intervals; ++i) {
    text +=
        std::to_string(test::street_interval(i).begin_seconds()) + ",root,1,1,0,0,0," + (i == 0 ? first : "yes") + "\n";
  }
  return text;
}

int run(const fs::path& directory) {
  MarketConfigured configured = test::street_configuration();
  configured.rules.network_fee = Price{10'000};
  Neighbourhood street(configured);
  street.live(intervals);
  bool done = is_written(street, directory / "early");
  street.run_until(test::street_interval(intervals).begin() + until_final);
  done = is_written(street, directory / "final") && done;
  test::write_text(directory / "balance.csv", balance_text("yes"));
  test::write_text(directory / "unbalanced.csv", balance_text("no"));

  nlohmann::json houses = nlohmann::json::object();
  for (const test::StreetHouse& house : street_houses()) {
    fs::create_directories(directory / house.id.text());
    done = house.order_key.save(directory / house.id.text() / "order.key").ok() && done;
    houses[house.id.text()] = to_text(Address{.bytes = address_of_order_key(house.order_key.public_key()).value()});
  }
  std::cout << nlohmann::json{{"origin", street.state.origin}, {"begin", test::street_begin}, {"houses", houses}}
            << '\n';
  return done ? 0 : 1;
}

}  // namespace
}  // namespace commonwatt

int main(int count, char** words) {
  if (count == 2) return commonwatt::run(words[1]);
  std::cerr << "see the head of reward_street.cpp\n";
  return 1;
}
