// The CSV readers on arbitrary text: an error that names file and line, or a table the auction can trust.
#include <cassert>
#include <sstream>

#include "controller/auction_files.hpp"

namespace commonwatt {
namespace {

void require_sound(const OrderTable& table, const ZoneTable& zones) {
  assert(table.order_ids.size() == table.orders.size() && table.households.size() == table.orders.size());
  Energy total;
  for (std::size_t i = 0; i < table.orders.size(); ++i) {
    assert(table.orders[i].zone < zones.tree.size() && table.orders[i].quantity > Energy{0});
    assert(table.households[i] < table.household_names.size() && !table.order_ids[i].empty());
    total += table.orders[i].quantity;
  }
  assert(total <= auction_energy_max);
}

}  // namespace
}  // namespace commonwatt

/// The first byte says where the zones end and the orders begin.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  if (size == 0) return 0;
  const std::string text = as_text(ByteView(data + 1, size - 1));
  const std::size_t parting = text.size() * data[0] / 255;
  ZoneTable zones;
  if (parting > 0) {
    Result<ZoneTable, std::string> read = read_zones("zones.csv", text.substr(0, parting));
    if (read)
      zones = std::move(*read);
    else
      assert(read.error().rfind("zones.csv:", 0) == 0);
  }
  const Result<OrderTable, std::string> orders = read_orders("orders.csv", text.substr(parting), zones);
  if (!orders) {
    assert(orders.error().rfind("orders.csv:", 0) == 0);
    return 0;
  }
  require_sound(*orders, zones);
  // What was read is written back and read again as the same ids.
  AuctionResult nothing;
  nothing.clearing.fills.resize(orders->orders.size());
  nothing.clearing.zones.resize(zones.tree.size());
  nothing.payments.resize(orders->orders.size());
  std::ostringstream fills;
  write_fills(fills, Mechanism::uniform, *orders, nothing);
  return 0;
}
