#include "sim/demo_report.hpp"

#include <cstdio>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "controller/bill.hpp"
#include "controller/gateway_store.hpp"
#include "controller/replay.hpp"

namespace commonwatt {
namespace {

using Json = nlohmann::ordered_json;

/// A decimal number of `value` / 10^places, `shown` of the places kept.
std::string decimal(std::int64_t value, int places, int shown) {
  std::int64_t cut = 1;
  for (int i = shown; i < places; ++i) cut *= 10;
  const bool negative = value < 0;
  const std::int64_t rounded = ((negative ? -value : value) + cut / 2) / cut;
  std::int64_t unit = 1;
  for (int i = 0; i < shown; ++i) unit *= 10;
  std::string fraction = std::to_string(rounded % unit);
  fraction.insert(0, static_cast<std::size_t>(shown) - fraction.size(), '0');
  return (negative && rounded != 0 ? "-" : "") + std::to_string(rounded / unit) + "." + fraction;
}

/// A simulated device's own registers at a boundary, as it wrote them.
std::optional<Registers> own_registers(const DemoPlan& plan, const HouseholdPlan& household, SimulatedDevice device,
                                       UtcTime boundary) {
  std::ifstream in(registers_file(plan, household, device));
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::int64_t seconds = 0;
    std::int64_t imported = 0;
    std::int64_t exported = 0;
    char comma = 0;
    if (!(fields >> seconds >> comma >> imported >> comma >> exported) || seconds != boundary.seconds()) continue;
    return Registers{Energy{imported}, Energy{exported}};
  }
  return std::nullopt;
}

std::optional<Registers> own_rise(const DemoPlan& plan, const HouseholdPlan& household, SimulatedDevice device) {
  const std::optional<Registers> first = own_registers(plan, household, device, plan.begin);
  const std::optional<Registers> last = own_registers(plan, household, device, plan.end);
  if (!first || !last) return std::nullopt;
  return *last - *first;
}

/// Whether the household's settlement begins and ends on registers that were read, not estimated: then its energy is
/// what they rose by.
bool ends_are_read(const Replay& replay, const HouseholdId& household) {
  std::map<Interval, const StoreBatch*> in_force;
  for (const StoreBatch& store : replay.batches) in_force[store.entry.interval] = &store;
  if (in_force.empty()) return false;
  for (const StoreBatch* store : {in_force.begin()->second, in_force.rbegin()->second}) {
    for (const Statement& statement : store->batch.statements) {
      if (statement.household == household && statement.quality == DeliveryQuality::estimated) return false;
    }
  }
  return true;
}

/// Settled energy against the meters' own registers, to the watt-hour.
void compare_registers(const HouseholdPlan& household, DemoResult& result) {
  const HouseholdTotals& totals = result.state.household_totals[household.id];
  const std::optional<Registers> grid = own_rise(result.plan, household, SimulatedDevice::main);
  if (!grid || grid->import != totals.import || grid->export_ != totals.export_) {
    result.faults.push_back(household.id.text() + ": settled energy is not what its meter's own registers say");
  }
  if (!household.has_pv()) return;
  const std::optional<Registers> pv = own_rise(result.plan, household, SimulatedDevice::inverter);
  if (!pv || pv->export_ != totals.produced)
    result.faults.push_back(household.id.text() + ": settled production is not what its inverter's own register says");
}

void export_bills(const HouseholdPlan& household, DemoResult& result) {
  const std::filesystem::path store = household_directory(result.plan, household) / gateway_file;
  const Result<std::vector<Bill>, std::string> bills = read_bills(store);
  if (!bills) {
    result.faults.push_back(bills.error());
    return;
  }
  std::ofstream out(result.plan.directory / "bills" / (household.id.text() + ".jsonl"),
                    std::ios::trunc | std::ios::binary);
  for (const Bill& bill : *bills) out << bill_line(bill) << "\n";
  out.close();
  if (!out) result.faults.push_back(household.id.text() + ": its bills cannot be written");
}

Json household_json(const HouseholdId& id, const HouseholdRecord& record, const HouseholdTotals& totals) {
  return {{"id", id.text()},
          {"name", record.name},
          {"produced_wh", totals.produced.count},
          {"used_wh", totals.used.count},
          {"traded_wh", (totals.bought + totals.sold).count},
          {"bought_wh", totals.bought.count},
          {"sold_wh", totals.sold.count},
          {"import_wh", totals.import.count},
          {"export_wh", totals.export_.count},
          {"grid_bought_wh", totals.grid_bought.count},
          {"grid_sold_wh", totals.grid_sold.count},
          {"paid", totals.paid.count},
          {"saved", totals.saved.count}};
}

Json chain_json(const DemoChainResult& chain) {
  return {{"chain_id", chain.chain_id},
          {"registry", chain.registry},
          {"vault", chain.vault},
          {"anchors", chain.anchors},
          {"final", chain.final},
          {"claims", chain.claims},
          {"claims_equal_ledger", chain.claims_equal_ledger},
          {"gas_per_anchor", chain.gas_per_anchor},
          {"gas_per_claim", chain.gas_per_claim},
          {"verified", chain.verified}};
}

std::string chain_text(const DemoChainResult& chain) {
  return " chain " + std::to_string(chain.chain_id) + ": " + std::to_string(chain.anchors) +
         " anchors, final up to epoch " + std::to_string(chain.final) + ", " + std::to_string(chain.gas_per_anchor) +
         " gas for the last; " + std::to_string(chain.claims) + " households settled, " +
         std::to_string(chain.gas_per_claim) + " gas for one that was paid\n";
}

}  // namespace

