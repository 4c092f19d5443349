#include "meter/profile_lint.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <string_view>

#include "meter/profile_decode.hpp"
#include "meter/profile_findings.hpp"

namespace commonwatt {
namespace {

/// Longer decimals are quotients that somebody rounded, and a counter scaled with one drifts.
constexpr std::int64_t scale_digits_max = 1'000'000'000;

std::string name_of(const ProfileRegister& place) {
  return to_text(place.quantity) + " at " + std::to_string(place.address);
}

int end_of(const ProfileRegister& place) {
  return place.address + width_of(place.type);
}
int end_of(const ProfileBlock& block) {
  return block.start + block.count;
}

bool is_inside(const ProfileBlock& block, int address, int end) {
  return address >= block.start && end <= end_of(block);
}

void check_device(const Profile& profile, Findings& findings) {
  check_profile_id(profile.id, findings);
  if (profile.maker.empty() || profile.model.empty())
    findings.note(1, "device.maker and device.model must not be empty");
  if (profile.source.empty())
    findings.note(1, "device.source must say where the register map is from, and its licence");
  if (profile.blocks.empty()) findings.note(1, "there is no [[block]]: nothing would be read");
}

bool fits(CounterWidth width, RegisterType type) {
  switch (width) {
    case CounterWidth::bits16:
      return !is_float(type) && width_of(type) == 1;
    case CounterWidth::bits32:
      return !is_float(type) && width_of(type) == 2;
    case CounterWidth::bits64:
      return !is_float(type) && width_of(type) == 4;
    case CounterWidth::floating:
      return is_float(type);
  }
  return false;
}

void check_register(const ProfileBlock& block, const ProfileRegister& place, Findings& findings) {
  const auto note = [&](const std::string& what) { findings.note(place.line, name_of(place) + ": " + what); };
  const Measurand measurand = place.quantity.measurand;
  if (!unit_fits(place.unit, measurand)) note(unit_finding(place.unit, measurand));
  if (place.scale.digits > scale_digits_max) note("the scale is no exact decimal of at most 9 digits");
  if (!is_inside(block, place.address, end_of(place))) note("lies outside its block '" + block.name + "'");
  if (place.scale_factor_address && !is_inside(block, *place.scale_factor_address, *place.scale_factor_address + 1)) {
    note("its scale factor at " + std::to_string(*place.scale_factor_address) +
         " lies in another block; both must come from one request");
  }
  if (place.direction && !is_inside(block, place.direction->address, place.direction->address + 1)) {
    note("its direction at " + std::to_string(place.direction->address) +
         " lies in another block; both must come from one request");
  }
  if (place.direction && place.sign) note("has a sign and a direction; one of them says which way is positive");
  if (measurand == Measurand::active_power && !place.sign && !place.direction) {
    note("a power needs sign = \"+\" or \"-\": import, charging, or of an inverter production, is positive");
  }
  if (!is_energy_register(measurand)) {
    if (place.counter) note("is no register of energy and has no counter");
    return;
  }
  if (!place.counter) note("a register of energy needs counter = { width = 32 }, 64 or \"float\"");
  if (place.counter && !fits(*place.counter, place.type)) {
    note(std::string("the counter's width is not that of its type ") + to_text(place.type));
  }
  if (place.sign == RegisterSign::inverted || place.direction) note("a register of energy never runs backwards");
  if (block.role == BlockRole::slow || block.role == BlockRole::once) {
    note("a register of energy belongs in a block of role \"energy\" or \"fast\"");
  }
}

/// A stretch of registers that a block uses.
struct Stretch {
  int begin = 0;
  int end = 0;
};

std::vector<Stretch> used_stretches(const ProfileBlock& block) {
  std::vector<Stretch> used;
  for (const ProfileRegister& place : block.registers) {
    used.push_back({place.address, end_of(place)});
    if (place.scale_factor_address) used.push_back({*place.scale_factor_address, *place.scale_factor_address + 1});
    if (place.direction) used.push_back({place.direction->address, place.direction->address + 1});
  }
  std::sort(used.begin(), used.end(), [](const Stretch& a, const Stretch& b) { return a.begin < b.begin; });
  return used;
}

void check_holes(const Profile& profile, const ProfileBlock& block, Findings& findings) {
  int reached = block.start;
  for (const Stretch& stretch : used_stretches(block)) {
    const int limit = reached == block.start ? 0 : profile.transport.hole_max;
    if (stretch.begin - reached > limit) {
      findings.note(block.line, "block '" + block.name + "' has a hole of length " +
                                    std::to_string(stretch.begin - reached) + " at " + std::to_string(reached) +
                                    ", at most " + std::to_string(limit));
    }
    reached = std::max(reached, stretch.end);
  }
  if (reached < end_of(block)) {
    findings.note(block.line, "block '" + block.name + "' ends at " + std::to_string(end_of(block) - 1) +
                                  ", its last register at " + std::to_string(reached - 1));
  }
}

void check_block(const Profile& profile, const ProfileBlock& block, Findings& findings) {
  if (block.registers.empty()) {
    findings.note(block.line, "block '" + block.name + "' has no registers");
    return;
  }
  if (block.count > profile.transport.registers_max) {
    findings.note(block.line, "block '" + block.name + "' is longer than transport.max_registers, " +
                                  std::to_string(profile.transport.registers_max));
  }
  if (end_of(block) > 0x10000) findings.note(block.line, "block '" + block.name + "' goes beyond register 65535");
  for (const ProfileRegister& place : block.registers) check_register(block, place, findings);
  check_holes(profile, block, findings);
}

void check_block_pairs(const Profile& profile, Findings& findings) {
  for (auto a = profile.blocks.begin(); a != profile.blocks.end(); ++a) {
    for (auto b = a + 1; b != profile.blocks.end(); ++b) {
      if (a->name == b->name) findings.note(b->line, "a second block is named '" + b->name + "'");
      if (a->function == b->function && a->unit == b->unit && a->start < end_of(*b) && b->start < end_of(*a)) {
        findings.note(b->line, "block '" + b->name + "' overlaps block '" + a->name + "'");
      }
    }
  }
}

/// A register and the block it is in.
struct Placed {
  const ProfileBlock* block = nullptr;
  const ProfileRegister* place = nullptr;
};

/// Two registers may share words only when they are the same one, used for two quantities.
void check_overlap(const Placed& a, const Placed& b, Findings& findings) {
  const ProfileRegister& first = *a.place;
  const ProfileRegister& second = *b.place;
  if (a.block->function != b.block->function || a.block->unit != b.block->unit) return;
  if (first.address >= end_of(second) || second.address >= end_of(first)) return;
  const bool is_same_register = first.address == second.address && first.type == second.type;
  if (is_same_register && first.quantity != second.quantity) return;
  findings.note(second.line, name_of(second) + " overlaps " + name_of(first));
}

void check_same_quantity(const Placed& a, const Placed& b, Findings& findings) {
  if (a.place->quantity != b.place->quantity) return;
  const std::string name = to_text(a.place->quantity);
  if (a.place->term == Term::none || b.place->term == Term::none) {
    findings.note(b.place->line, name + " is there twice; registers that add up to it have term = \"needed\" each");
  } else if (is_energy_register(a.place->quantity.measurand) && a.block != b.block) {
    findings.note(b.place->line, "the terms of " + name + " lie in two blocks; a counter must come from one request");
  }
}

void check_registers_together(const Profile& profile, Findings& findings) {
  std::vector<Placed> all;
  for (const ProfileBlock& block : profile.blocks) {
    for (const ProfileRegister& place : block.registers) all.push_back({&block, &place});
  }
  for (auto a = all.begin(); a != all.end(); ++a) {
    bool is_alone = true;
    for (auto b = all.begin(); b != all.end(); ++b) {
      if (a != b && a->place->quantity == b->place->quantity) is_alone = false;
      if (b <= a) continue;
      check_overlap(*a, *b, findings);
      check_same_quantity(*a, *b, findings);
    }
    if (is_alone && a->place->term != Term::none) {
      findings.note(a->place->line, name_of(*a->place) + " is a term, but the only one");
    }
    if (a->place->term == Term::optional && is_energy_register(a->place->quantity.measurand)) {
      findings.note(a->place->line, name_of(*a->place) + ": without one of its terms a counter would fall; use needed");
    }
  }
}

void check_identity_register(const IdentityRegister& place, bool is_match, Findings& findings) {
  const bool is_text = place.type == IdentityType::text;
  const std::string name = "the identity register at " + std::to_string(place.address);
  if (place.address + place.count > 0x10000) findings.note(place.line, name + " goes beyond register 65535");
  if (is_match && (is_text ? place.prefixes.empty() : place.equals.empty())) {
    findings.note(place.line, name + " must say what to find there: prefix for a text, equals for a number");
  }
  if (is_text ? !place.equals.empty() : !place.prefixes.empty()) {
    findings.note(place.line, name + ": prefix is for a text, equals for a number");
  }
}

void check_identity(const Profile& profile, Findings& findings) {
  const ProfileIdentity& identity = profile.identity;
  if (identity.match.empty() && identity.plausible.empty()) {
    findings.note(std::max(identity.line, 1),
                  "[identity] needs match or plausible: another device's answer would be believed");
  }
  for (const IdentityRegister& place : identity.match) check_identity_register(place, true, findings);
  if (identity.serial) check_identity_register(*identity.serial, false, findings);
  for (const MeasuredQuantity& quantity : identity.plausible) {
    bool has_range = false;
    for (const ProfileBlock& block : profile.blocks) {
      for (const ProfileRegister& place : block.registers) {
        if (place.quantity == quantity && place.range) has_range = true;
      }
    }
    if (!has_range) {
      findings.note(identity.line, "identity.plausible: " + to_text(quantity) + " has no register with a range");
    }
  }
}

void check_controls(const Profile& profile, Findings& findings) {
  std::set<std::pair<std::string, std::pair<int, int>>> seen;
  for (const ProfileControl& control : profile.controls) {
    const auto note = [&](const std::string& what) {
      findings.note(control.line, "control " + control.name + " at " + std::to_string(control.address) + ": " + what);
    };
    const bool is_known =
        control.function == 3 || control.function == 4 || control.function == 6 || control.function == 16;
    if (!is_known) note("fc must be 6 or 16 to write, 3 or 4 to read back");
    if (control.function == 6 && width_of(control.type) != 1) note("function 6 writes one register; use 16");
    if (control.address + width_of(control.type) > 0x10000) note("goes beyond register 65535");
    if (control.scale == 0) note("a scale of 0 writes nothing");
    if (control.name.empty()) note("needs a name");
    if (!seen.insert({control.name, {control.function, control.address}}).second) note("is there twice");
  }
}

std::vector<std::uint16_t> words_for(const ProfileBlock& block, const ProfileTest& test) {
  std::vector<std::uint16_t> words(block.count, 0);
  for (const auto& [address, run] : test.words) {
    for (std::size_t i = 0; i < run.size(); ++i) {
      const std::size_t at = address + i;
      if (at >= block.start && at < static_cast<std::size_t>(end_of(block))) words[at - block.start] = run[i];
    }
  }
  return words;
}

void check_test_addresses(const Profile& profile, const ProfileTest& test, Findings& findings) {
  for (const auto& [address, run] : test.words) {
    const int begin = address;
    const int end = begin + static_cast<int>(run.size());
    const bool is_used = std::any_of(profile.blocks.begin(), profile.blocks.end(),
                                     [&](const ProfileBlock& block) { return is_inside(block, begin, end); });
    if (!is_used)
      findings.note(test.line, "the test gives registers from " + std::to_string(begin) + " that no block reads");
  }
}

void check_tests(const Profile& profile, Findings& findings) {
  if (profile.tests.empty()) findings.note(1, "there is no [[test]]");
  std::set<std::string> covered;
  for (const ProfileTest& test : profile.tests) {
    check_test_addresses(profile, test, findings);
    std::vector<std::vector<std::uint16_t>> words;
    std::vector<BlockWords> blocks;
    for (const ProfileBlock& block : profile.blocks) words.push_back(words_for(block, test));
    for (std::size_t i = 0; i < words.size(); ++i) blocks.push_back({&profile.blocks[i], words[i]});
    const std::vector<MeasuredValue> values = decode_blocks(profile, blocks);
    if (test.expect.empty()) findings.note(test.line, "the test expects nothing");
    for (const ProfileTest::Expectation& expected : test.expect) {
      check_expectation(expected, values, findings);
      if (expected.value) covered.insert(to_text(expected.quantity));
    }
  }
  std::set<std::string> noted;
  for (const ProfileBlock& block : profile.blocks) {
    for (const ProfileRegister& place : block.registers) {
      const std::string name = to_text(place.quantity);
      if (!needs_test(place.quantity) || covered.contains(name) || !noted.insert(name).second) continue;
      findings.note(place.line, "no [[test]] expects a value of " + name);
    }
  }
}

}  // namespace

std::vector<std::string> lint_profile(const Profile& profile) {
  Findings findings(profile.file);
  check_device(profile, findings);
  check_identity(profile, findings);
  for (const ProfileBlock& block : profile.blocks) check_block(profile, block, findings);
  check_block_pairs(profile, findings);
  check_registers_together(profile, findings);
  check_controls(profile, findings);
  check_tests(profile, findings);
  return findings.take();
}

}  // namespace commonwatt
