// The configuration of the neighbourhood's private mosquitto. Starting and watching the process is the supervisor's
// work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace commonwatt {

/// The common name of the controller's client certificate. It may read every household's `up` topics and write their
/// `down` topics: no household may have this id, which the check of the configuration has to refuse.
inline constexpr const char* broker_controller_name = "controller";

/// Messages that may wait for one client, connected or in a session kept for it; further ones are dropped by the
/// broker.
inline constexpr std::size_t broker_queued_messages_max = 1000;
/// Bytes of a whole MQTT packet; a client that sends a longer one is disconnected.
inline constexpr std::size_t broker_packet_max = 1024 * 1024;

/// Clients at one time; the broker refuses further ones.
inline constexpr std::size_t broker_connections_max = 1000;

struct BrokerOptions {
  std::string program;    ///< from find_broker_program
  std::string directory;  ///< for configuration, access list and log; made with mode 0700 when not there
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< must be given: the broker cannot tell which one it took
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
};

struct BrokerFiles {
  std::string configuration;
  std::string access_list;
  std::string log;
  std::vector<std::string> command;  ///< argv of the broker, in the foreground
};

struct BrokerError {
  std::string file;  ///< the file or directory it is about; may be empty
  std::string text;
  [[nodiscard]] std::string to_text() const { return file.empty() ? text : file + ": " + text; }
};

/// Writes mosquitto.conf and mosquitto.acl. Every client needs a certificate of the authority, and its common name is
/// its user name. A household H may write cw/v1/H/up/# and read cw/v1/H/down/#; everyone reads cw/v1/market/#, which
/// the controller alone writes. All paths become absolute; one with a line break is refused.
Result<BrokerFiles, BrokerError> write_broker_files(const BrokerOptions& options);

/// The path of mosquitto: in PATH, else /usr/sbin or /usr/local/sbin, which PATH often lacks for users.
std::optional<std::string> find_broker_program();

}  // namespace commonwatt