std::string rounded_money(Money money) {
  return decimal(money.count, 9, 2);
}
std::string kilowatt_hours(Energy energy) {
  return decimal(energy.count, 3, 3);
}
std::string cents_per_kilowatt_hour(Price price) {
  return decimal(price.count, 4, 2);
}

DemoResult examine(const DemoPlan& plan, std::int64_t intervals) {
  DemoResult result{.plan = plan,
                    .intervals = intervals,
                    .state = {},
                    .verified = {},
                    .faults = {},
                    .estimated_ends = {},
                    .disputes = {},
                    .restarts = 0,
                    .chain = {}};
  const std::filesystem::path home = plan.directory / "controller";
  std::error_code error;
  std::filesystem::create_directories(plan.directory / "bills", error);
  for (const HouseholdPlan& household : plan.households) export_bills(household, result);
  const Result<Done, std::string> logged = write_log_files(home, plan.directory / "log");
  if (!logged) result.faults.push_back(logged.error());
  result.verified = verify_directory(plan.directory);
  const Result<JournalContent, std::string> content = read_journal(home / journal_file);
  const Replay replay = content ? replay_journal(*content) : Replay{};
  result.state = replay.state;
  for (const HouseholdPlan& household : plan.households) {
    if (ends_are_read(replay, household.id)) {
      compare_registers(household, result);
    } else {
      result.estimated_ends.push_back(household.id);
    }
  }
  const Totals& totals = result.state.totals;
  if (totals.intervals_settled != intervals) {
    result.faults.push_back(std::to_string(totals.intervals_settled) + " of " + std::to_string(intervals) +
                            " intervals were settled");
  }
  return result;
}

std::string result_text(const DemoResult& result) {
  std::string text = "\n household   produced      used    bought      sold  from grid   to grid      paid     saved\n";
  text += "                 kWh       kWh       kWh       kWh        kWh       kWh       EUR       EUR\n";
  const auto row = [&text](const std::string& name, const HouseholdTotals& totals) {
    std::array<char, 160> line{};
    std::snprintf(line.data(), line.size(), " %-9s %10s%10s%10s%10s %10s%10s%10s%10s\n", name.c_str(),
                  kilowatt_hours(totals.produced).c_str(), kilowatt_hours(totals.used).c_str(),
                  kilowatt_hours(totals.bought).c_str(), kilowatt_hours(totals.sold).c_str(),
                  kilowatt_hours(totals.grid_bought).c_str(), kilowatt_hours(totals.grid_sold).c_str(),
                  rounded_money(totals.paid).c_str(), rounded_money(totals.saved).c_str());
    text += line.data();
  };
  HouseholdTotals sum;
  for (const auto& [id, totals] : result.state.household_totals) {
    row(id.text(), totals);
    for (const auto part : {&HouseholdTotals::produced, &HouseholdTotals::used, &HouseholdTotals::bought,
                            &HouseholdTotals::sold, &HouseholdTotals::grid_bought, &HouseholdTotals::grid_sold}) {
      sum.*part += totals.*part;
    }
    sum.paid += totals.paid;
    sum.saved += totals.saved;
  }
  row("all", sum);
  const VerifyReport& verified = result.verified;
  text += "\n verify: " + std::to_string(verified.events) + " events replayed, " +
          std::to_string(verified.intervals_cleared) + " clearings, " + std::to_string(verified.batches) +
          " batches, " + std::to_string(verified.statements) + " statements, " + std::to_string(verified.bills) +
          " bills, " + std::to_string(verified.signatures) + " signatures and " +
          std::to_string(verified.cosignatures) + " cosignatures\n log root " + to_hex(verified.log_root) + "\n";
  if (result.chain) text += chain_text(*result.chain);
  for (const VerifyFault& fault : verified.faults) text += " WRONG " + fault.where + ": " + fault.what + "\n";
  for (const std::string& fault : result.faults) text += " WRONG " + fault + "\n";
  for (const HouseholdId& household : result.estimated_ends) {
    text += " " + household.text() +
            ": its first or last register was estimated, so it is not compared with its meter's own\n";
  }
  text += result.good() ? " everything holds: registers, clearings, settlements, ledger, roots and signatures\n"
                        : " the run does not hold\n";
  return text;
}

std::string result_json(const DemoResult& result) {
  const Totals& totals = result.state.totals;
  Json households = Json::array();
  for (const auto& [id, record] : result.state.households) {
    const auto found = result.state.household_totals.find(id);
    households.push_back(
        household_json(id, record, found == result.state.household_totals.end() ? HouseholdTotals{} : found->second));
  }
  Json faults = Json::array();
  for (const VerifyFault& fault : result.verified.faults) faults.push_back(fault.where + ": " + fault.what);
  for (const std::string& fault : result.faults) faults.push_back(fault);
  const Energy used = totals.produced + totals.import - totals.export_;
  Json json{{"households", result.state.households.size()},
            {"intervals", result.intervals},
            {"cleared", totals.intervals_cleared},
            {"produced_wh", totals.produced.count},
            {"used_wh", used.count},
            {"traded_wh", totals.traded.count},
            {"import_wh", totals.import.count},
            {"export_wh", totals.export_.count},
            {"readings", totals.readings},
            {"estimated_readings", totals.estimated_readings},
            {"revised_runs", totals.revised_runs},
            {"orders", totals.orders},
            {"rejected_orders", totals.rejected_orders},
            {"ledger_sum", result.state.ledger.sum().count},
            {"batches", result.state.log.size()},
            {"log_root", to_hex(result.verified.log_root)},
            {"verified", result.good()},
            {"restarts", result.restarts},
            {"faults", faults},
            {"per_household", households}};
  if (result.chain) json["chain"] = chain_json(*result.chain);
  return json.dump();
}

}  // namespace commonwatt
