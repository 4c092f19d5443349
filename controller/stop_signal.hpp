// SIGTERM and SIGINT as a question a loop can ask.
#pragma once

namespace commonwatt {

/// From here on the two signals only set the flag, and SIGPIPE is ignored.
void catch_stop_signals();
[[nodiscard]] bool stop_requested();

}  // namespace commonwatt
