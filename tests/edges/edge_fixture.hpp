// A broker of its own, with a neighbourhood's certificates, for tests of the network edges.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "controller/broker.hpp"
#include "controller/certificates.hpp"

namespace commonwatt::test {

inline constexpr std::chrono::seconds patience{60};  // a loaded machine is slow

/// Whether the claim comes true in time; asked every few milliseconds.
bool eventually(const std::function<bool()>& claim, std::chrono::milliseconds bound = patience);

/// A port of the loopback address that nobody listened on a moment ago.
std::uint16_t free_port();
bool somebody_listens(const std::string& address, std::uint16_t port);

/// A directory that is gone with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// A child process; killed at the end if it still runs. Its output goes to a file.
class Child {
 public:
  Child(const std::vector<std::string>& command, const std::string& output_file);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  void signal(int number) const;
  /// The exit status, or 128 plus the signal that ended it; nothing when it still runs at the end of patience.
  std::optional<int> wait();

 private:
  pid_t pid_ = -1;
};

std::string text_of(const std::string& file);

Validity valid_now();
Validity valid_until_yesterday();

/// Certificates of one authority.
class Authority {
 public:
  explicit Authority(const std::string& directory);
  CertificateFiles client(const std::string& name, const Validity& validity = valid_now()) const;
  CertificateFiles server(const std::string& name) const;
  const std::string& ca_file() const { return ca_file_; }

 private:
  std::string directory_;
  std::string ca_file_;
};

/// A mosquitto with the certificate given, started and stopped at will on one port.
class Broker {
 public:
  Broker(const std::string& directory, const std::string& ca_file, const CertificateFiles& certificate,
         const std::string& address = "127.0.0.1");
  void start();
  void kill();
  void signal(int number) const { child_->signal(number); }
  std::uint16_t port() const { return options_.port; }
  std::string uri() const { return "ssl://" + options_.address + ":" + std::to_string(options_.port); }
  const BrokerFiles& files() const { return files_; }

 private:
  BrokerOptions options_;
  BrokerFiles files_;
  std::string output_;
  std::optional<Child> child_;
};

}  // namespace commonwatt::test
