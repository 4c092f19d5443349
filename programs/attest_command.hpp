// The options of `commonwatt chain attest`.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace commonwatt {

/// Adds the command below `commonwatt chain`; parsing it sets `action` to what it does.
void add_attest(CLI::App& chain, std::function<int()>& action);

}  // namespace commonwatt
