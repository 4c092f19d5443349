// The options of `commonwatt chain` and what is under it.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace commonwatt {

/// Adds the command with its subcommands; parsing one sets `action` to what it does.
void add_chain_commands(CLI::App& app, std::function<int()>& action);

}  // namespace commonwatt
