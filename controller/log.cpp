#include "controller/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace commonwatt {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> made = [] {
    auto made_now = spdlog::stderr_logger_mt("commonwatt");
    made_now->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
    made_now->flush_on(spdlog::level::info);
    return made_now;
  }();
  return *made;
}

spdlog::level::level_enum level_of(Severity severity) {
  switch (severity) {
    case Severity::info:
      return spdlog::level::info;
    case Severity::warning:
      return spdlog::level::warn;
    case Severity::alarm:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

void log_line(Severity severity, std::string_view source, std::string_view text) {
  logger().log(level_of(severity), "{}: {}", source, text);
}

}  // namespace commonwatt
