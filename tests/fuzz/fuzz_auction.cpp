// The auction engine on arbitrary markets: every mechanism keeps its laws, and every clearing has its certificate.
#include <cassert>

#include "core/sha256.hpp"
#include "market/certificate.hpp"
#include "market/mechanism.hpp"

namespace commonwatt {
namespace {

/// Draws numbers from the fuzzer's bytes; zeros when they are used up.
class Draw {
 public:
  explicit Draw(ByteView bytes) : bytes_(bytes) {}
  [[nodiscard]] bool is_over() const { return at_ >= bytes_.size(); }
  std::uint8_t byte() { return is_over() ? std::uint8_t{0} : bytes_[at_++]; }
  /// Small numbers mostly, so that ties are common; sometimes as large as may be.
  std::int64_t number(std::int64_t low, std::int64_t high) {
    const std::uint8_t kind = byte();
    if (kind < 250) return low + kind % std::min<std::int64_t>(7, high - low + 1);
    std::uint64_t large = 0;
    for (int i = 0; i < 8; ++i) large = large << 8U | byte();
    return low + static_cast<std::int64_t>(large % static_cast<std::uint64_t>(high - low + 1));
  }

 private:
  ByteView bytes_;
  std::size_t at_ = 0;
};

std::optional<Energy> limit(Draw& draw) {
  if (draw.byte() % 3 == 0) return std::nullopt;
  return Energy{draw.number(0, auction_energy_max.count)};
}

struct Market {
  std::vector<Zone> zones;
  std::vector<LimitOrder> orders;
  std::vector<std::uint32_t> households;
};

Market draw_market(Draw& draw) {
  Market market;
  const int zones = 1 + draw.byte() % 12;
  for (int i = 0; i < zones; ++i) {
    Zone zone;
    if (i > 0) {
      zone.parent = static_cast<ZoneIndex>(draw.byte() % i);
      zone.fee = Price{draw.number(0, auction_price_magnitude_max.count)};
      zone.export_limit = limit(draw);
      zone.import_limit = limit(draw);
    }
    market.zones.push_back(zone);
  }
  constexpr std::size_t orders_max = 200;
  constexpr std::int64_t price_max = auction_price_magnitude_max.count;
  while (!draw.is_over() && market.orders.size() < orders_max) {
    const std::uint8_t kind = draw.byte();
    market.orders.push_back(
        {.limit = Price{draw.byte() % 8 == 0 ? draw.number(-price_max, price_max) : draw.number(-3, 3)},
         .quantity = Energy{draw.number(1, auction_energy_max.count / orders_max)},
         .zone = static_cast<ZoneIndex>(kind / 2 % zones),
         .side = kind % 2 == 0 ? Side::buy : Side::sell});
    market.households.push_back(kind % 5);
  }
  return market;
}

void check_accounts(const AuctionResult& result) {
  const AuctionAccounts& accounts = result.accounts;
  assert(accounts.buyers_pay - accounts.sellers_get == accounts.fees + accounts.congestion_rent + accounts.spread);
  assert(accounts.congestion_rent >= 0 && accounts.fees >= 0);
}

Hash32 key_of(std::size_t index) {
  const std::array<std::uint8_t, 2> bytes{static_cast<std::uint8_t>(index >> 8U), static_cast<std::uint8_t>(index)};
  return sha256(bytes);
}

}  // namespace
}  // namespace commonwatt

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  Draw draw(ByteView(data, size));
  const ClearingRule rule{.k_permille = draw.number(0, 1'000)};
  Market market = draw_market(draw);
  const ZoneTree tree = *ZoneTree::from(market.zones);
  const ZoneTieKeys tie_keys{.order = key_of, .zone = key_of};
  const AuctionInput input{
      .orders = market.orders, .households = market.households, .tree = tree, .rule = rule, .tie_keys = tie_keys};
  const AuctionResult uniform = *run_auction(Mechanism::uniform, input);
  assert(!clearing_fault(input.orders, tree, uniform.clearing));
  assert(uniform.accounts.spread == 0);
  check_accounts(uniform);
  check_accounts(*run_auction(Mechanism::pay_as_bid, input));

  // The same orders in one zone, where all mechanisms clear; and there the two ways to clear agree.
  for (LimitOrder& order : market.orders) order.zone = 0;
  const ZoneTree single = ZoneTree::single();
  const AuctionInput alone{
      .orders = market.orders, .households = market.households, .tree = single, .rule = rule, .tie_keys = tie_keys};
  for (const Mechanism mechanism : {Mechanism::mcafee, Mechanism::vcg, Mechanism::continuous}) {
    const Result<AuctionResult, AuctionRefusal> result = run_auction(mechanism, alone);
    if (result)
      check_accounts(*result);
    else
      assert(result.error() == AuctionRefusal::order_too_large);
  }
  assert(run_auction(Mechanism::uniform, alone)->clearing == clear_zones(alone.orders, single, rule, tie_keys));
  return 0;
}
