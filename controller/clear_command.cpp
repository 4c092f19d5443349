#include "controller/clear_command.hpp"

#include <algorithm>
#include <cassert>
#include <fstream>

#include "controller/auction_files.hpp"
#include "controller/auction_plot.hpp"
#include "controller/auction_report.hpp"
#include "controller/command_output.hpp"
#include "controller/csv_rows.hpp"
#include "core/sha256.hpp"
#include "market/certificate.hpp"
#include "market/explanation_text.hpp"

namespace commonwatt {
namespace {

/// Writes a file, or standard output for `-`. False when not all of it got there.
template <class Write>
bool write_to(const std::string& path, std::ostream& out, Write write) {
  if (path == "-") {
    write(out);
    return out.flush().good();
  }
  std::ofstream file(path, std::ios::binary);
  write(file);
  return file.flush().good();
}

void warn_of_self_crossing(const OrderTable& orders, std::ostream& errors) {
  constexpr std::size_t shown_max = 3;
  const SelfCrossing found = self_crossing(orders, shown_max);
  if (found.households == 0) return;
  errors << "commonwatt: note: " << found.households << " households have a bid at or above an ask of their own (";
  for (const std::string& name : found.examples) errors << (name == found.examples.front() ? "" : ", ") << name;
  errors << (found.households > shown_max ? ", ..." : "")
         << "); in the field admission refuses such an order as self_crossing\n";
}

/// What is asked for beside the figures. The order to explain is known to be in the table.
int report(const ClearOptions& options, const OrderTable& orders, const ZoneTable& zones, const AuctionInput& input,
           const AuctionResult& result, std::ostream& out, std::ostream& errors) {
  const OrderNames names{.order = [&](std::size_t order) { return orders.order_ids[order]; },
                         .zone = [&](ZoneIndex zone) { return zones.names[zone]; }};
  std::optional<std::size_t> marked;
  std::string words;
  if (!options.explain.empty()) {
    const auto found = std::find(orders.order_ids.begin(), orders.order_ids.end(), options.explain);
    marked = static_cast<std::size_t>(found - orders.order_ids.begin());
    words = to_text(explain_order(options.mechanism, input, result, *marked), names);
  }
  if (!options.plot.empty()) {
    const std::string picture = auction_svg({.mechanism = options.mechanism,
                                             .orders = input.orders,
                                             .tree = input.tree,
                                             .result = result,
                                             .marked = marked},
                                            names);
    if (!write_to(options.plot, out, [&](std::ostream& file) { file << picture; }))
      return complain(errors, options.plot + ": cannot be written", 1);
  }
  if (!options.fills.empty() &&
      !write_to(options.fills, out, [&](std::ostream& file) { write_fills(file, options.mechanism, orders, result); }))
    return complain(errors, options.fills + ": cannot be written", 1);
  if (options.json) {
    out << auction_json(options.mechanism, orders, zones, result, words) << "\n";
  } else if (options.fills != "-" && options.plot != "-") {
    out << auction_text(options.mechanism, orders, zones, result);
    if (!words.empty()) out << "\n" << words << "\n";
  }
  return out.flush().good() ? 0 : complain(errors, "standard output cannot be written", 1);
}

}  // namespace

int run_clear(const ClearOptions& options, std::ostream& out, std::ostream& errors) {
  Result<ZoneTable, std::string> zones = ZoneTable();
  if (!options.zones.empty()) {
    Result<std::string, std::string> text = read_text(options.zones);
    if (!text) return complain(errors, text.error(), status_data);
    zones = read_zones(options.zones, std::move(*text));
    if (!zones) return complain(errors, zones.error(), status_data);
  }
  Result<std::string, std::string> text = read_text(options.orders);
  if (!text) return complain(errors, text.error(), status_data);
  const std::string name = options.orders == "-" ? "standard input" : options.orders;
  const Result<OrderTable, std::string> orders = read_orders(name, std::move(*text), *zones);
  if (!orders) return complain(errors, orders.error(), status_data);
  const auto& ids = orders->order_ids;
  if (!options.explain.empty() && std::find(ids.begin(), ids.end(), options.explain) == ids.end())
    return complain(errors, "there is no order '" + options.explain + "' in " + name, status_data);
  warn_of_self_crossing(*orders, errors);

  const auto key_of = [&](const std::string& of) { return sha256({options.seed, as_bytes(of)}); };
  const ZoneTieKeys tie_keys{.order = [&](std::size_t order) { return key_of(ids[order]); },
                             .zone = [&](std::size_t zone) { return key_of(zones->names[zone]); }};
  const AuctionInput input{.orders = orders->orders,
                           .households = orders->households,
                           .tree = zones->tree,
                           .rule = {.k_permille = options.k_permille},
                           .tie_keys = tie_keys};
  const Result<AuctionResult, AuctionRefusal> result = run_auction(options.mechanism, input);
  if (!result)
    return complain(errors, std::string(to_text(options.mechanism)) + ": " + explain(result.error()), status_data);
  if (options.mechanism == Mechanism::uniform || options.mechanism == Mechanism::pay_as_bid)
    assert(!clearing_fault(input.orders, input.tree, result->clearing));
  return report(options, *orders, *zones, input, *result, out, errors);
}

}  // namespace commonwatt
