#include "controller/auction_report.hpp"

#include <array>
#include <cstdio>

#include <nlohmann/json.hpp>

namespace commonwatt {
namespace {

using Json = nlohmann::ordered_json;

Json energy(Energy value) {
  constexpr std::int64_t exact_max = std::int64_t{1} << 53;
  if (value.count > exact_max || value.count < -exact_max) return std::to_string(value.count);
  return value.count;
}

Json price(const std::optional<Price>& value) {
  return value ? Json(value->count) : Json(nullptr);
}

Json money(WideMoney value) {
  return to_text(value);
}

/// Nano-currency as currency with six decimals, rounded towards zero.
std::string currency(WideMoney nano) {
  const WideMoney micro = nano / 1'000;
  const WideMoney magnitude = micro < 0 ? -micro : micro;
  std::string decimals = to_text(magnitude % 1'000'000);
  decimals.insert(0, 6 - decimals.size(), '0');
  return (micro < 0 ? "-" : "") + to_text(magnitude / 1'000'000) + "." + decimals;
}

/// A price per kWh, as `0.284700 (284700)`.
std::string per_kwh(const std::optional<Price>& value) {
  if (!value) return "none";
  return currency(wide(value->count) * 1'000) + " (" + std::to_string(value->count) + ")";
}

std::string line(const char* what, const std::string& value) {
  constexpr std::size_t column = 18;
  std::string text(what);
  text.resize(column, ' ');
  return text + value + "\n";
}

}  // namespace

std::string auction_json(Mechanism mechanism, const OrderTable& orders, const ZoneTable& zones,
                         const AuctionResult& result, const std::string& explanation) {
  const TreeClearing& clearing = result.clearing;
  Json json;
  json["mechanism"] = to_text(mechanism);
  json["orders"] = orders.orders.size();
  json["volume_wh"] = energy(clearing.volume);
  json["price"] = price(clearing.zones[zones.tree.root()].price);
  if (mechanism == Mechanism::mcafee) json["sellers_price"] = price(result.sellers_price);
  if (mechanism == Mechanism::continuous) json["own_cancels"] = result.own_cancels;
  json["zones"] = Json::array();
  json["edges"] = Json::array();
  for (ZoneIndex zone = 0; zone < zones.tree.size(); ++zone) {
    const ZoneClearing& cleared = clearing.zones[zone];
    json["zones"].push_back(
        {{"zone", zones.names[zone]}, {"price", price(cleared.price)}, {"net_wh", energy(cleared.net)}});
    if (!zones.tree[zone].parent) continue;
    json["edges"].push_back({{"zone", zones.names[zone]},
                             {"flow_wh", energy(cleared.flow)},
                             {"rent", money(congestion_rent(zones.tree, clearing.zones, zone))}});
  }
  json["buyers_pay"] = money(result.accounts.buyers_pay);
  json["sellers_get"] = money(result.accounts.sellers_get);
  json["fees"] = money(result.accounts.fees);
  json["congestion_rent"] = money(result.accounts.congestion_rent);
  json["spread"] = money(result.accounts.spread);
  json["welfare"] = money(result.accounts.welfare);
  if (!explanation.empty()) json["explanation"] = explanation;
  // Ids and names are whatever bytes the files held; JSON is UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string auction_text(Mechanism mechanism, const OrderTable& orders, const ZoneTable& zones,
                         const AuctionResult& result) {
  const TreeClearing& clearing = result.clearing;
  const AuctionAccounts& accounts = result.accounts;
  std::string text = line("mechanism", to_text(mechanism));
  text += line("orders", std::to_string(orders.orders.size()));
  text += line("volume", std::to_string(clearing.volume.count) + " Wh");
  text += line("price per kWh", per_kwh(clearing.zones[zones.tree.root()].price));
  if (mechanism == Mechanism::mcafee) text += line("sellers' price", per_kwh(result.sellers_price));
  text += line("buyers pay", currency(accounts.buyers_pay));
  text += line("sellers get", currency(accounts.sellers_get));
  text += line("fees", currency(accounts.fees));
  text += line("congestion rent", currency(accounts.congestion_rent));
  text += line("spread", currency(accounts.spread));
  text += line("welfare", currency(accounts.welfare));
  if (zones.tree.size() == 1) return text;
  constexpr std::size_t zones_shown_max = 40;
  text += "\nzone              price per kWh             sold less bought   to its parent (Wh)\n";
  for (ZoneIndex zone = 0; zone < zones.tree.size() && zone < zones_shown_max; ++zone) {
    const ZoneClearing& cleared = clearing.zones[zone];
    std::array<char, 160> row{};
    std::snprintf(row.data(), row.size(), "%-17.60s %-25s %16lld %20lld\n", zones.names[zone].c_str(),
                  per_kwh(cleared.price).c_str(), static_cast<long long>(cleared.net.count),
                  static_cast<long long>(cleared.flow.count));
    text += row.data();
  }
  if (zones.tree.size() > zones_shown_max) {
    text += "... and " + std::to_string(zones.tree.size() - zones_shown_max) + " zones more; --json has them all\n";
  }
  return text;
}

}  // namespace commonwatt
