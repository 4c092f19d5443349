#include "meter/probe.hpp"

#include <algorithm>
#include <cstdlib>

#include "meter/profile_decode.hpp"

namespace commonwatt {
namespace {

using Words = std::vector<std::uint16_t>;

/// Whether somebody answered, whatever it was.
bool somebody(const MeterError& error) {
  return error.exception && error.fault != MeterFault::absent;
}
/// Whether the line itself is of no use.
bool is_dead(MeterFault fault) {
  return fault == MeterFault::cannot_connect || fault == MeterFault::stopping;
}

/// Reads for one unit and remembers the fault that ends the probing, if any.
class Asker {
 public:
  Asker(ModbusBus& bus, std::uint8_t unit) : bus_(bus), unit_(unit) {}

  std::optional<Words> read(std::uint8_t function, std::uint16_t address, std::uint16_t count,
                            std::optional<std::uint8_t> unit = std::nullopt) {
    if (silent_) return std::nullopt;
    Result<Words, MeterError> words =
        bus_.read(unit.value_or(unit_), static_cast<RegisterTable>(function), address, count);
    if (words) {
      unanswered_ = 0;
      return *words;
    }
    if (words.error().exception) {
      unanswered_ = 0;
    } else if (++unanswered_ == unanswered_max) {
      silent_ = true;  // a device that has stopped to answer will not for the next profile either
    }
    return std::nullopt;
  }
  [[nodiscard]] ReadRegisters holding() {
    return [this](std::uint16_t address, std::uint16_t count) {
      return bus_.read(unit_, RegisterTable::holding, address, count);
    };
  }

 private:
  static constexpr int unanswered_max = 3;
  ModbusBus& bus_;
  std::uint8_t unit_;
  int unanswered_ = 0;
  bool silent_ = false;
};

std::optional<std::vector<Words>> read_match(Asker& asker, const Profile& profile) {
  std::vector<Words> match;
  for (const IdentityRegister& place : profile.identity.match) {
    std::optional<Words> words = asker.read(place.function, place.address, place.count);
    if (!words) return std::nullopt;
    match.push_back(std::move(*words));
  }
  return match;
}

bool holds_plausible_quantity(const Profile& profile, const ProfileBlock& block) {
  const std::vector<MeasuredQuantity>& wanted = profile.identity.plausible;
  return std::any_of(block.registers.begin(), block.registers.end(), [&wanted](const ProfileRegister& place) {
    return std::find(wanted.begin(), wanted.end(), place.quantity) != wanted.end();
  });
}

/// What the profile says of the device; undecided when it does not have the profile's registers.
IdentityVerdict judge(Asker& asker, const Profile& profile) {
  const std::optional<std::vector<Words>> match = read_match(asker, profile);
  if (!match) return IdentityVerdict::contradicted;
  std::vector<Words> kept;
  std::vector<const ProfileBlock*> blocks;
  for (const ProfileBlock& block : profile.blocks) {
    if (!holds_plausible_quantity(profile, block)) continue;
    std::optional<Words> words = asker.read(block.function, block.start, block.count, block.unit);
    if (!words) return IdentityVerdict::contradicted;
    kept.push_back(std::move(*words));
    blocks.push_back(&block);
  }
  std::vector<BlockWords> views;
  for (std::size_t i = 0; i < kept.size(); ++i) views.push_back({blocks[i], kept[i]});
  return profile_identity(profile, *match, decode_blocks(profile, views)).verdict;
}

std::string serial_of(Asker& asker, const Profile& profile) {
  if (!profile.identity.serial) return {};
  const IdentityRegister& place = *profile.identity.serial;
  const std::optional<Words> words = asker.read(place.function, place.address, place.count);
  return words ? identity_text(place, *words).value_or("") : std::string();
}

/// Nothing when it is no SunSpec device.
Result<std::optional<ProbeFinding>, MeterError> probe_sunspec(Asker& asker, std::uint8_t unit,
                                                              std::optional<std::uint16_t> base) {
  const ReadRegisters read = asker.holding();
  const Result<SunSpecChain, MeterError> chain = discover_sunspec(read, base);
  if (!chain && is_dead(chain.error().fault)) return Fail{chain.error()};
  if (!chain) return std::optional<ProbeFinding>();
  ProbeFinding finding{.unit = unit,
                       .grounds = ProbeGrounds::sunspec,
                       .profile = "sunspec",
                       .identity = {},
                       .sunspec_base = chain->base,
                       .models = chain->models};
  const auto common =
      std::find_if(chain->models.begin(), chain->models.end(), [](const SunSpecModel& model) { return model.id == 1; });
  if (common != chain->models.end()) {
    if (const Result<Words, MeterError> words = read_sunspec_model(read, *common)) {
      const SunSpecCommon said = decode_sunspec_common(*words);
      finding.identity = {.maker = said.maker, .model = said.model, .serial = said.serial};
    }
  }
  return std::optional(std::move(finding));
}

}  // namespace

const char* to_text(ProbeGrounds grounds) {
  switch (grounds) {
    case ProbeGrounds::sunspec:
      return "describes itself";
    case ProbeGrounds::identified:
      return "identified";
    case ProbeGrounds::plausible:
      return "plausible";
    case ProbeGrounds::answers:
      return "answers, fits no profile";
  }
  std::abort();
}

Result<bool, MeterError> answers(ModbusBus& bus, std::uint8_t unit) {
  for (const RegisterTable table : {RegisterTable::holding, RegisterTable::input}) {
    const Result<Words, MeterError> words = bus.read(unit, table, 0, 2);
    if (words || somebody(words.error())) return true;
    if (is_dead(words.error().fault)) return Fail{words.error()};
    if (words.error().fault == MeterFault::absent) return false;
  }
  return false;
}

Result<std::vector<ProbeFinding>, MeterError> probe_unit(ModbusBus& bus, std::uint8_t unit,
                                                         std::optional<std::uint16_t> sunspec_base,
                                                         const std::vector<Profile>& profiles) {
  const Result<bool, MeterError> answered = answers(bus, unit);
  if (!answered) return Fail{answered.error()};
  std::vector<ProbeFinding> findings;
  if (!*answered) return findings;
  Asker asker(bus, unit);
  Result<std::optional<ProbeFinding>, MeterError> sunspec = probe_sunspec(asker, unit, sunspec_base);
  if (!sunspec) return Fail{sunspec.error()};
  if (*sunspec) return std::vector<ProbeFinding>{std::move(**sunspec)};
  for (const Profile& profile : profiles) {
    if (judge(asker, profile) != IdentityVerdict::confirmed) continue;
    findings.push_back(
        {.unit = unit,
         .grounds = profile.identity.match.empty() ? ProbeGrounds::plausible : ProbeGrounds::identified,
         .profile = profile.id,
         .identity = {.maker = profile.maker, .model = profile.model, .serial = serial_of(asker, profile)},
         .sunspec_base = std::nullopt,
         .models = {}});
  }
  const auto identified = [](const ProbeFinding& finding) { return finding.grounds == ProbeGrounds::identified; };
  if (std::any_of(findings.begin(), findings.end(), identified)) {
    std::erase_if(findings, [&identified](const ProbeFinding& finding) { return !identified(finding); });
  }
  if (findings.empty()) findings.push_back({.unit = unit, .grounds = ProbeGrounds::answers});
  return findings;
}

}  // namespace commonwatt
