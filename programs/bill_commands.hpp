// The options of `commonwatt bill`, `commonwatt export`, `commonwatt payouts` and `commonwatt rewards`.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace commonwatt {

/// Adds the commands; parsing one sets `action` to what it does.
void add_bill(CLI::App& app, std::function<int()>& action);
void add_export(CLI::App& app, std::function<int()>& action);
void add_payouts(CLI::App& app, std::function<int()>& action);
void add_rewards(CLI::App& app, std::function<int()>& action);

}  // namespace commonwatt
