#include "tests/edges/edge_fixture.hpp"

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
// The library is not built for the sanitizer, which therefore misses how its shared pointers count.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:mqtt::async_client::remove_token\n"
         "race:std::shared_ptr<mqtt::token>::~shared_ptr\n"
         "race:std::shared_ptr<mqtt::delivery_token>::~shared_ptr\n";
}
#endif
#if defined(__SANITIZE_ADDRESS__)
// Paho C 1.3.12 forgets its copies of messages that were on their way when the connection was lost.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpaho-mqtt3as\n";
}
#endif

namespace commonwatt::test {
namespace {

using std::chrono::steady_clock;

sockaddr_in place(const std::string& address, std::uint16_t port) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  REQUIRE(::inet_pton(AF_INET, address.c_str(), &place.sin_addr) == 1);
  return place;
}

UtcTime now() {
  return UtcTime::from_seconds(
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}

}  // namespace

bool eventually(const std::function<bool()>& claim, std::chrono::milliseconds bound) {
  const auto deadline = steady_clock::now() + bound;
  while (!claim()) {
    if (steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{3});
  }
  return true;
}

std::uint16_t free_port() {
  // Below those that the system hands out by itself, so that nobody is given it before it is used.
  std::random_device random;
  std::uniform_int_distribution<std::uint16_t> ports(20'000, 32'767);
  for (;;) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(socket >= 0);
    const std::uint16_t port = ports(random);
    const sockaddr_in wanted = place("127.0.0.1", port);
    const bool bound = ::bind(socket, reinterpret_cast<const sockaddr*>(&wanted), sizeof wanted) == 0;
    ::close(socket);
    if (bound) return port;
  }
}

bool somebody_listens(const std::string& address, std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(socket >= 0);
  const sockaddr_in there = place(address, port);
  const bool connected = ::connect(socket, reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0;
  ::close(socket);
  return connected;
}

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "commonwatt-edges-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Child::Child(const std::vector<std::string>& command, const std::string& output_file) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  const int error = ::posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  INFO("program ", command[0]);
  REQUIRE(error == 0);
}

Child::~Child() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Child::signal(int number) const {
  REQUIRE(::kill(pid_, number) == 0);
}

std::optional<int> Child::wait() {
  int status = 0;
  if (!eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; })) return std::nullopt;
  pid_ = -1;
  constexpr int signal_base = 128;
  return WIFEXITED(status) ? WEXITSTATUS(status) : signal_base + WTERMSIG(status);
}

std::string text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Validity valid_now() {
  return {now() - std::chrono::hours{1}, now() + std::chrono::hours{24}};
}
Validity valid_until_yesterday() {
  return {now() - std::chrono::hours{48}, now() - std::chrono::hours{24}};
}

Authority::Authority(const std::string& directory) : directory_(directory) {
  auto made = make_authority(directory, valid_now());
  REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().to_text()));
  ca_file_ = made->certificate;
}

CertificateFiles Authority::client(const std::string& name, const Validity& validity) const {
  auto files = issue_certificate({.authority_directory = directory_,
                                  .directory = directory_,
                                  .name = name,
                                  .use = CertificateUse::client,
                                  .validity = validity});
  REQUIRE_MESSAGE(files.ok(), (files.ok() ? "" : files.error().to_text()));
  return *files;
}

CertificateFiles Authority::server(const std::string& name) const {
  auto files = issue_certificate({.authority_directory = directory_,
                                  .directory = directory_,
                                  .name = name,
                                  .use = CertificateUse::server,
                                  .validity = valid_now()});
  REQUIRE_MESSAGE(files.ok(), (files.ok() ? "" : files.error().to_text()));
  return *files;
}

Broker::Broker(const std::string& directory, const std::string& ca_file, const CertificateFiles& certificate,
               const std::string& address)
    : output_(directory + ".out") {
  const auto program = find_broker_program();
  REQUIRE_MESSAGE(program.has_value(), "mosquitto is not installed");
  options_.program = *program;
  options_.directory = directory;
  options_.address = address;
  options_.port = free_port();
  options_.ca_file = ca_file;
  options_.certificate_file = certificate.certificate;
  options_.key_file = certificate.key;
  auto files = write_broker_files(options_);
  REQUIRE_MESSAGE(files.ok(), (files.ok() ? "" : files.error().to_text()));
  files_ = *files;
}

void Broker::start() {
  child_.emplace(files_.command, output_);
  INFO("broker's output: ", text_of(output_), text_of(files_.log));
  REQUIRE(eventually([&] { return somebody_listens(options_.address, options_.port); }));
}

void Broker::kill() {
  child_->signal(SIGKILL);
  child_.reset();
}

}  // namespace commonwatt::test
