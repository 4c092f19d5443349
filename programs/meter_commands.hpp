// The options of `commonwatt meter`.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace commonwatt {

/// Adds the command; parsing it sets `action` to what it does.
void add_meter(CLI::App& app, std::function<int()>& action);

}  // namespace commonwatt
