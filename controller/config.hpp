// The configuration files of gateway and controller (docs/configuration.md describes every key).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "controller/chain_config.hpp"
#include "controller/home_assistant.hpp"
#include "core/result.hpp"
#include "market/market_rules.hpp"
#include "market/participants.hpp"
#include "meter/clear_sky.hpp"
#include "meter/device.hpp"
#include "meter/validation.hpp"

namespace commonwatt {

/// Everything wrong with a file, a line each: "FILE:LINE:COLUMN: KEY: what is wrong and what is right".
using ConfigFaults = std::vector<std::string>;

struct BrokerAccess {
  std::string uri;  ///< ssl://host:port
  std::filesystem::path ca;
  std::filesystem::path certificate;
  std::filesystem::path key;
  std::int64_t reconnect_min_ms = 1000;
  std::int64_t reconnect_max_ms = 30'000;
};

/// A register that other tools may write through the gateway, and the raw values they may write.
struct WritePermit {
  std::uint16_t address = 0;
  std::int32_t min = 0;
  std::int32_t max = 0;
  bool is_signed = false;  ///< the raw value is -32768 to 32767, else 0 to 65535
};

struct GatewayMeter {
  MeterRecord record;
  DevicePlan device;
  std::uint8_t mirror_unit = 1;          ///< its number for other tools, 1 to 247; 0: it is not shown to them
  std::vector<WritePermit> writes;       ///< what they may write
  std::optional<SolarPlant> plant;       ///< of a production meter whose modules and site are configured
  std::vector<MeterExchange> exchanges;  ///< the meters it took the place of, in order of time
};

/// A broker that a household runs for its own tools.
struct LocalBroker {
  std::string uri;  ///< tcp://host:port or ssl://host:port; mqtt:// and mqtts:// in the file
  std::filesystem::path ca;
  std::string user;  ///< empty: none
  std::string password;
};

struct HomeAssistantConfig {
  LocalBroker broker;
  std::string prefix = "homeassistant";
  DiscoveryForm form = DiscoveryForm::device;
  std::int64_t period_seconds = 10;  ///< between two states of a meter
};

struct SparkplugConfig {
  LocalBroker broker;
  std::string group = "commonwatt";
  std::string node;                  ///< the household's id unless the file names another
  std::int64_t period_seconds = 10;  ///< between two looks for what has changed
};

/// Where other tools read the meters over Modbus TCP (modbus_mirror.hpp).
struct ModbusServerConfig {
  std::string listen;  ///< IPv4 address and port
  std::int64_t age_max_seconds = 10;
};

struct GatewayConfig {
  HouseholdId household;
  std::filesystem::path store;  ///< directory of gateway.sqlite
  std::filesystem::path keys;   ///< directory of order.key, reading.key, log.key
  std::filesystem::path clock;  ///< a simulated clock's file; empty: real time
  BrokerAccess broker;
  std::string origin;                     ///< the evidence log's name
  Bytes log_key;                          ///< the controller's Ed25519 key
  MarketRules rules;                      ///< intervals, gate and tariff as the operator announced them
  std::optional<Price> buy_limit;         ///< the most the household pays a neighbour; nothing: retail
  std::optional<Price> sell_limit;        ///< the least it sells for; nothing: feed-in
  std::int64_t order_lead_seconds = 240;  ///< an order is formed this long before the gate closes
  std::int64_t forecast_seconds = 600;    ///< from the mean power of this long before
  std::int64_t poll_seconds = 1;
  std::int64_t live_seconds = 10;
  std::int64_t reading_period_seconds = 10;  ///< a boundary is interpolated between readings this close to it
  std::int64_t resend_ms = 5000;             ///< real time until an unanswered message is sent again
  std::vector<GatewayMeter> meters;
  std::optional<HomeAssistantConfig> home_assistant;  ///< none unless the file asks for it
  std::optional<SparkplugConfig> sparkplug;           ///< none unless the file asks for it
  std::optional<ModbusServerConfig> modbus_server;    ///< none unless the file asks for it
};

struct ControllerConfig {
  std::string origin;
  std::filesystem::path store;
  std::filesystem::path keys;
  std::filesystem::path clock;
  BrokerAccess broker;
  std::string api_address = "127.0.0.1";
  std::int64_t api_port = 0;
  std::filesystem::path api_port_file;  ///< gets the port that was bound; empty: none is written
  std::string api_token;                ///< from the token file; empty: none
  std::filesystem::path payments;       ///< what the bank's statements say (payment_file.hpp); empty: none
  std::int64_t keep_months = 0;         ///< whole months that readings and quarter-hours are kept; 0: for ever
  MarketRules rules;
  std::vector<HouseholdRecord> households;
  std::optional<ChainConfig> chain;  ///< none unless the file asks for it: then there are no anchors
};

struct AttesterConfig {
  HouseholdId name;             ///< the certificate's common name
  std::filesystem::path store;  ///< directory of attester.sqlite
  KeyPlace key;
  std::string origin;  ///< the evidence log's name
  Bytes log_key;       ///< the controller's Ed25519 key
  BrokerAccess broker;
  AnchorDomain domain;
  std::filesystem::path clock;  ///< a simulated clock's file; empty: real time
};

Result<GatewayConfig, ConfigFaults> read_gateway_config(const std::filesystem::path& file);
Result<ControllerConfig, ConfigFaults> read_controller_config(const std::filesystem::path& file);
Result<AttesterConfig, ConfigFaults> read_attester_config(const std::filesystem::path& file);

}  // namespace commonwatt
