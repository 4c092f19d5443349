#include "sim/demo_files.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "controller/broker.hpp"
#include "controller/certificates.hpp"
#include "controller/chain/evm_key.hpp"
#include "controller/keyring.hpp"
#include "controller/system_clock.hpp"

namespace commonwatt {
namespace {

constexpr const char* marker_file = "demo.marker";
/// Long enough for every demo, short enough that nobody uses a demo's certificates for anything else.
constexpr std::chrono::hours certificate_life{24 * 7};
/// The market waits for a gateway, and the gateway for its meters: on a loaded machine a second is soon over.
constexpr std::chrono::milliseconds meter_patience{5'000};

constexpr const char* market_rules = R"(currency = "EUR"
interval_seconds = 900
gate_closure_seconds = 60
settlement_lag_seconds = 1800
witnesses_required = 2
k_permille = 500
retail_price = 300000
feed_in_price = 80000
)";

std::string broker_table(const DemoPlan& plan, const std::filesystem::path& certificates, const std::string& name) {
  std::ostringstream text;
  text << "[broker]\nuri = \"ssl://127.0.0.1:" << plan.broker_port << "\"\nca = \""
       << (plan.directory / "ca" / "ca.pem").string() << "\"\ncertificate = \""
       << (certificates / (name + ".pem")).string() << "\"\nkey = \"" << (certificates / (name + ".key")).string()
       << "\"\nreconnect_min_ms = 50\nreconnect_max_ms = 500\n\n";
  return text.str();
}

Result<Done, std::string> write_file(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::trunc);
  out << text;
  out.close();
  if (!out) return Fail{file.string() + ": cannot be written"};
  return Done{};
}

Validity validity_from_now() {
  const UtcTime now = UtcTime::from_seconds(SystemClock().now().seconds());
  return {.not_before = now - std::chrono::hours(1), .not_after = now + certificate_life};
}

Result<Done, std::string> issue(const DemoPlan& plan, const std::filesystem::path& directory, const std::string& name,
                                CertificateUse use, const Validity& validity) {
  CertificateOrder order{.authority_directory = (plan.directory / "ca").string(),
                         .directory = directory.string(),
                         .name = name,
                         .use = use,
                         .validity = validity};
  const Result<CertificateFiles, CertificateError> issued = issue_certificate(order);
  if (!issued) return Fail{issued.error().to_text()};
  return Done{};
}

const char* role_of(SimulatedDevice device) {
  switch (device) {
    case SimulatedDevice::main:
      return "billing";
    case SimulatedDevice::inverter:
      return "production";
    case SimulatedDevice::heat_pump:
      return "submeter";
  }
  return "";
}

Power rating_of(const HouseholdPlan& household, SimulatedDevice device) {
  return device == SimulatedDevice::inverter ? household.nameplate : household.fuse;
}

std::string device_text(const HouseholdPlan& household, SimulatedDevice device) {
  const bool three = household.phases == 3;
  switch (device) {
    case SimulatedDevice::main:
      return three ? "simulated meter, SunSpec 203" : "simulated meter, SunSpec 201";
    case SimulatedDevice::inverter:
      return three ? "simulated inverter, SunSpec 103" : "simulated inverter, SunSpec 101";
    case SimulatedDevice::heat_pump:
      return "simulated Eastron SDM630 (heat pump)";
  }
  return "";
}

/// How a gateway reaches a device, from what the device wrote when it was ready.
std::string url_of(const std::string& told) {
  if (told.starts_with("/")) return "modbus+rtu://" + told + "?baud=9600&parity=N&unit=1&gap=5";
  return "modbus+tcp://127.0.0.1:" + told + "?unit=1";
}

}  // namespace

std::vector<SimulatedDevice> devices_of(const HouseholdPlan& household) {
  std::vector<SimulatedDevice> devices;
  for (const SimulatedDevice device : {SimulatedDevice::main, SimulatedDevice::inverter, SimulatedDevice::heat_pump}) {
    if (has_device(household, device)) devices.push_back(device);
  }
  return devices;
}

MeterId meter_id(const HouseholdPlan& household, SimulatedDevice device) {
  const char* suffix = device == SimulatedDevice::main       ? "-main"
                       : device == SimulatedDevice::inverter ? "-pv"
                                                             : "-heat";
  return *MeterId::from(household.id.text() + suffix);
}

std::filesystem::path household_directory(const DemoPlan& plan, const HouseholdPlan& household) {
  return plan.directory / "households" / household.id.text();
}

