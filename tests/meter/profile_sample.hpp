// A small device profile that is right, and the same with one thing changed.
#pragma once

#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "meter/profile.hpp"

namespace commonwatt::test {

inline constexpr std::string_view profile_sample = R"(
[device]
id      = "acme-one"
maker   = "Acme"
model   = "One"
source  = "own figures"
kind    = "meter"
netting = "sum"
order   = "big"

[transport]
unit          = 7
gap_ms        = 100
max_registers = 40
max_hole      = 4

[identity]
match     = [{ fc = 3, at = 900, type = "text", count = 2, prefix = ["ONE"] }]
serial    = { fc = 3, at = 910, type = "u32" }
plausible = ["frequency"]

[[block]]
name  = "live"
fc    = 4
start = 10
count = 12
role  = "fast"
registers = [
  { q = "frequency",     at = 10, type = "u16", unit = "Hz",  scale = 0.01, range = [45, 65] },
  { q = "active_power",  at = 11, type = "i32", unit = "kW",  scale = 0.001, sign = "-" },
  { q = "energy_import", at = 13, type = "u32", unit = "kWh", scale = 0.01, counter = { width = 32 }, nan = ["FFFFFFFF"] },
  { q = "energy_export", at = 15, type = "f32", unit = "kWh", counter = { width = "float" } },
  { q = "pv:active_power", at = 20, type = "u16", unit = "W", sign = "+", term = "optional", nan = ["FFFF"] },
  { q = "pv:active_power", at = 21, type = "u16", unit = "W", sign = "+", term = "optional", nan = ["FFFF"] },
]

[[block]]
name  = "more"
fc    = 4
start = 100
count = 4
role  = "energy"
registers = [
  { q = "pv:energy_yield", at = 100, type = "u32", unit = "Wh", term = "needed", counter = { width = 32 }, nan = ["FFFFFFFF"] },
  { q = "pv:energy_yield", at = 102, type = "u32", unit = "Wh", term = "needed", counter = { width = 32 }, nan = ["FFFFFFFF"] },
]

[control]
registers = [
  { name = "pv:curtail", fc = 6, at = 500, type = "u16", scale = 0.1, range = [0, 100], note = "per cent" },
]

[[test]]
[test.registers]
"10"     = "1388 FFFF FA24"
"0x000D" = "0000 03E8 3FC0 0000"
"20"     = "0064 FFFF"
"100"    = "0000 0001 0000 0002"
[test.expect]
frequency         = 50
active_power      = 1500
energy_import     = 10000
energy_export     = 1500
"pv:active_power" = 100
"pv:energy_yield" = 3
)";

/// The sample with `from` replaced by `to`, which must occur.
inline std::string sample_with(std::string_view from, std::string_view to) {
  std::string text(profile_sample);
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  return text;
}

inline Profile parsed(std::string_view toml) {
  Result<Profile, ProfileFaults> profile = parse_profile(toml, "acme-one.toml");
  const std::string fault = profile ? "" : profile.error().front();
  INFO(fault);
  REQUIRE(profile);
  return std::move(*profile);
}

}  // namespace commonwatt::test
