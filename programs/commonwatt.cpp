// The one command line. Each command fills in the options of a function that does the work.
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "controller/chain/anchored_proof.hpp"
#include "controller/clear_command.hpp"
#include "controller/command_output.hpp"
#include "controller/config.hpp"
#include "controller/config_reader.hpp"
#include "controller/controller.hpp"
#include "controller/erase_command.hpp"
#include "controller/exchange_file.hpp"
#include "controller/gateway.hpp"
#include "controller/keyring.hpp"
#include "controller/proof_command.hpp"
#include "controller/settle_command.hpp"
#include "controller/system_clock.hpp"
#include "controller/verify.hpp"
#include "meter/line_crew.hpp"
#include "programs/bill_commands.hpp"
#include "programs/chain_commands.hpp"
#include "programs/command_parts.hpp"
#include "programs/meter_commands.hpp"
#include "sim/demo.hpp"
#include "sim/sim_meter_command.hpp"

namespace commonwatt {
namespace {

// Exit statuses beside 0 and 1, as sysexits.h has them.
constexpr int status_usage = 64;

void add_gateway(CLI::App& app, std::function<int()>& action) {
  CLI::App* command = app.add_subcommand(
      "gateway", "runs a household's gateway: reads its meters, signs, bids, and checks what it is told");
  auto file = std::make_shared<std::string>();
  auto outbox_off = std::make_shared<bool>(false);
  command->add_option("--config", *file, "gateway.toml")->required()->type_name("FILE");
  command->add_flag("--insecure-outbox-off", *outbox_off,
                    "sends nothing twice; only for the test that shows what is lost without the outbox");
  command->footer("Example: commonwatt gateway --config /etc/commonwatt/gateway.toml");
  command->callback([=, &action] {
    action = [=] {
      const Result<GatewayConfig, ConfigFaults> config = read_gateway_config(*file);
      if (!config) return complain(config.error());
      const Result<std::unique_ptr<Clock>, std::string> clock = open_clock(config->clock);
      if (!clock) return complain(clock.error(), 1);
      share_one_heap();
      return run_gateway(*config, **clock, *outbox_off ? OutboxUse::off : OutboxUse::kept);
    };
  });
}

void add_controller(CLI::App& app, std::function<int()>& action) {
  CLI::App* command = app.add_subcommand(
      "controller", "runs the operator's controller: admits, clears, settles, seals, and serves the API");
  auto file = std::make_shared<std::string>();
  auto speed = std::make_shared<std::int64_t>(1);
  command->add_option("--config", *file, "controller.toml")->required()->type_name("FILE");
  command->add_option("--speed", *speed, "market seconds in a real one, for the screen; the clock decides")
      ->type_name("N");
  command->footer("Example: commonwatt controller --config /etc/commonwatt/controller.toml");
  command->callback([=, &action] {
    action = [=] {
      const Result<ControllerConfig, ConfigFaults> config = read_controller_config(*file);
      if (!config) return complain(config.error());
      const Result<std::unique_ptr<Clock>, std::string> clock = open_clock(config->clock);
      if (!clock) return complain(clock.error(), 1);
      return run_controller(*config, **clock, *speed);
    };
  });
}

void add_demo_chain(CLI::App& command, DemoOptions& options) {
  command
      .add_option_function<std::string>(
          "--chain", [&options](const std::string& kind) { options.chain = kind == "evm"; },
          "evm: anchors every interval on a chain, and the households claim at the end")
      ->check(CLI::IsMember({"none", "evm"}));
  command.add_option("--rpc", options.rpc, "for --chain evm: a node for development that runs; else one is started")
      ->type_name("URL");
  command
      .add_option("--contracts", options.contracts, "for --chain evm: directory of the contracts; tools/demo knows it")
      ->type_name("DIR");
  command.add_option("--dead-attesters", options.dead_attesters, "for --chain evm: of five, so many are never started")
      ->check(CLI::Range(0U, 5U));
  command
      .add_option("--lying-attesters", options.lying_attesters, "for --chain evm: of five, so many sign something else")
      ->check(CLI::Range(0U, 5U));
}

void add_demo(CLI::App& app, std::function<int()>& action, const std::filesystem::path& program) {
  CLI::App* command = app.add_subcommand(
      "demo", "a neighbourhood trades on this machine: real meters' protocols, broker, gateways, controller");
  auto options = std::make_shared<DemoOptions>();
  auto dashboard = std::make_shared<std::string>("auto");
  auto keep = std::make_shared<std::string>();
  command->add_option("--households", options->households, "how many households")
      ->check(CLI::Range(2U, households_max))
      ->capture_default_str();
  command->add_option("--intervals", options->intervals, "quarter hours of a day; a short day lies around noon")
      ->check(CLI::Range(1, 96))
      ->capture_default_str();
  command->add_option("--days", options->days, "days, one after the other")
      ->check(CLI::Range(1, 31))
      ->capture_default_str();
  command->add_option("--speed", options->speed, "market seconds in a real one")
      ->check(CLI::Range(1, 7200))
      ->capture_default_str();
  command->add_option("--poll-seconds", options->poll_seconds, "market seconds between two polls of the meters")
      ->check(CLI::IsMember({1, 2, 5, 10, 15, 20, 30, 60, 90, 180, 300}))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "decides weather, households and limits")->capture_default_str();
  command->add_option("--dashboard", *dashboard, "the dashboard: yes, no, or auto (where there is a display)")
      ->expected(0, 1)
      ->check(CLI::IsMember({"", "yes", "no", "auto"}))
      ->type_name("[WHEN]");
  command->add_option("--keep", *keep, "leaves journal, log, certificates and bills in this directory")
      ->type_name("DIR");
  add_demo_chain(*command, *options);
  command->add_flag("--json", options->json, "prints one JSON object last, the rest to standard error");
  command->add_flag("--insecure-outbox-off", options->outbox_off,
                    "for the test that shows what is lost without the outbox");
  command->footer("Example: commonwatt demo --households 6 --intervals 16 --keep /tmp/street");
  command->callback([=, &action] {
    action = [=] {
      options->program = program;
      options->keep = *keep;
      options->dashboard = *dashboard == "auto" ? DashboardChoice::automatic
                           : *dashboard == "no" ? DashboardChoice::no
                                                : DashboardChoice::yes;
      return run_demo(*options);
    };
  });
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result + "\"";
}

std::string report_json(const VerifyReport& report) {
  std::string faults;
  for (const VerifyFault& fault : report.faults) {
    faults += (faults.empty() ? "" : ",") + std::string("{\"interval\":") +
              (fault.interval_begin ? quoted(to_text(UtcTime::from_seconds(*fault.interval_begin))) : "null") +
              ",\"where\":" + quoted(fault.where) + ",\"what\":" + quoted(fault.what) + "}";
  }
  const std::optional<std::int64_t> bad = report.first_bad_interval();
  return "{\"verified\":" + std::string(report.verified() ? "true" : "false") +
         ",\"events\":" + std::to_string(report.events) + ",\"cleared\":" + std::to_string(report.intervals_cleared) +
         ",\"batches\":" + std::to_string(report.batches) + ",\"statements\":" + std::to_string(report.statements) +
         ",\"bills\":" + std::to_string(report.bills) + ",\"signatures\":" + std::to_string(report.signatures) +
         ",\"cosignatures\":" + std::to_string(report.cosignatures) +
         ",\"erased\":{\"entries\":" + std::to_string(report.erased_entries) +
         ",\"statements\":" + std::to_string(report.erased_statements) +
         ",\"intervals\":" + std::to_string(report.erased_intervals) +
         ",\"replay_begin\":" + std::to_string(report.replay_begin) + "}" +
         ",\"ledger_sum\":" + std::to_string(report.ledger_sum) + ",\"log_root\":" + quoted(to_hex(report.log_root)) +
         ",\"first_bad_interval\":" + (bad ? quoted(to_text(UtcTime::from_seconds(*bad))) : "null") + ",\"faults\":[" +
         faults + "]}";
}

int show_report(const VerifyReport& report, bool json) {
  if (json) {
    std::cout << report_json(report) << std::endl;
    return report.verified() ? 0 : 1;
  }
  std::cout << report.events << " events, " << report.intervals_cleared << " clearings, " << report.batches
            << " batches, " << report.statements << " statements, " << report.bills << " bills, " << report.signatures
            << " signatures, " << report.cosignatures << " cosignatures\nledger sum " << report.ledger_sum
            << ", log root " << to_hex(report.log_root) << "\n";
  if (report.replay_begin > 1) {
    std::cout << "erased: " << report.erased_entries << " entries, " << report.erased_statements << " statements in "
              << report.erased_intervals << " intervals are verified by their hashes alone; the replay began at entry "
              << report.replay_begin << ", with the state the controller signed\n";
  }
  for (const VerifyFault& fault : report.faults) {
    std::cout << "WRONG "
              << (fault.interval_begin ? "interval " + to_text(UtcTime::from_seconds(*fault.interval_begin)) + ", "
                                       : "")
              << fault.where << ": " << fault.what << "\n";
  }
  if (const std::optional<std::int64_t> bad = report.first_bad_interval())
    std::cout << "first bad interval: " << to_text(UtcTime::from_seconds(*bad)) << "\n";
  std::cout << (report.verified() ? "verified\n" : "NOT verified\n");
  return report.verified() ? 0 : 1;
}

int verify_bills(const std::string& file, const std::string& key) {
  const std::optional<Bytes> log_key = from_hex(key);
  if (!log_key || log_key->size() != 32) {
    return complain(
        "--log-key must be the controller's public key, 64 hexadecimal digits ('commonwatt keys show' prints it)",
        status_usage);
  }
  const Result<std::int64_t, VerifyFault> bills = verify_bill_file(file, *log_key);
  if (bills) {
    std::cout << *bills << " bills hold: amounts, proofs and signatures\n";
    return 0;
  }
  const VerifyFault& fault = bills.error();
  std::cout << "WRONG "
            << (fault.interval_begin ? "interval " + to_text(UtcTime::from_seconds(*fault.interval_begin)) + ", " : "")
            << fault.where << ": " << fault.what << "\n";
  return 1;
}

void add_verify(CLI::App& app, std::function<int()>& action) {
  CLI::App* command = app.add_subcommand(
      "verify", "replays a journal and computes every clearing, settlement, root and signature again");
  auto directory = std::make_shared<std::string>();
  auto bill = std::make_shared<std::string>();
  auto key = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  auto compare = std::make_shared<CompareOptions>();
  auto chain = std::make_shared<AnchoredProofOptions>();
  command->add_option("directory", *directory, "what 'demo --keep' or a stopped controller left; or a bill's proof")
      ->type_name("DIR|PROOF");
  command->add_option("--bill", *bill, "instead, checks a file of bills by its own proofs; with PROOF: it is of one")
      ->type_name("FILE");
  command->add_option("--log-key", *key, "the controller's public key, for files")->type_name("HEX64");
  command->add_option("--compare", compare->notes, "instead, tells whether of two signed notes one extends the other")
      ->expected(2)
      ->type_name("NOTE");
  command->add_option("--proof", compare->proof, "for --compare: the consistency proof, a hash a line")
      ->type_name("FILE");
  command->add_option("--evidence", compare->evidence, "for --compare: keeps both when they do not")
      ->type_name("FILE.json");
  auto* rpc = command->add_option("--rpc", chain->rpc, "with PROOF: asks this node for its anchor; repeatable")
                  ->excludes("--compare")
                  ->type_name("URL");
  command->add_option("--registry", chain->registry, "with --rpc: the community's AnchorRegistry")
      ->needs(rpc)
      ->type_name("ADDRESS");
  command->add_flag("--json", *json, "prints one JSON object");
  command->footer("Example: commonwatt verify /var/lib/commonwatt/controller");
  command->callback([=, &action] {
    action = [=] {
      if (!compare->notes.empty()) {
        compare->log_key = *key;
        return run_compare(*compare, std::cout, std::cerr);
      }
      if (std::filesystem::is_regular_file(*directory)) {
        const int status = run_verify_file({.file = *directory, .log_key = *key, .bill = *bill}, std::cout, std::cerr);
        if (status != 0 || chain->rpc.empty()) return status;
        return run_verify_on_chain(*directory, *chain, std::cout, std::cerr);
      }
      if (!chain->rpc.empty()) return complain("--rpc goes with a bill's proof", status_usage);
      if (directory->empty() == bill->empty())
        return complain("verify needs a directory, a proof, or --bill FILE", status_usage);
      return bill->empty() ? show_report(verify_directory(*directory), *json) : verify_bills(*bill, *key);
    };
  });
}

void add_erase(CLI::App& app, std::function<int()>& action) {
  CLI::App* command = app.add_subcommand(
      "erase", "erases the readings, orders and quarter-hours of a household that has left; the log stays verifiable");
  auto options = std::make_shared<EraseOptions>();
  command->add_option("--dir", options->directory, "where the stopped controller's journal is")
      ->required()
      ->type_name("DIR");
  command->add_option("--household", options->household, "whose data goes")->required()->type_name("ID");
  command->add_option("--keys", options->keys, "where log.key is; DIR/keys when not given")->type_name("DIR");
  command->footer(
      "Example: commonwatt erase --dir /var/lib/commonwatt/controller --household hh03\n"
      "What goes and what stays is in docs/privacy.md.");
  command->callback(
      [=, &action] { action = [=] { return run_erase(*options, SystemClock().now(), std::cout, std::cerr); }; });
}

void add_clear(CLI::App& app, std::function<int()>& action) {
  CLI::App* command = app.add_subcommand("clear", "clears one auction from files and says who gets what, and why");
  auto options = std::make_shared<ClearOptions>();
  auto mechanism = std::make_shared<std::string>(to_text(options->mechanism));
  auto seed = std::make_shared<std::string>();
  command->add_option("--orders", options->orders, "orders.csv, - for standard input")->required()->type_name("FILE");
  command->add_option("--zones", options->zones, "zones.csv; without it there is one zone")->type_name("FILE");
  command->add_option("--mechanism", *mechanism, "uniform, pay_as_bid, mcafee, vcg or continuous")
      ->check([](const std::string& name) {
        return mechanism_of(name) ? std::string() : "there is no mechanism '" + name + "'";
      });
  command->add_option("--k-permille", options->k_permille, "where the price lies among those that clear, 0 to 1000")
      ->check(CLI::Range(0, 1000));
  command->add_option("--seed", *seed, "breaks ties; zeros when not given")
      ->type_name("HEX64")
      ->check([](const std::string& hex) {
        return hash_from_hex(hex) ? std::string() : "'" + hex + "' is not 64 hexadecimal digits";
      });
  command->add_option("--fills", options->fills, "writes fills.csv, - for standard output")->type_name("FILE");
  command->add_option("--plot", options->plot, "draws supply, demand and price")->type_name("FILE.svg");
  command->add_option("--explain", options->explain, "says why this order got what it got")->type_name("ORDER_ID");
  command->add_flag("--json", options->json, "prints one JSON object");
  command->footer(
      "Example: commonwatt clear --orders orders.csv --zones zones.csv --fills fills.csv --json\n"
      "The files are described in docs/clear.md.");
  command->callback([=, &action] {
    action = [=] {
      options->mechanism = *mechanism_of(*mechanism);
      if (!seed->empty()) options->seed = *hash_from_hex(*seed);
      return run_clear(*options, std::cout, std::cerr);
    };
  });
}

void add_settle(CLI::App& app, std::function<int()>& action) {
  CLI::App* command = app.add_subcommand(
      "settle", "settles contracts and meter registers from files: statements, and postings that sum to zero");
  auto options = std::make_shared<SettleOptions>();
  auto directory = std::make_shared<std::string>();
  auto run = std::make_shared<std::string>(to_text(options->run));
  command->add_option("--dir", *directory, "where settlement.toml, contracts.csv and registers.csv are")
      ->required()
      ->type_name("DIR");
  command->add_option("--run", *run, "initial; revised, when readings came late; or final")
      ->check(CLI::IsMember({"initial", "revised", "final"}))
      ->capture_default_str();
  command->add_flag("--json", options->json, "prints one JSON object");
  command->footer(
      "Example: commonwatt settle --dir /srv/june --run revised --json\n"
      "The files are described in docs/settlement.md.");
  command->callback([=, &action] {
    action = [=] {
      options->directory = *directory;
      options->run = *run_from_text(*run);
      return run_settle(*options, std::cout, std::cerr);
    };
  });
}

std::vector<KeyKind> kinds_of(const std::string& role) {
  if (role == "controller") return {KeyKind::log};
  return {KeyKind::order, KeyKind::reading, KeyKind::log};
}

int show_keys(const std::string& directory) {
  int shown = 0;
  for (const KeyKind kind : {KeyKind::order, KeyKind::reading, KeyKind::log}) {
    if (!std::filesystem::exists(key_file(directory, kind))) continue;
    const Result<SigningKey, std::string> key = SigningKey::load(kind, key_file(directory, kind));
    if (!key) return complain(key.error(), 1);
    // The log key of a household, which has an order key too, is what the operator knows as its witness key.
    const bool witness = kind == KeyKind::log && shown > 0;
    std::cout << (witness ? "witness" : to_text(kind)) << "_key = \"" << to_hex(key->public_key()) << "\"\n";
    ++shown;
  }
  return shown > 0 ? 0 : complain(directory + ": holds no key; make them with 'commonwatt keys make'", 1);
}

int rotate(const std::string& directory, const std::string& name) {
  const KeyKind kind = name == "order" ? KeyKind::order : name == "reading" ? KeyKind::reading : KeyKind::log;
  const Result<SigningKey, std::string> key = rotate_key(directory, kind, SystemClock().now());
  if (!key) return complain(key.error(), 1);
  std::cout << name << "_key = \"" << to_hex(key->public_key()) << "\"\n";
  std::cerr << "register this public key with the operator, then restart; the old key stays beside it\n";
  return 0;
}

int sign_exchanges_of(const std::string& directory, const std::string& file, const std::string& out) {
  const Result<SigningKey, std::string> key = SigningKey::load(KeyKind::reading, key_file(directory, KeyKind::reading));
  if (!key) return complain(key.error(), 1);
  const Result<std::string, std::string> vouched = sign_exchange_file(file, *key);
  if (!vouched) return complain(vouched.error(), status_data);
  return write_result(out, *vouched, std::cout, std::cerr);
}

void add_keys(CLI::App& app, std::function<int()>& action) {
  CLI::App* command = app.add_subcommand("keys", "makes, shows and rotates signing keys");
  command->require_subcommand(1);
  auto directory = std::make_shared<std::string>();
  auto choice = std::make_shared<std::string>("household");
  CLI::App* make = command->add_subcommand("make", "makes the keys that are missing, files of mode 0600");
  make->add_option("--dir", *directory, "where the keys are")->required()->type_name("DIR");
  make->add_option("--for", *choice, "household (order, reading, log) or controller (log)")
      ->check(CLI::IsMember({"household", "controller"}))
      ->capture_default_str();
  make->callback([=, &action] {
    action = [=] {
      const Result<Done, std::string> made = make_keys(*directory, kinds_of(*choice));
      return made ? show_keys(*directory) : complain(made.error(), 1);
    };
  });
  CLI::App* show = command->add_subcommand("show", "prints the public keys, as controller.toml wants them");
  show->add_option("--dir", *directory, "where the keys are")->required()->type_name("DIR");
  show->callback([=, &action] { action = [=] { return show_keys(*directory); }; });
  CLI::App* fresh = command->add_subcommand("rotate", "puts a new key in the place of one");
  auto name = std::make_shared<std::string>();
  fresh->add_option("--dir", *directory, "where the keys are")->required()->type_name("DIR");
  fresh->add_option("key", *name, "order, reading or log")
      ->required()
      ->check(CLI::IsMember({"order", "reading", "log"}));
  fresh->callback([=, &action] { action = [=] { return rotate(*directory, *name); }; });
  CLI::App* vouch = command->add_subcommand("sign-exchanges", "signs the rows of exchanges.csv that are not signed");
  auto exchanges = std::make_shared<std::string>();
  auto out = std::make_shared<std::string>("-");
  vouch->add_option("--dir", *directory, "where reading.key is")->required()->type_name("DIR");
  vouch->add_option("exchanges", *exchanges, "which meters were replaced; - for standard input")
      ->required()
      ->type_name("exchanges.csv");
  vouch->add_option("--out", *out, "where the signed rows go; - for standard output")
      ->type_name("FILE")
      ->capture_default_str();
  vouch->callback([=, &action] { action = [=] { return sign_exchanges_of(*directory, *exchanges, *out); }; });
  command->footer("Example: commonwatt keys make --dir /etc/commonwatt/keys");
}

void add_check_config(CLI::App& app, std::function<int()>& action) {
  CLI::App* command = app.add_subcommand(
      "check-config", "reads a gateway.toml, controller.toml or attester.toml and names everything wrong in it");
  auto file = std::make_shared<std::string>();
  command->add_option("file", *file, "gateway.toml, controller.toml or attester.toml")->required()->type_name("FILE");
  command->footer("Example: commonwatt check-config /etc/commonwatt/gateway.toml");
  command->callback([=, &action] {
    action = [=] {
      ConfigTable table = ConfigTable::open(*file);
      ConfigFaults faults;
      if (table.has("controller")) {
        const Result<ControllerConfig, ConfigFaults> config = read_controller_config(*file);
        if (!config) faults = config.error();
      } else if (table.has("attester")) {
        const Result<AttesterConfig, ConfigFaults> config = read_attester_config(*file);
        if (!config) faults = config.error();
      } else {
        const Result<GatewayConfig, ConfigFaults> config = read_gateway_config(*file);
        if (!config) faults = config.error();
      }
      if (!faults.empty()) return complain(faults);
      std::cout << *file << ": good\n";
      return 0;
    };
  });
}

/// A time option as text, checked when it is used.
UtcTime time_option(const std::string& text) {
  const std::optional<UtcTime> time = time_from_text(text);
  if (!time) throw CLI::ValidationError("'" + text + "' is not a time such as 2026-06-21T00:00:00Z");
  return *time;
}

void add_simulate_meter(CLI::App& app, std::function<int()>& action) {
  CLI::App* command = app.add_subcommand("simulate-meter", "one simulated meter or inverter, as a real Modbus device");
  auto options = std::make_shared<SimMeterOptions>();
  auto device = std::make_shared<std::string>("main");
  auto begin = std::make_shared<std::string>(to_text(sunny_day_begin));
  auto end = std::make_shared<std::string>(to_text(sunny_day_end));
  auto clock_file = std::make_shared<std::string>();
  command->add_option("--seed", options->seed, "of the neighbourhood")->capture_default_str();
  command->add_option("--households", options->households, "of the neighbourhood")->capture_default_str();
  command->add_option("--household", options->household, "which one, from 0")->capture_default_str();
  command->add_option("--device", *device, "main, inverter or heat_pump")
      ->check(CLI::IsMember({"main", "inverter", "heat_pump"}))
      ->capture_default_str();
  command->add_option("--listen", options->listen, "HOST:PORT (port 0: any free one) or pty:LINK")
      ->capture_default_str();
  command->add_option("--port-file", options->port_file, "gets the port or terminal when the device is ready")
      ->type_name("FILE");
  command->add_option("--registers-out", options->registers_out, "gets the device's own registers at every boundary")
      ->type_name("FILE");
  command->add_option("--begin", *begin, "of the simulated span")->capture_default_str();
  command->add_option("--end", *end, "of the simulated span")->capture_default_str();
  command->add_option("--clock", *clock_file, "a simulated clock; real time without it")->type_name("FILE");
  command->footer("Example: commonwatt simulate-meter --household 2 --device inverter --listen 127.0.0.1:5020");
  command->callback([=, &action] {
    action = [=] {
      options->device = *simulated_device_from_text(*device);
      options->begin = time_option(*begin);
      options->end = time_option(*end);
      const Result<std::unique_ptr<Clock>, std::string> clock = open_clock(*clock_file);
      if (!clock) return complain(clock.error(), 1);
      return run_sim_meter(*options, **clock);
    };
  });
}

int run(int argc, char** argv) {
  CLI::App app("Commonwatt: neighbours trade the electricity they make, settled to the watt-hour and signed",
               "commonwatt");
  app.set_version_flag("--version", COMMONWATT_VERSION);
  app.require_subcommand(1);
  std::function<int()> action;
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  add_gateway(app, action);
  add_controller(app, action);
  add_demo(app, action, program);
  add_verify(app, action);
  add_erase(app, action);
  add_bill(app, action);
  add_export(app, action);
  add_payouts(app, action);
  add_rewards(app, action);
  add_chain_commands(app, action);
  add_clear(app, action);
  add_settle(app, action);
  add_keys(app, action);
  add_check_config(app, action);
  add_meter(app, action);
  add_simulate_meter(app, action);
  try {
    app.parse(argc, argv);
    return action();
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : status_usage;
  }
}

}  // namespace
}  // namespace commonwatt

int main(int argc, char** argv) {
  try {
    return commonwatt::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "commonwatt: " << error.what() << "\n";
    return 1;
  }
}