std::filesystem::path port_file(const DemoPlan& plan, const HouseholdPlan& household, SimulatedDevice device) {
  return household_directory(plan, household) / (meter_id(household, device).text() + ".port");
}

std::filesystem::path registers_file(const DemoPlan& plan, const HouseholdPlan& household, SimulatedDevice device) {
  return household_directory(plan, household) / (meter_id(household, device).text() + ".registers.csv");
}

std::filesystem::path clock_file(const DemoPlan& plan) {
  return plan.directory / "clock";
}

Result<Done, std::string> prepare_directory(const std::filesystem::path& directory) {
  std::error_code error;
  if (std::filesystem::exists(directory) && !std::filesystem::is_empty(directory, error)) {
    if (!std::filesystem::exists(directory / marker_file)) {
      return Fail{directory.string() + ": is not empty and not of an earlier demo; name another directory"};
    }
    for (const auto& entry : std::filesystem::directory_iterator(directory))
      std::filesystem::remove_all(entry.path(), error);
  }
  std::filesystem::create_directories(directory / "logs", error);
  if (!error) std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  if (error) return Fail{directory.string() + ": " + error.message()};
  return write_file(directory / marker_file, "A commonwatt demo owns this directory: the next one empties it.\n");
}

Result<Done, std::string> write_identities(const DemoPlan& plan) {
  const Validity validity = validity_from_now();
  const Result<CertificateFiles, CertificateError> authority =
      make_authority((plan.directory / "ca").string(), validity);
  if (!authority) return Fail{authority.error().to_text()};
  const std::filesystem::path controller = plan.directory / "controller";
  Result<Done, std::string> done = issue(plan, plan.directory / "broker", "broker", CertificateUse::server, validity);
  if (done) done = issue(plan, controller / "tls", broker_controller_name, CertificateUse::client, validity);
  if (done) done = make_keys(controller / "keys", {KeyKind::log});
  for (const HouseholdPlan& household : plan.households) {
    const std::filesystem::path home = household_directory(plan, household);
    if (done) done = issue(plan, home / "tls", household.id.text(), CertificateUse::client, validity);
    if (done) done = make_keys(home / "keys", {KeyKind::order, KeyKind::reading, KeyKind::log});
  }
  return done;
}

std::string attester_name(std::size_t index) {
  return "attester-" + std::to_string(index + 1);
}

std::filesystem::path attester_directory(const DemoPlan& plan, std::size_t index) {
  return plan.directory / "attesters" / attester_name(index);
}

Result<std::vector<std::string>, std::string> write_attester_identities(const DemoPlan& plan, unsigned count) {
  std::vector<std::string> addresses;
  for (std::size_t i = 0; i < count; ++i) {
    const std::filesystem::path home = attester_directory(plan, i);
    const Result<Done, std::string> issued =
        issue(plan, home / "tls", attester_name(i), CertificateUse::client, validity_from_now());
    if (!issued) return Fail{issued.error()};
    const EvmKey key = EvmKey::make();
    const Result<Done, std::string> saved = key.save(EvmKeyKind::attester, home / "attester.key");
    if (!saved) return Fail{saved.error()};
    addresses.push_back(to_text(key.address()));
  }
  return addresses;
}

Result<Done, std::string> write_attester_config(const DemoPlan& plan, std::size_t index) {
  const Result<SigningKey, std::string> log_key =
      SigningKey::load(KeyKind::log, key_file(plan.directory / "controller" / "keys", KeyKind::log));
  if (!log_key) return Fail{log_key.error()};
  const std::filesystem::path home = attester_directory(plan, index);
  std::ostringstream text;
  text << "# Written by commonwatt demo; docs/configuration.md describes every key.\n[attester]\nname = \""
       << attester_name(index) << "\"\nstore = \".\"\nkey = \"attester.key\"\n\n"
       << broker_table(plan, home / "tls", attester_name(index)) << "[market]\norigin = \"" << demo_origin
       << "\"\nlog_key = \"" << to_hex(log_key->public_key()) << "\"\n\n[chain]\nchain_id = " << plan.chain->chain_id
       << "\nregistry = \"" << plan.chain->registry << "\"\n\n[clock]\nfile = \"" << clock_file(plan).string()
       << "\"\n";
  return write_file(home / "attester.toml", text.str());
}

