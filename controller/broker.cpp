#include "controller/broker.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include <unistd.h>

namespace commonwatt {
namespace {

namespace fs = std::filesystem;

template <class T>
using Outcome = Result<T, BrokerError>;

Fail<BrokerError> failure(const std::string& file, const std::string& text) {
  return Fail{BrokerError{file, text}};
}

/// The path as the broker's configuration can hold it: absolute, and on one line that mosquitto does not trim.
Outcome<std::string> written_path(const std::string& path) {
  if (path.empty()) return failure("", "a path is empty");
  std::error_code error;
  const std::string absolute = fs::absolute(path, error).string();
  if (error) return failure(path, error.message());
  if (absolute.find_first_of("\r\n") != std::string::npos || absolute.back() == ' ') {
    return failure(path, "the broker's configuration cannot hold this path");
  }
  return absolute;
}

Outcome<Done> write_private_file(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  if (!out) return failure(file, "cannot be written");
  // The mode comes before the text.
  std::error_code error;
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write, error);
  if (error) return failure(file, error.message());
  out << text << std::flush;
  if (!out) return failure(file, "cannot be written");
  return Done{};
}

std::string access_list_text() {
  const std::string controller = broker_controller_name;
  return "# Written at every start. A client's user name (%u) is the common name of its certificate.\n"
         "# The broker warns that the pattern of the market has no %u: it is for everyone with a certificate.\n"
         "pattern write cw/v1/%u/up/#\n"
         "pattern read cw/v1/%u/down/#\n"
         "pattern read cw/v1/market/#\n"
         "\n"
         "user " +
         controller +
         "\n"
         "topic read cw/v1/+/up/#\n"
         "topic write cw/v1/+/down/#\n"
         "topic readwrite cw/v1/market/#\n";
}

std::string configuration_text(const BrokerOptions& options, const BrokerFiles& files) {
  std::string text = "# Written at every start. The broker only passes messages on; it keeps none.\n";
  const auto add = [&text](std::string_view key, const std::string& value) {
    text.append(key).append(" ").append(value).append("\n");
  };
  // Root would become the user mosquitto, who cannot read the keys.
  if (::geteuid() == 0) add("user", "root");
  add("listener", std::to_string(options.port) + " " + options.address);
  add("cafile", options.ca_file);
  add("certfile", options.certificate_file);
  add("keyfile", options.key_file);
  add("tls_version", "tlsv1.2");
  add("require_certificate", "true");
  add("use_identity_as_username", "true");
  add("allow_anonymous", "false");
  add("acl_file", files.access_list);
  add("persistence", "false");
  add("max_queued_messages", std::to_string(broker_queued_messages_max));
  add("max_packet_size", std::to_string(broker_packet_max));
  add("max_connections", std::to_string(broker_connections_max));
  add("max_keepalive", "120");
  add("log_dest", "file " + files.log);
  add("log_type", "error");
  add("log_type", "warning");
  add("log_type", "notice");
  add("log_timestamp_format", "%Y-%m-%dT%H:%M:%S");
  add("connection_messages", "true");
  return text;
}

}  // namespace

Result<BrokerFiles, BrokerError> write_broker_files(const BrokerOptions& options) {
  if (options.port == 0) return failure("", "the broker needs a port");
  if (options.program.empty()) return failure("", "the broker's program is not given");
  if (options.address.find_first_not_of("0123456789abcdefABCDEF.:") != std::string::npos || options.address.empty()) {
    return failure("", "\"" + options.address + "\" is not an IP address");
  }
  BrokerOptions checked = options;
  for (std::string* path : {&checked.directory, &checked.ca_file, &checked.certificate_file, &checked.key_file}) {
    auto written = written_path(*path);
    if (!written) return Fail{written.error()};
    *path = *written;
  }
  std::error_code error;
  fs::create_directories(checked.directory, error);
  if (!error) fs::permissions(checked.directory, fs::perms::owner_all, error);
  if (error) return failure(checked.directory, error.message());

  BrokerFiles files;
  files.configuration = checked.directory + "/mosquitto.conf";
  files.access_list = checked.directory + "/mosquitto.acl";
  files.log = checked.directory + "/mosquitto.log";
  files.command = {checked.program, "-c", files.configuration};
  auto access_list = write_private_file(files.access_list, access_list_text());
  if (!access_list) return Fail{access_list.error()};
  auto configuration = write_private_file(files.configuration, configuration_text(checked, files));
  if (!configuration) return Fail{configuration.error()};
  return files;
}

std::optional<std::string> find_broker_program() {
  const char* path = std::getenv("PATH");
  std::string places = path == nullptr ? "" : path;
  places += ":/usr/sbin:/usr/local/sbin";
  std::size_t begin = 0;
  while (begin <= places.size()) {
    const std::size_t end = std::min(places.find(':', begin), places.size());
    // A relative place would mean another program after a change of directory.
    if (end > begin && places[begin] == '/') {
      std::string program = places.substr(begin, end - begin) + "/mosquitto";
      std::error_code error;
      if (fs::is_regular_file(program, error) && ::access(program.c_str(), X_OK) == 0) return program;
    }
    begin = end + 1;
  }
  return std::nullopt;
}

}  // namespace commonwatt