Result<Done, std::string> write_controller_config(const DemoPlan& plan) {
  std::ostringstream text;
  text << "# Written by commonwatt demo; docs/configuration.md describes every key.\n[market]\norigin = \""
       << demo_origin << "\"\n"
       << market_rules << "trading_end = \"" << to_text(plan.end)
       << "\"\n\n[controller]\nstore = \".\"\nkeys = \"keys\"\n\n"
       << broker_table(plan, plan.directory / "controller" / "tls", broker_controller_name)
       << "[api]\naddress = \"127.0.0.1\"\nport = " << plan.api_port << "\n\n[clock]\nfile = \""
       << clock_file(plan).string() << "\"\n";
  for (const HouseholdPlan& household : plan.households) {
    const Result<HouseholdKeys, std::string> keys = HouseholdKeys::load(household_directory(plan, household) / "keys");
    if (!keys) return Fail{keys.error()};
    text << "\n[[household]]\nid = \"" << household.id.text() << "\"\nname = \"" << household.name
         << "\"\nzone = \"street\"\nfuse_w = " << household.fuse.count
         << "\nnameplate_w = " << household.nameplate.count << "\ncredit_limit_nano = 100000000000\norder_key = \""
         << to_hex(keys->order.public_key()) << "\"\nreading_key = \"" << to_hex(keys->reading.public_key())
         << "\"\nwitness_key = \"" << to_hex(keys->witness.public_key()) << "\"\n";
    for (const SimulatedDevice device : devices_of(household)) {
      text << "[[household.meter]]\nid = \"" << meter_id(household, device).text() << "\"\nrole = \"" << role_of(device)
           << "\"\nrating_w = " << rating_of(household, device).count << "\ndevice = \""
           << device_text(household, device) << "\"\n";
    }
  }
  if (plan.chain) {
    text << "\n" << plan.chain->table << "relayer_key = \"keys/relayer.key\"\n";
    for (std::size_t i = 0; i < plan.chain->attesters.size(); ++i) {
      text << "[[chain.attester]]\nname = \"" << attester_name(i) << "\"\naddress = \"" << plan.chain->attesters[i]
           << "\"\n";
    }
  }
  return write_file(plan.directory / "controller" / "controller.toml", text.str());
}

Result<Done, std::string> write_gateway_config(const DemoPlan& plan, const HouseholdPlan& household) {
  const Result<SigningKey, std::string> log_key =
      SigningKey::load(KeyKind::log, key_file(plan.directory / "controller" / "keys", KeyKind::log));
  if (!log_key) return Fail{log_key.error()};
  std::ostringstream text;
  text
      << "# Written by commonwatt demo; docs/configuration.md describes every key.\n[household]\nid = \""
      << household.id.text() << "\"\nstore = \".\"\nkeys = \"keys\"\n\n"
      << broker_table(plan, household_directory(plan, household) / "tls", household.id.text())
      << "[market]\norigin = \"" << demo_origin << "\"\nlog_key = \"" << to_hex(log_key->public_key()) << "\"\n"
      << market_rules << "trading_end = \"" << to_text(plan.end)
      << "\"\n\n[order]\nbuy_limit = " << household.buy_limit.count << "\nsell_limit = " << household.sell_limit.count
      << "\nlead_seconds = 240\nforecast_seconds = 600\n\n# A minute of market time is 67 ms at 900 times real speed.\n"
      << "[polling]\npoll_seconds = " << plan.poll_seconds
      << "\nlive_seconds = " << std::clamp<std::int64_t>(5 * plan.poll_seconds, 10, 300)
      << "\nreading_period_seconds = " << std::max<std::int64_t>(10, 2 * plan.poll_seconds)
      << "\nresend_ms = 250\n\n[clock]\nfile = \"" << clock_file(plan).string() << "\"\n";
  for (const SimulatedDevice device : devices_of(household)) {
    std::ifstream port(port_file(plan, household, device));
    std::string told;
    port >> told;
    text << "\n[[meter]]\nid = \"" << meter_id(household, device).text() << "\"\nrole = \"" << role_of(device)
         << "\"\nrating_w = " << rating_of(household, device).count << "\nprofile = \""
         << (device == SimulatedDevice::heat_pump ? "eastron-sdm630" : "sunspec") << "\"\nurl = \"" << url_of(told)
         << "\"\nserial = \"" << (device == SimulatedDevice::heat_pump ? "" : simulated_serial(household, device))
         << "\"\nresponse_timeout_ms = " << meter_patience.count() << "\n";
  }
  return write_file(household_directory(plan, household) / "gateway.toml", text.str());
}

}  // namespace commonwatt
